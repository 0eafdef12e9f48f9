"""Replays recorded exchanges: each response is sent again, coded, framed and cut in another way.

Which one is asked for stands in the request's field X-Replay-Id. How a response
is dressed is drawn from a generator seeded by that id, so a failure repeats.
"""

from __future__ import annotations

import base64
import gzip
import random
import time
import zlib
from dataclasses import dataclass

import brotli
import zstandard
from origin import Exchange
from wire import LAST_CHUNK, chunk, head

REPLAY_ID = "x-replay-id"
CODINGS = ["", "gzip", "br", "zstd", "deflate", "gzip, br"]
FRAMINGS = ["length", "chunked", "close"]

# These describe the recorded connection or body; we frame and code anew.
NOT_REPLAYED = {
    "connection", "content-encoding", "content-length", "expect", "host", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip


def encode(content: bytes, coding: str) -> bytes:
    for name in filter(None, coding.split(", ")):
        match name:
            case "gzip":
                content = gzip.compress(content, 6, mtime=0)
            case "br":
                content = brotli.compress(content, quality=4)
            case "zstd":
                content = zstandard.compress(content)
            case "deflate":
                content = zlib.compress(content)
    return content


def recased(name: str, draw: random.Random) -> str:
    """A name in some spelling: a proxy must keep whichever it is."""
    return draw.choice([name, name.lower(), name.upper(), name.title()])


def replayed_fields(recorded: dict | None, draw: random.Random) -> list[tuple[str, str]]:
    fields = []
    for name, value in (recorded or {}).items():
        if name.lower() in NOT_REPLAYED or name.startswith(":"):
            continue
        for item in value if isinstance(value, list) else [value]:
            fields.append((recased(name, draw), str(item).strip()))
    return fields


def cut(content: bytes, draw: random.Random) -> list[bytes]:
    """Pieces of random sizes: mostly a few, sometimes single bytes at the end, where usage stands."""
    if len(content) < 2:
        return [content] if content else []
    places = sorted(draw.sample(range(1, len(content)), min(len(content) - 1, draw.randrange(8))))
    if draw.random() < 0.05:
        places = sorted({*places, *range(max(1, len(content) - 40), len(content))})
    return [content[a:b] for a, b in zip([0, *places], [*places, len(content)], strict=True)]


@dataclass
class Response:
    """What the origin sends for one exchange, and thus what the client must get."""

    start_line: str
    fields: list[tuple[str, str]]
    content: bytes  # coded
    trailers: list[tuple[str, str]]
    framing: str
    pieces: list[bytes]
    pause: float

    @staticmethod
    def of(row: dict) -> Response:
        draw = random.Random(row["id"])
        status = row["status"]
        has_content = status not in (204, 304) and row["method"] != "HEAD"
        fields = replayed_fields(row.get("response_headers"), draw)
        if row.get("content_type") and not any(name.lower() == "content-type" for name, _ in fields):
            fields.append(("Content-Type", row["content_type"]))
        coding = draw.choice(CODINGS) if has_content else ""
        framing = draw.choices(FRAMINGS, [4, 5, 1])[0] if has_content else "none"
        if coding:
            fields.insert(draw.randrange(len(fields) + 1), (recased("content-encoding", draw), coding))
        content = encode(base64.b64decode(row.get("response_body") or ""), coding) if has_content else b""
        trailers = []
        match framing:
            case "length":
                fields.append((recased("content-length", draw), str(len(content))))
            case "chunked":
                fields.append((recased("transfer-encoding", draw), "chunked"))
                if draw.random() < 0.1:
                    trailers = [("X-Checksum", "abc"), ("x-Second", "d e")]
            case "close":
                fields.append(("Connection", "close"))
        reason = draw.choice(["OK", "Whatever It Is", ""])
        pause = draw.choice([0, 0, 0.0003])
        return Response(f"HTTP/1.1 {status} {reason}", fields, content, trailers, framing, cut(content, draw), pause)

    def send(self, exchange: Exchange) -> None:
        exchange.send(head(self.start_line, self.fields))
        for piece in self.pieces:
            exchange.send(chunk(piece) if self.framing == "chunked" else piece)
            if self.pause:
                time.sleep(self.pause)
        if self.framing == "chunked":
            end = b"".join(f"{name}: {value}\r\n".encode() for name, value in self.trailers)
            exchange.send(LAST_CHUNK[:3] + end + b"\r\n")
        exchange.keep_open = self.framing != "close"


class ReplayOrigin:
    """The handler of an Origin."""

    def __init__(self, responses: dict[str, Response]):
        self.responses = responses

    def __call__(self, exchange: Exchange) -> None:
        self.responses[exchange.request.get(REPLAY_ID) or ""].send(exchange)
