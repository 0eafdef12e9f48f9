"""`tokometer run`: programs whose calls come through a proxy, and what is said of them."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates import Authority
from origin import Origin
from provider import StandIn
from proxy import BINARY, Proxy
from runner import test, until
from test_lifecycle import BODY, TARGET, paused_stream, read_rest
from wire import Connection, request

# A program of somebody's: reads its base URL as SDKs do, and calls it.
CLIENT = """
import json, os, sys, urllib.request
def call(variable, path, body):
    fields = {"Content-Type": "application/json", "Authorization": "Bearer sk-x", "X-Api-Key": "sk-x"}
    request = urllib.request.Request(os.environ[variable] + path, json.dumps(body).encode(), fields)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers
def openai(model="gpt-5"):
    return call("OPENAI_BASE_URL", "/chat/completions", {"model": model, "messages": []})
def anthropic():
    return call("ANTHROPIC_BASE_URL", "/v1/messages", {"model": "claude-opus-4-8", "messages": [], "max_tokens": 9})
"""


CHAT = "https://api.openai.com/v1/chat/completions"
REQUEST = json.dumps({"model": "gpt-5", "messages": []})
NODE = f"fetch('{CHAT}', {{method: 'POST', body: '{REQUEST}'}}).then((r) => console.log(r.status))"


def node_heeds_proxies() -> bool:
    """Since 22.21 and 24.5, by NODE_USE_ENV_PROXY."""
    if not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.lstrip("v").split(".")
    return (int(version[0]), int(version[1])) >= ((24, 5) if int(version[0]) >= 23 else (22, 21))


class Runs:
    """`tokometer run` on a data folder of its own, with providers that an origin stands in for."""

    def __init__(self, folder: Path, origin: Origin):
        self.proxy = Proxy(folder, origins={"openai": origin.url, "anthropic": origin.url})
        names = ["openai", "anthropic", "gcp.gemini"]
        self.proxy.config_file.write_text("origins:\n" + "".join(f"  {name}: {origin.url}\n" for name in names))

    def words(self, options: list[str], command: list[str]) -> list[str]:
        return [*self.proxy.command_line("run"), *options, "--", *command]

    def run(self, *command: str, options: tuple[str, ...] = ("--base-url-mode",), **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.words(list(options), list(command)),
            capture_output=True,
            text=True,
            env=self.proxy.environment | more,
            timeout=60,
        )

    def python(self, code: str, *options: str, **more: str) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "-c", CLIENT + code, options=("--base-url-mode", *options), **more)

    def ended(self) -> bool:
        return not (self.proxy.data_dir / "tokometer.pid").exists()

    def wait_until_ended(self) -> None:
        deadline = time.monotonic() + 20
        while not self.ended():
            assert time.monotonic() < deadline, "the proxy did not end"
            time.sleep(0.02)


@contextmanager
def runs(folder: Path) -> Iterator[Runs]:
    with Origin(StandIn()) as origin:
        all_runs = Runs(folder, origin)
        yield all_runs
        all_runs.wait_until_ended()


@test
def run_counts_a_programs_calls(folder: Path) -> None:
    with runs(folder) as them:
        sums = folder / "sums.json"
        done = them.python(
            "print(openai()[0], openai()[0], anthropic()[0])",
            *("--project", "shop", "--tag", "nightly", "--json", str(sums)),
        )
        assert (done.returncode, done.stdout) == (0, "200 200 200\n"), done
        for text in ["Calls: 3", "gpt-5", "claude-opus-4-8", "Cost: $"]:
            assert text in done.stderr, done.stderr
        said = json.loads(sums.read_text())
        assert (said["calls"], said["failed"], said["exit_code"], said["project"]) == (3, 0, 0, "shop"), said
        by_model = {model["model"]: model["calls"] for model in said["models"]}
        assert by_model == {"gpt-5-2026-01-15": 2, "claude-opus-4-8": 1}, said

        listed = them.proxy.run("events", "--json", "--run", said["run"])
        events = [json.loads(line) for line in listed.stdout.splitlines()]
        assert len(events) == 3, listed
        for event in events:
            assert event["run"] == said["run"] and event["project"] == "shop" and event["tags"] == ["nightly"], event
            assert event["program"] == Path(sys.executable).name, event
        assert sum(event["input_tokens"] for event in events) == said["input_tokens"], said
        report = json.loads(them.proxy.run("report", "model", "--json", "--run", said["run"]).stdout)
        assert report["totals"]["calls"] == 3, report
        assert them.proxy.run("events", "--json", "--run", "nobody").stdout == ""


@test
def run_ends_as_its_program_did(folder: Path) -> None:
    with runs(folder) as them:
        for script, code in [("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("true", 0)]:
            done = them.run("sh", "-c", script)
            assert (done.returncode, done.stdout) == (code, ""), (script, done)
            assert "nothing captured" in done.stderr, done
        quiet = them.run("sh", "-c", "cat; exit 3", options=("--base-url-mode", "--quiet"))
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (3, "", ""), quiet
        assert them.run("no-such-command-anywhere").returncode == 127
        assert them.run("/dev/null").returncode == 126


@test
def run_leaves_arguments_and_streams_alone(folder: Path) -> None:
    with runs(folder) as them:
        command = [*them.proxy.command_line("run"), "-q", "--base-url-mode", "printf", "%s|", "-p", "--json", "--", "-x"]
        done = subprocess.run(command, capture_output=True, text=True, env=them.proxy.environment, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "-p|--json|--|-x|", ""), done
        piped = subprocess.run(
            them.words(["--quiet", "--base-url-mode"], ["cat"]),
            input="over\n",
            capture_output=True,
            text=True,
            env=them.proxy.environment,
            timeout=60,
        )
        assert piped.stdout == "over\n", piped


@test
def run_hands_signals_on(folder: Path) -> None:
    with runs(folder) as them:
        for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGWINCH, signal.SIGUSR2):
            script = f"trap 'echo caught; exit 9' {number}; echo ready; while :; do sleep 0.05; done"
            process = subprocess.Popen(
                them.words(["--quiet", "--base-url-mode"], ["sh", "-c", script]),
                stdout=subprocess.PIPE,
                text=True,
                env=them.proxy.environment,
            )
            assert process.stdout and process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.stdout.read() == "caught\n", number
            assert process.wait(20) == 9, number


class Screen:
    """A shell on a terminal of its own."""

    def __init__(self, environment: dict[str, str]):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment | {"PS1": "$ ", "TERM": "dumb"})
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """What has come up to `text`, which is taken off."""
        deadline = time.monotonic() + 30
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} in {self.text!r}"
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.text += os.read(self.terminal, 65536).decode(errors="replace")
        before, self.text = self.text.split(text, 1)
        return before

    def close(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@test
def run_says_its_sums_whatever_signals_come_at_the_end(folder: Path) -> None:
    file = folder / "sums.json"
    # As timeout(1) may, which sends two: this one is still there when the program has ended.
    script = "r=$PPID; (sleep 0.2; kill -CONT $r) >/dev/null 2>&1 & kill -STOP $r; kill -PWR $r; exit 3"
    with runs(folder) as them:
        done = them.run("sh", "-c", script, options=("--base-url-mode", "--json", str(file)))
        assert done.returncode == 3 and "nothing captured" in done.stderr, done
        assert json.loads(file.read_text())["exit_code"] == 3
        them.wait_until_ended()


@test
def run_leaves_the_terminal_to_its_program(folder: Path) -> None:
    with runs(folder) as them:
        script = folder / "program.py"
        script.write_text(
            "import sys, time\nprint('is', sys.stdout.isatty(), flush=True)\n"
            "try:\n    print('got', input(), flush=True)\n"
            # A second input() would not see a Ctrl-C that comes just before it begins to read.
            "    while True:\n        time.sleep(0.02)\n"
            "except KeyboardInterrupt:\n    sys.exit(5)\n"
        )
        screen = Screen(them.proxy.environment)
        try:
            screen.type(shlex.join(them.words(["--base-url-mode"], [sys.executable, str(script)])) + "\n")
            screen.wait_for("is True")
            screen.type("\x1a")  # Ctrl-Z stops both, and the shell has the terminal again
            screen.wait_for("Stopped")
            screen.type("echo shell; fg\n")
            screen.wait_for("\nshell")
            screen.wait_for("tokometer run")
            screen.type("line\n")
            screen.wait_for("got line")
            screen.type("\x03")  # Ctrl-C is the program's business
            said = screen.wait_for("$ ")
            assert "nothing captured" in said, said
            screen.type("echo code:$?\n")
            screen.wait_for("code:5")
        finally:
            screen.close()


@test
def run_stops_and_goes_on_with_its_program(folder: Path) -> None:
    with runs(folder) as them:
        script = folder / "program.py"
        script.write_text(
            "import os, signal\nsignal.signal(signal.SIGCONT, lambda *_: print('went on', flush=True))\n"
            "print('pids', os.getppid(), os.getpid(), 'end', flush=True)\nprint('got', input(), flush=True)\n"
        )
        screen = Screen(them.proxy.environment)
        try:
            screen.type(shlex.join(them.words(["-q", "--base-url-mode"], [sys.executable, str(script)])) + "\n")
            screen.wait_for("pids ")
            ours, program = map(int, screen.wait_for(" end").split())
            os.kill(ours, signal.SIGTSTP)
            screen.wait_for("Stopped")
            screen.type("fg\n")
            screen.wait_for("went on")
            # We do not stop with a program that somebody else has stopped, who may ask us to continue it.
            os.kill(program, signal.SIGSTOP)
            os.kill(ours, signal.SIGCONT)
            screen.wait_for("went on")
            screen.type("line\n")
            screen.wait_for("got line")
            screen.wait_for("$ ")
        finally:
            screen.close()


@test
def run_holds_a_budget(folder: Path) -> None:
    with runs(folder) as them:
        spend = """
