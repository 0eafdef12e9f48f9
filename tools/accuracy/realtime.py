"""The recorded WebSocket sessions: what their turns must yield, and what Tokometer reads.

There is no file of expectations for them: what a turn used is read here from the provider's own message at its end
(`response.done`, `usageMetadata`), message by message.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import ours
import recorded

BIDI = "BidiGenerateContent"
GEMINI = ("generativelanguage.googleapis.com", f"/ws/google.ai.generativelanguage.v1beta.GenerativeService.{BIDI}")
VERTEX = ("us-central1-aiplatform.googleapis.com", f"/ws/google.cloud.aiplatform.v1.LlmBidiService/{BIDI}")
# The recordings do not say where they were made; their names say with whom. The first that fits.
ADDRESSES = {
    "azure_voice_live": ("example.services.ai.azure.com", "/voice-live/realtime?model=gpt-realtime"),
    "gateway-google": VERTEX,
    "gateway_gemini": VERTEX,
    "google": GEMINI,
    "azure": ("example.openai.azure.com", "/openai/v1/realtime?model=gpt-realtime"),
    "xai": ("api.x.ai", "/v1/realtime?model=grok-voice"),
    "": ("api.openai.com", "/v1/realtime?model=gpt-realtime"),
}


@dataclass(frozen=True)
class Turn:
    input: int
    cache_read: int
    output: int

    def __str__(self) -> str:
        return f"{self.input} in, {self.cache_read} of it cached, {self.output} out"


def sessions() -> list[dict]:
    with gzip.open(recorded.FOLDER / "realtime-ws.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def expected_turns(session: dict) -> list[Turn]:
    """Those that state usage. Google's thoughts are output beyond the response's tokens."""
    turns = []
    for frame in session["frames"]:
        data = frame["data"]
        if frame["direction"] != "received" or not isinstance(data, dict):
            continue
        if data.get("type") == "response.done":
            usage = data["response"].get("usage") or data.get("usage")
            details = (usage or {}).get("input_token_details") or {}
            if usage:
                turns.append(Turn(usage["input_tokens"], details.get("cached_tokens", 0), usage["output_tokens"]))
        elif usage := data.get("usageMetadata"):
            answered = usage.get("responseTokenCount", usage.get("candidatesTokenCount", 0))
            output = answered + usage.get("thoughtsTokenCount", 0)
            turns.append(Turn(usage["promptTokenCount"], usage.get("cachedContentTokenCount", 0), output))
    return turns


def har_entry(session: dict) -> dict:
    name = "/".join(session["source_path"].split("/")[-2:])
    host, path = next(address for part, address in ADDRESSES.items() if part in name)
    messages = []
    for i, frame in enumerate(session["frames"]):
        data = frame["data"] if isinstance(frame["data"], str) else json.dumps(frame["data"])
        way = "send" if frame["direction"] == "sent" else "receive"
        messages.append({"type": way, "time": recorded.WHEN_UNKNOWN.timestamp() + i / 100, "opcode": 1, "data": data})
    fields = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    head = {"httpVersion": "HTTP/1.1", "headers": recorded.har_fields(fields)}
    return {
        "comment": session["id"],
        "startedDateTime": recorded.WHEN_UNKNOWN.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "time": 10 * len(messages),
        "request": {"method": "GET", "url": f"https://{host}{path}", **head},
        "response": {"status": 101, "content": {"size": 0, "text": ""}, **head},
        "_webSocketMessages": messages,
    }


def from_har(folder: Path) -> dict[str, list[dict]]:
    """The events of each session."""
    har = folder / "realtime.har"
    creator = {"name": "recorded sessions", "version": "1"}
    entries = [har_entry(session) for session in sessions()]
    har.write_text(json.dumps({"log": {"version": "1.2", "creator": creator, "entries": entries}}))
    events = defaultdict(list)
    for event in ours.lines_of_meter(folder, har):
        events[event["source_id"]].append(event)
    return events


def turns_read(events: list[dict]) -> list[Turn]:
    return [
        Turn(event.get("input_tokens") or 0, event.get("cache_read_input_tokens") or 0, event.get("output_tokens") or 0)
        for event in events
        if event["operation"] in ("realtime", "live") and event["usage_source"] == "reported"
    ]


@dataclass
class Tally:
    sessions: int = 0
    turns: int = 0
    exact: int = 0


def tallies(events: dict[str, list[dict]]) -> tuple[dict[str, Tally], list[str]]:
    """By provider, and what is wrong."""
    found: dict[str, Tally] = defaultdict(Tally)
    faults = []
    for session in sessions():
        mine = events.get(session["id"], [])
        tally = found[mine[0]["provider"] if mine else "no spec"]
        want, have = expected_turns(session), turns_read(mine)
        tally.sessions += 1
        tally.turns += len(want)
        tally.exact += sum(a == b for a, b in zip(want, have, strict=False))
        if want != have:
            faults.append(f"{session['id']}: {[str(t) for t in want]} expected, {[str(t) for t in have]} read")
    return found, faults
