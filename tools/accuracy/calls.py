"""The recorded calls as the other libraries' readers take them: one JSON object a line."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import recorded

COUNTS = {
    "input": "input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_output_tokens",
}


def comparable(row: dict) -> bool:
    """Retrievals repeat an earlier call's usage; rows that are not strict say themselves that they are in doubt."""
    return row["strict"] and row["kind"] != "retrieval"


def write(file: Path, events: dict[str, dict]) -> None:
    with file.open("w") as out:
        for id, row in recorded.expected().items():
            if id in events and comparable(row):
                out.write(json.dumps(call(recorded.exchanges()[id], row, events[id])) + "\n")


def call(exchange: recorded.Exchange, row: dict, event: dict) -> dict:
    details = event["usage_details"] if isinstance(event.get("usage_details"), dict) else {}
    return {
        "id": exchange.id,
        "provider": event["provider"],
        "operation": event["operation"],
        "api": row["api"],
        "kind": row["kind"],
        "framing": row["framing"],
        "streaming": row["streaming"],
        "method": exchange.method,
        "host": exchange.host,
        "path": exchange.path,
        "when": exchange.when.isoformat(),
        "status": exchange.status,
        "content_type": exchange.content_type,
        "response_fields": exchange.response_fields,
        "response": base64.b64encode(exchange.response).decode(),
        "request": base64.b64encode(exchange.request).decode(),
        "request_model": event.get("request_model"),
        "response_model": event.get("response_model"),
        "service_tier": event.get("service_tier"),
        "traffic_type": details.get("trafficType"),
        "speed": details.get("speed"),
        "usage": {name: event.get(key) for name, key in COUNTS.items()},
        "billed": {"input": event.get("billed_input_tokens"), "output": event.get("billed_output_tokens")},
        "audio_output": event.get("audio_output_tokens") or 0,
        "input_by_modality": sum(part.get("tokenCount", 0) for part in details.get("promptTokensDetails") or []),
    }
