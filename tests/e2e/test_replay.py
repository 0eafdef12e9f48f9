"""Recorded exchanges through the live proxy: they pass byte by byte as they are, and are read exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from proxy import Proxy
from replay_client import EXCHANGES, recorded, replay
from runner import test


def compare_events(events: list[dict]) -> None:
    lines = "\n".join(json.dumps(event) for event in events)
    command = [sys.executable, str(EXCHANGES / "compare.py"), str(EXCHANGES / "expected.jsonl")]
    hosts = sorted({row["provider_host"] for row in recorded().values()})
    command += [str(EXCHANGES / "none.jsonl"), "--hosts", ",".join(hosts), "--show", "20"]
    result = subprocess.run(command, input=lines, capture_output=True, text=True)
    print(f"     {result.stdout.splitlines()[-1] if result.stdout else ''}")
    assert result.returncode == 0, result.stdout + result.stderr


@test
def recorded_exchanges_are_read_exactly_from_har_files(folder: Path) -> None:
    hosts = sorted({row["provider_host"] for row in recorded().values()})
    har = folder / "recorded.har"
    command = [sys.executable, str(EXCHANGES / "to_har.py"), str(EXCHANGES / "exchanges.jsonl.gz"), str(har)]
    subprocess.run([*command, "--hosts", ",".join(hosts)], check=True, capture_output=True)
    result = Proxy(folder).run("meter", str(har), "--json")
    assert result.returncode == 0, result.stderr
    compare_events([json.loads(line) for line in result.stdout.splitlines()])


@test
def recorded_exchanges_pass_unchanged_and_are_read_exactly(folder: Path) -> None:
    events, faults = replay(folder)
    assert not faults, f"{len(faults)} faults, such as:\n" + "\n".join(faults[:10])
    compare_events(events)
