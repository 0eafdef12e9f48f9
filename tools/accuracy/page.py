"""Writes docs/accuracy.md: tables from what was measured, and what they mean."""

from __future__ import annotations

import re
import textwrap
from collections import Counter, defaultdict
from decimal import Decimal

import differences
import estimates
import ours
import realtime
import recorded
from side_by_side import Case, Comparison

APIS = {
    "aleph_alpha": "complete",
    "anthropic": "Messages",
    "assistants": "Assistants (runs)",
    "bedrock_converse": "Converse",
    "bedrock_invoke": "InvokeModel",
    "chat": "Chat Completions, Completions",
    "cohere": "chat, generate, embed",
    "embeddings": "embeddings",
    "gemini": "generateContent",
    "gemini_embed": "embedContent",
    "gemini_interactions": "Interactions",
    "ollama": "chat, generate",
    "ollama_embed": "embed",
    "rerank": "rerank",
    "responses": "Responses",
    "transcription": "transcriptions",
    "watsonx": "text generation",
}


def number(value: int) -> str:
    return f"{value:,}" if value else ""


def table(head: list[str], rows: list[list[str]], numbers: set[int]) -> str:
    """`numbers` are the columns to be set flush right."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| " + " | ".join("---:" if i in numbers else "---" for i in range(len(head))) + " |")
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def short(text: str, length: int = 110) -> str:
    """An error of theirs on one line, without its stack."""
    flat = re.sub(r"\s+", " ", text.split("Traceback")[0]).strip().replace("|", "\\|").replace("`", "'")
    return flat if len(flat) <= length else flat[: length - 1] + "…"


# Usage -----------------------------------------------------------------------------------------------------------


def usage_section(events: ours.Events, live: ours.Events | None) -> str:
    """Re-derived by tests/e2e/test_accuracy_page.py, without the column of the proxy."""
    rows = []
    sums = defaultdict(ours.Tally)
    for (provider, api, answer), tally in sorted(ours.tallies(events, live).items()):
        rows.append(usage_row(f"`{provider}`", APIS[api], answer, tally))
        for kind in (answer, "all"):
            for name in ("expected", "exact", "live", "live_exact", "in_doubt", "in_doubt_exact", "estimated"):
                setattr(sums[kind], name, getattr(sums[kind], name) + getattr(tally, name))
            sums[kind].repositories |= tally.repositories
    for kind in ("whole", "stream", "all"):
        rows.append(usage_row("**all**", "", kind if kind != "all" else "", sums[kind]))
    head = ["provider", "API", "answer", "expected", "exact", "through the proxy", "in doubt: as the reference", "from"]
    return table(head, rows, {3, 4, 5, 6, 7})


def usage_row(provider: str, api: str, answer: str, tally: ours.Tally) -> list[str]:
    doubt = f"{tally.in_doubt_exact} of {tally.in_doubt}" if tally.in_doubt else ""
    live = f"{tally.live_exact:,}" if tally.live_exact == tally.live else f"{tally.live_exact:,} of {tally.live:,}"
    return [
        provider,
        api,
        answer,
        number(tally.expected),
        number(tally.exact),
        live if tally.live else "",
        doubt,
        str(len(tally.repositories)),
    ]


def doubt_section(events: ours.Events) -> str:
    rows = []
    for id, row in sorted(recorded.expected().items()):
        if row["strict"] or not (bad := ours.wrong(row, events.get(id))):
            continue
        provider = events[id]["provider"] if id in events else row["host"]
        rows.append([f"`{id[:8]}`", f"`{provider}`", ", ".join(row["notes"]).replace("_", " "), bad])
    return table(["exchange", "provider", "why it is in doubt", "difference from the reference"], rows, set())


def no_usage_section(events: ours.Events) -> str:
    counts = ours.without_usage(events)
    named = {provider: count for provider, count in counts.items() if provider != "no spec"}
    rows = [
        [
            f"`{provider}`",
            number(count.exchanges),
            str(count.invented),
            number(count.estimated),
            number(count.undecided),
        ]
        for provider, count in sorted(named.items())
    ]
    if "no spec" in counts:
        count = counts["no spec"]
        rows.append(["other hosts", number(count.exchanges), str(count.invented), "", number(count.undecided)])
    fields = ("exchanges", "invented", "estimated", "undecided")
    total = {name: sum(getattr(count, name) for count in counts.values()) for name in fields}
    last = [number(total["exchanges"]), str(total["invented"]), number(total["estimated"]), number(total["undecided"])]
    rows.append(["**all**", *last])
    return table(
        ["provider", "must have none", "invented", "estimated, and marked so", "may have some"], rows, {1, 2, 3, 4}
    )


def dressed_section() -> str:
    sent = ours.dressed()
    codings = ", ".join(f"{coding} {count:,}" for coding, count in sorted(sent["coding"].items()))
    framings = {"chunked": "in chunks", "length": "with a length", "close": "up to the connection's end"}
    framed = ", ".join(f"{text} {sent['framing'][name]:,}" for name, text in framings.items())
    return f"Sent as: {codings}; framed {framed}; in {sent['pieces']['all']:,} pieces.\n"


REALTIME = """\
## Sessions over WebSocket