for _ in range(3):
    status, content, fields = openai()
    print(status, fields.get("x-tokometer-error"), "budget" in content.decode())
status, content, fields = anthropic()
print(status, json.loads(content)["type"], json.loads(content)["error"]["message"][:10])
"""
        sums = folder / "sums.json"
        hard = them.python(spend, "--budget", "1tok", "--hard", "--json", str(sums))
        refused = "402 budget_exceeded True\n"
        assert hard.stdout == "200 None False\n" + refused * 2 + "402 error the budget\n", hard
        assert "budget: " in hard.stderr and "used up" in hard.stderr, hard.stderr
        said = json.loads(sums.read_text())
        assert (said["calls"], said["failed"], said["budget_used_up"]) == (4, 3, True), said
        assert "of 1 token, used up" in hard.stderr, hard.stderr
        assert "no model" not in hard.stderr, hard.stderr
        # Another run has a budget of its own, and a soft one refuses nothing.
        soft = them.python("print(openai()[0], openai()[0])", "--budget", "0.000001usd")
        assert soft.stdout == "200 200\n" and "used up" in soft.stderr, soft
        roomy = them.python("print(openai()[0])", "--budget", "5usd 2Mtok", "--hard")
        assert roomy.stdout == "200\n" and "used up" not in roomy.stderr, roomy
        for wrong in [("--budget", "lots"), ("--hard",)]:
            assert them.python("", *wrong).returncode == 2, wrong


@test
def runs_at_once_share_a_proxy_that_ends_with_the_last(folder: Path) -> None:
    with runs(folder) as them:
        code = CLIENT + "print(os.environ['OPENAI_BASE_URL'].split('/c/')[0], flush=True); input(); print(openai()[0])"
        both = [
            subprocess.Popen(
                them.words(["--base-url-mode"], [sys.executable, "-c", code]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=them.proxy.environment,
            )
            for _ in range(2)
        ]
        addresses = {process.stdout.readline() for process in both if process.stdout}
        assert len(addresses) == 1, addresses
        for process in both:
            output, said = process.communicate("\n", timeout=60)
            assert (process.returncode, output) == (0, "200\n"), said
            assert "Calls: 1" in said, said
        them.wait_until_ended()
        assert len(them.proxy.events()) == 2
        assert len({event["run"] for event in them.proxy.events()}) == 2


@test
def run_uses_the_proxy_that_is_there(folder: Path) -> None:
    with Origin(StandIn()) as origin:
        them = Runs(folder, origin)
        with them.proxy as proxy:
            done = them.python("print(os.environ['OPENAI_BASE_URL'].split('/c/')[0], openai()[0])", "--panel")
            assert done.stdout == f"http://127.0.0.1:{proxy.port} 200\n", done
            assert "Calls: 1" in done.stderr, done.stderr
            assert done.stderr.index("gpt-5") < done.stderr.index("Session"), "the call's panel comes first"


@test
def run_keeps_base_urls_of_the_users_own(folder: Path) -> None:
    with runs(folder) as them:
        show = "import os\nprint(os.environ['OPENAI_BASE_URL'], os.environ['ANTHROPIC_BASE_URL'].split('/c/')[1][-10:])"
        done = them.run(
            sys.executable,
            "-c",
            show,
            OPENAI_BASE_URL="https://gateway.corp.example/v1",
            ANTHROPIC_BASE_URL="https://api.anthropic.com",
        )
        assert done.stdout == f"https://gateway.corp.example/v1 {'/anthropic'}\n", done
        assert "OPENAI_BASE_URL leads to a host that no provider is known for" in done.stderr, done.stderr
        done = them.run("sh", "-c", "echo $OPENAI_BASE_URL", OPENAI_BASE_URL="https://openrouter.ai/api/v1")
        assert done.stdout.endswith("/openrouter/api/v1\n"), done


@test
def run_takes_its_context_from_the_environment(folder: Path) -> None:
    with runs(folder) as them:
        context = {"project": "given", "session": "s1", "user": "ann", "tags": {"team": "web"}, "budget": "9usd"}
        show = "openai(); print(json.loads(os.environ['TOKOMETER_CONTEXT'])['session'])"
        done = them.python(show, "--tag", "more", TOKOMETER_CONTEXT=json.dumps(context))
        assert done.stdout == "s1\n" and "of $9" in done.stderr, done
        (event,) = them.proxy.events()
        assert (event["project"], event["session_id"], event["user"]) == ("given", "s1", "ann"), event
        assert event["tags"] == ["team:web", "more"], event
        broken = them.python("print(openai()[0])", TOKOMETER_CONTEXT='{"budget": "1tok hard"')
        assert (broken.returncode, broken.stdout) == (2, ""), broken
        assert broken.stderr.startswith("tokometer: TOKOMETER_CONTEXT: ") and "mend it, or unset it" in broken.stderr, broken


@test
def run_within_a_run_counts_for_both(folder: Path) -> None:
    with runs(folder) as them:
        outer, inner = folder / "outer.json", folder / "inner.json"
        call = "print(openai()[0], flush=True)"
        within = them.words(
            ["--base-url-mode", "--budget", "1Mtok", "--hard", "--json", str(inner)], [sys.executable, "-c", CLIENT + call]
        )
        # The first call is refused to nobody; then the outer budget is used up, though the inner one has room.
        code = f"import subprocess\n{call}\nsubprocess.run({within!r})"
        done = them.python(code, "--project", "shop", "--budget", "1tok", "--hard", "--json", str(outer))
        assert done.stdout == "200\n402\n", done
        both = [json.loads(file.read_text()) for file in (outer, inner)]
        assert [(said["calls"], said["failed"]) for said in both] == [(2, 1), (1, 1)], both
        assert both[1]["run"].startswith(both[0]["run"] + "."), both
        assert both[1]["project"] == "shop" and both[1]["program"] == Path(sys.executable).name, both
        listed = them.proxy.run("events", "--json", "--run", both[0]["run"]).stdout.splitlines()
        assert len(listed) == 2, listed
        # The other way round: what the inner run uses is the outer one's too. Base URLs of the outer are the inner's.
        code = f"import subprocess\nsubprocess.run({within!r})\n{call}"
        done = them.python(code, "--budget", "1tok", "--hard", "--json", str(outer))
        assert done.stdout == "200\n402\n", done
        kept = them.words(["-q"], [sys.executable, "-c", CLIENT + call])
        done = them.python(f"import subprocess\nsubprocess.run({kept!r})", "--json", str(outer))
        said = json.loads(outer.read_text())
        assert (done.stdout, said["calls"]) == ("200\n", 1), (done, said)
        (event,) = [e for e in them.proxy.events() if e["run"].startswith(said["run"])]
        assert event["run"] != said["run"], event


@test
def run_opens_its_json_file_before_the_program_starts(folder: Path) -> None:
    with runs(folder) as them:
        done = them.run("sh", "-c", "echo started", options=("--base-url-mode", "--json", str(folder / "no/where.json")))
        assert (done.returncode, done.stdout) == (1, "") and "where.json: no such file" in done.stderr, done
        sums = folder / "sums.json"
        them.run("sh", "-c", "true", "sk-secret", options=("--base-url-mode", "--json", str(sums)))
        assert sums.stat().st_mode & 0o777 == 0o600, sums.stat()
        assert json.loads(sums.read_text())["command"] == "sh" and "secret" not in sums.read_text(), sums.read_text()
        full = them.run("sh", "-c", "exit 0", options=("--base-url-mode", "--json", "/dev/full"))
        assert full.returncode == 0 and "/dev/full: no space" in full.stderr, full


@test
def run_says_once_that_it_cannot_use_a_proxy(folder: Path) -> None:
    with runs(folder) as them:
        done = them.run("true", HTTPS_PROXY="socks5://me:hidden@127.0.0.1:9")
        assert done.returncode == 1 and done.stderr.startswith("tokometer: HTTPS_PROXY: only http:// proxies"), done
        assert done.stderr.count("tokometer:") == 1 and "TOKOMETER_UPSTREAM_PROXY=none" in done.stderr, done
        assert "hidden" not in done.stderr, done
        done = them.run(
            "true", options=("--upstream-proxy", "none", "--base-url-mode"), HTTPS_PROXY="socks5://127.0.0.1:9"
        )
        assert done.returncode == 0, done
        # Whatever else keeps the proxy from starting is said as plainly.
        them.wait_until_ended()
        with them.proxy.config_file.open("a") as settings:
            settings.write(f"origin_ca: {folder / 'no-such.pem'}\n")
        done = them.run("true")
        assert done.returncode == 1 and done.stderr.startswith("tokometer: the proxy did not start: "), done
        assert done.stderr.count("tokometer:") == 1, done


@test
def run_names_a_node_that_heeds_no_proxies(folder: Path) -> None:
    with runs(folder) as them:
        tools = folder / "bin"
        tools.mkdir()
        script = tools / "assistant"
        script.write_text("#!/usr/bin/env node\n")
        path = f"{tools}:{os.environ['PATH']}"
        for version, wanted in [("v20.20.2", True), ("v24.5.0", False)]:
            (tools / "node").write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo {version}\nexit 0\n")
            for program in [tools / "node", script]:
                program.chmod(0o755)
                done = them.run(program.name, options=(), PATH=path)
                assert (f"Node {version} heeds no proxy" in done.stderr) == wanted, (program, done)
                assert ("Node 24\n" in done.stderr) == wanted, (program, done)


@test
def run_knows_tools(folder: Path) -> None:
    with runs(folder) as them:
        tools = folder / "bin"
        tools.mkdir()
        for name in ["codex", "opencode"]:
            (tools / name).write_text('#!/bin/sh\nprintf "%s|" "$@"; printf "%s" "$OPENCODE_CONFIG_CONTENT"\n')
            (tools / name).chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        codex = them.run("codex", "exec", "hi", PATH=path).stdout
        assert codex.startswith('-c|openai_base_url="http://127.0.0.1:') and codex.endswith('/openai/v1"|exec|hi|'), codex
        opencode = them.run("opencode", PATH=path).stdout.removeprefix("|")
        providers = json.loads(opencode)["provider"]
        assert providers["google"]["options"]["baseURL"].endswith("/gemini/v1beta"), providers


@test
def run_says_nothing_while_the_program_has_the_terminal(folder: Path) -> None:
    with runs(folder) as them:
        code = CLIENT + "print(openai()[0], flush=True); input(); print('end', flush=True)"
        both = folder / "both.txt"
        with both.open("wb") as output:
            process = subprocess.Popen(
                them.words(["--base-url-mode"], [sys.executable, "-c", code]),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=them.proxy.environment,
            )
        deadline = time.monotonic() + 30
        while both.read_text() != "200\n":
            assert time.monotonic() < deadline and process.poll() is None, both.read_text()
            time.sleep(0.02)
        them.proxy.wait_for_events(1)
        assert both.read_text() == "200\n"
        process.communicate(b"\n", timeout=60)
        assert both.read_text().startswith("200\nend\n") and "Calls: 1" in both.read_text(), both.read_text()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


SAY_HI = "messages=[{'role': 'user', 'content': 'hi'}]"
# Clients of many kinds, none of which knows of us, and whose calls they make.
REAL_CLIENTS = {
    "curl": ("openai", ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", REQUEST, CHAT]),
    "urllib": ("openai", python(CLIENT + "print(openai()[0])")),
    "requests": ("openai", python(f"import requests; print(requests.post('{CHAT}', data='{REQUEST}').status_code)")),
    "node": ("openai", ["node", "-e", NODE]),
    "openai": (
        "openai",
        python(f"import openai; openai.OpenAI(api_key='k').chat.completions.create(model='gpt-5', {SAY_HI}); print(200)"),
    ),
    "anthropic": (
        "anthropic",
        python(
            "import anthropic; anthropic.Anthropic(api_key='k').messages"
            f".create(model='claude-opus-4-8', max_tokens=9, {SAY_HI}); print(200)"
        ),
    ),
    "google-genai": (
        "gcp.gemini",
        python(
            "from google import genai; client = genai.Client(api_key='k')\n"
            "client.models.generate_content(model='gemini-2.5-flash', contents='hi'); print(200)"
        ),
    ),
}
LLM_HOSTS = ["api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"]


def until_seen(held: bool) -> str:
    """For a shell: waits until the proxy has seen that a client of such a run does not take our certificate."""
    said = f'"held":{str(held).lower()}'
    return f"""until curl -s --noproxy '*' "$HTTP_PROXY/-/health" | grep -q '{said}'; do sleep 0.02; done"""


@test
def run_takes_tls_apart_for_its_program_alone(folder: Path) -> None:
    authority = Authority(folder)
    names = [*LLM_HOSTS, "other.example"]
    with Origin(StandIn(), tls=authority.server_context(",".join(f"DNS:{name}" for name in names))) as origin:
        them = Runs(folder, origin)
        hosts = "".join(f"  - {name}:443:127.0.0.1:{origin.port}\n" for name in names)
        them.proxy.config_file.write_text(f"origin_ca: {authority.certificate}\nresolve:\n{hosts}")
        # What its users trust already: the other host's authority.
        roots = {name: str(authority.certificate) for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]}
        roots["OPENAI_BASE_URL"] = "https://api.openai.com/v1"
        for name, (provider, command) in REAL_CLIENTS.items():
            if name == "node" and not node_heeds_proxies():
                continue
            sums = folder / f"{name}.json"
            done = them.run(*command, options=("--project", name, "--json", str(sums)), **roots)
            assert (done.returncode, done.stdout.strip()) == (0, "200"), (name, done.stdout, done.stderr[-1500:])
            said = json.loads(sums.read_text())
            assert (said["calls"], said["failed"]) == (1, 0) and said["input_tokens"], (name, said)
            (event,) = [e for e in them.proxy.events() if e.get("run") == said["run"]]
            assert (event["project"], event["provider"]) == (name, provider) and event["host"] in LLM_HOSTS, event

        # Any other host passes unread: its certificate is its own.
        before = len(them.proxy.events())
        shown = f"-w '%{{http_code}}' -o /dev/null -sS --max-time 10 -d '{REQUEST}'"
        other = them.run("sh", "-c", f"curl {shown} https://other.example/v1/chat/completions", options=(), **roots)
        assert other.stdout == "200" and "nothing captured" in other.stderr, other
        assert "passed unread, as no provider is known for it: other.example\n" in other.stderr, other
        assert "--intercept other.example" in other.stderr, other
        strict = f"curl {shown} --cacert $NODE_EXTRA_CA_CERTS https://other.example/"
        assert them.run("sh", "-c", strict, options=("-q",), **roots).returncode == 60
        assert len(them.proxy.events()) == before
        pinned = f"curl {shown} --cacert {authority.certificate} {CHAT}"
        refused = them.run("sh", "-c", f"{pinned}; code=$?; {until_seen(False)}; exit $code", options=(), **roots)
        assert refused.returncode == 60 and "passes unread since: curl/" in refused.stderr, refused

        bundle = them.run("sh", "-c", "cat $SSL_CERT_FILE", options=("-q",)).stdout
        ours = (them.proxy.data_dir / "ca/ca.pem").read_text()
        assert ours in bundle and bundle.count("BEGIN CERTIFICATE") > 10 and "PRIVATE" not in bundle
        them.wait_until_ended()


CALL = f"curl -sS -w ' %{{http_code}}' -d '{REQUEST}' {CHAT}"


@contextmanager
def intercepted(folder: Path) -> Iterator[tuple[Runs, Origin, Path, tuple[str, str]]]:
    """Runs with the options that lead their calls to OpenAI to a stand-in, the stand-in, and its authority's certificate."""
    authority = Authority(folder)
    with Origin(StandIn(), tls=authority.server_context("DNS:api.openai.com")) as origin:
        them = Runs(folder, origin)
        them.proxy.config_file.write_text(f"origin_ca: {authority.certificate}\n")
        yield them, origin, authority.certificate, ("--resolve", f"api.openai.com:443:127.0.0.1:{origin.port}")


