"""Broken and hostile HTTP is refused with the connection closed: nothing is guessed, nothing smuggled."""

from __future__ import annotations

import contextlib
import select
import time
from pathlib import Path

from origin import Exchange, Origin
from proxy import Proxy
from runner import test
from wire import Closed, Connection, Message, head, request

TARGET = "/openai/v1/chat/completions"
HIDDEN = b"GET /openai/hidden HTTP/1.1\r\nHost: x\r\n\r\n"
START = f"POST {TARGET} HTTP/1.1\r\nHost: x\r\n".encode()

# What a client sends: each must end in a refusal, with `hidden` never reaching the origin.
REFUSED = {
    "length and chunked": START + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": START + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + HIDDEN,
    "a list of lengths": START + b"Content-Length: 0, 40\r\n\r\n" + HIDDEN,
    "a signed length": START + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": START + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a hex length": START + b"Content-Length: 0x4\r\n\r\nabcd",
    "a huge length": START + b"Content-Length: 99999999999999999999\r\n\r\n" + HIDDEN,
    "chunked twice": START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked not last": START + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an unknown transfer coding": START + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "identity, chunked": START + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked behind a vertical tab": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": START + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded field": START + b"X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n" + HIDDEN,
    "a field without a colon": START + b"nonsense\r\n\r\n",
    "an empty field name": START + b": value\r\n\r\n",
    "a NUL in a field": START + b"X-A: a\0b\r\n\r\n",
    "a CR in a field": START + b"X-A: a\rX-B: b\r\n\r\n",
    "bare LF": b"POST " + TARGET.encode() + b" HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    "no host": f"POST {TARGET} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode(),
    "two hosts": START + b"Host: y\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 and chunked": START.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "HTTP/0.9": b"GET /openai/hidden\r\n\r\n",
    "HTTP/3.7": START.replace(b"1.1", b"3.7") + b"\r\n",
    "a blank in the target": f"POST {TARGET} /x HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "a control byte in the target": b"GET /openai/\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of nonsense": b"G\xc3\x89T /openai/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "noise": bytes(range(1, 256)) * 4 + b"\r\n\r\n",
    "a chunk size that is not hex": START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n" + HIDDEN,
    "a signed chunk size": START + b"Transfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n" + HIDDEN,
    "a huge chunk size": START + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nab\r\n",
    "a chunk longer than said": START + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n" + HIDDEN,
    "a chunk that ends in LF": START + b"Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n" + HIDDEN,
    "a long head": START + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "a long target": b"GET /openai/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "100,000 fields": START + b"a: b\r\n" * 100_000 + b"\r\n",
    "trailers without end": START + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 100_000,
    "an endless chunk extension": START + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 200_000,
}  # fmt: skip
STATUSES = (400, 408, 413, 414, 431, 501, 505)

OK = b"HTTP/1.1 200 OK\r\n"
# What an origin answers: the client must get 502, or see the response break off.
BROKEN_RESPONSES = {
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nabcde",
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "a bad chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
    "a cut chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
    "a bare CR in a field": OK + b"X-A: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "a folded field": OK + b"X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "not HTTP": b"220 smtp.example ESMTP\r\n\r\n",
    "a cut head": OK + b"Content-Le",
    "nothing": b"",
    "a long head": OK + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n",
}


def refusal(port: int, data: bytes) -> str:
    """What is wrong with how `data` was answered; empty if it was refused as it should be."""
    with Connection.open(port) as client:
        # The proxy may refuse before it has read all: then sending fails, and the answer is there all the same.
        with contextlib.suppress(OSError):
            client.send(data)
        try:
            response = client.read_response("POST")
        except (Closed, OSError):
            return ""
        if response.status not in STATUSES:
            return f"answered {response.start_line!r}"
        if not client.is_closed_by_peer():
            return "the connection stays open"
    return ""


@test
def broken_requests_are_refused(folder: Path) -> None:
    faults = []
    with Origin(lambda exchange: exchange.answer(b"{}")) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
            for name, data in REFUSED.items():
                if fault := refusal(proxy.port, data):
                    faults.append(f"{name}: {fault}")
            with Connection.open(proxy.port) as client:
                client.send(request("POST", TARGET, b"{}"))
                assert client.read_response("POST").status == 200, "an honest client is served as before"
    hidden = [message for message in origin.requests if b"hidden" in message.start_line]
    assert not hidden, "a request was smuggled"
    assert not faults, "\n".join(faults)


@test
def most_refusals_say_why(folder: Path) -> None:
    with Origin(lambda exchange: exchange.answer(b"{}")) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
            for name, status in {"two lengths": 400, "bare LF": 400, "100,000 fields": 431, "a long head": 431}.items():
                with Connection.open(proxy.port) as client:
                    with contextlib.suppress(OSError):
                        client.send(REFUSED[name])
                    response = client.read_response("POST")
                    assert response.status == status, f"{name}: {response.start_line!r}"
                    assert response.get("x-tokometer-error") and b"message" in response.content, response


@test
def broken_responses_are_never_passed_as_whole(folder: Path) -> None:
    faults = []
    broken = b""

    def answer(exchange: Exchange) -> None:
        exchange.send(broken)
        exchange.break_off()

    with Origin(answer) as origin, Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
        for name, data in BROKEN_RESPONSES.items():
            broken = data
            with Connection.open(proxy.port) as client, contextlib.suppress(Closed):
                client.send(request("POST", TARGET, b"{}"))
                response: Message = client.read_response("POST")
                if response.status != 502:
                    faults.append(f"{name}: {response.start_line!r}")
    assert not faults, "\n".join(faults)


@test
def slow_clients_are_shown_the_door(folder: Path) -> None:
    config = "timeouts:\n  head: 300ms\n  client_idle: 300ms\n  request_content: 300ms\n"
    with Origin(lambda exchange: exchange.answer(b"{}")) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"], config=config) as proxy:
            # A byte now and then does not keep a head's time from running out.
            with Connection.open(proxy.port) as client:
                answered = False
                with contextlib.suppress(OSError):
                    for byte in START + b"X-A: aaaaaaaaaa":
                        client.send(bytes([byte]))
                        answered = bool(select.select([client.sock], [], [], 0.02)[0])
                        if answered:
                            break
                assert answered, "a head may take for ever"
                assert client.read_response("POST").status == 408
                assert client.is_closed_by_peer(3)
            # Neither an idle connection nor a body that stops coming stays.
            with Connection.open(proxy.port) as client:
                assert client.is_closed_by_peer(3), "an idle connection stays open"
            with Connection.open(proxy.port) as client:
                client.send(head(f"POST {TARGET} HTTP/1.1", [("Host", "x"), ("Content-Length", "10")]) + b"abc")
                with contextlib.suppress(Closed):
                    assert client.read_response("POST").status in (408, 504)
                assert client.is_closed_by_peer(3), "a body that does not come keeps its connection"


@test
def many_slow_clients_hinder_no_other(folder: Path) -> None:
    with Origin(lambda exchange: exchange.answer(b"{}")) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
            slow = [Connection.open(proxy.port) for _ in range(300)]
            for client in slow:
                client.send(START)
            with Connection.open(proxy.port) as client:
                start = time.monotonic()
                client.send(request("POST", TARGET, b"{}"))
                assert client.read_response("POST").status == 200
                assert time.monotonic() - start < 5, "it waited for the slow ones"
            for client in slow:
                client.close()
