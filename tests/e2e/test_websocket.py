"""WebSockets through the proxy: they pass as they are, and each turn on them is an event."""

from __future__ import annotations

import collections
import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from kills import expect_each_once, kill_under_load
from origin import Exchange, Origin
from proxy import ROOT, SHARED, Proxy
from runner import skip, test
from websocket_origin import WebSocketOrigin, counted, har, place_of, realtime, recorded, responses, stated, usage_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection
from wire import Closed, Connection, head

RECORDED = SHARED / "data/exchanges/realtime-ws.jsonl.gz"
ACCEPTED = [
    ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "abc="),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
]  # fmt: skip
ASKED = [
    ("Host", "x"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "abc="),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
]  # fmt: skip


def proxy_of(folder: Path, url: str, *options: str, provider: str = "openai") -> Proxy:
    return Proxy(folder, origins={provider: url}, options=["--quiet", *options])


@contextlib.contextmanager
def client_of(proxy: Proxy, path: str, session: str = "s", **options: object) -> Iterator[ClientConnection]:
    uri = f"ws://127.0.0.1:{proxy.port}{path}"
    headers = {"X-Tokometer-Session": session}
    with connect(uri, additional_headers=headers, max_size=None, proxy=None, **options) as client:
        yield client


def turn(client: ClientConnection, **request: object) -> dict:
    """Asks for a response and reads to its end."""
    client.send(json.dumps({"type": "response.create", "model": "gpt-5.2", "input": "hi", **request}))
    while True:
        said = json.loads(client.recv(timeout=20))
        if said["type"] in ("response.completed", "response.done", "error"):
            return said


def a_frame(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, mask: bytes | None = None) -> bytes:
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    first = bytes([fin << 7 | rsv1 << 6 | opcode])
    if mask is None:
        return first + length + payload
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return first + bytes([length[0] | 0x80]) + length[1:] + mask + masked


def some_frames(draw: random.Random, masked: bool) -> bytes:
    """Messages of every kind; at the end what is no frame at all."""
    deflate = zlib.compressobj(wbits=-15)
    out = b""
    for _ in range(40):
        mask = (lambda: draw.randbytes(4)) if masked else (lambda: None)
        payload = json.dumps({"type": "x", "n": draw.random(), "pad": "ab" * draw.randrange(3000)}).encode()
        match draw.randrange(4):
            case 0:
                out += a_frame(draw.choice([1, 2]), payload, mask=mask())
            case 1:
                packed = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
                out += a_frame(1, packed, rsv1=True, mask=mask())
            case 2:
                out += a_frame(1, payload[:50], fin=False, mask=mask()) + a_frame(9, b"ping", mask=mask())
                out += a_frame(0, payload[50:], mask=mask())
            case 3:
                out += a_frame(10, draw.randbytes(draw.randrange(126)), mask=mask())
    return out + b"\xff" * 50 + draw.randbytes(20000)


@test
def every_byte_of_a_websocket_passes_as_it_is(folder: Path) -> None:
    draw = random.Random(6455)
    to_origin, to_client = some_frames(draw, True), some_frames(draw, False)
    received: list[bytes] = []

    def answer(exchange: Exchange) -> None:
        exchange.send(head("HTTP/1.1 101 Switching Protocols", ACCEPTED))
        sender = threading.Thread(target=send_in_pieces, args=(exchange.connection, to_client, random.Random(1)))
        sender.start()
        received.append(exchange.connection.take(len(to_origin)))
        sender.join()
        exchange.break_off()

    def send_in_pieces(connection: Connection, data: bytes, draw: random.Random) -> None:
        while data:
            size = draw.choice([1, 3, 100, 5000, 70000])
            connection.send(data[:size])
            data = data[size:]

    with Origin(answer) as origin, proxy_of(folder, origin.url) as proxy, Connection.open(proxy.port) as client:
        client.send(head("GET /openai/v1/responses HTTP/1.1", ASKED))
        response = client.read_response()
        assert response.status == 101 and response.get("sec-websocket-extensions") == "permessage-deflate"
        sender = threading.Thread(target=send_in_pieces, args=(client, to_origin, random.Random(2)))
        sender.start()
        assert client.take(len(to_client)) == to_client
        sender.join()
        with contextlib.suppress(Closed):
            assert client.take(1) == b""
        assert received == [to_origin]
        events = proxy.wait_for_events(1)
    assert len(events) == 1 and events[0]["truncated"] is True, events
    assert events[0]["operation"] == "responses" and events[0]["billable"] is False, events


