"""Recorded exchanges through the live proxy: the clients' side, and all of it in one call.

    events, faults = replay(folder)

Which exchanges: those of hosts that a built-in spec knows. How a request is
dressed is drawn from a generator seeded by its id, so a failure repeats.
"""

from __future__ import annotations

import base64
import fnmatch
import functools
import gzip
import json
import random
import threading
from pathlib import Path

from origin import Origin
from proxy import ROOT, SHARED, Proxy
from replay_origin import REPLAY_ID, ReplayOrigin, Response, encode, recased, replayed_fields
from runner import skip
from wire import LAST_CHUNK, Connection, Message, chunk, head

EXCHANGES = SHARED / "data/exchanges"
CLIENTS = 6
# Which bare paths are surely a provider's own.
BARE = {"openai": "/v1/", "anthropic": "/v1/messages", "gcp.gemini": "/v1beta/"}
FILES = sorted((ROOT / "data/providers").glob("*.json"))
SPECS = [spec for spec in (json.loads(file.read_text()) for file in FILES) if spec.get("enabled", True)]


def matches(pattern: str, host: str) -> bool:
    """As docs/provider-spec.md says of `hosts`."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    labels, wanted = host.split("."), pattern.split(".")
    return len(labels) == len(wanted) and all(map(fnmatch.fnmatchcase, labels, wanted))


@functools.cache
def spec_of(host: str) -> dict | None:
    known = [(pattern, spec) for spec in SPECS for pattern in spec.get("hosts", [])]
    found = [(pattern != host, -len(pattern), spec) for pattern, spec in known if matches(pattern, host)]
    return min(found, key=lambda match: match[:2])[2] if found else None


class Call:
    """A recorded request as a client sends it through the proxy."""

    def __init__(self, row: dict):
        self.row = row
        draw = random.Random("request " + row["id"])
        spec = spec_of(row["provider_host"])
        bare = row["path"].startswith(BARE.get(spec["name"], "nothing")) and draw.random() < 0.2
        prefix = "" if bare else "/" + spec["route"]
        self.content = base64.b64decode(row.get("request_body") or "")
        self.fields = replayed_fields(row.get("request_headers"), draw)
        self.fields.append((recased(REPLAY_ID, draw), row["id"]))
        if self.content and draw.random() < 0.1:
            coding = draw.choice(["gzip", "zstd"])
            self.content = encode(self.content, coding)
            self.fields.append(("Content-Encoding", coding))
        self.chunked = bool(self.content) and draw.random() < 0.2
        own = [("Host", "localhost"), ("X-Tokometer-Session", row["id"])]
        if self.chunked:
            framing = [("Transfer-Encoding", "chunked")]
            pieces = [self.content[:100], self.content[100:]]
            body = b"".join(chunk(piece) for piece in pieces if piece) + LAST_CHUNK
        else:
            framing = [("Content-Length", str(len(self.content)))] if row["method"] == "POST" or self.content else []
            body = self.content
        self.bytes = head(f"{row['method']} {prefix}{row['path']} HTTP/1.1", own + self.fields + framing) + body

    def check_request(self, received: Message) -> None:
        expect("request line", received.start_line.decode(), f"{self.row['method']} {self.row['path']} HTTP/1.1")
        fields = [f for f in received.end_to_end_fields() if f[0].lower() not in ("host", "content-length")]
        expect("request fields", fields, self.fields)
        expect("request content", received.content, self.content)

    @staticmethod
    def check_response(response: Message, sent: Response) -> None:
        expect("status line", response.start_line.decode(), sent.start_line)
        fields = Message(b"", sent.fields).end_to_end_fields()
        expect("response fields", response.end_to_end_fields(), fields)
        expect("response content", response.content, sent.content)
        if not response.until_close:
            expect("trailers", response.trailers, sent.trailers)


def expect(what: str, got: object, wanted: object) -> None:
    assert got == wanted, f"{what}: got {got!r:.500}, wanted {wanted!r:.500}"


@functools.cache
def recorded() -> dict[str, dict]:
    file = EXCHANGES / "exchanges.jsonl.gz"
    if not file.exists():
        skip("the recorded exchanges are not here")
    with gzip.open(file, "rt") as lines:
        rows = (json.loads(line) for line in lines)
        return {row["id"]: row for row in rows if spec_of(row["provider_host"])}


def drive(rows: list[dict], responses: dict[str, Response], port: int, faults: list[str]) -> None:
    """One client: its calls one after the other, on a connection kept open while it may be."""
    connection = None
    for row in rows:
        call = Call(row)
        try:
            connection = connection or Connection.open(port)
            connection.send(call.bytes)
            response = connection.read_response(row["method"])
            call.check_response(response, responses[row["id"]])
            if response.until_close or "close" in (response.get("connection") or ""):
                connection.close()
                connection = None
        except Exception as fault:  # one call's fault must not end the others
            faults.append(f"{row['id']}: {type(fault).__name__} {fault}")
            connection = None


@functools.cache
def responses() -> dict[str, Response]:
    return {id: Response.of(row) for id, row in recorded().items()}


def replay(folder: Path) -> tuple[list[dict], list[str]]:
    """Every recorded call through one proxy. The events, each with its exchange's id as `source_id`, and what was amiss
    with the bytes that passed."""
    rows = recorded()
    faults: list[str] = []
    with Origin(ReplayOrigin(responses())) as origin:
        origins = {spec["name"]: origin.url for spec in SPECS}
        with Proxy(folder, origins=origins, options=["--quiet"]) as proxy:
            order = list(rows.values())
            clients = [
                threading.Thread(target=drive, args=(order[i::CLIENTS], responses(), proxy.port, faults))
                for i in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
        for received in origin.requests:
            row = rows[received.get(REPLAY_ID) or ""]
            try:
                Call(row).check_request(received)
            except AssertionError as fault:
                faults.append(f"{row['id']}: {fault}")
    return [event | {"source_id": event.get("session_id")} for event in proxy.events()], faults
