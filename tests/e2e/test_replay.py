"""Recorded exchanges through the live proxy: they pass byte by byte as they are, and are read exactly."""

from __future__ import annotations

import base64
import gzip
import json
import random
import subprocess
import sys
import threading
from pathlib import Path

from origin import Origin
from proxy import SHARED, Proxy
from replay_origin import REPLAY_ID, ReplayOrigin, Response, encode, recased, replayed_fields
from runner import skip, test
from wire import LAST_CHUNK, Connection, Message, chunk, head

EXCHANGES = SHARED / "data/exchanges"
CLIENTS = 6
PROVIDERS = {
    "api.openai.com": ("openai", "/openai", "/v1/"),
    "api.anthropic.com": ("anthropic", "/anthropic", "/v1/messages"),
    "generativelanguage.googleapis.com": ("gcp.gemini", "/gemini", "/v1beta/"),
}  # host: name of the spec, route, and which bare paths are surely its own


class Call:
    """A recorded request as a client sends it through the proxy."""

    def __init__(self, row: dict):
        self.row = row
        draw = random.Random("request " + row["id"])
        _, route, bare = PROVIDERS[row["provider_host"]]
        prefix = "" if row["path"].startswith(bare) and draw.random() < 0.2 else route
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


def recorded() -> dict[str, dict]:
    file = EXCHANGES / "exchanges.jsonl.gz"
    if not file.exists():
        skip("the recorded exchanges are not here")
    with gzip.open(file, "rt") as lines:
        rows = (json.loads(line) for line in lines)
        return {row["id"]: row for row in rows if row["provider_host"] in PROVIDERS}


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


def compare_events(events: list[dict]) -> None:
    lines = "\n".join(json.dumps(event) for event in events)
    command = [sys.executable, str(EXCHANGES / "compare.py"), str(EXCHANGES / "expected.jsonl")]
    command += [str(EXCHANGES / "none.jsonl"), "--hosts", ",".join(PROVIDERS), "--show", "20"]
    result = subprocess.run(command, input=lines, capture_output=True, text=True)
    print(f"     {result.stdout.splitlines()[-1] if result.stdout else ''}")
    assert result.returncode == 0, result.stdout + result.stderr


@test
def recorded_exchanges_are_read_exactly_from_har_files(folder: Path) -> None:
    recorded()
    har = folder / "recorded.har"
    command = [sys.executable, str(EXCHANGES / "to_har.py"), str(EXCHANGES / "exchanges.jsonl.gz"), str(har)]
    subprocess.run([*command, "--hosts", ",".join(PROVIDERS)], check=True, capture_output=True)
    result = Proxy(folder).run("meter", str(har), "--json")
    assert result.returncode == 0, result.stderr
    compare_events([json.loads(line) for line in result.stdout.splitlines()])


@test
def recorded_exchanges_pass_unchanged_and_are_read_exactly(folder: Path) -> None:
    rows = recorded()
    responses = {id: Response.of(row) for id, row in rows.items()}
    faults: list[str] = []
    with Origin(ReplayOrigin(responses)) as origin:
        origins = {name: origin.url for name, _, _ in PROVIDERS.values()}
        with Proxy(folder, origins=origins, options=["--quiet"]) as proxy:
            order = list(rows.values())
            clients = [
                threading.Thread(target=drive, args=(order[i::CLIENTS], responses, proxy.port, faults))
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
    assert not faults, f"{len(faults)} faults, such as:\n" + "\n".join(faults[:10])
    compare_events([event | {"source_id": event.get("session_id")} for event in proxy.events()])
