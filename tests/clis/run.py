"""Coding CLIs, unmodified, by `tokometer run`: what is recorded is what they say. `run.py [WORD]...` picks by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from certificates import Authority  # noqa: E402
from origin import Origin  # noqa: E402
from provider import TEXT  # noqa: E402
from proxy import BINARY, Proxy  # noqa: E402
from runner import Test, run, test  # noqa: E402
from stand_in import CliStandIn  # noqa: E402

COMMANDS = ROOT / "build/clis/node_modules/.bin"
HOSTS = ["api.anthropic.com", "api.openai.com", "chatgpt.com", "generativelanguage.googleapis.com"]
COUNTS = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"]


@dataclass(frozen=True)
class Said:
    """What a CLI says of its session."""

    counts: list[int]  # by COUNTS
    cost: float | None = None


@dataclass(frozen=True)
class Turn:
    """One headless turn of a CLI."""

    name: str
    command: list[str]
    said: Callable[[Path, str], Said]  # from its home and its output
    client: str  # in events
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # in its home
    base_url_mode: bool = False
    websockets: bool = True  # whether the stand-in takes upgrades
    websocket: str = "none"  # what the turn must be on: deflated (permessage-deflate) or plain
    model: str = ""  # the one whose usage the CLI tells, if not of all


def json_lines(text: str) -> Iterator[dict]:
    return (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def claude_said(_: Path, output: str) -> Said:
    result = json.loads(output)
    used = result["modelUsage"].values()
    read, written = (sum(model[f"cache{what}InputTokens"] for model in used) for what in ("Read", "Creation"))
    inputs, outputs = (sum(model[name] for model in used) for name in ("inputTokens", "outputTokens"))
    return Said([inputs + read + written, read, written, outputs], result["total_cost_usd"])


def codex_said(_: Path, output: str) -> Said:
    (used,) = [event["usage"] for event in json_lines(output) if event["type"] == "turn.completed"]
    names = ["input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens"]
    return Said([used[name] for name in names])


def gemini_said(_: Path, output: str) -> Said:
    models = json.loads(output)["stats"]["models"].values()
    total = lambda name: sum(model["tokens"][name] for model in models)  # noqa: E731
    return Said([total("prompt"), total("cached"), 0, total("candidates") + total("thoughts")])


def opencode_said(_: Path, output: str) -> Said:
    steps = [event["part"] for event in json_lines(output) if event["type"] == "step_finish"]
    total = lambda *path: sum(at(step["tokens"], path) for step in steps)  # noqa: E731
    read, written = total("cache", "read"), total("cache", "write")
    counts = [total("input") + read + written, read, written, total("output") + total("reasoning")]
    return Said(counts, sum(step["cost"] for step in steps))


def at(value: dict, path: tuple[str, ...]) -> int:
    for name in path:
        value = value[name]
    return value  # type: ignore[return-value]


def copilot_said(home: Path, _: str) -> Said:
    """It prints rounded figures; its log of the session has them exactly."""
    (log,) = home.glob(".copilot/session-state/*/events.jsonl")
    (end,) = [event["data"] for event in json_lines(log.read_text()) if event["type"] == "session.shutdown"]
    used = [model["usage"] for model in end["modelMetrics"].values()]
    names = ["inputTokens", "cacheReadTokens", "cacheWriteTokens", "outputTokens"]
    return Said([sum(model[name] for model in used) for name in names])


CLAUDE = Turn(
    "claude",
    ["claude", "-p", "hi", "--output-format", "json"],
    claude_said,
    "claude-code",
    {"ANTHROPIC_API_KEY": "sk-ant-api03-test", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
)
CODEX = Turn(
    "codex",
    ["codex", "exec", "--json", "--skip-git-repo-check", "hi"],
    codex_said,
    "codex",
    {"CODEX_API_KEY": "sk-test"},
)
GEMINI = Turn(
    "gemini",
    ["gemini", "--skip-trust", "-p", "hi", "--output-format", "json"],
    gemini_said,
    "gemini-cli",
    {"GEMINI_API_KEY": "AIza-test"},
    {".gemini/settings.json": '{"security": {"auth": {"selectedType": "gemini-api-key"}}}'},
)


def opencode(provider: str, model: str) -> Turn:
    """It says nothing of the call for the session's title, which is a smaller model's."""
    names = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_AUTOUPDATE"]
    environment = dict(zip(names, ["sk-ant-test", "sk-test", "1", "1"], strict=True))
    command = ["opencode", "run", "--format", "json", "--model", f"{provider}/{model}", "hi"]
    return Turn(f"opencode_with_{provider}", command, opencode_said, "opencode", environment, model=model)


COPILOT = Turn("copilot", ["copilot", "-p", "hi"], copilot_said, "copilot-cli")


def copilot(provider: str, wire: str, transport: str, model: str, url: str) -> Turn:
    """With a key of one's own, which needs nobody to be signed in."""
    names = ["TYPE", "WIRE_API", "TRANSPORT", "BASE_URL", "API_KEY"]
    values = [provider, wire, transport, url, "sk-test"]
    environment = {f"COPILOT_PROVIDER_{name}": value for name, value in zip(names, values, strict=True)}
    environment |= {"COPILOT_OFFLINE": "true", "COPILOT_AUTO_UPDATE": "false", "COPILOT_MODEL": model}
    name = f"copilot_with_{'websocket' if transport == 'websockets' else wire if provider == 'openai' else 'messages'}"
    return replace(COPILOT, name=name, environment=environment, websocket="plain" if transport == "websockets" else "none")


OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com"
# As somebody's own provider, Codex speaks HTTP alone: HTTP/2 where TLS offers it.
OWN = '{name="mine",base_url="%s",env_key="CODEX_API_KEY",wire_api="responses"}'
OWN_PROVIDER = ["codex", "-c", "model_provider=mine", "-c", f"model_providers.mine={OWN % OPENAI}", *CODEX.command[1:]]

BOTH_WAYS = [
    CLAUDE,
    replace(CODEX, name="codex_on_a_websocket", websocket="deflated"),
    replace(CODEX, name="codex_refused_a_websocket", websockets=False),
    GEMINI,
    opencode("anthropic", "claude-sonnet-4-5"),
    opencode("openai", "gpt-5"),
    copilot("openai", "completions", "http", "gpt-4.1", OPENAI),
    copilot("openai", "responses", "http", "gpt-5", OPENAI),
    copilot("openai", "responses", "websockets", "gpt-5", OPENAI),
    copilot("anthropic", "completions", "http", "claude-sonnet-4-5", ANTHROPIC),
]
TURNS = [replace(turn, name=f"{turn.name}_by_interception") for turn in BOTH_WAYS]
TURNS += [replace(turn, name=f"{turn.name}_by_base_url", base_url_mode=True) for turn in BOTH_WAYS]
TURNS.append(replace(CODEX, name="codex_with_a_provider_of_its_own_by_interception", command=OWN_PROVIDER))


def environment_of(turn: Turn, home: Path) -> dict[str, str]:
    for name, text in turn.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    path = f"{COMMANDS}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"} | turn.environment


def take(turn: Turn, folder: Path) -> None:
    home = folder / "home"
    work = folder / "work"
    work.mkdir()
    home.mkdir()
    authority = Authority(folder)
    tls = authority.server_context(",".join(f"DNS:{host}" for host in HOSTS))
    with CliStandIn(websockets=turn.websockets) as stand_in, Origin(stand_in, tls=tls) as origin:
        resolve = "".join(f"  - {host}:443:127.0.0.1:{origin.port}\n" for host in HOSTS)
        proxy = Proxy(folder, config=f"origin_ca: {authority.certificate}\nresolve:\n{resolve}")
        words = proxy.command_line("run") + ["--base-url-mode"] * turn.base_url_mode + ["--", *turn.command]
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, cwd=work,
            env=environment_of(turn, home),
        )  # fmt: skip
        if os.environ.get("SHOW"):
            print(done.stderr, "\n".join(stand_in.asked))
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        assert "".join(TEXT) in done.stdout, done.stdout
        assert stand_in.websocket == turn.websocket, stand_in.asked
        compare(turn, turn.said(home, done.stdout), proxy.events())
        assert f"Calls: {len(proxy.events())}" in done.stderr, done.stderr


def compare(turn: Turn, said: Said, events: list[dict]) -> None:
    billed = [event for event in events if event["billable"] and event["status_code"] < 400]
    for event in billed:
        assert event["client"] == turn.client and event["program"] == turn.command[0], event
        assert event["usage_source"] == "reported" and event["complete"], event
    billed = [event for event in billed if turn.model in ("", event["request_model"])]
    counts = [sum(event.get(name) or 0 for event in billed) for name in COUNTS]
    assert counts == said.counts, f"{counts}, but it says {said}"
    if said.cost is not None:
        cost = sum(float(event["cost_usd"]) for event in billed)
        assert abs(cost - said.cost) < 1e-9, f"{cost} USD, but it says {said}"


def by(turn: Turn) -> Test:
    def taken(folder: Path) -> None:
        take(turn, folder)

    taken.__name__ = turn.name
    return taken


for each in TURNS:
    test(by(each))

if __name__ == "__main__":
    if not BINARY.exists():
        sys.exit(f"no binary at {BINARY}: make build")
    sys.exit(run(sys.argv[1:], after_each=Proxy.kill_left_over))
