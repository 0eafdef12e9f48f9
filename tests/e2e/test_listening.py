"""Where it listens, and how it reaches origins over TLS."""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path

from certificates import Authority
from origin import Origin
from provider import StandIn
from proxy import Proxy
from runner import skip, test
from wire import Connection, Message, request

TARGET = "/openai/v1/chat/completions"
BODY = json.dumps({"model": "gpt-5", "messages": []}).encode()


def call(sock: socket.socket, session: str = "s") -> Message:
    with Connection(sock) as client:
        client.send(request("POST", TARGET, BODY, {"X-Tokometer-Session": session}))
        return client.read_response("POST")


@test
def it_listens_on_ipv4_ipv6_and_unix_sockets(folder: Path) -> None:
    if not socket.has_dualstack_ipv6():
        skip("no IPv6 here")
    path = folder / "proxy.socket"
    listen = ("127.0.0.1:0", "[::1]:0", f"unix:{path}")
    with Origin(StandIn()) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"], listen=listen) as proxy:
            assert call(socket.create_connection(("127.0.0.1", proxy.port), 5), "4").status == 200
            six = next(address for address in proxy.listening if address.startswith("["))
            assert call(socket.create_connection(("::1", int(six.rsplit(":", 1)[1])), 5), "6").status == 200
            unix = socket.socket(socket.AF_UNIX)
            unix.connect(str(path))
            assert call(unix, "unix").status == 200
            assert path.stat().st_mode & 0o077 == 0, "others may use the socket"
        assert {event["session_id"] for event in proxy.events()} == {"4", "6", "unix"}
        # What a killed one leaves behind does not stop the next.
        proxy.start()
        proxy.kill()
        assert path.exists()
        proxy.start()
        unix = socket.socket(socket.AF_UNIX)
        unix.connect(str(path))
        assert call(unix, "again").status == 200
        proxy.stop()
        assert not path.exists(), "the socket file stays behind"


@test
def where_others_reach_it_its_page_asks_for_the_token(folder: Path) -> None:
    with Proxy(folder, options=["--quiet"], listen=("0.0.0.0:0",)) as proxy, Connection.open(proxy.port) as client:
        client.send(request("GET", "/-/"))
        refused = client.read_response()
        assert refused.status == 401 and (refused.get("www-authenticate") or "").startswith("Basic "), refused
        token = (proxy.data_dir / "proxy-token").read_text().strip()
        credentials = base64.b64encode(f"any:{token}".encode()).decode()
        client.send(request("GET", "/-/", fields={"Authorization": f"Basic {credentials}"}))
        assert b"<h1>Tokometer</h1>" in client.read_response().content


@test
def it_starts_at_once(folder: Path) -> None:
    proxy = Proxy(folder, options=["--quiet"])
    start = time.monotonic()
    proxy.start()
    took = time.monotonic() - start
    proxy.stop()
    assert took < 5, f"{took * 1000:.0f} ms: it waits for something"


@test
def a_port_that_is_taken_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        proxy = Proxy(folder, listen=(address,))
        try:
            proxy.start()
        except AssertionError:
            pass
        assert proxy.process and proxy.process.returncode == 1, proxy.process
        assert address in proxy.output() and "in use" in proxy.output(), proxy.output()


@test
def an_origin_over_tls_is_trusted_by_our_authority_only(folder: Path) -> None:
    authority = Authority(folder)
    trusted = ["--quiet", "--origin-ca", str(authority.certificate)]
    with Origin(StandIn(), tls=authority.server_context()) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=trusted) as proxy:
            for _ in range(3):
                assert call(socket.create_connection(("127.0.0.1", proxy.port), 5)).status == 200
        with Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
            response = call(socket.create_connection(("127.0.0.1", proxy.port), 5), "untrusted")
            assert response.status == 502 and "tls" in (response.get("x-tokometer-error") or ""), response
            event = proxy.event_of("untrusted")
    assert event["error_type"] == "origin_tls_issuer" and event["complete"] is False, event
    assert len(origin.requests) == 3, "a request went to an origin that is not trusted"


@test
def a_certificate_for_another_host_is_refused(folder: Path) -> None:
    authority = Authority(folder)
    options = ["--quiet", "--origin-ca", str(authority.certificate)]
    with Origin(StandIn(), tls=authority.server_context("DNS:other.example,IP:127.0.0.2")) as origin:
        with Proxy(folder, origins={"openai": origin.url}, options=options) as proxy:
            response = call(socket.create_connection(("127.0.0.1", proxy.port), 5))
    assert response.status == 502 and not origin.requests, response