@test
def a_thousand_turns_on_one_connection_are_a_thousand_events(folder: Path) -> None:
    with WebSocketOrigin(responses) as origin, proxy_of(folder, origin.url) as proxy:
        with client_of(proxy, "/openai/v1/responses", user_agent_header="codex_exec/1.2.3") as client:
            assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
            assert turn(client, generate=False)["response"]["usage"] is None
            for number in range(2, 1002):
                assert turn(client)["response"]["usage"] == usage_of(number)
        events = proxy.wait_for_events(1001)
    assert len(events) == 1001, len(events)
    assert len({event["response_id"] for event in events}) == 1001
    warm_up = [event for event in events if event["usage_source"] == "none"]
    assert len(warm_up) == 1 and warm_up[0]["billable"] is False, warm_up
    rest = [event for event in events if event["usage_source"] == "reported"]
    assert sum(event["input_tokens"] for event in rest) == sum(100 + number for number in range(2, 1002))
    for event in rest:
        wanted = {
            "provider": "openai", "operation": "responses", "request_model": "gpt-5.2", "status_code": 101,
            "cache_read_input_tokens": 64, "output_tokens": 5, "reasoning_output_tokens": 2, "stream": True,
            "complete": True, "finish_reason": "completed", "session_id": "s", "billable": True,
        }  # fmt: skip
        assert {name: event.get(name) for name in wanted} == wanted, event
        assert 0 <= event["time_to_first_byte_ms"] <= event["time_to_first_chunk_ms"] <= event["duration_ms"], event
        assert event["request_bytes"] > 0 and event["response_bytes"] > 0 and float(event["cost_usd"]) > 0, event


@test
def the_end_of_a_turn_comes_after_its_event(folder: Path) -> None:
    with WebSocketOrigin(responses) as origin, proxy_of(folder, origin.url) as proxy:
        with client_of(proxy, "/openai/v1/responses") as client:
            for _ in range(50):
                turn(client)
            proxy.kill()
            with contextlib.suppress(ConnectionClosed):
                client.recv(timeout=5)
        proxy.start()
        assert len(proxy.wait_for_events(50)) == 50


class Turns(threading.Thread):
    """Asks for turns without a pause until the connection breaks; `seen` are those that it saw end."""

    def __init__(self, proxy: Proxy):
        super().__init__()
        self.proxy = proxy
        self.seen: list[str] = []

    def run(self) -> None:
        with contextlib.suppress(ConnectionClosed, OSError, EOFError), client_of(self.proxy, "/v1/responses") as client:
            while True:
                self.seen.append(turn(client)["response"]["id"])


@test
def killed_at_random_moments_it_loses_no_turn_and_repeats_none(folder: Path) -> None:
    kills = 60
    made = iter(range(1_000_000))

    def answer(connection: ServerConnection) -> None:
        for _ in connection:
            response = {"id": f"resp_{next(made)}", "model": "gpt-5.2", "status": "completed", "usage": usage_of(1)}
            connection.send(json.dumps({"type": "response.created", "response": {"id": response["id"]}}))
            connection.send(json.dumps({"type": "response.completed", "response": response}))

    with WebSocketOrigin(answer) as origin:
        proxy = proxy_of(folder, origin.url)
        seen = kill_under_load(proxy, kills, lambda _: [Turns(proxy) for _ in range(3)], pause=(0.1, 0.3))
    expect_each_once(seen, [event["response_id"] for event in proxy.events() if event["complete"]], kills)


