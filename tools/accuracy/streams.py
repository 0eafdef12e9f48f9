"""What the providers' SDKs make of a recorded response: the one object that a caller has in hand at its end.

The other libraries are given this, because they take objects, not streams.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from botocore.eventstream import EventStreamBuffer

Json = dict[str, Any]


def events_of(content: bytes, framing: str) -> list[Json]:
    """The JSON objects of a stream."""
    match framing:
        case "sse":
            return [found for block in sse_blocks(content) if (found := parsed(block)) is not None]
        case "ndjson":
            return [found for line in content.splitlines() if (found := parsed(line.decode())) is not None]
        case "json-array":
            return json.loads(content)
        case "eventstream":
            return event_stream(content)
    return [json.loads(content)]


def sse_blocks(content: bytes) -> list[str]:
    text = content.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    blocks = []
    for block in text.split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if lines:
            blocks.append("\n".join(lines))
    return blocks


def parsed(text: str) -> Json | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def event_stream(content: bytes) -> list[Json]:
    """Of Bedrock: Converse's events are named by a header, those of InvokeModel wrap the model's own in base64."""
    buffer = EventStreamBuffer()
    buffer.add_data(content)
    events = []
    for message in buffer:
        payload = json.loads(message.payload or b"{}")
        if "bytes" in payload:
            events.append(json.loads(base64.b64decode(payload["bytes"])))
        else:
            events.append({message.headers.get(":event-type", "event"): payload})
    return events


def final_object(content: bytes, framing: str, api: str) -> Json | None:
    """None where the stream has no object with usage."""
    if framing == "json":
        found = json.loads(content)
        return found if isinstance(found, dict) else None
    events = events_of(content, framing)
    match api:
        case "responses" | "gemini_interactions":
            ends = [event.get("response") or event.get("interaction") for event in events]
            return last([end for end in ends if end and end.get("usage")])
        case "assistants":
            return last([event for event in events if event.get("object") == "thread.run" and event.get("usage")])
        case "gemini":
            return last([event for event in events if "usageMetadata" in event])
        case "bedrock_converse":
            return last([event["metadata"] for event in events if "metadata" in event])
        case "anthropic" | "bedrock_invoke":
            return anthropic_message(events) or last([event for event in events if "usage" in event])
        case "cohere":
            return last([event.get("delta") or event.get("response") for event in events])
        case "ollama":
            return last(events)
    return last([event for event in events if event.get("usage")])


def last(found: list[Any]) -> Any:
    return found[-1] if found else None


def anthropic_message(events: list[Json]) -> Json | None:
    """As get_final_message() of Anthropic's SDK: message_delta's usage over that of message_start."""
    message = None
    for event in events:
        if event.get("type") == "message_start":
            message = dict(event["message"])
        elif event.get("type") == "message_delta" and message is not None:
            given = {key: value for key, value in (event.get("usage") or {}).items() if value is not None}
            message["usage"] = (message.get("usage") or {}) | given
    return message
