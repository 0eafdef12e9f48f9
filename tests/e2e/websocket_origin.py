"""A stand-in for what providers speak on WebSockets, and recorded sessions to play.

with WebSocketOrigin(responses) as origin:
    ... origin.url ...
"""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Callable
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Handler = Callable[[ServerConnection], None]


class WebSocketOrigin:
    """Serves WebSockets with permessage-deflate, each on a thread, by `handler`."""

    def __init__(self, handler: Handler, compression: str | None = "deflate"):
        def guarded(connection: ServerConnection) -> None:
            with contextlib.suppress(ConnectionClosed):
                handler(connection)

        self.server = serve(guarded, "127.0.0.1", 0, compression=compression, max_size=None)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> WebSocketOrigin:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()


def usage_of(number: int) -> dict:
    return {
        "input_tokens": 100 + number,
        "input_tokens_details": {"cached_tokens": 64},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 105 + number,
    }


def responses(connection: ServerConnection) -> None:
    """OpenAI's Responses: answers each `response.create`; one with `"generate": false` states no usage."""
    number = 0
    for text in connection:
        asked = json.loads(text)
        number += 1
        response = {"id": f"resp_{id(connection):x}_{number}", "object": "response", "model": asked["model"]}
        send = lambda kind, **more: connection.send(json.dumps({"type": kind, **more}))  # noqa: E731
        send("response.created", response=response | {"status": "in_progress", "usage": None})
        generates = asked.get("generate", True)
        for _ in range(3 if generates else 0):
            send("response.output_text.delta", item_id="i", output_index=0, content_index=0, delta="Hello. ")
        usage = usage_of(number) if generates else None
        send("response.completed", response=response | {"status": "completed", "output": [], "usage": usage})