{{sessions}} recorded sessions of OpenAI's, Azure's and xAI's Realtime APIs and of Gemini Live, from a HAR file with
their messages. There is no reference for them: what each turn used is taken from the provider's own message at its end
(`response.done`, `usageMetadata`) by a dozen lines of Python. Exact are input, what of it was cached, and output. The
recordings leave the addresses out; each is given its provider's.

<!-- realtime -->
{{table}}
<!-- /realtime -->
"""


def realtime_section(tallies: dict[str, realtime.Tally]) -> str:
    """Nothing where no turn is read."""
    if not any(tally.exact for tally in tallies.values()):
        return ""
    count = sum(tally.sessions for tally in tallies.values())
    return fill(REALTIME, {"sessions": str(count), "table": realtime_table(tallies)})


def realtime_line(tallies: dict[str, realtime.Tally]) -> str:
    """For the list at the page's head, behind a line of it."""
    turns, exact = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("turns", "exact"))
    return f"\n- Of **{turns}** turns of recorded WebSocket sessions, it reads **{exact}** exactly." if exact else ""


def realtime_table(tallies: dict[str, realtime.Tally]) -> str:
    rows = [
        [f"`{provider}`", number(tally.sessions), number(tally.turns), number(tally.exact)]
        for provider, tally in sorted(tallies.items())
    ]
    return table(["provider", "sessions", "turns that state usage", "exact"], rows, {1, 2, 3})


ESTIMATES = """\
## Estimates

What the provider does not state, Tokometer estimates, and says so (`usage_source` is `estimated`). How far off that is
shows on the same recorded calls with their usage taken out: {{calls}} calls, of which {{estimated}} are then estimated.
Median error, and what nine in ten stay within; of output, apart from calls in which a part was reasoned: providers
hide it, in whole or in part, and nothing can be counted that is not there.

{{table}}
"""


def estimates_section(tallies: dict[str, estimates.Errors]) -> str:
    """Nothing where nothing is estimated."""
    total = estimates.Errors()
    rows = []
    for provider, errors in sorted(tallies.items()):
        rows.append(estimates_row(f"`{provider}`", errors))
        total.calls += errors.calls
        total.silent += errors.silent
        for name in ("input", "output", "reasoned"):
            getattr(total, name).extend(getattr(errors, name))
    if total.silent == total.calls:
        return ""
    rows.append(estimates_row("**all**", total))
    head = ["provider", "calls", "estimated", "input", "output", "output with reasoning"]
    values = {"calls": number(total.calls), "estimated": number(total.calls - total.silent)}
    return fill(ESTIMATES, values | {"table": table(head, rows, {1, 2})})


def estimates_row(provider: str, errors: estimates.Errors) -> list[str]:
    spreads = [estimates.spread(found) for found in (errors.input, errors.output, errors.reasoned)]
    return [provider, number(errors.calls), number(errors.calls - errors.silent), *spreads]


# Side by side ----------------------------------------------------------------------------------------------------


def side_by_side_usage(comparisons: list[Comparison]) -> str:
    counts = [comparison.usage_by_provider() for comparison in comparisons]
    providers = sorted(name for name in counts[0] if name not in ("whole", "streams"))
    rows = []
    for name in [*providers, "whole", "streams"]:
        row = [f"`{name}`" if name in providers else f"**all, {name}**", number(sum(counts[0][name].values()))]
        for count in counts:
            row += [number(count[name][verdict]) for verdict in ("same", "other", "unread")]
        rows.append(row)
    head = ["provider", "calls"]
    for comparison in comparisons:
        head += [f"{comparison.name}: same", "other", "not read"]
    return table(head, rows, set(range(1, len(head))))