@test
def run_holds_a_budget_on_intercepted_calls(folder: Path) -> None:
    with intercepted(folder) as (them, _, _, resolved):
        twice = f"{CALL} -o /dev/null; {CALL}"
        done = them.run("sh", "-c", twice, options=(*resolved, "--budget", "1tok", "--hard"))
        assert done.stdout.startswith(" 200") and done.stdout.endswith(" 402") and "budget" in done.stdout, done
        them.wait_until_ended()


@test
def run_lets_no_client_escape_a_hard_budget(folder: Path) -> None:
    with intercepted(folder) as (them, origin, certificate, resolved):
        pinned = f"{CALL} --cacert {certificate}"
        options = (*resolved, "--budget", "5usd", "--hard")
        done = them.run("sh", "-c", f"{CALL}; {pinned}; {until_seen(True)}; {pinned}", options=options)
        assert done.returncode == 60 and len(origin.requests) == 1, done
        assert "as --hard lets none pass unread: curl/" in done.stderr and "Calls: 1" in done.stderr, done
        # Another run is not blamed for it.
        options = (*resolved, "--budget", "5usd")
        done = them.run("sh", "-c", f"{CALL}; {pinned}; {until_seen(False)}; {pinned}", options=options)
        assert done.returncode == 0 and done.stdout.endswith(" 200") and "Calls: 1" in done.stderr, done
        assert "not counted: a client does not take our certificate, and passes unread since: curl/" in done.stderr, done
        them.wait_until_ended()


