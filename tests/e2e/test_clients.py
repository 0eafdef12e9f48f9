"""Real clients, unmodified: each sees the same usage that Tokometer reports, by base URL and by interception."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from certificates import Authority
from origin import Origin
from provider import TEXT, TOOL, StandIn
from proxy import ROOT, Proxy
from runner import Test, skip, test

SCRIPTS = ROOT / "tests/clients"
JAVASCRIPT = ROOT / "build/e2e/clients"
COUNTS = [
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
]
HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "gcp.gemini": "generativelanguage.googleapis.com",
    "mistral_ai": "api.mistral.ai",
    "cohere": "api.cohere.com",
    "groq": "api.groq.com",
    "aws.bedrock": "bedrock-runtime.us-east-1.amazonaws.com",
}


@dataclass(frozen=True)
class Client:
    """A program that asks each of its scenarios and prints what it was told; a base URL may follow its command."""

    name: str
    known_as: str  # in events; one of several, if it has clients of its own
    terms: str  # in which it shows usage, see meant()
    command: Callable[[Path], list[str]]  # may use a folder
    scenarios: int = 8
    needs: str = ""  # a command that not every machine has


def python(*words: str) -> Callable[[Path], list[str]]:
    return lambda _: [sys.executable, str(SCRIPTS / words[0]), *words[1:]]


def node(script: str) -> Callable[[Path], list[str]]:
    return lambda _: ["node", "--import", str(JAVASCRIPT / "env_proxy.mjs"), str(JAVASCRIPT / script)]


def go(folder: Path) -> list[str]:
    program = folder / "chat"
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOPROXY": "off"}
    subprocess.run(["go", "build", "-o", program, SCRIPTS / "chat.go"], check=True, env=environment, timeout=300)
    return [str(program)]


CLIENTS = [
    Client("openai_in_python", "openai-python", "openai", python("openai_client.py"), 11),
    Client("anthropic_in_python", "anthropic-python", "anthropic", python("anthropic_client.py")),
    Client("gemini_in_python", "google-genai-python", "gemini", python("gemini_client.py")),
    Client("litellm_in_python", "litellm|openai-python", "openai", python("litellm_client.py"), 16),
    Client("openai_in_javascript", "openai-js", "openai", node("openai.mjs"), 11),
    Client("anthropic_in_javascript", "anthropic-js", "anthropic", node("anthropic.mjs")),
    Client("gemini_in_javascript", "google-genai-js", "gemini", node("gemini.mjs")),
    Client("mistral_in_javascript", "mistral-js", "openai", node("mistral.mjs")),
    Client("cohere_in_javascript", "cohere-js", "cohere", node("cohere.mjs")),
    Client("groq_in_javascript", "groq-js", "openai", node("groq.mjs")),
    Client("bedrock_in_javascript", "aws-sdk-js", "bedrock", node("bedrock.mjs")),
    Client("curl", "curl", "openai", lambda _: [str(SCRIPTS / "curl.sh")], 3),
    Client("requests_in_python", "python-requests", "openai", python("http_client.py", "requests"), 3),
    Client("httpx_in_python", "python-httpx", "openai", python("http_client.py", "httpx"), 3),
    Client("aiohttp_in_python", "python-aiohttp", "openai", python("http_client.py", "aiohttp"), 3),
    Client("fetch_in_node", "node-fetch", "openai", node("fetch.mjs"), 3),
    Client("http_client_in_java", "java-http", "openai", lambda f: [str(SCRIPTS / "java.sh"), str(f)], 3, "java"),
    Client("net_http_in_go", "go-http", "openai", go, 3, "go"),
]


def meant(terms: str, usage: dict) -> dict[str, int]:
    """What a usage object, as a client shows it, means in Tokometer's terms; zero where it says nothing."""
    get = lambda *names: next((usage[name] for name in names if usage.get(name) is not None), 0)  # noqa: E731
    part = lambda name, key: (usage.get(name) or {}).get(key) or 0  # noqa: E731
    match terms:
        case "openai":
            inputs = get("prompt_tokens", "promptTokens", "input_tokens")
            cached = part("prompt_tokens_details", "cached_tokens") + part("input_tokens_details", "cached_tokens")
            reasoning = part("completion_tokens_details", "reasoning_tokens")
            reasoning += part("output_tokens_details", "reasoning_tokens")
            outputs = get("completion_tokens", "completionTokens", "output_tokens")
            values = [inputs, cached, part("prompt_tokens_details", "cache_creation_tokens"), outputs, reasoning]
        case "anthropic":
            read, written = get("cache_read_input_tokens"), get("cache_creation_input_tokens")
            values = [get("input_tokens") + read + written, read, written, get("output_tokens"), 0]
        case "cohere":
            values = [part("tokens", "inputTokens"), get("cachedTokens"), 0, part("tokens", "outputTokens"), 0]
        case "bedrock":
            read, written = get("cacheReadInputTokens"), get("cacheWriteInputTokens")
            values = [get("inputTokens") + read + written, read, written, get("outputTokens"), 0]
        case _:
            thoughts = get("thoughtsTokenCount")
            cached = get("cachedContentTokenCount")
            values = [get("promptTokenCount"), cached, 0, get("candidatesTokenCount") + thoughts, thoughts]
    return dict(zip(COUNTS, values, strict=True))