def side_by_side_cost(comparisons: list[Comparison]) -> str:
    counts = [comparison.cost_by_provider() for comparison in comparisons]
    providers = sorted(name for name in counts[0] if name != "all")
    rows = []
    for name in [*providers, "all"]:
        row = [f"`{name}`" if name in providers else "**all**", number(sum(counts[0][name].values()))]
        for count in counts:
            row += [number(count[name][verdict]) for verdict in ("same", "other", "here", "there", "none")]
        rows.append(row)
    head = ["provider", "calls"]
    for comparison in comparisons:
        head += [f"{comparison.name}: same", "other", "only Tokometer", "only it", "neither"]
    return table(head, rows, set(range(1, len(head))))


def kinds_section(comparison: Comparison, which: str) -> str:
    rows = []
    for kind, cases in comparison.by_kind(which):
        why = differences.KINDS[kind].replace("{it}", comparison.name).replace("genai-prices's", "genai-prices'")
        providers = sorted({case.call["provider"] for case in cases})
        where = ", ".join(f"`{name}`" for name in providers[:4]) + (
            f" and {len(providers) - 4} more" if providers[4:] else ""
        )
        example = usage_example(cases[0]) if which == "usage" else cost_example(cases[0])
        rows.append([f"{len(cases):,}", f"**{kind}**: {why}", where, example])
    return table(["calls", f"{comparison.name}: why", "where", "for example"], rows, {0})


def named(case: Case) -> str:
    return f"`{case.call['id'][:8]}` {case.call['response_model'] or case.call['request_model'] or ''}".strip()


def usage_example(case: Case) -> str:
    if refusal := case.reading.get("refusal"):
        return f"{named(case)}: {short(refusal)}"
    parts = []
    for name, text in differences.COUNT_NAMES.items():
        here, there = case.call["usage"][name], case.reading.get(name)
        if (here or 0) != (there or 0):
            parts.append(f"{text} {count_text(here)}, there {count_text(there)}")
    return f"{named(case)}: {'; '.join(parts)}"


def count_text(count: int | None) -> str:
    return "absent" if count is None else f"{count:,}"


def cost_example(case: Case) -> str:
    here, there = case.event.get("cost_usd"), case.reading.get("cost")
    reason = f" ({short(case.reading['no_cost'], 80)})" if there is None and case.reading.get("no_cost") else ""
    return f"{named(case)}: {usd(here)}, there {usd(there)}{reason}"


def usd(amount: str | None) -> str:
    if amount is None:
        return "unknown"
    text = f"{Decimal(amount).quantize(Decimal('1e-12')):f}".rstrip("0").rstrip(".")
    return f"${text or '0'}"


def price_lists_section(comparisons: list[Comparison]) -> str:
    """Models on which the lists disagree: each one's prices as the calls used them."""
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    prices: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for comparison in comparisons:
        for case in comparison.cases:
            key = (case.call["provider"], str(case.call["response_model"] or case.call["request_model"]))
            if case.cost == "lists disagree":
                found[key].append(case)
            if case.reading.get("prices"):
                prices[key][comparison.name].add(price_text(case.reading["prices"]))
    rows = []
    for key, cases in sorted(found.items()):
        ids = {case.call["id"] for case in cases}
        refs = sorted({case.event["price_ref"] for case in cases})
        mine = {name: part["price"] for case in cases for name, part in case.event["cost_details"]["parts"].items()}
        row = [f"`{key[0]}`", key[1], number(len(ids)), price_text(mine), ", ".join(refs)]
        for comparison in comparisons:
            row.append(" or ".join(sorted(prices[key][comparison.name])) or "–")
        rows.append(row)
    head = ["provider", "model", "calls", "Tokometer", "its entry", *(comparison.name for comparison in comparisons)]
    return table(head, rows, {2})


def price_text(prices: dict[str, str]) -> str:
    """Input, cache reads, output; what no call used is left out."""
    return " / ".join(str(prices.get(name, "·")) for name in ("input", "cache_read", "output"))