def realtime(connection: ServerConnection) -> None:
    """OpenAI's Realtime: answers each `response.create`, with a transcription of what was said before it."""
    session = {"type": "realtime", "id": "sess_1", "object": "realtime.session", "model": "gpt-realtime"}
    send = lambda kind, **more: connection.send(json.dumps({"type": kind, "event_id": "e", **more}))  # noqa: E731
    send("session.created", session=session)
    number = 0
    for text in connection:
        asked = json.loads(text)
        if asked["type"] == "session.update":
            send("session.updated", session=session | asked["session"])
        if asked["type"] != "response.create":
            continue
        number += 1
        spoken = {"type": "tokens", "total_tokens": 12, "input_tokens": 9, "output_tokens": 3,
                  "input_token_details": {"text_tokens": 0, "audio_tokens": 9}}  # fmt: skip
        kind = "conversation.item.input_audio_transcription.completed"
        send(kind, item_id=f"item_{number}", content_index=0, transcript="hi", usage=spoken)
        response = {"object": "realtime.response", "id": f"resp_{number}", "output": [], "conversation_id": "conv_1"}
        send("response.created", response=response | {"status": "in_progress"})
        where = {"response_id": response["id"], "item_id": "i", "output_index": 0, "content_index": 0}
        send("response.output_audio.delta", delta="AAAA" * 5000, **where)
        usage = {
            "total_tokens": 60, "input_tokens": 40, "output_tokens": 20,
            "input_token_details": {"text_tokens": 10, "audio_tokens": 30, "image_tokens": 0, "cached_tokens": 16,
                                    "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 12}},
            "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
        }  # fmt: skip
        send("response.done", response=response | {"status": "completed", "usage": usage})


# Recorded sessions.


def recorded(file: Path) -> list[dict]:
    with gzip.open(file, "rt") as lines:
        return [json.loads(line) for line in lines]


def place_of(session: dict) -> tuple[str, str, str]:
    """Provider, host and path: the recording keeps none, but its name and what was sent tell which it was."""
    path = session["source_path"]
    variant = path.partition("[")[2]
    if "setup" in session["frames"][0]["data"]:
        if "gateway" in path:
            name = "/proxy/google-vertex/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"
            return "pydantic_ai_gateway", "gateway.pydantic.dev", name
        name = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
        return "gcp.gemini", "generativelanguage.googleapis.com", name
    if "azure_voice_live" in path:
        query = "?api-version=2025-10-01&model=gpt-realtime"
        return "azure.ai.openai", "x.services.ai.azure.com", "/voice-live/realtime" + query
    if "azure" in path:
        return "azure.ai.openai", "x.openai.azure.com", "/openai/v1/realtime?model=gpt-realtime"
    if "xai" in path:
        return "x_ai", "api.x.ai", "/v1/realtime?model=grok-voice-latest"
    if "gateway" in variant or "test_gateway" in path:
        return "pydantic_ai_gateway", "gateway.pydantic.dev", "/proxy/openai/realtime?model=gpt-realtime"
    return "openai", "api.openai.com", "/v1/realtime?model=gpt-realtime"


def stated(session: dict) -> list[dict]:
    """What the providers' documentation says that each turn of `session` used, in order: an independent reading.

    OpenAI (Azure and xAI alike): `response.done` ends a response and has its usage, in `response.usage` (xAI: beside
    it); transcription is billed by `conversation.item.input_audio_transcription.completed`. Gemini Live: the message
    with `turnComplete` has `usageMetadata`, whose thoughts are beside the response.
    """
    turns = []
    for frame in session["frames"]:
        said = frame["data"]
        if frame["direction"] != "received" or not isinstance(said, dict):
            continue
        kind = said.get("type")
        if kind == "response.done":
            response = said["response"]
            turns.append(openai_counts(response.get("usage") or said.get("usage")) | {"id": response["id"]})
        elif kind == "conversation.item.input_audio_transcription.completed" and said.get("usage"):
            turns.append(openai_counts(said["usage"]) | {"id": said["item_id"], "operation": "transcription"})
        elif kind == "conversation.item.input_audio_transcription.failed":
            turns.append({"id": said["item_id"], "operation": "transcription", "error": said["error"]["type"]})
        elif "usageMetadata" in said:
            turns.append(gemini_counts(said["usageMetadata"]))
    return turns


def openai_counts(usage: dict) -> dict:
    inputs, outputs = usage.get("input_token_details") or {}, usage.get("output_token_details") or {}
    counts = {
        "input_tokens": usage.get("input_tokens"),
        "cache_read_input_tokens": inputs.get("cached_tokens"),
        "audio_input_tokens": inputs.get("audio_tokens"),
        "image_input_tokens": inputs.get("image_tokens"),
        "cache_read_audio_input_tokens": (inputs.get("cached_tokens_details") or {}).get("audio_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "reasoning_output_tokens": outputs.get("reasoning_tokens"),
        "audio_output_tokens": outputs.get("audio_tokens"),
    }
    return {name: count for name, count in counts.items() if count is not None}


def gemini_counts(usage: dict) -> dict:
    def of(modality: str, *names: str) -> int | None:
        details = next((usage[name] for name in names if name in usage), [])
        return next((d["tokenCount"] for d in details if d["modality"] == modality and "tokenCount" in d), None)

    response = usage.get("responseTokenCount", usage.get("candidatesTokenCount"))
    thoughts = usage.get("thoughtsTokenCount")
    counts = {
        "input_tokens": usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
        "audio_input_tokens": of("AUDIO", "promptTokensDetails"),
        "output_tokens": None if response is None and thoughts is None else (response or 0) + (thoughts or 0),
        "reasoning_output_tokens": thoughts,
        "audio_output_tokens": of("AUDIO", "responseTokensDetails", "candidatesTokensDetails"),
    }
    return {name: count for name, count in counts.items() if count is not None}


COUNTS = (
    "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "audio_input_tokens",
    "image_input_tokens", "cache_read_audio_input_tokens", "output_tokens", "reasoning_output_tokens",
    "audio_output_tokens",
)  # fmt: skip


def counted(event: dict) -> dict:
    """What `event` says, in the form of stated()."""
    counts = {name: event[name] for name in COUNTS if event.get(name) is not None}
    if event.get("response_id"):
        counts["id"] = event["response_id"]
    if event["operation"] == "transcription":
        counts["operation"] = "transcription"
    if event.get("error_type"):
        counts["error"] = event["error_type"]
    return counts


def har(sessions: list[dict]) -> dict:
    """The sessions as Chrome would have recorded them."""
    entries = []
    for session in sessions:
        _, host, path = place_of(session)
        messages = [
            {
                "type": "send" if frame["direction"] == "sent" else "receive",
                "time": 1767323045.5 + number / 100,
                "opcode": 1,
                "data": json.dumps(frame["data"]),
            }
            for number, frame in enumerate(session["frames"])
        ]
        request = {"method": "GET", "url": f"wss://{host}{path}", "headers": [], "bodySize": 0}
        response = {"status": 101, "headers": [], "content": {"size": 0, "mimeType": ""}, "bodySize": 0}
        entries.append({
            "startedDateTime": "2026-01-02T03:04:05.000Z", "time": 9000, "comment": session["id"],
            "request": request, "response": response, "timings": {"send": 0, "wait": 1, "receive": 0},
            "_resourceType": "websocket", "_webSocketMessages": messages,
        })  # fmt: skip
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}
