"""kill -9 at random moments under load, and what must be in the store afterwards."""

from __future__ import annotations

import collections
import random
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from proxy import Proxy


class Load(Protocol):
    """A thread that calls until its connection breaks; `seen` names the calls that it saw end."""

    seen: list[str]

    def start(self) -> None: ...
    def join(self) -> None: ...


def kill_under_load(
    proxy: Proxy, times: int, clients_of: Callable[[int], Iterable[Load]], pause: tuple[float, float]
) -> list[str]:
    """Starts the proxy and the clients of each cycle, and kills it within `pause` seconds; then once more, to catch up.

    Returns what the clients saw end.
    """
    draw = random.Random()
    seen: list[str] = []
    for cycle in range(times):
        proxy.start()
        clients = list(clients_of(cycle))
        for client in clients:
            client.start()
        time.sleep(draw.uniform(*pause))
        proxy.kill()
        for client in clients:
            client.join()
            seen += client.seen
    proxy.start()
    proxy.stop()
    return seen


def expect_each_once(seen: list[str], stored: Iterable[str], kills: int) -> None:
    counts = collections.Counter(stored)
    lost = [name for name in seen if name not in counts]
    repeated = [name for name, count in counts.items() if count > 1]
    print(f"     {kills} kills, {len(seen)} seen to end, {sum(counts.values())} stored")
    assert len(seen) > kills, "hardly any came through"
    assert not lost, f"{len(lost)} lost, such as {lost[:5]}"
    assert not repeated, f"{len(repeated)} stored twice, such as {repeated[:5]}"
