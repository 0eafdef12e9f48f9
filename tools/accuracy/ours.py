"""What Tokometer reads from the recorded exchanges, and whether it is what they must yield.

The rules of comparison are those of ../shared/data/exchanges/compare.py, which `cross_check` asks too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import recorded

sys.path.insert(0, str(recorded.ROOT / "tests/e2e"))
from proxy import BINARY, Proxy  # noqa: E402
from replay_client import replay, responses  # noqa: E402

Events = dict[str, dict]

# Counts as the expected rows and as events name them.
COUNTS = {
    "input_tokens": "input_tokens",
    "cached_input_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning_output_tokens",
}


def by_id(events: list[dict]) -> Events:
    # The lines of a batch's results are calls beside the exchange that they came in ("ID/1"): no row is theirs.
    return {event["source_id"]: event for event in events if "/" not in event["source_id"]}


def from_har(folder: Path) -> Events:
    """Of all recorded exchanges, as `tokometer meter` reads them from a HAR file."""
    har = folder / "recorded.har"
    recorded.write_har(har, recorded.exchanges().values())
    return read_har(folder, har)


def read_har(folder: Path, har: Path) -> Events:
    return by_id(lines_of_meter(folder, har))


def lines_of_meter(folder: Path, har: Path) -> list[dict]:
    """`tokometer meter HAR --json`."""
    if not BINARY.exists():
        sys.exit(f"accuracy: no program at {BINARY}: make build")
    result = Proxy(folder).run("meter", str(har), "--json")
    if result.returncode != 0:
        sys.exit(f"accuracy: tokometer meter: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def through_the_proxy(folder: Path) -> Events:
    """Of all recorded exchanges with hosts that Tokometer knows, sent through the running proxy."""
    events, faults = replay(folder)
    if faults:
        sys.exit("accuracy: the proxy changed what passed:\n" + "\n".join(faults[:10]))
    return by_id(events)


def dressed() -> dict[str, Counter]:
    """How the responses were sent through the proxy."""
    sent = responses().values()
    return {
        "coding": Counter(response_coding(response) for response in sent),
        "framing": Counter(response.framing for response in sent),
        "pieces": Counter({"all": sum(max(1, len(response.pieces)) for response in sent)}),
    }


def response_coding(response: object) -> str:
    return next((value for name, value in response.fields if name.lower() == "content-encoding"), "as it is")


def wrong(row: dict, event: dict | None) -> str:
    """What of the event is not as expected, or nothing."""
    if event is None:
        return "no event"
    soft = set(row.get("soft") or [])
    bad = [
        f"{theirs}: {row[name] or 0} expected, {event.get(theirs, 'nothing')} read"
        for name, theirs in COUNTS.items()
        if name not in soft and (row[name] or 0) != (event.get(theirs) or 0)
    ]
    if row["kind"] == "retrieval" and event["usage_source"] == "none":
        bad = []  # a repeat need not count again
    elif event["usage_source"] == "estimated":
        bad.append("estimated")
    if row["model_response"] and event.get("response_model") != row["model_response"]:
        bad.append(f"model: {row['model_response']} expected, {event.get('response_model')} read")
    return "; ".join(bad)


@dataclass
class Tally:
    """One line of the page."""

    expected: int = 0
    exact: int = 0
    live: int = 0
    live_exact: int = 0
    in_doubt: int = 0
    in_doubt_exact: int = 0
    estimated: int = 0
    repositories: set[str] = field(default_factory=set)


def tallies(events: Events, live: Events | None) -> dict[tuple[str, str, str], Tally]:
    """By provider, API and way of answering."""
    found: dict[tuple[str, str, str], Tally] = {}
    for id, row in recorded.expected().items():
        event = events.get(id)
        provider = event["provider"] if event else "no spec"
        tally = found.setdefault((provider, row["api"], "stream" if row["streaming"] else "whole"), Tally())
        tally.repositories.add(recorded.exchanges()[id].source)
        if event and event["usage_source"] == "estimated":
            tally.estimated += 1
        if not row["strict"]:
            tally.in_doubt += 1
            tally.in_doubt_exact += not wrong(row, event)
            continue
        tally.expected += 1
        tally.exact += not wrong(row, event)
        if live is not None and id in live:
            tally.live += 1
            tally.live_exact += not wrong(row, live[id])
    return found


@dataclass
class NoUsage:
    exchanges: int = 0
    invented: int = 0
    estimated: int = 0
    undecided: int = 0


def without_usage(events: Events) -> dict[str, NoUsage]:
    """By provider: what is made of exchanges that carry none."""
    found: dict[str, NoUsage] = {}
    for id, row in recorded.without_usage().items():
        event = events.get(id)
        count = found.setdefault(event["provider"] if event else "no spec", NoUsage())
        if not row["must_be_none"]:
            count.undecided += 1
            continue
        count.exchanges += 1
        source = event["usage_source"] if event else "none"
        count.estimated += source == "estimated"
        count.invented += bool(
            event and source == "reported" and (event.get("input_tokens") or event.get("output_tokens"))
        )
    return found


def cross_check(events: Events) -> str:
    """The last line of compare.py, the recorded data's own judge."""
    script = recorded.FOLDER / "compare.py"
    hosts = sorted({recorded.exchanges()[id].host for id in events})
    command = [
        sys.executable,
        str(script),
        str(recorded.FOLDER / "expected.jsonl"),
        str(recorded.FOLDER / "none.jsonl"),
    ]
    lines = "\n".join(json.dumps(event) for event in events.values())
    result = subprocess.run([*command, "--hosts", ",".join(hosts)], input=lines, capture_output=True, text=True)
    return result.stdout.splitlines()[-1]
