"""What Amazon Bedrock's Converse answers, on its binary event stream, and whether a request's signature holds.

Messages of an event stream: a prelude of two lengths and its checksum, headers, payload, a checksum of all. Signatures:
AWS Signature Version 4, over the fields that the client names in SignedHeaders, as they have come.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import urllib.parse
import zlib

from wire import Message

USAGE = {
    "inputTokens": 14,
    "outputTokens": 37,
    "totalTokens": 72,
    "cacheReadInputTokens": 15,
    "cacheWriteInputTokens": 6,
}
SECRET_ACCESS_KEY = "secret"
ERRORS = {401: "UnrecognizedClientException", 429: "ThrottlingException", 500: "InternalServerException"}


def message(event: str, payload: dict) -> bytes:
    headers = b""
    for name, value in {":event-type": event, ":content-type": "application/json", ":message-type": "event"}.items():
        headers += struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
    content = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(content), len(headers))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + content
    return whole + struct.pack(">I", zlib.crc32(whole))


def converse(asked: dict, text: list[str], tool: str, arguments: dict) -> tuple[dict, list[bytes]]:
    """The whole answer, and the stream of it."""
    if "toolConfig" in asked:
        use = {"toolUseId": "tooluse_1", "name": tool}
        content: list[dict] = [{"toolUse": use | {"input": arguments}}]
        reason = "tool_use"
        block = [("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}})]
        deltas: list[dict] = [{"toolUse": {"input": json.dumps(arguments)}}]
    else:
        content = [{"text": "".join(text)}]
        reason = "end_turn"
        block = []
        deltas = [{"text": part} for part in text]
    end = {"metrics": {"latencyMs": 481}, "usage": USAGE}
    whole = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason} | end
    events = [
        ("messageStart", {"role": "assistant"}),
        *block,
        *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}) for delta in deltas),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": reason}),
        ("metadata", end),
    ]
    return whole, [message(*event) for event in events]


def is_signed(request: Message) -> bool:
    """Whether Authorization holds for `request`, which no one may have changed since."""
    said = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=[^/]+/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)",
        request.get("authorization") or "",
    )
    if not said:
        return False
    scope, names, signature = said.groups()
    method, target, _ = request.start_line.decode().split(" ")
    path, _, query = target.partition("?")
    fields = "".join(f"{name}:{' '.join((request.get(name) or '').split())}\n" for name in names.split(";"))
    content = hashlib.sha256(request.content).hexdigest()
    canonical = "\n".join([method, urllib.parse.quote(path), query, fields, names, content])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.get("x-amz-date") or "", scope, digest])
    key = f"AWS4{SECRET_ACCESS_KEY}".encode()
    for part in [*scope.split("/"), to_sign]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex() == signature
