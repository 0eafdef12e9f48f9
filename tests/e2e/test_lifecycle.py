"""Reload, drain and trouble with the disk: traffic goes on."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import resource
import signal
import socket
import subprocess
import termios
import threading
import time
from pathlib import Path

from origin import Exchange, Origin
from provider import OPENAI_CHAT_USAGE, StandIn, sse
from proxy import Proxy
from runner import test, until
from wire import Closed, Connection, request

TARGET = "/openai/v1/chat/completions"
BODY = json.dumps({"model": "gpt-5", "messages": []}).encode()


class Load:
    """Clients that call without a pause, on connections kept open, until stopped."""

    def __init__(self, port: int, clients: int = 4):
        self.port = port
        self.answers: list[bytes] = []
        self.faults: list[str] = []
        self.running = True
        self.threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self) -> None:
        try:
            with Connection.open(self.port) as client:
                while self.running:
                    client.send(request("POST", TARGET, BODY))
                    response = client.read_response("POST")
                    assert response.status == 200, response.start_line
                    self.answers.append(response.content)
        except (AssertionError, Closed, OSError) as fault:
            self.faults.append(repr(fault))

    def gets_only(self, answer: bytes) -> bool:
        """Whether every answer of the next moments is `answer`."""
        self.answers.clear()
        time.sleep(0.2)
        return set(self.answers) == {answer}

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False
        for thread in self.threads:
            thread.join()


def paused_stream(go_on: threading.Event, patience: float = 10) -> object:
    """An origin that sends half a stream, and the rest when it is told to, or its patience ends."""

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(sse({"model": "gpt-5", "choices": []}).encode())
        go_on.wait(patience)
        exchange.stream(sse({"model": "gpt-5", "choices": [], "usage": OPENAI_CHAT_USAGE}).encode())
        exchange.stream(sse("[DONE]").encode())
        exchange.end_stream()

    return answer


def read_rest(client: Connection) -> bytes:
    data = b""
    while piece := client.read_chunk():
        data += piece
    return data


@test
def a_reload_under_load_loses_nothing(folder: Path) -> None:
    with Origin(lambda e: e.answer(b'"first"')) as first, Origin(lambda e: e.answer(b'"second"')) as second:
        proxy = Proxy(folder, options=["--quiet"], config=f"origins:\n  openai: {first.url}\n")
        with proxy, Load(proxy.port) as load:
            until(lambda: load.gets_only(b'"first"'), "nothing is answered")
            proxy.config_file.write_text(f"origins:\n  openai: {second.url}\n")
            proxy.signal(signal.SIGHUP)
            until(lambda: load.gets_only(b'"second"'), "the new settings are not in force")
            # A wrong file is refused, says why, and leaves everything as it is.
            proxy.config_file.write_text("origins:\n  openai: {first.url}\nlissten: x\n")
            result = proxy.run("reload")
            assert result.returncode != 0 and "lissten" in result.stderr + result.stdout, result
            proxy.config_file.write_text(f"origins:\n  openai: {first.url}\n")
            result = proxy.run("reload")
            assert result.returncode == 0, result
            until(lambda: load.gets_only(b'"first"'), "the old settings are not in force again")
    assert not load.faults, load.faults


def refuses_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


@test
def sigterm_lets_running_calls_end(folder: Path) -> None:
    go_on = threading.Event()
    with Origin(paused_stream(go_on)) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]).start()
        with Connection.open(proxy.port) as client:
            client.send(request("POST", TARGET, BODY, {"X-Tokometer-Session": "s"}))
            client.read_head()
            client.read_chunk()
            proxy.signal(signal.SIGTERM)
            until(lambda: refuses_connections(proxy.port), "new connections are still taken")
            go_on.set()
            assert b"[DONE]" in read_rest(client)
        assert proxy.process and proxy.process.wait(5) == 0
    assert proxy.event_of("s")["output_tokens"] == 19


@test
def a_second_sigterm_ends_it_at_once(folder: Path) -> None:
    with Origin(paused_stream(threading.Event())) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]).start()
        with Connection.open(proxy.port) as client:
            client.send(request("POST", TARGET, BODY, {"X-Tokometer-Session": "s"}))
            client.read_head()
            client.read_chunk()
            proxy.signal(signal.SIGTERM)
            time.sleep(0.2)
            assert proxy.process and proxy.process.poll() is None
            proxy.signal(signal.SIGTERM)
            proxy.process.wait(2)
    assert proxy.event_of("s")["complete"] is False


@test
def an_output_that_nobody_reads_does_not_hold_up_the_end(folder: Path) -> None:
    with Origin(StandIn()) as origin:
        reading, writing = os.pipe()
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--json"])
        proxy.start(preexec=lambda: os.dup2(writing, 1))
        os.close(writing)
        check_traffic(proxy.port, 200, 400)
        proxy.stop(timeout=10)
        os.close(reading)
        assert "output hangs" in proxy.output(), proxy.output()
        assert len(proxy.events()) == 200


@test
def closing_the_terminal_ends_it(folder: Path) -> None:
    proxy = Proxy(folder)
    terminal, inner = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
        for number in range(3):
            os.dup2(inner, number)

    proxy.start(preexec=take_terminal)
    assert proxy.process
    os.close(inner)
    proxy.signal(signal.SIGHUP)  # with its terminal: settings are read again
    deadline = time.monotonic() + 10
    while json.loads((proxy.data_dir / "status.json").read_text())["reloads"] == 0:
        assert time.monotonic() < deadline, "no reload"
        time.sleep(0.01)
    os.close(terminal)
    assert proxy.process.wait(10) == 0


@test
def the_drain_has_an_end(folder: Path) -> None:
    config = "timeouts:\n  drain: 300ms\n"
    with Origin(paused_stream(threading.Event())) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"], config=config).start()
        with Connection.open(proxy.port) as client:
            client.send(request("POST", TARGET, BODY))
            client.read_head()
            start = time.monotonic()
            proxy.stop(timeout=20)
            assert 0.2 < time.monotonic() - start < 15, "without a limit of its own it would have been half a minute"


def check_traffic(port: int, calls: int, size: int) -> None:
    """`calls` calls, each of which would leave an event of about `size` bytes."""
    with Connection.open(port) as client:
        for number in range(calls):
            fields = {"X-Tokometer-Session": "s" * (size // 2), "X-Tokometer-User": "u" * (size // 2)}
            client.send(request("POST", TARGET, BODY, fields))
            response = client.read_response("POST")
            assert response.status == 200, f"call {number}: {response.start_line!r}"


def health(port: int) -> dict:
    with Connection.open(port) as client:
        client.send(request("GET", "/-/health"))
        response = client.read_response()
    assert response.status == 200
    return json.loads(response.content)


@test
def a_full_disk_leaves_traffic_untouched(folder: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a full disk: the write fails, nothing else
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with Origin(StandIn()) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"])
        proxy.start(preexec=small_files)
        check_traffic(proxy.port, 1500, 400)
        state = health(proxy.port)
        assert state["status"] == "degraded", state
        check_traffic(proxy.port, 10, 10)
        proxy.stop()
        warnings = [line for line in proxy.output().splitlines() if "journal" in line or "store" in line]
        assert 1 <= len(warnings) < 20, f"{len(warnings)} warnings:\n" + "\n".join(warnings[:5])


@test
def a_data_folder_that_cannot_be_made_leaves_traffic_untouched(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Origin(StandIn()) as origin:
        proxy = Proxy(
            folder,
            origins={"openai": origin.url},
            options=["--quiet"],
            listen=(f"127.0.0.1:{port}",),
            data_dir=folder / "file/data",
        )
        proxy.start_without_status(port)
        check_traffic(port, 20, 10)
        assert health(port)["status"] == "degraded"
        proxy.stop()
        assert "file/data" in proxy.output(), proxy.output()


@test
def one_data_folder_belongs_to_one_proxy(folder: Path) -> None:
    with Proxy(folder, options=["--quiet"]) as proxy:
        second = subprocess.run([*proxy.command], capture_output=True, text=True, timeout=5, env=proxy.environment)
        assert second.returncode == 1 and "tokometer" in second.stderr, second
