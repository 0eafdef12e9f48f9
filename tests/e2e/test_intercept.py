"""As a forward proxy: the hosts of providers are read, all others pass as they are."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
from pathlib import Path

from certificates import Authority
from origin import Exchange, Origin
from proxy import Proxy
from runner import test, until
from wire import Connection

ANSWER = json.dumps(
    {
        "id": "chatcmpl-intercepted",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
).encode()
REQUEST = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]})
SECRET = "sk-never-to-be-seen-anywhere"


def answer(exchange: Exchange) -> None:
    exchange.answer(ANSWER)


class Net:
    """An origin that is api.openai.com and other.example, and a proxy that finds it there."""

    def __init__(self, folder: Path, options: list[str] | None = None, trusted: bool = True, handler=answer, names: str = ""):
        self.folder = folder
        self.authority = Authority(folder)
        names = names or "DNS:api.openai.com,DNS:other.example,IP:127.0.0.1"
        self.origin = Origin(handler, tls=self.authority.server_context(names))
        ca = ["--origin-ca", str(self.authority.certificate)] if trusted else []
        to = f"127.0.0.1:{self.origin.port}"
        resolve = [word for host in ("api.openai.com", "other.example") for word in ("--resolve", f"{host}:443:{to}")]
        self.proxy = Proxy(folder, options=resolve + ca + (options or []))

    def __enter__(self) -> Net:
        self.origin.__enter__()
        self.proxy.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.origin.__exit__()

    @property
    def ca(self) -> Path:
        return self.proxy.data_dir / "ca/ca.pem"

    def curl(self, url: str, *words: str, ca: Path | None = None, user: str = "") -> subprocess.CompletedProcess:
        command = ["curl", "-sS", "--max-time", "10", "--proxy", f"http://{user}127.0.0.1:{self.proxy.port}", url, *words]
        if ca:
            command += ["--cacert", str(ca)]
        return subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})

    def chat(self, *words: str, host: str = "api.openai.com", **how: object) -> subprocess.CompletedProcess:
        fields = ["-H", "content-type: application/json", "-H", f"authorization: Bearer {SECRET}"]
        return self.curl(f"https://{host}/v1/chat/completions", *fields, "-d", REQUEST, *words, **how)

    def page(self, path: str) -> str:
        """One of the proxy's own."""
        return self.curl(f"http://127.0.0.1:{self.proxy.port}/-/{path}", "--noproxy", "*").stdout

    def distrustful(self) -> list[dict]:
        return json.loads(self.page("health"))["distrustful"]

    def make_ca(self) -> Path:
        """The authority is made with the first client that is intercepted; that one knows nothing of it yet."""
        self.curl("https://api.openai.com/", "--user-agent", "first")
        return self.ca


@test
def intercept_meters_the_hosts_of_providers(folder: Path) -> None:
    with Net(folder) as net:
        ca = net.make_ca()
        result = net.chat("-w", "%{http_version} %{num_connects}", ca=ca)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(ANSWER.decode()), result.stdout
        request = net.origin.requests[-1]
        assert request.get("host") == "api.openai.com", request.fields
        for version in ("--http1.1", "--http2"):
            result = net.chat(version, "-H", "Host: API.OpenAI.com:443", ca=ca)
            assert result.returncode == 0 and net.origin.requests[-1].get("host") == "API.OpenAI.com:443", result.stderr
        key = ca.with_name("ca.key")
        assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    events = net.proxy.events()
    calls = [e for e in events if e["path"] == "/v1/chat/completions"]
    assert [(e["provider"], e["host"]) for e in calls] == [("openai", "api.openai.com")] * 3, calls
    event = calls[0]
    assert event["input_tokens"] == 11 and event["output_tokens"] == 7 and event["cost_usd"], event


@test
def intercept_tunnels_other_hosts_unread(folder: Path) -> None:
    hosts = ("api.openai.com", "refusing.example")
    refusing = [word for host in hosts for word in ("--resolve", f"{host}:80:127.0.0.1:1")]
    with Net(folder, refusing) as net:
        net.make_ca()
        for host in hosts:
            plain = net.curl(f"http://{host}/x", "-w", "%{http_code}", "-o", "/dev/null")
            assert plain.stdout == "502", plain
        result = net.chat(host="other.example", ca=net.authority.certificate)
        assert result.returncode == 0, result.stderr  # its certificate is the origin's own
        assert net.chat(host="other.example", ca=net.ca).returncode == 60
        assert net.proxy.stop() == 0
        said = net.proxy.output()
        assert "api.openai.com:80" in said and "example" not in said, said
    assert not [e for e in net.proxy.events() if e["path"] == "/v1/chat/completions"]
    for file in net.proxy.folder.rglob("*"):
        if file.is_file() and file.parent != folder:
            content = file.read_bytes()
            assert b"other.example" not in content and b"refusing.example" not in content, file
            assert SECRET.encode() not in content, file


