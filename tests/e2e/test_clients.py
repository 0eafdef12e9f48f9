"""Real SDKs, unmodified but for their base URL: each sees the same usage that Tokometer reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from origin import Origin
from provider import TEXT, TOOL, StandIn
from proxy import ROOT, Proxy
from runner import test

PYTHON = ROOT / "tests/clients"
JAVASCRIPT = ROOT / "build/e2e/clients"
COUNTS = [
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
]


def meant(provider: str, usage: dict) -> dict[str, int]:
    """What a provider's usage object, as its SDK shows it, means in Tokometer's terms; zero where it says nothing."""
    get = lambda *names: next((usage[name] for name in names if usage.get(name) is not None), 0)  # noqa: E731
    part = lambda name, key: (usage.get(name) or {}).get(key) or 0  # noqa: E731
    match provider:
        case "openai":
            inputs = get("prompt_tokens", "input_tokens")
            cached = part("prompt_tokens_details", "cached_tokens") + part("input_tokens_details", "cached_tokens")
            reasoning = part("completion_tokens_details", "reasoning_tokens")
            reasoning += part("output_tokens_details", "reasoning_tokens")
            values = [inputs, cached, 0, get("completion_tokens", "output_tokens"), reasoning]
        case "anthropic":
            read, written = get("cache_read_input_tokens"), get("cache_creation_input_tokens")
            values = [get("input_tokens") + read + written, read, written, get("output_tokens"), 0]
        case _:
            thoughts = get("thoughtsTokenCount")
            cached = get("cachedContentTokenCount")
            values = [get("promptTokenCount"), cached, 0, get("candidatesTokenCount") + thoughts, thoughts]
    return dict(zip(COUNTS, values, strict=True))


def check(provider: str, client: str, said: dict, event: dict) -> None:
    scenario = said["session"].rsplit("-", 1)[1]
    assert event["client"] == client, f"client: {event['client']}"
    if scenario.startswith("error_"):
        status = int(scenario.removeprefix("error_"))
        assert said.get("error") and said["status"] in (status, None), said
        assert event["status_code"] == status and event["error_type"], event
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
    assert counts == meant(provider, said["usage"]), f"{counts} but the SDK says {said['usage']}"
    assert sum(counts.values()) > 0, event


def run_client(folder: Path, provider: str, command: list[str], client: str) -> None:
    spec = {"gemini": "gcp.gemini"}.get(provider, provider)
    with Origin(StandIn()) as origin, Proxy(folder, origins={spec: origin.url}, options=["--quiet"]) as proxy:
        result = subprocess.run(
            [*command, f"http://127.0.0.1:{proxy.port}"], capture_output=True, text=True, timeout=120
        )
        assert result.returncode == 0, result.stderr
    reports = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    events = {event["session_id"]: event for event in proxy.events()}
    assert len(reports) >= 8 and len(events) == len(reports), f"{len(reports)} reports, {len(events)} events"
    faults = []
    for said in reports:
        try:
            check(provider, client, said, events[said["session"]])
        except (AssertionError, KeyError) as fault:
            faults.append(f"{said['session']}: {fault!r}")
    assert not faults, "\n".join(faults)


@test
def openai_in_python_agrees(folder: Path) -> None:
    run_client(folder, "openai", [sys.executable, str(PYTHON / "openai_client.py")], "openai-python")


@test
def anthropic_in_python_agrees(folder: Path) -> None:
    run_client(folder, "anthropic", [sys.executable, str(PYTHON / "anthropic_client.py")], "anthropic-python")


@test
def gemini_in_python_agrees(folder: Path) -> None:
    run_client(folder, "gemini", [sys.executable, str(PYTHON / "gemini_client.py")], "google-genai-python")


@test
def openai_in_javascript_agrees(folder: Path) -> None:
    run_client(folder, "openai", ["node", str(JAVASCRIPT / "openai.mjs")], "openai-js")


@test
def anthropic_in_javascript_agrees(folder: Path) -> None:
    run_client(folder, "anthropic", ["node", str(JAVASCRIPT / "anthropic.mjs")], "anthropic-js")


@test
def gemini_in_javascript_agrees(folder: Path) -> None:
    run_client(folder, "gemini", ["node", str(JAVASCRIPT / "gemini.mjs")], "google-genai-js")
