"""Other libraries' readings of the recorded calls, beside Tokometer's.

    comparison = Comparison(name, calls, events, file)

Not here: the readers themselves (genai_prices_reader.py, litellm_reader.py), and why things differ (differences.py).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import differences
import recorded

FOLDER = Path(__file__).resolve().parent


def run_reader(script: str, calls: Path, out: Path) -> bool:
    """Each has a process of its own: they would get into each other's way, and into ours.

    Not again for the same calls, script and versions; returns whether it ran.
    """
    made_from = [calls, FOLDER / script, FOLDER / "reader.py", FOLDER / "streams.py", FOLDER / "requirements.txt"]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in made_from)).hexdigest()
    key_file = out.with_suffix(".key")
    if out.exists() and key_file.exists() and key_file.read_text() == key:
        return False
    result = subprocess.run([sys.executable, FOLDER / script, calls, out], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"accuracy: {script}: {result.stderr[-2000:]}")
    key_file.write_text(key)
    return True


def lines_of(file: Path) -> list[dict]:
    with file.open() as lines:
        return [json.loads(line) for line in lines]


def prices_of_other_days() -> dict[str, list[dict]]:
    """All prices of each model in data/prices, by what stands before the date in an event's price_ref."""
    found: dict[str, list[dict]] = {}
    for file in sorted((recorded.ROOT / "data/prices").rglob("*.json")):
        listed = json.loads(file.read_text(), parse_float=Decimal)
        for model in listed.get("models", []):
            found.setdefault(f"{listed['provider']}/{model['id']}", []).extend(model["prices"])
    return found


@dataclass
class Case:
    """One call as both read it."""

    call: dict
    event: dict
    reading: dict
    usage: str
    cost: str | None


@dataclass
class Comparison:
    name: str
    calls: dict[str, dict]
    events: dict[str, dict]
    file: Path
    version: str = ""
    cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        head, *readings = lines_of(self.file)
        self.version = head["version"]
        other_days = prices_of_other_days()
        for reading in sorted(readings, key=lambda reading: reading["id"]):
            call, event = self.calls[reading["id"]], self.events[reading["id"]]
            days = other_days.get((event.get("price_ref") or "").split("@")[0], [])
            usage = differences.usage_difference(recorded.expected()[call["id"]], call, reading)
            cost = differences.cost_difference(call, event, reading, days)
            self.cases.append(Case(call, event, reading, usage, cost))

    def unexplained(self) -> list[Case]:
        return [case for case in self.cases if differences.UNEXPLAINED in (case.usage, case.cost)]

    def by_kind(self, which: str) -> list[tuple[str, list[Case]]]:
        """`which` is usage or cost; the most frequent first, without those that are the same."""
        kinds = defaultdict(list)
        for case in self.cases:
            kind = getattr(case, which)
            if kind not in (None, differences.SAME):
                kinds[kind].append(case)
        return sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))

    def usage_by_provider(self) -> dict[str, Counter]:
        """same, other, unread."""
        found = defaultdict(Counter)
        for case in self.cases:
            verdict = "same" if case.usage == differences.SAME else "unread" if "refusal" in case.reading else "other"
            found[case.call["provider"]][verdict] += 1
            found["streams" if case.call["streaming"] else "whole"][verdict] += 1
        return found

    def cost_by_provider(self) -> dict[str, Counter]:
        """same, other, here (only), there (only), none."""
        found = defaultdict(Counter)
        for case in self.cases:
            here, there = "cost_usd" in case.event, "cost" in case.reading
            if here and there:
                verdict = "same" if case.cost == differences.SAME else "other"
            else:
                verdict = "here" if here else "there" if there else "none"
            found[case.call["provider"]][verdict] += 1
            found["all"][verdict] += 1
        return found