@test
def intercept_and_tunnel_say_otherwise(folder: Path) -> None:
    with Net(folder, ["--intercept", "*.example", "--tunnel", "api.openai.com"]) as net:
        assert net.chat(ca=net.authority.certificate).returncode == 0
        assert net.curl("https://other.example/").returncode == 60
        assert net.chat("--user-agent", "another", host="other.example", ca=net.ca).returncode == 0
    events = net.proxy.events()
    assert [e["host"] for e in events if e["method"] == "POST"] == ["other.example"], events


@test
def intercept_leaves_alone_who_distrusts_it(folder: Path) -> None:
    with Net(folder) as net:
        first = net.chat(ca=net.authority.certificate)  # pins the origin's authority
        assert first.returncode == 60, first
        until(lambda: bool(net.distrustful()), "its alert was not seen")
        again = net.chat(ca=net.authority.certificate)
        assert again.returncode == 0 and again.stdout == ANSWER.decode(), again
        assert [e["host"] for e in net.distrustful()] == ["api.openai.com"]
        remedy = "or `tokometer reload`; see `tokometer doctor`"
        status = net.proxy.run("status").stdout
        assert "1 program refuses our certificate: its calls pass unread until " in status and remedy in status, status
        assert "`tokometer reload` has them read at once" in net.proxy.run("doctor").stdout
        listed = json.loads(net.proxy.run("status", "--json").stdout)["distrustful"]
        assert [(e["host"], e["held"]) for e in listed] == [("api.openai.com", False)] and listed[0]["until"], listed
        # Another program is still read.
        context = ssl.create_default_context(cafile=str(net.ca))
        with socket.create_connection(("127.0.0.1", net.proxy.port)) as sock:
            sock.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
            with context.wrap_socket(sock, server_hostname="api.openai.com") as tls:
                tls.sendall(b"GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\nConnection: close\r\n\r\n")
                assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert net.proxy.run("reload").returncode == 0
        assert not net.distrustful() and "refuse" not in net.proxy.run("status").stdout
        assert net.chat(ca=net.ca).returncode == 0
    counted = [e for e in net.proxy.events() if e["path"] == "/v1/chat/completions"]
    assert len(counted) == 1, counted
    assert "does not trust our certificate for api.openai.com" in net.proxy.output()


def asked(net: Net) -> socket.socket:
    """In a tunnel to a provider's host."""
    sock = socket.create_connection(("127.0.0.1", net.proxy.port), timeout=10)
    sock.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n")
    assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    return sock


@test
def intercept_leaves_alone_who_closes_without_a_word(folder: Path) -> None:
    said = "a client closes whenever it sees our certificate for api.openai.com"
    with Net(folder) as net:
        context = ssl.create_default_context(cafile=str(net.authority.certificate))

        def is_alone() -> bool:
            # The question's own connection.
            return net.proxy.metric("tokometer_client_connections") == 1

        for times in (1, 2):
            out = ssl.MemoryBIO()
            hello = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="api.openai.com")
            with contextlib.suppress(ssl.SSLWantReadError):
                hello.do_handshake()
            with asked(net) as sock:
                sock.sendall(out.read())
                assert sock.recv(1)  # our certificate is in what comes
            # What the end of a connection means is decided before the connection is gone.
            until(is_alone, "the proxy has not seen the end")
            assert (said in net.proxy.output()) == (times == 2), net.proxy.output()
        with asked(net) as sock, context.wrap_socket(sock, server_hostname="api.openai.com") as tls:
            tls.sendall(b"GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\nConnection: close\r\n\r\n")
            assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
        doctor = net.proxy.run("doctor").stdout
        said = "a client without a name closes its connections on seeing our certificate for api.openai.com"
        assert doctor.count(said) == 1, doctor