# The providers' own word -----------------------------------------------------------------------------------------


def stated_section(events: ours.Events, comparisons: list[Comparison]) -> str:
    stating = {id: e for id, e in sorted(events.items()) if id in recorded.expected() and "provider_cost_usd" in e}
    lists = {"Tokometer": {id: event["cost_details"].get("computed") for id, event in stating.items()}}
    for comparison in comparisons:
        lists[comparison.name] = {case.call["id"]: case.reading.get("cost_of_our_counts") for case in comparison.cases}
    counts: dict[str, Counter] = defaultdict(Counter)
    kinds: dict[str, list[str]] = defaultdict(list)
    for id, event in stating.items():
        counts[event["provider"]]["all"] += 1
        for name, computed in lists.items():
            difference = stated_difference(event, computed.get(id))
            known = difference in ("same", "no list price")
            counts[event["provider"]][name, difference if known else "other"] += 1
            if name == "Tokometer" and not known:
                kinds[difference].append(id)
    head = ["provider", "calls"]
    for name in lists:
        head += [f"{name}'s list: same".replace("genai-prices's", "genai-prices'"), "other", "no price"]
    rows = [
        [
            f"`{provider}`",
            number(count["all"]),
            *(number(count[name, verdict]) for name in lists for verdict in ("same", "other", "no list price")),
        ]
        for provider, count in sorted(counts.items())
    ]
    text = table(head, rows, set(range(1, len(head))))
    rows = []
    for kind, ids in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0])):
        event = stating[ids[0]]
        example = f"`{ids[0][:8]}` {event.get('response_model') or event.get('request_model')}: "
        example += f"{usd(event['provider_cost_usd'])} stated, {usd(event['cost_details']['computed'])} by the list"
        rows.append([f"{len(ids):,}", f"**{kind}**: {STATED[kind]}", example])
    return text + ("\n" + table(["calls", "Tokometer's list: why other", "for example"], rows, {0}) if rows else "")


STATED = {
    "fees": "The stated cost holds fees for searches or tools that our list does not have.",
    "paid elsewhere": "The router bills nothing (a key of the caller's own, or a free variant).",
    "another supplier": (
        "The router chose a supplier whose prices are not those that it lists for the model, or the list has changed."
    ),
    "made up for a test": "The recording project put a made-up figure into the response.",
    "other prices": "The provider computed with other prices than our list has.",
}


def stated_difference(event: dict, list_price: str | None) -> str:
    """Between what the provider says and what a price list makes of the usage."""
    if list_price is None:
        return "no list price"
    stated, computed = Decimal(event["provider_cost_usd"]), Decimal(list_price)
    # Stated costs are rounded to the figures that the provider prints.
    step = Decimal(1).scaleb(stated.as_tuple().exponent) if stated else Decimal(0)
    if abs(stated - computed) <= max(step, differences.ROUNDING):
        return "same"
    if event["provider_cost_usd"] == "0.0000123456":
        return "made up for a test"
    if stated == 0:
        return "paid elsewhere"
    if stated > computed and differences.equal((stated - computed) % Decimal("0.001"), Decimal(0)):
        return "fees"
    return "another supplier" if event["provider"] == "openrouter" else "other prices"


# The page --------------------------------------------------------------------------------------------------------


def sources_section() -> str:
    counts: dict[tuple[str, str], int] = Counter((e.source, e.license) for e in recorded.exchanges().values())
    rows = [
        [source, license, f"{count:,}"]
        for (source, license), count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
    ]
    return table(["recorded by", "licence", "exchanges"], rows, {2})


def fill(template: str, values: dict[str, str]) -> str:
    filled = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]].rstrip("\n"), template)
    blocks = [wrapped(block) for block in filled.strip().split("\n\n") if block.strip()]
    return "\n\n".join(blocks) + "\n"


def wrapped(block: str) -> str:
    """A paragraph or list with lines as long as they may be."""
    lines = block.strip("\n").split("\n")
    if any(line.startswith(("|", "#", "<")) for line in lines):
        return "\n".join(lines)
    items: list[str] = []
    for line in lines:
        if line.startswith("- ") or not items:
            items.append(line)
        else:
            items[-1] += " " + line.strip()
    options = {"width": 120, "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(i, subsequent_indent="  " if i.startswith("- ") else "", **options) for i in items)
