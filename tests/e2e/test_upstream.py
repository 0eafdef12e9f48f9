"""Behind another proxy: our own connections go through it, and nobody learns its password."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

from certificates import Authority
from origin import Exchange, Origin
from proxy import Proxy
from runner import test

ANSWER = json.dumps(
    {
        "id": "chatcmpl-upstream",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
).encode()
REQUEST = json.dumps({"model": "gpt-4o", "messages": []})
PASSWORD = "pass-never-to-be-seen"
CREDENTIALS = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class UpstreamProxy:
    """An HTTP proxy by the book, for which every host is on one port of this machine; `answer` is what it says."""

    def __init__(self, to: int, answer: bytes = ESTABLISHED):
        self.to = to
        self.answer = answer
        self.heads: list[str] = []  # of each request
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> UpstreamProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @property
    def url(self) -> str:
        return f"http://me:{PASSWORD}@127.0.0.1:{self.port}"

    def targets(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            self.heads.append(head.decode())
            client.sendall(self.answer)
            if not self.answer.startswith(b"HTTP/1.1 200 "):
                return
            with socket.create_connection(("127.0.0.1", self.to)) as origin:
                back = threading.Thread(target=self._pass, args=(origin, client), daemon=True)
                back.start()
                self._pass(client, origin)
                back.join()

    @staticmethod
    def _pass(source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)


class Net:
    """An origin that every host is, the proxy before it, and the program that has to go through that."""

    def __init__(self, folder: Path, answer: bytes = ESTABLISHED, options: tuple[str, ...] = (), config: str = ""):
        self.authority = Authority(folder)
        self.origin = Origin(self.reply, tls=self.authority.server_context("DNS:api.openai.com,DNS:other.example"))
        self.upstream = UpstreamProxy(self.origin.port, answer)
        ca = ["--origin-ca", str(self.authority.certificate)]
        self.proxy = Proxy(folder, options=[*ca, *options], config=config)

    @staticmethod
    def reply(exchange: Exchange) -> None:
        exchange.answer(ANSWER)

    def __enter__(self) -> Net:
        self.origin.__enter__()
        self.upstream.__enter__()
        self.proxy.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.upstream.__exit__()
        self.origin.__exit__()

    def curl(self, *words: str) -> subprocess.CompletedProcess:
        environment = {"PATH": os.environ["PATH"]}
        fields = ["-H", "content-type: application/json", "-d", REQUEST]
        command = ["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", *fields, *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def by_base_url(self, route: str = "openai/v1/chat/completions") -> tuple[str, str]:
        result = self.curl(f"http://127.0.0.1:{self.proxy.port}/{route}")
        body, status = result.stdout.rsplit("\n", 1)
        return status, body

    def through(self, host: str, ca: Path, *words: str) -> subprocess.CompletedProcess:
        url = f"https://{host}/v1/chat/completions"
        return self.curl("--proxy", f"http://127.0.0.1:{self.proxy.port}", "--cacert", str(ca), *words, url)

    def assert_secret_kept(self) -> None:
        said = [self.proxy.output()]
        for words in (["doctor"], ["doctor", "--json"], ["config", "show"], ["config", "show", "--json"], ["status"]):
            done = self.proxy.run(*words)
            said.append(done.stdout + done.stderr)
        said += [self.curl("-X", "GET", f"http://127.0.0.1:{self.proxy.port}/-/health").stdout]
        for text in said:
            assert PASSWORD not in text and CREDENTIALS not in text, text
        for file in self.proxy.data_dir.rglob("*"):
            content = file.read_bytes() if file.is_file() else b""
            assert PASSWORD.encode() not in content and CREDENTIALS.encode() not in content, file


@test
def upstream_proxy_of_the_environment_carries_everything(folder: Path) -> None:
    net = Net(folder)
    net.proxy.environment["HTTPS_PROXY"] = net.upstream.url
    with net:
        status, body = net.by_base_url()
        assert status == "200" and body.encode() == ANSWER, body
        net.through("api.openai.com", net.authority.certificate, "--user-agent", "first")  # makes our authority
        intercepted = net.through("api.openai.com", net.proxy.data_dir / "ca/ca.pem")
        assert intercepted.stdout == ANSWER.decode() + "\n200", intercepted
        tunnelled = net.through("other.example", net.authority.certificate)
        assert tunnelled.stdout == ANSWER.decode() + "\n200", tunnelled
        assert set(net.upstream.targets()) == {"api.openai.com:443", "other.example:443"}, net.upstream.heads
        for head in net.upstream.heads:
            assert head.startswith("CONNECT ") and f"\r\nProxy-Authorization: Basic {CREDENTIALS}\r\n" in head, head
        assert not [r for r in net.origin.requests if r.get("proxy-authorization")]
        doctor = net.proxy.run("doctor").stdout
        assert f"https origins are reached through 127.0.0.1:{net.upstream.port} (HTTPS_PROXY)" in doctor, doctor
        net.assert_secret_kept()
    events = [e for e in net.proxy.events() if e["path"] == "/v1/chat/completions"]
    assert [e["input_tokens"] for e in events] == [11, 11], events


@test
def upstream_proxy_is_a_setting_with_exceptions(folder: Path) -> None:
    net = Net(folder)
    net.proxy.config_file.write_text(f"upstream_proxy: {net.upstream.url}\nno_proxy: [127.0.0.2, '*.invalid']\n")
    net.proxy.environment["HTTPS_PROXY"] = "http://127.0.0.1:1"
    net.proxy.environment["NO_PROXY"] = "*"
    with net:
        assert net.by_base_url()[0] == "200"
        assert net.upstream.targets() == ["api.openai.com:443"]
        excepted = net.curl("--proxy", f"http://127.0.0.1:{net.proxy.port}", "-k", "https://nowhere.invalid/")
        assert "502" in excepted.stderr, excepted
        assert len(net.upstream.heads) == 1, net.upstream.heads
        shown = net.proxy.run("config", "show").stdout
        assert f"http://***@127.0.0.1:{net.upstream.port}" in shown, shown
        net.assert_secret_kept()


@test
def upstream_proxy_is_asked_for_tunnels_to_plain_origins_too(folder: Path) -> None:
    with Origin(Net.reply) as plain, UpstreamProxy(plain.port) as upstream:
        proxy = Proxy(folder, origins={"openai": "http://plain.example"})
        proxy.environment["http_proxy"] = upstream.url
        with proxy:
            done = subprocess.run(
                ["curl", "-sS", "--noproxy", "*", f"http://127.0.0.1:{proxy.port}/openai/v1/models"],
                capture_output=True,
            )
            assert done.stdout == ANSWER, done
            assert upstream.targets() == ["plain.example:80"], upstream.heads
            assert plain.requests[-1].start_line == b"GET /v1/models HTTP/1.1", plain.requests[-1].start_line


@test
def upstream_proxy_that_refuses_is_named_but_not_its_password(folder: Path) -> None:
    refusals = {
        "407 Who": ("502", "upstream_proxy_unauthorized"),
        "403 No": ("502", "upstream_proxy_refused"),
        "502 Bad": ("502", "upstream_proxy_refused"),
    }
    for number, (answer, (status, code)) in enumerate(refusals.items()):
        (own := folder / str(number)).mkdir()
        net = Net(own, answer=f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        net.proxy.environment["HTTPS_PROXY"] = net.upstream.url
        with net:
            got, body = net.by_base_url()
            assert got == status, (answer, got, body)
            assert "upstream proxy" in json.loads(body)["error"]["message"], body
            tunnelled = net.through("other.example", net.authority.certificate)
            assert "502" in tunnelled.stderr, tunnelled
            net.assert_secret_kept()
            number_said = answer.split(" ")[0]
            assert f"it answered CONNECT with status {number_said}" in net.proxy.output(), net.proxy.output()
        assert [e["error_type"] for e in net.proxy.events()] == [code]


@test
def upstream_proxy_that_is_not_there_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    net = Net(folder)
    net.proxy.environment["ALL_PROXY"] = f"http://me:{PASSWORD}@127.0.0.1:{port}"
    with net:
        status, body = net.by_base_url()
        assert status == "502" and "the upstream proxy can't be reached" in body, body
        net.assert_secret_kept()


@test
def upstream_proxy_that_is_ourselves_is_left_out(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    with Origin(Net.reply) as origin:
        proxy = Proxy(
            folder,
            origins={"openai": "http://plain.example"},
            options=["--resolve", f"plain.example:80:127.0.0.1:{origin.port}"],
            listen=(f"127.0.0.1:{port}",),
        )
        for name in ("HTTPS_PROXY", "http_proxy"):
            proxy.environment[name] = f"http://shell:{PASSWORD}@localhost:{port}"
        with proxy:
            done = subprocess.run(
                ["curl", "-sS", "--noproxy", "*", f"http://127.0.0.1:{port}/openai/v1/models"], capture_output=True
            )
            assert done.stdout == ANSWER, done
            said = proxy.output()
            assert said.count("HTTPS_PROXY leads to this proxy itself, and is left out") == 1, said
            assert PASSWORD not in said
            assert "none: origins are reached directly" in proxy.run("doctor").stdout


@test
def upstream_proxy_of_a_kind_that_cannot_be_used_is_an_error(folder: Path) -> None:
    proxy = Proxy(folder)
    proxy.environment["ALL_PROXY"] = f"socks5://me:{PASSWORD}@127.0.0.1:1080"
    done = proxy.run("proxy", "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "ALL_PROXY: only http:// proxies can be used" in done.stderr, done
    assert PASSWORD not in done.stdout + done.stderr
    done = proxy.run("proxy", "--upstream-proxy", f"http://me:{PASSWORD}@127.0.0.1:1")
    assert done.returncode != 0 and "a password on the command line" in done.stderr, done
    assert PASSWORD not in done.stdout + done.stderr