def as_an_sdk_says_it(said: dict) -> dict:
    """What a client of HTTP alone was told, which prints the JSON that came: the whole, or each chunk of a stream."""
    if "chunks" not in said:
        return said
    result = {"session": said["session"], "status": said["status"], "usage": None, "text": ""}
    for chunk in said["chunks"]:
        if "error" in chunk:
            return result | {"error": chunk["error"]["type"]}
        result["usage"] = chunk.get("usage") or result["usage"]
        for choice in chunk["choices"]:
            result["text"] += (choice.get("message") or choice["delta"]).get("content") or ""
    return result


def check(client: Client, said: dict, event: dict) -> None:
    scenario = said["session"].rsplit("-", 1)[1]
    assert event["client"] in client.known_as.split("|"), f"client: {event['client']}"
    if scenario.startswith("error_"):
        status = int(scenario.removeprefix("error_"))
        assert said.get("error") and said["status"] in (status, None), said
        assert event["status_code"] == status, event
        assert event.get("error_type") or client.terms == "cohere", event  # Cohere's errors have no type
        assert event["usage_source"] == "none", event
        return
    if scenario == "cut":
        assert said.get("error"), said
        assert event["complete"] is False and event["status_code"] == 200 and event["error_type"], event
        return
    assert "error" not in said, said
    if scenario != "embeddings":
        wanted = (None, TOOL) if "tools" in scenario else ("".join(TEXT), None)
        assert (said.get("text") or None, said.get("tool")) == wanted, said
    assert event["usage_source"] == "reported" and event["complete"] is True, event
    assert event["stream"] is ("stream" in scenario), event
    counts = {name: event.get(name) or 0 for name in COUNTS}
    assert counts == meant(client.terms, said["usage"]), f"{counts} but the client says {said['usage']}"
    assert sum(counts.values()) > 0, event


def run_by_base_url(folder: Path, command: list[str]) -> tuple[str, list[dict]]:
    with Origin(StandIn()) as origin:
        with Proxy(folder, origins=dict.fromkeys(HOSTS, origin.url), options=["--quiet"]) as proxy:
            url = f"http://127.0.0.1:{proxy.port}"
            done = subprocess.run([*command, url], capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
    return done.stdout, proxy.events()


def run_by_interception(folder: Path, command: list[str]) -> tuple[str, list[dict]]:
    """By `tokometer run`, which tells the program of the proxy and of the authority: it asks its provider as ever."""
    authority = Authority(folder)
    names = ",".join(f"DNS:{host}" for host in HOSTS.values())
    with Origin(StandIn(), tls=authority.server_context(names)) as origin:
        options = ["--quiet", "--origin-ca", str(authority.certificate)]
        for host in HOSTS.values():
            options += ["--resolve", f"{host}:443:127.0.0.1:{origin.port}"]
        with Proxy(folder, options=options) as proxy:
            words = [*proxy.command_line("run"), "--quiet", "--", *command]
            done = subprocess.run(words, capture_output=True, text=True, env=proxy.environment, timeout=120)
            assert done.returncode == 0, done.stderr
    events = proxy.events()
    assert {event["host"] for event in events} <= set(HOSTS.values()), events
    assert '"HTTP/1' not in done.stdout, done.stdout  # who says its version speaks HTTP/2 where TLS offers it
    return done.stdout, events


def agrees(client: Client, way: Callable[[Path, list[str]], tuple[str, list[dict]]]) -> Test:
    def run(folder: Path) -> None:
        if client.needs and shutil.which(client.needs) is None:
            skip(f"no {client.needs} on this machine", even_in_ci=True)
        output, stored = way(folder, client.command(folder))
        reports = [as_an_sdk_says_it(json.loads(line)) for line in output.splitlines() if line.startswith("{")]
        events = {event["session_id"]: event for event in stored}
        assert len(reports) == client.scenarios, f"{len(reports)} reports: {output}"
        assert len(stored) == len(events) == len(reports), f"{len(reports)} reports, {len(stored)} events"
        faults = []
        for said in reports:
            try:
                check(client, said, events[said["session"]])
            except (AssertionError, KeyError) as fault:
                faults.append(f"{said['session']}: {fault!r}")
        assert not faults, "\n".join(faults)

    return run


for each in CLIENTS:
    for name, way in {"base_url": run_by_base_url, "interception": run_by_interception}.items():
        by_way = agrees(each, way)
        by_way.__name__ = f"{each.name}_agrees_by_{name}"
        test(by_way)
