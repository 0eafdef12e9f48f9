"""kill -9 at random moments under load: what a client saw end is in the store after a restart, once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from kills import expect_each_once, kill_under_load
from origin import Exchange, Origin
from proxy import Proxy
from runner import test
from wire import Closed, Connection, request

CYCLES = 200
CLIENTS = 4


def answer(exchange: Exchange) -> None:
    """Streams to every second caller."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    if not json.loads(exchange.request.content)["stream"]:
        exchange.answer(json.dumps({"id": "c", "model": "gpt-5", "choices": [], "usage": usage}).encode())
        return
    exchange.begin_stream()
    for _ in range(5):
        exchange.stream(b'data: {"id":"c","model":"gpt-5","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
    exchange.stream(f"data: {json.dumps({'id': 'c', 'model': 'gpt-5', 'choices': [], 'usage': usage})}\n\n".encode())
    exchange.stream(b"data: [DONE]\n\n")
    exchange.end_stream()


class Client(threading.Thread):
    """Calls without a pause until its connection breaks; `seen` are the calls that it saw end."""

    def __init__(self, port: int, name: str):
        super().__init__()
        self.port = port
        self.prefix = name
        self.seen: list[str] = []

    def run(self) -> None:
        try:
            with Connection.open(self.port) as connection:
                while True:
                    session = f"{self.prefix}-{len(self.seen)}"
                    content = json.dumps({"model": "gpt-5", "messages": [], "stream": len(self.seen) % 2 == 1})
                    fields = {"X-Tokometer-Session": session}
                    connection.send(request("POST", "/openai/v1/chat/completions", content.encode(), fields))
                    assert connection.read_response("POST").status == 200
                    self.seen.append(session)
        except (Closed, OSError):
            pass


@test
def killed_at_random_moments_it_loses_and_repeats_nothing(folder: Path) -> None:
    with Origin(answer) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"])
        seen = kill_under_load(
            proxy,
            CYCLES,
            lambda cycle: [Client(proxy.port, f"{cycle}-{number}") for number in range(CLIENTS)],
            pause=(0.02, 0.25),
        )
    expect_each_once(seen, [event["session_id"] for event in proxy.events()], CYCLES)
