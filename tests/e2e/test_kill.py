"""kill -9 at random moments under load: what a client saw end is in the store after a restart, once."""

from __future__ import annotations

import collections
import json
import random
import threading
import time
from pathlib import Path

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
    draw = random.Random()
    seen: list[str] = []
    with Origin(answer) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url}, options=["--quiet"])
        for cycle in range(CYCLES):
            proxy.start()
            clients = [Client(proxy.port, f"{cycle}-{number}") for number in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(draw.uniform(0.02, 0.25))
            proxy.kill()
            for client in clients:
                client.join()
                seen += client.seen
        proxy.start()
        proxy.stop()
    stored = collections.Counter(event["session_id"] for event in proxy.events())
    lost = [session for session in seen if session not in stored]
    repeated = [session for session, count in stored.items() if count > 1]
    print(f"     {CYCLES} kills, {len(seen)} calls seen to end, {sum(stored.values())} stored")
    assert len(seen) > CYCLES, "hardly any call came through"
    assert not lost, f"{len(lost)} lost, such as {lost[:5]}"
    assert not repeated, f"{len(repeated)} stored twice, such as {repeated[:5]}"