@test
def intercept_leaves_alone_what_its_authority_was_not_made_for(folder: Path) -> None:
    net = Net(folder, ["--intercept", "other.example"])
    assert net.proxy.run("ca", "show").returncode == 0  # no proxy runs yet that was told of the host
    with net:
        assert net.chat(host="other.example", ca=net.authority.certificate).returncode == 0
        assert net.chat(ca=net.ca).returncode == 0
        said = "made before other.example was to be intercepted"
        assert net.proxy.output().count(said) == 1, net.proxy.output()
        doctor = net.proxy.run("doctor").stdout
        assert said in doctor and "-> tokometer ca rotate" in doctor, doctor
        assert said in net.proxy.run("status").stdout
        assert json.loads(net.proxy.run("status", "--json").stdout)["uncovered"] == ["other.example"]
        assert net.proxy.run("ca", "rotate").returncode == 0
        again = net.chat(host="other.example", ca=net.ca)
        assert again.returncode == 0, again
        assert said not in net.proxy.run("doctor").stdout
        assert json.loads(net.proxy.run("status", "--json").stdout)["uncovered"] == []
    hosts = [e["host"] for e in net.proxy.events() if e["method"] == "POST"]
    assert sorted(hosts) == ["api.openai.com", "other.example"], hosts


@test
def intercept_says_when_its_authority_is_good_for_any_host(folder: Path) -> None:
    said = "the certificate authority is good for any host, as a pattern of `intercept`"
    with Net(folder, ["--intercept", "other.*"]) as net:
        assert net.proxy.output().count(said) == 1, "at the start, before it is made"
        net.make_ca()
        assert net.proxy.output().count(said) == 1, net.proxy.output()
        assert said in net.proxy.run("ca", "show").stdout and said in net.proxy.run("doctor").stdout
        rotated = net.proxy.run("ca", "rotate")
        assert said in rotated.stdout + rotated.stderr, rotated
        assert json.loads(net.proxy.run("ca", "show", "--json").stdout)["any_host"] is True


@test
def a_new_authority_is_in_force_when_the_command_returns(folder: Path) -> None:
    with Net(folder) as net:
        bundle = json.loads(net.proxy.run("env", "--format", "json").stdout)["CURL_CA_BUNDLE"]
        first = net.ca.read_text()
        assert first in Path(bundle).read_text()
        # A shell that is open has the file's name only.
        for _ in range(3):
            rotated = net.proxy.run("ca", "rotate")
            assert rotated.returncode == 0 and "uses it" in rotated.stdout, rotated
            content = Path(bundle).read_text()
            assert first not in content and net.ca.read_text() in content
            assert net.chat(ca=Path(bundle)).returncode == 0
            first = net.ca.read_text()


@test
def a_rotation_that_is_cut_short_leaves_what_works(folder: Path) -> None:
    with Net(folder) as net:
        bundle = Path(json.loads(net.proxy.run("env", "--format", "json").stdout)["CURL_CA_BUNDLE"])
        assert net.chat(ca=bundle).returncode == 0
        key, first = net.ca.with_name("ca.key"), net.ca.read_text()
        before = key.read_bytes()
        net.proxy.signal(signal.SIGSTOP)
        with subprocess.Popen(net.proxy.command_line("ca", "rotate"), env=net.proxy.environment) as rotation:
            until(lambda: key.read_bytes() != before, "there is no new key")
            rotation.kill()
        net.proxy.signal(signal.SIGCONT)
        # Whichever the proxy has.
        assert net.chat(ca=bundle).returncode == 0
        assert net.proxy.run("reload").returncode == 0
        assert net.chat(ca=bundle).returncode == 0
        assert first in bundle.read_text() and "a rotation, which goes on or was cut short" in net.proxy.run("doctor").stdout
        assert net.proxy.stop() == 0
        net.proxy.start()
        assert net.ca.read_text() in bundle.read_text() and first not in bundle.read_text() + net.ca.read_text()
        assert net.chat(ca=bundle).returncode == 0
        assert "a rotation" not in net.proxy.run("doctor").stdout


