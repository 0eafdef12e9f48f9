"""The program under test: starts it, asks it, ends it.

with Proxy(folder, origins={"openai": origin.url}) as proxy:
    ... proxy.port ...
events = proxy.events()
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BINARY = Path(os.environ.get("TOKOMETER_BIN", ROOT / "build/release/tokometer"))


class Proxy:
    running: ClassVar[set[subprocess.Popen[bytes]]] = set()

    def __init__(
        self,
        folder: Path,
        *,
        origins: dict[str, str] | None = None,
        options: list[str] | None = None,
        config: str = "",
        listen: tuple[str, ...] = ("127.0.0.1:0",),
        data_dir: Path | None = None,
    ):
        """Everything that the proxy writes goes under `folder`. Settings of the user's own are not read."""
        self.folder = folder
        self.data_dir = data_dir or folder / "data"
        self.config_file = folder / "config.yaml"
        self.config_file.write_text(config)
        self.output_file = folder / "output.txt"
        others = ("TOKOMETER_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        self.environment = {key: value for key, value in os.environ.items() if not key.upper().startswith(others)}
        self.environment |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        self.command = self.command_line("proxy")
        for address in listen:
            self.command += ["--listen", address]
        for name, url in (origins or {}).items():
            self.command += ["--origin", f"{name}={url}"]
        self.command += options or []
        self.process: subprocess.Popen[bytes] | None = None
        self.listening: list[str] = []

    @property
    def port(self) -> int:
        """Of the first TCP address."""
        return next(int(a.rsplit(":", 1)[1]) for a in self.listening if not a.startswith("unix:"))

    def start(self, preexec: Callable[[], None] | None = None) -> Proxy:
        """Returns when it listens. `preexec` runs in the new process before the program."""
        status_file = self.data_dir / "status.json"
        status_file.unlink(missing_ok=True)
        self._launch(preexec)
        assert self.process
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if listening := self._published_addresses(status_file):
                self.listening = listening
                return self
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"the proxy did not start: {self.output()}")

    def start_without_status(self, port: int) -> None:
        """For a data folder that cannot be written: returns when `port` can be connected to."""
        self._launch(None)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"the proxy did not start: {self.output()}")

    def _launch(self, preexec: Callable[[], None] | None) -> None:
        with self.output_file.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdout=output,
                stderr=output,
                env=self.environment,
                preexec_fn=preexec,
                restore_signals=False,
            )
        Proxy.running.add(self.process)

    @classmethod
    def kill_left_over(cls) -> None:
        """Ends those that a test which failed has left running."""
        for process in cls.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        cls.running.clear()

    @staticmethod
    def _published_addresses(status_file: Path) -> list[str]:
        try:
            return json.loads(status_file.read_text()).get("listening", [])
        except (FileNotFoundError, json.JSONDecodeError):
            return []

    def __enter__(self) -> Proxy:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.stop()

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def stop(self, timeout: float = 15) -> int:
        """Asks it to end; returns its exit code."""
        assert self.process
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the proxy did not stop") from None

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    def command_line(self, *words: str) -> list[str]:
        """Of another command of the program on the same data."""
        return [str(BINARY), *words, "--config", str(self.config_file), "--data-dir", str(self.data_dir)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command_line(*words), capture_output=True, text=True, env=self.environment, timeout=60
        )

    def metric(self, name: str) -> float:
        """Of /-/metrics, one without labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/-/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def events(self) -> list[dict]:
        """Everything in the store."""
        result = self.run("events", "--json", "--limit", "1000000")
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines() if line]

    def wait_for_events(self, count: int, timeout: float = 10) -> list[dict]:
        deadline = time.monotonic() + timeout
        while True:
            events = self.events()
            if len(events) >= count:
                return events
            assert time.monotonic() < deadline, f"{len(events)} of {count} events within {timeout} s"
            time.sleep(0.05)

    def event_of(self, session: str) -> dict:
        """The one event of the call that was sent with X-Tokometer-Session: `session`; waits for it."""
        deadline = time.monotonic() + 10
        while True:
            found = [event for event in self.events() if event.get("session_id") == session]
            if found:
                assert len(found) == 1, f"{len(found)} events of {session}"
                return found[0]
            assert time.monotonic() < deadline, f"no event of {session}"
            time.sleep(0.05)