@test
def run_lets_nothing_unreadable_escape_a_hard_budget(folder: Path) -> None:
    code = """if True:
        import os, socket, urllib.parse
        proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
        import base64
        user = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        with socket.create_connection((proxy.hostname, proxy.port)) as sock:
            sock.sendall(
                "CONNECT api.openai.com:443 HTTP/1.1\\r\\nHost: api.openai.com:443\\r\\nUser-Agent: odd/1\\r\\n"
                f"Proxy-Authorization: Basic {user}\\r\\n\\r\\n".encode()
            )
            assert b" 200 " in sock.recv(4096)
            sock.sendall(b"POST /v1/chat/completions HTTP/1.1\\r\\n\\r\\n")
            try:
                print(sock.recv(1))
            except ConnectionResetError:
                print(b"")
    """
    with intercepted(folder) as (them, origin, _, resolved):
        done = them.run(sys.executable, "-c", code, options=(*resolved, "--budget", "5usd", "--hard"))
        assert done.returncode == 0 and done.stdout.strip() == "b''" and not origin.requests, done
        assert "speaks no TLS that can be read, and its calls fail, as --hard" in done.stderr, done
        assert "lets none pass unread: odd/1 for api.openai.com" in done.stderr, done
        assert "SSL_CERT_FILE" not in done.stderr, "it saw no certificate"
        them.wait_until_ended()