@test
def a_slow_reader_holds_the_origin_back(folder: Path) -> None:
    total = 160  # MiB, more than twice what the kernel's buffers of both connections may grow to
    sent = []

    def answer(connection: ServerConnection) -> None:
        for _ in range(total):
            connection.send(random.randbytes(1 << 20))
            sent.append(1)
        connection.send(json.dumps({"type": "response.completed", "response": {"id": "r", "usage": usage_of(1)}}))

    with WebSocketOrigin(answer, compression=None) as origin, proxy_of(folder, origin.url) as proxy:
        with client_of(proxy, "/openai/v1/responses", compression=None, max_queue=1) as client:
            before = -1
            while len(sent) != before:  # until nothing moves any more
                before = len(sent)
                time.sleep(0.5)
            assert before < total / 2, f"{before} MiB were taken from the origin for a client that reads nothing"
            resident = int(Path(f"/proc/{proxy.process.pid}/statm").read_text().split()[1]) * 4096
            assert resident < 100 << 20, f"{resident >> 20} MiB are resident"
            assert all(len(client.recv(timeout=20)) == 1 << 20 for _ in range(total))
            assert json.loads(client.recv(timeout=20))["type"] == "response.completed"
        assert proxy.event_of("s")["input_tokens"] == 101


@test
def close_codes_pass_and_are_seen(folder: Path) -> None:
    told: list[int | None] = []

    def answer(connection: ServerConnection) -> None:
        if "refuse" in connection.request.path:
            connection.close(1008, "policy")
            return
        with contextlib.suppress(ConnectionClosed):
            for _ in connection:
                connection.send(json.dumps({"type": "response.created", "response": {"id": "r"}}))
        told.append(connection.close_code)

    with WebSocketOrigin(answer) as origin, proxy_of(folder, origin.url) as proxy:
        with client_of(proxy, "/openai/v1/responses?refuse", session="refused") as client:
            try:
                client.recv(timeout=5)
                raise AssertionError("no close")
            except ConnectionClosed as closed:
                assert closed.rcvd and (closed.rcvd.code, closed.rcvd.reason) == (1008, "policy"), closed
        with client_of(proxy, "/openai/v1/responses", session="left") as client:
            client.send(json.dumps({"type": "response.create", "model": "m"}))
            client.recv(timeout=5)
            client.close(4001, "mine")
        refused, left = proxy.event_of("refused"), proxy.event_of("left")
    assert told == [4001], told
    assert refused["error_type"] == "websocket_close_1008" and refused["billable"] is False, refused
    assert left["error_type"] == "websocket_close_4001" and left["complete"] is False, left
    assert left["response_id"] == "r" and left["request_model"] == "m", left


@test
def a_client_that_hangs_up_between_turns_leaves_its_turns_only(folder: Path) -> None:
    with WebSocketOrigin(responses) as origin, proxy_of(folder, origin.url) as proxy:
        for _ in range(2):
            client = connect(f"ws://127.0.0.1:{proxy.port}/openai/v1/responses", proxy=None)
            turn(client)
            client.socket.shutdown(socket.SHUT_WR)  # as Codex does: no close frame
            with contextlib.suppress(ConnectionClosed):
                client.recv(timeout=10)
            client.close()
        proxy.wait_for_events(2)
        proxy.stop()
        events = proxy.events()
    assert len(events) == 2 and all(event["complete"] and not event.get("error_type") for event in events), events


