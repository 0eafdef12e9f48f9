"""`tokometer install` in real shells: a proxy that ends never takes their network with it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from certificates import Authority
from origin import Origin
from proxy import BINARY
from runner import skip, test
from test_intercept import ANSWER, REQUEST

RC_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
NAMES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]


class Home:
    """A user's home folder, with a proxy in the background that goes with it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.asked = 0  # of its shells
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("TOKOMETER_")}
        for name in [*self.environment]:
            if name in NAMES or name.endswith(("CA_BUNDLE", "CERT_FILE", "CERT_DIR")) or name.upper().endswith("_PROXY") or name.startswith(("XDG_", "_TOKOMETER")):
                del self.environment[name]
        self.environment |= {"HOME": str(folder), "TERM": "dumb", "SHELL": "/bin/sh"}
        self.status_file = folder / ".local/share/tokometer/status.json"

    def run(self, *words: str, code: int = 0) -> str:
        command = [str(BINARY), *words]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60)
        with (self.folder / "output.txt").open("a") as output:  # shown if the test fails
            output.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
        assert done.returncode == code, (words, done)
        return done.stdout + done.stderr

    def status(self) -> dict:
        return json.loads(self.status_file.read_text())

    def up(self, *options: str) -> str:
        """Its URL."""
        self.run("up", "--listen", "127.0.0.1:0", *options)
        return "http://" + self.status()["listening"][0]

    def kill(self) -> None:
        """Ends the proxy without a word, and waits until the system knows."""
        pid = json.loads(self.run("status", "--json"))["pid"]
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while subprocess.run([str(BINARY), "status"], capture_output=True, env=self.environment).returncode != 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.run("down", "--now")


class InteractiveShell:
    """A shell on a terminal of its own, to type at."""

    def __init__(self, name: str, home: Home, variables: dict[str, str]):
        self.home = home
        self.screen = bytearray()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(shutil.which(name) or name, [name, "-i"], home.environment | variables)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.terminal, 4096):
                self.screen += data

    def type(self, line: str) -> None:
        os.write(self.terminal, line.encode() + b"\n")

    def answer(self, command: str) -> str:
        """What `command` prints."""
        self.home.asked += 1
        file = self.home.folder / f"answer{self.home.asked}"
        self.type(f"{command} >{file}.new; mv {file}.new {file}")
        deadline = time.monotonic() + 20
        while not file.exists():
            assert time.monotonic() < deadline, self.screen.decode(errors="replace")
            time.sleep(0.01)
        return file.read_text()

    def variables(self) -> dict[str, str]:
        """Those of NAMES that a program gets."""
        lines = self.answer("env").splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line)
        return {name: value for name, value in pairs if name in NAMES or name.startswith("_TOKOMETER")}

    def __enter__(self) -> InteractiveShell:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def shells() -> list[str]:
    missing = [name for name in RC_FILES if not shutil.which(name)]
    if missing:
        skip(f"no {', '.join(missing)} here")
    return [*RC_FILES]


@test
def a_dead_proxy_never_takes_a_shells_network(folder: Path) -> None:
    for name in shells():
        home_folder = folder / name
        home_folder.mkdir()
        before = {"HTTP_PROXY": "http://corp.example:3128", "NO_PROXY": "intra.example"}
        with Home(home_folder) as home:
            home.run("install", name)
            url = home.up()
            with InteractiveShell(name, home, before) as shell:
                seen = shell.variables()
                assert seen["HTTPS_PROXY"] == seen["HTTP_PROXY"] == seen["https_proxy"] == url, (name, seen)
                assert seen["NO_PROXY"].startswith("intra.example,"), (name, seen)
                assert "BEGIN CERTIFICATE" in Path(seen["NODE_EXTRA_CA_CERTS"]).read_text(), (name, seen)
                # It dies while the prompt waits for a command.
                home.kill()
                assert shell.variables() == before, (name, shell.screen)
                # It comes back, elsewhere.
                second = home.up()
                assert second != url
                assert shell.variables()["HTTPS_PROXY"] == second, name
                # What the user sets since is the user's.
                shell.answer("set -gx HTTPS_PROXY mine; true" if name == "fish" else "export HTTPS_PROXY=mine; true")
                home.run("down")
                assert shell.variables() == before | {"HTTPS_PROXY": "mine"}, name


@test
def a_shells_programs_come_through_without_being_told(folder: Path) -> None:
    names = shells()
    authority = Authority(folder)
    tls = authority.server_context("DNS:api.openai.com")
    with Origin(lambda exchange: exchange.answer(ANSWER), tls=tls) as origin, Home(folder) as home:
        home.run("install", *names)
        host = f"api.openai.com:443:127.0.0.1:{origin.port}"
        home.up("--resolve", host, "--origin-ca", str(authority.certificate))
        calls = 0
        for name in names:
            with InteractiveShell(name, home, {}) as shell:
                command = f"curl -sS --max-time 20 https://api.openai.com/v1/chat/completions -d '{REQUEST}'"
                assert shell.answer(command).encode() == ANSWER, shell.screen.decode(errors="replace")
                assert json.loads(home.run("status", "--json"))["calls_today"] == calls + 1
            # The shell that restarts a proxy does not lead it to itself.
            with InteractiveShell(name, home, {}) as shell:
                shell.answer(f"'{BINARY}' restart")
                assert shell.answer(command).encode() == ANSWER, shell.screen.decode(errors="replace")
            calls += 2


