"""HTTP/2 as real clients speak it: curl, Node, nghttp2's tools."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path

from certificates import Authority
from origin import Exchange, Origin
from provider import OPENAI_CHAT_USAGE, StandIn, sse
from proxy import ROOT, Proxy
from runner import skip, test
from test_intercept import Net
from websocket_origin import WebSocketOrigin, responses
from wire import LAST_CHUNK

CHAT = "/openai/v1/chat/completions"
BODY = json.dumps({"model": "gpt-5", "messages": []})
STREAM = json.dumps({"model": "gpt-5", "messages": [], "stream": True})


def proxy_of(folder: Path, origin: Origin, *options: str) -> Proxy:
    return Proxy(folder, origins={"openai": origin.url}, options=["--quiet", *options])


def curl(proxy: Proxy, *words: str, path: str = CHAT) -> subprocess.CompletedProcess:
    url = f"http://127.0.0.1:{proxy.port}{path}"
    command = ["curl", "-sS", "--max-time", "10", "--http2-prior-knowledge", url, *words]
    return subprocess.run(command, capture_output=True, text=True)


def node(proxy: Proxy, path: str, *words: str) -> list[dict]:
    url = f"http://127.0.0.1:{proxy.port}{path}"
    script = str(ROOT / "tests/clients/http2.mjs")
    done = subprocess.run(["node", script, url, *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@test
def http2_with_prior_knowledge_is_metered(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        fields = ["-H", "content-type: application/json", "-H", "X-Tokometer-Session: s"]
        done = curl(proxy, *fields, "-d", BODY, "-w", "\n%{http_version} %{http_code}")
        assert done.stdout.endswith("\n2 200"), done
        assert json.loads(done.stdout.rsplit("\n", 1)[0])["usage"] == OPENAI_CHAT_USAGE
        event = proxy.event_of("s")
        assert (event["input_tokens"], event["output_tokens"], event["complete"]) == (41, 19, True), event
        streamed = curl(proxy, *fields[:2], "-H", "X-Tokometer-Session: t", "-d", STREAM)
        assert "data: [DONE]" in streamed.stdout, streamed
        assert proxy.event_of("t")["stream"] is True


@test
def http2_answers_of_our_own(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        assert curl(proxy, "-o", "/dev/null", "-w", "%{http_code}", path="/-/health").stdout == "200"
        refused = curl(proxy, "-w", "\n%{http_code} %header{x-tokometer-error}", path="/nowhere")
        assert refused.stdout.endswith("\n404 no_route"), refused
        assert curl(proxy, "-I", "-w", "%{http_code}", path="/-/health").stdout.endswith("200")


@test
def many_calls_on_one_http2_connection_are_as_many_events(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        seen = node(proxy, CHAT, "calls", "40", BODY)
        assert [each["status"] for each in seen] == [200] * 40, seen
        assert all(json.loads(each["content"])["usage"] == OPENAI_CHAT_USAGE for each in seen)
        for number in range(40):
            assert proxy.event_of(f"s{number}")["output_tokens"] == 19


@test
def a_cancelled_http2_stream_cancels_its_origin_only(folder: Path) -> None:
    broken = threading.Event()

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(sse({"choices": []}).encode())
        if exchange.request.get("x-tokometer-session") is None and not broken.is_set():
            broken.set()
            exchange.connection.sock.settimeout(10)
            assert exchange.connection.sock.recv(1) == b""
            return
        exchange.stream(sse("[DONE]").encode())
        exchange.end_stream()

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy:
        (after,) = node(proxy, CHAT, "cancel", STREAM)
        assert (after["status"], after["code"]) == (200, 0), after
        event = proxy.event_of("cancelled")
        assert (event["complete"], event["error_type"]) == (False, "client_closed"), event
        assert proxy.event_of("after")["complete"] is True


@test
def trailers_and_breaks_reach_http2_clients_as_they_are(folder: Path) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(sse({"choices": []}).encode())
        if b"break" in exchange.request.content:
            exchange.keep_open = False
        else:
            exchange.send(LAST_CHUNK[:3] + b"X-Sum: 7\r\n\r\n")

    with Origin(answer) as origin, proxy_of(folder, origin) as proxy:
        (whole,) = node(proxy, CHAT, "calls", "1", STREAM)
        assert (whole["trailers"], whole["code"]) == ({"x-sum": "7"}, 0), whole
        (broken,) = node(proxy, CHAT, "calls", "1", STREAM.replace("gpt-5", "break"))
        assert (broken["status"], broken["code"]) == (200, 2), broken  # INTERNAL_ERROR, after what had come
        assert broken["content"].startswith("data: "), broken


@test
def a_websocket_over_http2_is_metered(folder: Path) -> None:
    with WebSocketOrigin(responses) as origin, proxy_of(folder, origin) as proxy:
        message = json.dumps({"type": "response.create", "model": "gpt-5.2", "input": "hi"})
        opened, closed = node(proxy, "/openai/v1/responses", "websocket", message)
        assert (opened["offered"], opened["status"]) == (True, 200), opened
        assert closed["completed"], closed
        event = proxy.event_of("socket")
        assert (event["output_tokens"], event["usage_source"]) == (5, "reported"), event


@test
def an_intercepted_client_may_speak_http2(folder: Path) -> None:
    with Net(folder) as net:
        ca = net.make_ca()
        done = net.chat("--http2", "-w", "\n%{http_version}", ca=ca)
        assert done.stdout.endswith("\n2"), done
        assert json.loads(done.stdout.rsplit("\n", 1)[0])["usage"]["total_tokens"] == 18


@test
def http2_load_sees_no_call_fail(folder: Path) -> None:
    if shutil.which("h2load") is None:
        skip("no h2load (nghttp2-client)")
    (folder / "body").write_text(BODY)
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        url = f"http://127.0.0.1:{proxy.port}{CHAT}"
        command = ["h2load", "-n", "400", "-c", "4", "-m", "20", "-d", str(folder / "body"), url]
        output = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        assert "400 succeeded, 0 failed, 0 errored" in output, output


class Http2Origin:
    """Node's server over TLS, which chooses HTTP/2, and a proxy in front of it."""

    def __init__(self, folder: Path, *options: str):
        authority = Authority(folder)
        certificate, key = authority.issue("IP:127.0.0.1,DNS:localhost")
        script = str(ROOT / "tests/clients/http2_origin.mjs")
        self.process = subprocess.Popen(["node", script, str(certificate), str(key)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        port = int(self.process.stdout.readline())
        self.requests: list[dict] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        ca = ["--origin-ca", str(authority.certificate)]
        origins = {"openai": f"https://localhost:{port}"}
        self.proxy = Proxy(folder, origins=origins, options=["--quiet", "--workers", "1", *ca, *options])

    def _read(self) -> None:
        assert self.process.stdout
        self.requests.extend(json.loads(line) for line in self.process.stdout)

    def __enter__(self) -> Http2Origin:
        self.proxy.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def curl(self, *words: str, version: str = "--http1.1") -> subprocess.CompletedProcess:
        url = f"http://127.0.0.1:{self.proxy.port}{CHAT}"
        command = ["curl", "-sS", "--max-time", "10", version, url, "-H", "content-type: application/json", *words]
        return subprocess.run(command, capture_output=True, text=True)


@test
def origins_may_choose_http2(folder: Path) -> None:
    with Http2Origin(folder) as origin:
        for number, version in enumerate(["--http1.1", "--http2-prior-knowledge", "--http1.1"]):
            session = ["-H", f"X-Tokometer-Session: s{number}"]
            done = origin.curl(*session, "-d", BODY, version=version)
            assert json.loads(done.stdout)["usage"]["total_tokens"] == 18, done
            assert origin.proxy.event_of(f"s{number}")["output_tokens"] == 7
        streamed = origin.curl("-H", "x-what: stream", "-H", "X-Tokometer-Session: t", "-d", STREAM, "-i")
        assert "data: [DONE]" in streamed.stdout and "transfer-encoding: chunked" in streamed.stdout, streamed
        assert origin.proxy.event_of("t")["output_tokens"] == 7
        # One after the other, they need one connection, which waits in the pool in between.
        assert [(each["version"], each["connection"]) for each in origin.requests] == [("2.0", 1)] * 4, origin.requests


@test
def calls_of_one_http2_client_share_the_origins_connection(folder: Path) -> None:
    with Http2Origin(folder) as origin:
        seen = node(origin.proxy, CHAT, "calls", "40", BODY)
        assert [each["status"] for each in seen] == [200] * 40, seen
        assert len(origin.requests) == 40
        assert len({each["connection"] for each in origin.requests}) <= 2, origin.requests


@test
def http2_origins_that_refuse_or_break(folder: Path) -> None:
    with Http2Origin(folder) as origin:
        refused = origin.curl("-H", "x-what: refuse once", "-d", BODY, "-w", "%{http_code}")
        assert refused.stdout.endswith("200"), refused
        assert len(origin.requests) == 2, origin.requests
        broken = origin.curl("-H", "x-what: break", "-H", "X-Tokometer-Session: s", "-d", STREAM)
        assert broken.returncode == 18 and broken.stdout == "data: {}\n\n", broken  # closed with content to come
        assert origin.proxy.event_of("s")["complete"] is False


@test
def large_content_passes_http2_on_both_sides(folder: Path) -> None:
    large = folder / "large"
    large.write_bytes(b"0123456789abcdef" * 190_000)
    with Http2Origin(folder) as origin:
        for version in ("--http1.1", "--http2-prior-knowledge"):
            back = folder / "back"
            done = origin.curl("-H", "x-what: echo", "--data-binary", f"@{large}", "-o", str(back), version=version)
            assert done.returncode == 0 and back.read_bytes() == large.read_bytes(), done


@test
def upgrades_go_to_http2_origins_in_http1(folder: Path) -> None:
    with Http2Origin(folder) as origin:
        fields = ["-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13"]
        done = origin.curl(*fields, "-H", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "-w", "%{http_code}")
        assert done.stdout == "403", done
        assert [each["version"] for each in origin.requests] == ["1.1"], origin.requests