@test
def run_says_which_host_its_authority_was_not_made_for(folder: Path) -> None:
    with runs(folder) as them:
        said = "made before llm.example was to be intercepted"
        assert them.proxy.run("ca", "show").returncode == 0
        options = ("--intercept", "llm.example")
        done = them.run("true", options=options)
        assert said in done.stderr and "tokometer ca rotate" in done.stderr, done
        assert not them.run("true", options=(*options, "-q")).stderr
        assert them.proxy.run("ca", "rotate", *options).returncode == 0
        assert said not in them.run("true", options=options).stderr


@test
def run_loses_no_call_to_a_rotation(folder: Path) -> None:
    with intercepted(folder) as (them, _, _, resolved):
        with them.proxy.config_file.open("a") as settings:
            settings.write(f"resolve:\n  - {resolved[1]}\n")
        proxy = them.proxy.start()
        bundle = proxy.data_dir / "ca-bundle.pem"

        def called() -> None:
            done = them.run("sh", "-c", CALL, options=("-q",))
            assert done.stdout.endswith(" 200"), done

        called()
        first, key = (proxy.data_dir / "ca/ca.pem").read_text(), proxy.data_dir / "ca/ca.key"
        before = key.read_bytes()
        # Nothing goes on past the new key.
        proxy.signal(signal.SIGSTOP)
        rotation = subprocess.Popen(proxy.command_line("ca", "rotate"), env=proxy.environment, stdout=subprocess.DEVNULL)
        try:
            until(lambda: key.read_bytes() != before, "there is no new key")
            rotation.send_signal(signal.SIGSTOP)
            proxy.signal(signal.SIGCONT)
            # One that starts now, and calls when the rotation is over, too.
            read = folder / "read.pem"
            twice = f"cp $CURL_CA_BUNDLE {read}; {CALL}; read go; {CALL} --cacert {read}"
            words = them.words(["-q"], ["sh", "-c", twice])
            program = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=proxy.environment
            )
            until(lambda: len(proxy.events()) == 2, "its first call does not end")
            assert first in read.read_text() and first in bundle.read_text()
            called()
            rotation.send_signal(signal.SIGCONT)
            assert rotation.wait(60) == 0
        finally:
            rotation.kill()
        assert first not in bundle.read_text()
        said, _ = program.communicate("\n", timeout=60)
        assert said.count(" 200") == 2, said
        called()
        assert proxy.stop() == 0