@test
def an_origin_that_resets_after_its_client_has_gone_is_no_event(folder: Path) -> None:
    asked = json.dumps({"type": "response.create", "model": "gpt-5.2", "input": "hi"}).encode()
    done = {"type": "response.completed", "response": {"id": "r", "model": "m", "usage": usage_of(1)}}

    def answer(exchange: Exchange) -> None:
        exchange.send(head("HTTP/1.1 101 Switching Protocols", ACCEPTED[:3]))
        exchange.connection.fill()
        exchange.send(a_frame(1, json.dumps(done).encode()))
        exchange.connection.take_rest()
        exchange.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        exchange.break_off()

    with Origin(answer) as origin, proxy_of(folder, origin.url) as proxy:
        with Connection.open(proxy.port) as client:
            client.send(head("GET /openai/v1/responses HTTP/1.1", ASKED[:4]))
            assert client.read_head().status == 101
            client.send(a_frame(1, asked, mask=b"mask"))
            client.fill()
            client.sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(Closed):
                client.take_rest()
        proxy.wait_for_events(1)
        proxy.stop()
        (event,) = proxy.events()
    assert event["complete"] and not event.get("error_type") and event["output_tokens"] == 5, event


@test
def an_upgrade_that_is_refused_is_an_event(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        body = json.dumps({"error": {"type": "invalid_request_error", "code": "invalid_api_key"}}).encode()
        exchange.answer(body, status="401 Unauthorized")

    with Origin(answer) as origin, proxy_of(folder, origin.url) as proxy, Connection.open(proxy.port) as client:
        fields = [*ASKED, ("X-Tokometer-Session", "refused")]
        client.send(head("GET /openai/v1/realtime?model=gpt-realtime HTTP/1.1", fields))
        assert client.read_response().status == 401
        event = proxy.event_of("refused")
    assert event["status_code"] == 401 and event["error_type"] == "invalid_request_error", event
    assert event["operation"] == "realtime" and event["request_model"] == "gpt-realtime", event


@test
def captures_of_websockets_are_read_again(folder: Path) -> None:
    with WebSocketOrigin(realtime) as origin, proxy_of(folder, origin.url, "--capture") as proxy:
        with client_of(proxy, "/openai/v1/realtime?model=gpt-realtime", session="") as client:
            for _ in range(3):
                turn(client)
        live = proxy.wait_for_events(6)
        proxy.stop()
        files = sorted((folder / "data").rglob("*.har.zst"))
        assert len(files) == 1 and all(event["capture_ref"].endswith(files[0].name) for event in live), files
        result = proxy.run("meter", str(files[0]), "--json")
    assert result.returncode == 0, result.stderr
    read = [json.loads(line) for line in result.stdout.splitlines()]
    key = lambda event: event["id"]  # noqa: E731
    kept = ("id", "operation", "request_model", "response_model", "response_id", "thread_id", "input_tokens",
            "audio_output_tokens", "cost_usd", "finish_reason")  # fmt: skip
    pick = lambda events: [{name: e.get(name) for name in kept} for e in sorted(events, key=key)]  # noqa: E731
    assert pick(read) == pick(live), f"{pick(read)}\n{pick(live)}"


@test
def recorded_sessions_are_read_exactly(folder: Path) -> None:
    if not RECORDED.exists():
        skip(f"no recorded sessions at {RECORDED}")
    sessions = recorded(RECORDED)
    file = folder / "sessions.har"
    file.write_text(json.dumps(har(sessions)))
    result = Proxy(folder).run("meter", str(file), "--json")
    assert result.returncode == 0, result.stderr
    events = collections.defaultdict(list)
    for line in result.stdout.splitlines():
        event = json.loads(line)
        events[event["source_id"]].append(event)
    compare(sessions, events)


@test
def recorded_sessions_pass_through_the_proxy_and_are_read_exactly(folder: Path) -> None:
    if not RECORDED.exists():
        skip(f"no recorded sessions at {RECORDED}")
    sessions = recorded(RECORDED)
    by_id = {session["id"]: session for session in sessions}

    def play(connection: ServerConnection) -> None:
        for frame in by_id[connection.request.headers["X-Replay"]]["frames"]:
            text = json.dumps(frame["data"])
            if frame["direction"] == "sent":
                assert connection.recv(timeout=10) == text
            else:  # Gemini answers with binary messages
                connection.send(text.encode() if "setup" in frame["data"] or "serverContent" in frame["data"] else text)
        connection.close()

    with WebSocketOrigin(play) as origin:
        names = {place_of(session)[0] for session in sessions}
        with Proxy(folder, origins=dict.fromkeys(names, origin.url), options=["--quiet"]) as proxy:
            routes = {"openai": "openai", "gcp.gemini": "gemini", "x_ai": "xai", "azure.ai.openai": "azure",
                      "pydantic_ai_gateway": "pydantic-gateway"}  # fmt: skip
            for session in sessions:
                name, _, path = place_of(session)
                uri = f"ws://127.0.0.1:{proxy.port}/{routes[name]}{path}"
                headers = {"X-Tokometer-Session": session["id"], "X-Replay": session["id"]}
                with connect(uri, additional_headers=headers, max_size=None, proxy=None) as client:
                    for frame in session["frames"]:
                        text = json.dumps(frame["data"])
                        if frame["direction"] == "sent":
                            client.send(text)
                        else:
                            said = client.recv(timeout=10)
                            assert (said.decode() if isinstance(said, bytes) else said) == text
            stored = proxy.wait_for_events(sum(len(stated(session)) or 1 for session in sessions))
    events = collections.defaultdict(list)
    for event in stored:
        events[event["session_id"]].append(event)
    compare(sessions, events)


def in_order(counts: list[dict]) -> list[str]:
    """Those of turns that run at the same time may come in any order."""
    return sorted(json.dumps(one, sort_keys=True) for one in counts)


def compare(sessions: list[dict], events: dict[str, list[dict]]) -> None:
    wrong, turns = [], 0
    for session in sessions:
        wanted, got = stated(session), [counted(event) for event in events[session["id"]]]
        turns += len(wanted)
        if not wanted:  # a connection without a turn is one event that bills nothing
            assert len(got) == 1 and not events[session["id"]][0]["billable"], got
        elif in_order(got) != in_order(wanted):
            wrong.append(f"{session['source_path']}:\n  {wanted}\n  {got}")
    print(f"     {turns} turns of {len(sessions)} sessions, {len(wrong)} sessions wrong")
    assert turns > 60 and not wrong, "\n".join(wrong[:5])


def run_sdk(folder: Path, handler: object, command: list[str]) -> tuple[list[dict], list[dict]]:
    with WebSocketOrigin(handler) as origin, proxy_of(folder, origin.url) as proxy:
        result = subprocess.run([*command, f"http://127.0.0.1:{proxy.port}"], capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        reports = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        return reports, proxy.wait_for_events(len(reports))


def agree(reports: list[dict], events: list[dict], client: str | None) -> None:
    assert len(reports) == len(events) >= 3, f"{len(reports)} reports, {len(events)} events"
    by_id = {event["response_id"]: event for event in events}
    for said in reports:
        event = by_id[said["id"]]
        assert event.get("client") == client, event.get("client")
        counts = (event.get("input_tokens"), event.get("output_tokens"))
        assert counts == (said["usage"]["input_tokens"], said["usage"]["output_tokens"]), f"{event} {said}"


@test
def openai_realtime_in_python_agrees(folder: Path) -> None:
    reports, events = run_sdk(folder, realtime, [sys.executable, str(ROOT / "tests/clients/openai_realtime.py"), "realtime"])
    agree(reports, events, "openai-python")


@test
def openai_responses_on_a_websocket_in_python_agrees(folder: Path) -> None:
    command = [sys.executable, str(ROOT / "tests/clients/openai_realtime.py"), "responses"]
    agree(*run_sdk(folder, responses, command), "openai-python")


@test
def openai_realtime_in_javascript_agrees(folder: Path) -> None:
    reports, events = run_sdk(folder, realtime, ["node", str(ROOT / "build/e2e/clients/openai_realtime.mjs")])
    agree(reports, events, None)  # it says no User-Agent