@test
def shells_within_shells_know_what_was_before(folder: Path) -> None:
    names = shells()
    with Home(folder) as home:
        for name in names:
            home.run("install", name)
        url = home.up()
        for outer, inner in zip(names, names[1:] + names[:1]):
            with InteractiveShell(outer, home, {"NO_PROXY": "intra.example"}) as shell:
                assert shell.variables()["HTTPS_PROXY"] == url
                shell.type(inner)
                assert shell.variables()["HTTPS_PROXY"] == url
                home.kill()
                assert shell.variables() == {"NO_PROXY": "intra.example"}, (outer, inner)
                url = home.up()


@test
def a_shell_started_without_a_proxy_is_as_it_was(folder: Path) -> None:
    with Home(folder) as home:
        for name in shells():
            home.run("install", name)
            with InteractiveShell(name, home, {"HTTPS_PROXY": "http://corp.example:3128"}) as shell:
                assert shell.variables() == {"HTTPS_PROXY": "http://corp.example:3128"}, name
                url = home.up()
                assert shell.variables()["HTTPS_PROXY"] == url, name
                home.run("down")


@test
def the_hooks_leave_the_shell_as_it_was(folder: Path) -> None:
    """Exit codes, $_, other hooks, strict options and an own trap: nothing changes for the user."""
    shells()
    with Home(folder) as home:
        (folder / ".bashrc").write_text('PROMPT_COMMAND="true;"\nseen=0\n')
        (folder / ".zshrc").write_text("precmd() { counted=1 }\n")
        home.run("install", "bash", "zsh")
        home.up()
        with InteractiveShell("bash", home, {}) as shell:
            shell.type("false")
            assert shell.answer('echo "$?"') == "1\n"
            shell.type("echo one two")
            assert shell.answer('echo "$_"') == "two\n"
            shell.type("set -u; set -o pipefail; f() { return 7; }; f")
            assert shell.answer('echo "$?"') == "7\n"
            shell.type("trap")
            home.kill()
            assert "HTTPS_PROXY" not in shell.variables()
        with InteractiveShell("zsh", home, {}) as shell:
            shell.type("false")
            assert shell.answer('echo "$?"') == "1\n"
            assert shell.answer('echo "$counted"') == "1\n"
            shell.type("setopt no_unset ksh_arrays sh_word_split")
            home.up()
            assert "HTTPS_PROXY" in shell.variables(), shell.screen
        # Somebody else's trap stays.
        (folder / ".bashrc").write_text("trap 'theirs=1' DEBUG\n")
        home.run("install", "bash")
        with InteractiveShell("bash", home, {}) as shell:
            assert "theirs=1" in shell.answer("trap -p DEBUG")
            assert "HTTPS_PROXY" in shell.variables()
            home.kill()
            shell.type("")  # a prompt
            assert "HTTPS_PROXY" not in shell.variables()


@test
def uninstall_leaves_the_files_byte_for_byte(folder: Path) -> None:
    with Home(folder) as home:
        contents = {"bash": b"alias a=b", "zsh": b"a\r\nb\r\n", "fish": b""}
        for name, content in contents.items():
            file = folder / RC_FILES[name]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        said = home.run("install")
        assert said.count("added to") == 3, said
        assert home.run("install").count("nothing to change") == 3
        for name, content in contents.items():
            assert len((folder / RC_FILES[name]).read_bytes()) > len(content)
        assert home.run("uninstall").count("taken out") == 3
        for name, content in contents.items():
            assert (folder / RC_FILES[name]).read_bytes() == content
        assert "no start-up file" in home.run("uninstall")


@test
def env_names_the_token_of_a_proxy_that_others_can_reach(folder: Path) -> None:
    with Home(folder) as home:
        home.run("up", "--listen", "0.0.0.0:0")
        token = (folder / ".local/share/tokometer/proxy-token").read_text().strip()
        assert json.loads(home.run("env", "--format", "json"))["HTTPS_PROXY"].startswith(f"http://shell:{token}@127.0.0.1:")


@test
def env_files_keep_their_other_lines(folder: Path) -> None:
    with Home(folder) as home:
        url = home.up()
        file = folder / ".env"
        file.write_text("KEY=x\nHTTPS_PROXY=old\n# note")
        home.run("env", "-o", str(file))
        text = file.read_text()
        assert text.startswith(f"KEY=x\nHTTPS_PROXY={url}\n# note\n"), text
        assert "has them already" in home.run("env", "-o", str(file))
        assert json.loads(home.run("env", "--format", "json"))["HTTPS_PROXY"] == url
        assert f"$env:HTTPS_PROXY = '{url}'" in home.run("env", "--format", "powershell")
        script = f"eval \"$('{BINARY}' env)\"; echo $HTTPS_PROXY"
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, env=home.environment)
        assert done.stdout.strip() == url, done
