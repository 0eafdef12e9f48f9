"""What passes through stays as it is, and comes as soon as it is there."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

from origin import Exchange, Origin
from provider import OPENAI_CHAT_USAGE, StandIn, sse
from proxy import Proxy
from runner import test, until
from wire import Closed, Connection, head, request

CHAT = "/openai/v1/chat/completions"
BODY = json.dumps({"model": "gpt-5", "messages": []}).encode()


def chat(session: str, **fields: str) -> bytes:
    return request("POST", CHAT, BODY, {"X-Tokometer-Session": session} | fields)


def proxy_of(folder: Path, origin: Origin, *options: str, config: str = "") -> Proxy:
    return Proxy(folder, origins={"openai": origin.url}, options=["--quiet", *options], config=config)


@test
def a_call_becomes_an_event_with_its_cost(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        with Connection.open(proxy.port) as client:
            client.send(request("POST", f"/p/shop{CHAT}", BODY, {"X-Tokometer-Session": "s", "User-Agent": "curl/8.1"}))
            assert client.read_response("POST").status == 200
        event = proxy.event_of("s")
    wanted = {
        "provider": "openai", "operation": "chat", "method": "POST", "path": "/v1/chat/completions",
        "request_model": "gpt-5", "response_model": "gpt-5-2026-01-15", "status_code": 200, "project": "shop",
        "input_tokens": 41, "cache_read_input_tokens": 16, "output_tokens": 19, "reasoning_output_tokens": 7,
        "usage_source": "reported", "finish_reason": "stop", "client": "curl", "complete": True,
    }  # fmt: skip
    differing = {name: event.get(name) for name, value in wanted.items() if event.get(name) != value}
    assert not differing, differing
    # 25 fresh input tokens at 1.25, 16 cached at 0.125 and 19 output tokens at 10 dollars a million.
    assert float(event["cost_usd"]) == 0.00022325, event["cost_usd"]


@test
def every_chunk_goes_on_before_the_next_is_there(folder: Path) -> None:
    seen = threading.Semaphore(0)

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        for number in range(20):
            exchange.stream(sse({"number": number}).encode())
            assert seen.acquire(timeout=5), "the client did not see the chunk"
        exchange.end_stream()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(chat("s"))
        assert client.read_head().status == 200
        for number in range(20):
            assert client.read_chunk() == sse({"number": number}).encode()
            seen.release()
        assert client.read_chunk() == b""


@test
def the_end_of_a_response_comes_after_its_event(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        for number in range(20):
            client.send(chat(f"s{number}"))
            client.read_response("POST")
        proxy.kill()
        proxy.start()
        assert len(proxy.wait_for_events(20)) == 20


@test
def interim_responses_and_responses_without_content_pass(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.target.endswith("/early"):
            exchange.send(head("HTTP/1.1 103 Early Hints", [("Link", "</a>; rel=preload")]))
            exchange.answer(b"{}")
        elif exchange.target.endswith("/none"):
            exchange.send(head("HTTP/1.1 204 No Content", [("X-Kept", "1")]))
        elif exchange.target.endswith("/unchanged"):
            exchange.send(head("HTTP/1.1 304 Not Modified", [("ETag", '"1"'), ("Content-Length", "500")]))
        else:
            exchange.send(head("HTTP/1.1 200 OK", [("Content-Length", "500")]))

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(request("GET", "/openai/v1/early"))
        response = client.read_response()
        assert response.content == b"{}"
        assert [(i.status, i.get("link")) for i in response.interim] == [(103, "</a>; rel=preload")]
        client.send(request("GET", "/openai/v1/none"))
        assert client.read_response().get("x-kept") == "1"
        client.send(request("GET", "/openai/v1/unchanged"))
        assert client.read_response().get("content-length") == "500"
        client.send(request("HEAD", "/openai/v1/head"))
        assert client.read_response("HEAD").get("content-length") == "500"
        client.send(request("GET", "/openai/v1/none"))
        assert client.read_response().status == 204, "the connection is still in step"


@test
def pipelined_requests_are_answered_in_order(folder: Path) -> None:
    with Origin(lambda e: e.answer(e.target.encode())) as origin, proxy_of(folder, origin) as proxy:
        with Connection.open(proxy.port) as client:
            client.send(b"".join(request("GET", f"/openai/v1/models/{number}") for number in range(5)))
            answers = [client.read_response().content for _ in range(5)]
    assert answers == [f"/v1/models/{number}".encode() for number in range(5)]


@test
def a_client_that_expects_100_continue_gets_it_from_the_origin(folder: Path) -> None:
    # Origin reads the whole request before its handler runs, so this origin is written out.
    listener = socket.create_server(("127.0.0.1", 0))
    with proxy_at(folder, listener) as proxy, Connection.open(proxy.port) as client:
        fields = [("Host", "x"), ("Content-Length", "5"), ("Expect", "100-continue")]
        client.send(head(f"POST {CHAT} HTTP/1.1", fields))
        with Connection(listener.accept()[0]) as origin:
            assert origin.read_head().get("expect") == "100-continue"
            origin.send(head("HTTP/1.1 100 Continue", []))
            assert client.read_head().status == 100
            client.send(b"hello")
            assert origin.take(5) == b"hello"
            origin.send(head("HTTP/1.1 200 OK", [("Content-Length", "2")]) + b"ok")
            assert client.read_response("POST").content == b"ok"


def proxy_at(folder: Path, listener: socket.socket, *options: str) -> Proxy:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return Proxy(folder, origins={"openai": url}, options=["--quiet", *options])


@test
def an_answer_may_come_while_the_request_is_still_being_sent(folder: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with proxy_at(folder, listener) as proxy, Connection.open(proxy.port) as client:
        client.send(head(f"POST {CHAT} HTTP/1.1", [("Host", "x"), ("Content-Length", "1000000")]) + b"x" * 100)
        with Connection(listener.accept()[0]) as origin:
            origin.read_head()
            fields = [("Content-Length", "2"), ("Connection", "close")]
            origin.send(head("HTTP/1.1 413 Content Too Large", fields) + b"{}")
            response = client.read_response("POST")
    assert (response.status, response.content) == (413, b"{}")


@test
def a_client_that_leaves_ends_the_origins_stream_at_once(folder: Path) -> None:
    gone = threading.Event()

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        try:
            while True:
                exchange.stream(sse({"x": 1}).encode())
                time.sleep(0.01)
        except OSError:
            gone.set()
            exchange.break_off()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy:
        with Connection.open(proxy.port) as client:
            client.send(chat("s"))
            client.read_head()
            client.read_chunk()
        assert gone.wait(2), "the origin's stream went on"
        event = proxy.event_of("s")
    assert event["complete"] is False and event["error_type"] == "client_closed", event


@test
def on_request_a_stream_is_read_to_its_end_when_the_client_leaves(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        for _ in range(30):
            exchange.stream(sse({"choices": []}).encode())
            time.sleep(0.01)
        exchange.stream(sse({"model": "gpt-5", "choices": [], "usage": OPENAI_CHAT_USAGE}).encode())
        exchange.stream(sse("[DONE]").encode())
        exchange.end_stream()

    with Origin(answer) as origin, proxy_of(folder, origin, config="on_client_close: drain\n") as proxy:
        with Connection.open(proxy.port) as client:
            client.send(chat("s"))
            client.read_head()
        event = proxy.event_of("s")
    assert event.get("output_tokens") == 19, event


@test
def a_slow_client_slows_the_origin_and_fills_no_memory(folder: Path) -> None:
    sent = 0

    def answer(exchange: Exchange) -> None:
        nonlocal sent
        exchange.begin_stream("application/octet-stream")
        data = b"x" * 65536
        try:
            for _ in range(4000):
                exchange.stream(data)
                sent += len(data)
        except OSError:
            exchange.break_off()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(chat("s"))
        client.read_head()
        before = -1
        while sent != before:
            before = sent
            time.sleep(0.5)
        assert proxy.process
        status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert sent < 32 << 20, f"{sent} bytes were taken from the origin"
    assert rss < 40_000, f"{rss} KiB"


@test
def origins_that_close_after_each_answer_cost_no_call(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.answer(b"{}")  # nothing says that the connection will be closed
        exchange.break_off()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        for _ in range(100):
            client.send(request("GET", "/openai/v1/models"))
            assert client.read_response().status == 200

        def used() -> float:
            return proxy.metric("tokometer_origin_connections") + proxy.metric("tokometer_origin_connections_idle")

        # A POST must not be sent twice, but a connection known to be closed is not used for it.
        for _ in range(20):
            client.send(chat("s"))
            assert client.read_response("POST").status == 200
            until(lambda: not used(), "the proxy has not seen the end")


@test
def a_client_may_close_its_sending_side_and_still_read(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        time.sleep(0.1)
        exchange.answer(b"{}")

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(chat("s"))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.read_response("POST").content == b"{}"


@test
def an_old_client_gets_a_stream_that_ends_with_the_connection(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(b"data: 1\n\n")
        exchange.end_stream()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(chat("s").replace(b"HTTP/1.1", b"HTTP/1.0"))
        response = client.read_response("POST")
    assert response.get("transfer-encoding") is None and response.until_close
    assert response.content == b"data: 1\n\n"


@test
def hundreds_of_streams_at_once_are_all_read(folder: Path) -> None:
    streams = 300
    all_open = threading.Barrier(streams)

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(sse({"choices": []}).encode())
        all_open.wait(20)
        exchange.stream(sse({"model": "gpt-5", "choices": [], "usage": OPENAI_CHAT_USAGE}).encode())
        exchange.stream(sse("[DONE]").encode())
        exchange.end_stream()

    def call(number: int) -> None:
        with Connection.open(proxy.port, timeout=30) as client:
            client.send(chat(f"s{number}"))
            ended.append(client.read_response("POST").content.endswith(b"[DONE]\n\n"))

    ended: list[bool] = []
    with Origin(answer) as origin, proxy_of(folder, origin) as proxy:
        clients = [threading.Thread(target=call, args=(number,)) for number in range(streams)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert ended == [True] * streams, f"{ended.count(True)} of {streams}"
    events = proxy.events()
    assert len(events) == streams and all(event.get("output_tokens") == 19 for event in events)


@test
def an_upgraded_connection_is_passed_both_ways(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        assert exchange.request.get("upgrade") == "websocket" and exchange.request.get("connection") == "Upgrade"
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "abc=")]
        exchange.send(head("HTTP/1.1 101 Switching Protocols", fields) + b"first")
        while data := exchange.connection.take(4):
            exchange.send(data[::-1])

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        fields = [("Host", "x"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "abc=")]
        client.send(head("GET /openai/v1/responses HTTP/1.1", fields))
        response = client.read_response()
        assert response.status == 101 and response.get("sec-websocket-accept") == "abc=", response
        assert client.take(5) == b"first"
        for _ in range(3):
            client.send(b"ping")
            assert client.take(4) == b"gnip"


@test
def an_origin_that_fails_is_answered_for_in_the_providers_shape(folder: Path) -> None:
    def hang(_: Exchange) -> None:
        time.sleep(2)

    def break_off(exchange: Exchange) -> None:
        exchange.break_off()

    dead = socket.create_server(("127.0.0.1", 0))
    dead_url = f"http://127.0.0.1:{dead.getsockname()[1]}"
    dead.close()
    config = "timeouts:\n  first_byte: 300ms\n"
    with Origin(hang) as slow, Origin(break_off) as broken:
        origins = {"openai": dead_url, "anthropic": slow.url, "gcp.gemini": broken.url}
        with Proxy(folder, origins=origins, options=["--quiet"], config=config) as proxy:
            gemini = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
            cases = {
                CHAT: (502, lambda body: body["error"]["message"]),
                "/anthropic/v1/messages": (504, lambda body: body["error"]["message"] and body["type"] == "error"),
                gemini: (502, lambda body: body["error"]["code"] == 502),
            }
            for number, (target, (status, shape)) in enumerate(cases.items()):
                with Connection.open(proxy.port) as client:
                    client.send(request("POST", target, BODY, {"X-Tokometer-Session": str(number)}))
                    response = client.read_response("POST")
                assert response.status == status, f"{target}: {response.status}"
                assert response.get("x-tokometer-error"), response
                assert shape(json.loads(response.content)), response.content
                event = proxy.event_of(str(number))
                assert event["error_type"] and event["complete"] is False, event


@test
def a_response_that_breaks_off_reaches_the_client_as_broken(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(head("HTTP/1.1 200 OK", [("Content-Length", "1000")]) + b"half")
        exchange.break_off()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy:
        with Connection.open(proxy.port) as client:
            client.send(chat("s"))
            try:
                client.read_response("POST")
                raise AssertionError("a broken response came out whole")
            except Closed:
                pass
        event = proxy.event_of("s")
    assert event["complete"] is False and event["error_type"] == "origin_reset", event


@test
def its_own_pages_answer(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy, Connection.open(proxy.port) as client:
        client.send(chat("s"))
        client.read_response("POST")
        client.send(request("GET", "/-/health"))
        health = client.read_response()
        assert health.status == 200 and json.loads(health.content)["status"] == "ok", health
        client.send(request("GET", "/-/metrics"))
        metrics = client.read_response().content.decode()
        client.send(request("GET", "/-/"))
        page = client.read_response()
        assert page.status == 200 and b"gpt-5" in page.content and b"Nothing was counted" not in page.content, page
        assert "frame-ancestors 'none'" in (page.get("content-security-policy") or ""), page
        client.send(head("GET /-/ HTTP/1.1", [("Host", f"rebound.example:{proxy.port}")]))
        assert client.read_response().status == 403
    assert "tokometer_" in metrics and "gpt-5" in metrics, metrics[:500]
    for line in metrics.splitlines():
        assert line.startswith("#") or float(line.rsplit(" ", 1)[1]) is not None, line


@test
def one_provider_can_be_served_without_routes(folder: Path) -> None:
    with Origin(StandIn()) as origin:
        options = ["--quiet", "--base-url", f"{origin.url}/v1", "--type", "openai_compatible"]
        with Proxy(folder, options=options) as proxy, Connection.open(proxy.port) as client:
            client.send(request("POST", "/chat/completions", BODY, {"X-Tokometer-Session": "s"}))
            assert client.read_response("POST").status == 200
            assert proxy.event_of("s")["output_tokens"] == 19
    assert origin.requests[0].start_line == b"POST /v1/chat/completions HTTP/1.1"