@test
def run_says_that_a_proxy_has_settings_of_its_own(folder: Path) -> None:
    with Origin(StandIn()) as origin:
        them = Runs(folder, origin)
        with them.proxy:
            done = them.run("true", options=("--intercept", "llm.example"))
            assert done.returncode == 2 and "settings of its own" in done.stderr, done
    with runs(folder) as them:
        inner = shlex.join(them.words(["-q", "--intercept", "llm.example"], ["true"]))
        done = them.run("sh", "-c", f"{inner}; echo $?", options=("-q",))
        assert done.stdout == "2\n" and "other programs use it" in done.stderr, done


@test
def run_says_what_an_uncovered_host_means_with_a_hard_budget(folder: Path) -> None:
    authority = Authority(folder)
    with Origin(StandIn(), tls=authority.server_context("DNS:llm.example")) as origin:
        them = Runs(folder, origin)
        them.proxy.config_file.write_text(f"origin_ca: {authority.certificate}\n")
        assert them.proxy.run("ca", "show").returncode == 0
        call = f"{CALL.replace('api.openai.com', 'llm.example')} --cacert {authority.certificate}"
        options = ("--intercept", "llm.example", "--resolve", f"llm.example:443:127.0.0.1:{origin.port}")
        hard = them.run("sh", "-c", call, options=(*options, "--budget", "5usd", "--hard"))
        assert hard.returncode != 0 and not origin.requests, hard
        said = "made before llm.example was to be intercepted: calls there "
        assert f"{said}fail, as --hard lets none pass unread, until `tokometer ca rotate`" in hard.stderr, hard
        assert "try: `tokometer ca rotate --intercept llm.example`" in hard.stderr, hard
        soft = them.run("sh", "-c", call, options=(*options, "--budget", "5usd"))
        assert soft.returncode == 0 and soft.stdout.endswith(" 200") and len(origin.requests) == 1, soft
        assert f"{said}pass unread until" in soft.stderr, soft
        them.wait_until_ended()