@test
def names_of_hosts_that_a_tunnel_cannot_reach_are_in_no_file(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    with Net(folder, ["--resolve", f"private.example:443:127.0.0.1:{dead}"]) as net:
        result = net.curl("https://private.example/")
        assert "502" in result.stderr, result
        unknown = net.curl("https://private.invalid/")
        assert unknown.returncode != 0, unknown
        assert net.proxy.stop() == 0
    for file in net.proxy.folder.rglob("*"):
        if file.is_file():
            assert b"private." not in file.read_bytes(), file


@test
def intercept_says_what_is_wrong_with_an_origins_certificate(folder: Path) -> None:
    with Net(folder, names="DNS:other.example") as net:
        for number, version in enumerate(("--http1.1", "--http2")):
            result = net.chat(version, "-w", "\n%{http_code}", ca=net.make_ca() if number == 0 else net.ca)
            body, status = result.stdout.rsplit("\n", 1)
            assert status == "502" and "name mismatch" in json.loads(body)["error"]["message"], result
    events = [e for e in net.proxy.events() if e["path"] == "/v1/chat/completions"]
    assert [e["error_type"] for e in events] == ["origin_tls_name"] * 2, events


@test
def intercept_refuses_an_origin_that_it_cannot_verify(folder: Path) -> None:
    with Net(folder, trusted=False) as net:
        result = net.chat("-w", "\n%{http_code}", ca=net.make_ca())
        body, status = result.stdout.rsplit("\n", 1)
        assert status == "502", result
        assert "unknown issuer" in json.loads(body)["error"]["message"], body
        assert not net.origin.requests
    event = next(e for e in net.proxy.events() if e["path"] == "/v1/chat/completions")
    assert event["error_type"] == "origin_tls_issuer", event


@test
def intercept_resumes_sessions(folder: Path) -> None:
    with Net(folder) as net:
        context = ssl.create_default_context(cafile=str(net.make_ca()))
        session = None
        resumed = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2):
            context.maximum_version = version
            with socket.create_connection(("127.0.0.1", net.proxy.port)) as sock:
                sock.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n")
                sock.recv(4096)
                with context.wrap_socket(sock, server_hostname="api.openai.com", session=session) as tls:
                    session = tls.session
                    resumed.append(tls.session_reused)
        assert resumed == [False, True], resumed


@test
def forward_proxy_beyond_loopback_asks_for_its_token(folder: Path) -> None:
    net = Net(folder)
    net.proxy.command[net.proxy.command.index("--listen") + 1] = "0.0.0.0:0"
    with net:
        file = net.proxy.data_dir / "proxy-token"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        token = file.read_text().strip()
        assert len(token) >= 32
        refused = net.chat(ca=net.authority.certificate)
        assert "407" in refused.stderr, refused.stderr
        assert "407" in net.chat(ca=net.authority.certificate, user="me:wrong@").stderr
        plain = net.curl("http://other.example:443/", "-w", "%{http_code}", "-o", "/dev/null")
        assert plain.stdout == "407", plain
        ca = net.make_ca() if net.ca.exists() else None
        assert ca is None  # nobody got as far as being intercepted
        assert net.curl("https://api.openai.com/", "--user-agent", "first", user=f"me:{token}@").returncode == 60
        assert net.chat(ca=net.ca, user=f"me:{token}@").returncode == 0
        said = net.proxy.output()
        assert token not in said
        # A client can use this, not the address of all interfaces.
        assert f"OPENAI_BASE_URL=http://127.0.0.1:{net.proxy.port}/openai/v1" in said, said


@test
def forward_proxy_does_not_go_round(folder: Path) -> None:
    with Net(folder) as net:
        port = net.proxy.port
        for host in ("127.0.0.1", "0.0.0.0", "localhost"):
            result = net.curl(f"https://{host}:{port}/")
            assert result.returncode != 0 and "400" in result.stderr, result.stderr
        # A spelling that only the system reads, and that curl would have changed.
        for line, status in ((f"CONNECT 0x7f000001:{port}", 400), (f"GET http://0x7f000001:{port}/openai/v1/models", 508)):
            with Connection.open(port) as client:
                client.send(f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = client.read_response()
                assert answer.status == status and answer.get("x-tokometer-error") == "loop", answer
        # The same by the settings.
        net.proxy.config_file.write_text(f"origins:\n  openai: http://localhost:{port}/openai\n")
        assert net.proxy.run("reload").returncode == 0
        url = f"http://127.0.0.1:{port}/openai/v1/chat/completions"
        result = net.curl(url, "--noproxy", "*", "-d", REQUEST, "-D", "-")
        assert " 508 " in result.stdout and "x-tokometer-error: loop" in result.stdout.lower(), result
        until(lambda: "that is this proxy itself" in net.proxy.output(), "the remedy in the log")
    events = [e for e in net.proxy.events() if e["path"].endswith("/chat/completions")]
    assert [e["error_type"] for e in events] == ["loop"], events
