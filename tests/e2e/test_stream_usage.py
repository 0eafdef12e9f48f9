"""Streams whose provider does not say what they use: asked for it, or estimated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from origin import Exchange, Origin
from provider import OPENAI_CHAT_USAGE, TEXT, sse
from proxy import ROOT, Proxy
from runner import test
from wire import Connection, request

CLIENTS = {
    "python": [sys.executable, str(ROOT / "tests/clients/openai_stream.py")],
    "javascript": ["node", str(ROOT / "build/e2e/clients/openai_stream.mjs")],
}
MESSAGES = [{"role": "user", "content": "How many people live here?"}]


def chat(exchange: Exchange) -> None:
    """A stream as OpenAI has it: with include_usage a null in each chunk, and one chunk more."""
    body = json.loads(exchange.request.content)
    asked = (body.get("stream_options") or {}).get("include_usage")
    part = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795379871, "model": "gpt-5-2026-01-15"}
    if asked:
        part["usage"] = None
    deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in TEXT), {}]
    exchange.begin_stream()
    for delta in deltas:
        finish = None if delta else "stop"
        event = sse(part | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode()
        # Cut at a place that no client should notice.
        exchange.stream(event[:40])
        exchange.stream(event[40:])
    if asked:
        exchange.stream(sse(part | {"choices": [], "usage": OPENAI_CHAT_USAGE}).encode())
    exchange.stream(sse("[DONE]").encode())
    exchange.end_stream()


def chunks(command: list[str], *arguments: str) -> list[dict]:
    result = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@test
def a_client_that_did_not_ask_for_usage_sees_none_of_it(folder: Path) -> None:
    for name, command in CLIENTS.items():
        (folder / name).mkdir()
        with Origin(chat) as origin:
            options = ["--quiet", "--stream-usage", "inject"]
            with Proxy(folder / name, origins={"openai": origin.url}, options=options) as proxy:
                for asks in [[], ["include_usage"]]:
                    direct = chunks(command, f"{origin.url}/v1", *asks)
                    through = chunks(command, f"http://127.0.0.1:{proxy.port}/openai/v1", *asks)
                    assert through == direct, f"{name} {asks}: {through}\nnot {direct}"
                events = list(proxy.events())
        assert len(events) == 2, events
        for event in events:
            assert event["usage_source"] == "reported" and event["usage_step"] == "spec", event
            assert event["input_tokens"] == 41 and event["output_tokens"] == 19, event


@test
def a_stream_without_usage_is_estimated(folder: Path) -> None:
    with Origin(chat) as origin, Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
        body = json.dumps({"model": "gpt-5", "messages": MESSAGES, "stream": True}).encode()
        with Connection.open(proxy.port) as client:
            client.send(request("POST", "/openai/v1/chat/completions", body, {"X-Tokometer-Session": "s"}))
            assert client.read_response("POST").status == 200
        event = proxy.event_of("s")
        assert json.loads(origin.requests[0].content) == json.loads(body), "asked without being told to"
    # The table of its tokens may not be loaded yet: the call takes a few milliseconds.
    assert event["usage_source"] == "estimated" and event["usage_step"] in ("estimate", "guess"), event
    assert 5 <= event["input_tokens"] <= 20 and 3 <= event["output_tokens"] <= 10, event
    assert event["complete"] is True and float(event["cost_usd"]) > 0, event


def cut_short(exchange: Exchange) -> None:
    """What a gateway does whose time is over: the response ends as HTTP asks, the answer within it does not."""
    exchange.begin_stream()
    for text in TEXT:
        chunk = {"id": "chatcmpl-1", "model": "gpt-5", "choices": [{"index": 0, "delta": {"content": text}}]}
        exchange.stream(sse(chunk).encode())
    exchange.end_stream()


@test
def the_first_stream_that_is_cut_short_waits_for_the_table(folder: Path) -> None:
    with Origin(cut_short) as origin, Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
        # It asks for usage, so that nobody prepares for having to count.
        asks = {"model": "gpt-5", "messages": MESSAGES, "stream": True, "stream_options": {"include_usage": True}}
        with Connection.open(proxy.port) as client:
            headers = {"X-Tokometer-Session": "s"}
            client.send(request("POST", "/openai/v1/chat/completions", json.dumps(asks).encode(), headers))
            assert client.read_response("POST").status == 200
        event = proxy.event_of("s")
    assert (event["usage_step"], event["complete"]) == ("estimate", False), event