@test
def run_says_which_hosts_are_led_past_the_proxy(folder: Path) -> None:
    with runs(folder) as them:
        done = them.run("true", options=(), NO_PROXY="api.openai.com, corp.example")
        assert "nothing captured" in done.stderr, done
        assert "why: NO_PROXY leads calls past the proxy: api.openai.com\n" in done.stderr, done
        assert "corp.example" not in done.stderr, done
        done = them.run("true", NO_PROXY="api.openai.com")
        assert "NO_PROXY" not in done.stderr, "base URLs lead to the proxy all the same"


@test
def run_outlives_its_proxy(folder: Path) -> None:
    with Origin(StandIn()) as origin:
        them = Runs(folder, origin)
        with them.proxy as proxy:
            sums = folder / "sums.json"
            code = CLIENT + "print(openai()[0], flush=True); input(); sys.exit(7)"
            program = subprocess.Popen(
                them.words(["--base-url-mode", "--json", str(sums)], [sys.executable, "-c", code]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=proxy.environment,
            )
            assert program.stdout and program.stdout.readline() == "200\n"
            proxy.kill()
            _, said = program.communicate("\n", timeout=60)
            assert program.returncode == 7, said
            assert "the proxy ended during the run: what came after was not counted" in said, said
            report = json.loads(sums.read_text())
            assert (report["proxy_ended"], report["exit_code"]) == (True, 7), report


@test
def run_keeps_its_files_from_closed_streams(folder: Path) -> None:
    with runs(folder) as them:
        # Writing there fails, as it would without us.
        words = shlex.join(them.words(["-q"], ["sh", "-c", "echo X >&2 || echo X || exit 5"]))
        closed = ["/bin/sh", "-c", f"exec {words} <&- >&- 2>&-"]
        done = subprocess.run(closed, env=them.proxy.environment, timeout=60)
        assert done.returncode == 5, done
        assert not (them.proxy.data_dir / "run.lock").read_text()
        unsaid = subprocess.run(["/bin/sh", "-c", f"exec {BINARY} --version >&-"], capture_output=True, timeout=60)
        assert unsaid.returncode == 1, unsaid


@test
def env_says_that_no_variable_leads_to_unix_sockets(folder: Path) -> None:
    with Proxy(folder, listen=(f"unix:{folder}/socket",)) as proxy:
        done = proxy.run("env")
        assert done.returncode == 1 and "listens on no TCP address" in done.stderr and not done.stdout, done


@test
def run_with_other_settings_has_a_proxy_of_its_own_after_a_run(folder: Path) -> None:
    with runs(folder) as them:
        for host in ("a.example", "b.example"):
            done = them.run("true", options=("-q", "--tunnel", host))
            assert done.returncode == 0, done
        up = them.proxy.run("up", "--listen", "127.0.0.1:0")
        assert up.returncode == 0 and "serves in the background" in up.stdout, up
        assert them.proxy.run("down").returncode == 0


@test
def run_and_up_wait_for_a_proxy_that_is_ending(folder: Path) -> None:
    go_on = threading.Event()
    with Origin(paused_stream(go_on, patience=60)) as origin:
        them = Runs(folder, origin)
        with them.proxy.config_file.open("a") as settings:
            settings.write("timeouts:\n  drain: 60s\n")
        proxy = them.proxy.start()
        with Connection.open(proxy.port) as client:
            client.send(request("POST", TARGET, BODY))
            client.read_head()
            client.read_chunk()
            proxy.signal(signal.SIGTERM)
            status = proxy.data_dir / "status.json"
            until(lambda: json.loads(status.read_text())["draining"], "it does not end")
            waiting = [
                subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=proxy.environment)
                for words in (them.words(["-q"], ["true"]), [*proxy.command_line("up"), "--listen", "127.0.0.1:0"])
            ]
            said = [process.stderr.readline() for process in waiting if process.stderr]
            assert all("waiting for the proxy" in line for line in said), said
            go_on.set()
            assert b"[DONE]" in read_rest(client)
        for process in waiting:
            output, errors = process.communicate(timeout=60)
            # The run's own proxy may have been there first.
            assert process.returncode == 0 or "serves here for `tokometer run`" in errors, (output, errors)
        assert proxy.run("down").returncode == 0


@test
def run_takes_the_proxy_of_the_run_before_if_it_has_what_is_asked_for(folder: Path) -> None:
    with runs(folder) as them:
        for _ in range(3):
            done = them.run("true", options=("--tunnel", "llm.example"))
            assert done.returncode == 0, done


@test
def a_context_reaches_no_origin(folder: Path) -> None:
    seen: list[list[tuple[str, str]]] = []

    class Watching(StandIn):
        def __call__(self, exchange) -> None:  # noqa: ANN001
            seen.append(exchange.request.fields)
            super().__call__(exchange)

    with Origin(Watching()) as origin:
        them = Runs(folder, origin)
        them.python("openai()", "--project", "secret-project")
        assert seen and "secret-project" not in repr(seen), seen
        them.wait_until_ended()
    assert BINARY.exists()
