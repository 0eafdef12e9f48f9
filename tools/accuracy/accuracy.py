"""`make accuracy`: measures, compares and writes docs/accuracy.md.

Exits with 1 if a reading is wrong or a difference is not explained; the page is written all the same and says so.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import calls
import differences
import estimates
import ours
import page
import realtime
import recorded
from side_by_side import Comparison, lines_of, run_reader

WORK = recorded.ROOT / "build/accuracy"
PAGE = recorded.ROOT / "docs/accuracy.md"
OTHERS = {"genai_prices": "genai-prices", "litellm": "LiteLLM"}


def progress(text: str) -> None:
    print(f"accuracy: {text}", file=sys.stderr, flush=True)


def main() -> int:
    recorded.require_data()
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tokometer-") as folder:
        progress("reading the recorded exchanges from a HAR file")
        (Path(folder) / "har").mkdir()
        events = ours.from_har(Path(folder) / "har")
        progress("sending them through the proxy")
        (Path(folder) / "live").mkdir()
        live = ours.through_the_proxy(Path(folder) / "live")
        guessed = estimates.tallies(estimates.from_har(Path(folder) / "har"))
        turns, faults = realtime.tallies(realtime.from_har(Path(folder) / "har"))
    calls_file = WORK / "calls.jsonl"
    calls.write(calls_file, events)
    made = {call["id"]: call for call in lines_of(calls_file)}
    comparisons = []
    for script, name in OTHERS.items():
        progress(f"giving {len(made):,} of them to {name}" + (" (some minutes)" if name == "LiteLLM" else ""))
        if not run_reader(f"{script}_reader.py", calls_file, WORK / f"{script}.jsonl"):
            progress("same calls, same version: taken from the last run")
        comparisons.append(Comparison(name, made, events, WORK / f"{script}.jsonl"))
    filled = values(events, live, comparisons)
    filled |= {"estimates": page.estimates_section(guessed), "realtime": page.realtime_section(turns)}
    filled["turns"] = page.realtime_line(turns)
    PAGE.write_text(page.fill((Path(__file__).parent / "page.md").read_text(), filled))
    return verdict(events, live, comparisons, faults if filled["realtime"] else [])


def values(events: ours.Events, live: ours.Events, comparisons: list[Comparison]) -> dict[str, str]:
    exchanges = recorded.exchanges().values()
    tallies = ours.tallies(events, live).values()
    none = ours.without_usage(events).values()
    stated = stated_costs(events)
    left = sum(len(comparison.unexplained()) for comparison in comparisons)
    found = {
        "expected": f"{sum(tally.expected for tally in tallies):,}",
        "exact": f"{sum(tally.exact for tally in tallies):,}",
        "live": f"{sum(tally.live for tally in tallies):,}",
        "live_exact": f"{sum(tally.live_exact for tally in tallies):,}",
        "none": f"{sum(count.exchanges for count in none):,}",
        "invented": str(sum(count.invented for count in none)),
        "compared": f"{len(comparisons[0].cases):,}",
        "unexplained": f", but for {left}" if left else "",
        "exchanges": f"{len(exchanges):,}",
        "hosts": str(len({exchange.host for exchange in exchanges})),
        "repositories": str(len({exchange.source for exchange in exchanges})),
        "wire": f"{sum(exchange.fidelity == 'wire' for exchange in exchanges):,}",
        "sources": page.sources_section(),
        "usage": page.usage_section(events, live),
        "doubt": page.doubt_section(events),
        "no_usage": page.no_usage_section(events),
        "dressed": page.dressed_section(),
        "side_usage": page.side_by_side_usage(comparisons),
        "side_cost": page.side_by_side_cost(comparisons),
        "price_lists": page.price_lists_section(comparisons),
        "unknown_day": recorded.WHEN_UNKNOWN.strftime("%Y-%m-%d"),
        "stated": page.stated_section(events, comparisons),
        "stated_all": str(stated["all"]),
        "stated_read": str(stated["read"]),
    }
    for script, comparison in zip(OTHERS, comparisons, strict=True):
        found[f"{script}_version"] = comparison.version
        found[f"{script}_same"] = f"{sum(case.usage == differences.SAME for case in comparison.cases):,}"
        found[f"{script}_usage"] = page.kinds_section(comparison, "usage")
        found[f"{script}_cost"] = page.kinds_section(comparison, "cost")
    return found


def stated_costs(events: ours.Events) -> Counter:
    """How many of the costs that providers state were read exactly."""
    counts: Counter = Counter()
    for id, row in recorded.expected().items():
        event = events.get(id, {})
        # Grok on Azure states 0, because Azure bills; OpenRouter, because a key of the caller's own paid elsewhere.
        own_key = bool((event.get("usage_details") or {}).get("is_byok"))
        if row["cost_reported_usd"] is None or event.get("provider") == "azure.ai.openai" or own_key:
            continue
        read = event.get("provider_cost_usd")
        counts["all"] += 1
        counts["read"] += read is not None and differences.equal(Decimal(read), Decimal(str(row["cost_reported_usd"])))
    return counts


def verdict(events: ours.Events, live: ours.Events, comparisons: list[Comparison], faults: list[str]) -> int:
    lines = {"from HAR": ours.cross_check(events), "through the proxy": ours.cross_check(live)}
    for way, line in lines.items():
        progress(f"{way}: {line}")
    wrong = sum(
        tally.expected - tally.exact + tally.live - tally.live_exact for tally in ours.tallies(events, live).values()
    )
    wrong += sum(count.invented for count in ours.without_usage(events).values())
    for fault in faults:
        progress(f"session {fault}")
        wrong += 1
    for comparison in comparisons:
        for case in comparison.unexplained():
            progress(f"not explained: {comparison.name} {case.call['id']}: usage {case.usage}, cost {case.cost}")
            wrong += 1
    progress(f"wrote {PAGE.relative_to(recorded.ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
