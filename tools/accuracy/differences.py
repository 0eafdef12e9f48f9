"""Says of each call in what another library's reading differs from Tokometer's, and why.

    usage = usage_difference(call, row, reading)
    cost = cost_difference(call, event, reading)

Each is the name of a kind in KINDS, or SAME, or None where there is nothing to
compare. UNEXPLAINED is a fault of this file, or of somebody's.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

SAME = "same"
UNEXPLAINED = "unexplained"

# LiteLLM computes in binary floating point; nobody bills less than this.
ROUNDING = Decimal("1e-9")

COUNT_NAMES = {
    "input": "input",
    "cache_read": "cache reads",
    "cache_write": "cache writes",
    "output": "output",
    "reasoning": "reasoning",
}
# Parts of a cost of ours, by the price of theirs that they are to be compared with.
PRICED_AS = {"input": "input", "cache_read": "cache_read", "cache_write": "cache_write", "output": "output"}

# The name of each kind of difference, and what it means. {it} is the other library.
KINDS: dict[str, str] = json.loads((Path(__file__).parent / "kinds.json").read_text())

# What a refusal says, and its kind.
REFUSALS = [
    ("provider not in its list", "provider unknown"),
    ("no extractor for this API", "API unknown"),
    ("no usage found", "usage not found"),
    ("its extractor fails: 'int' object", "fails on enumerations in numbers"),
    ("no object with usage in the stream", "no final object"),
    ("provider returned a response with no 'choices'", "Responses by way of chat"),
    ("Stream ended before a finish_reason was received", "Responses by way of chat"),
    ("event: response.created|OPENROUTER PROCESSING|utf-32-be", "asks for a whole response"),
    ("Error parsing chunk: Expecting value.*chunk: event:", "stream reader fails"),
    ("APIConnectionError: 'args'", "fails on a call without arguments"),
    ("no attribute 'service_tier'", "fails without a service tier"),
    ("no attribute 'iam_cache'", "fails before it asks"),
    ("Unknown provider=None, model=invoke/arn|Unable to determine bedrock embedding provider", "model by ARN"),
    ("Invalid response object|APIConnectionError: '(content|message)'", "refuses the response"),
    ("Token limit reached", "error within a stream"),
    ("Unsupported provider|does not support audio", "API unknown"),
    ("no usage in its|runs have no usage", "API unknown"),
    ("hands on|passed on as it is", "handed on unread"),
]


def usage_difference(row: dict, call: dict, reading: dict) -> str:
    if refusal := reading.get("refusal"):
        flat = refusal.replace("\n", " ")
        kind = next((kind for pattern, kind in REFUSALS if re.search(pattern, flat)), UNEXPLAINED)
        return "API unknown" if kind == "Responses by way of chat" and call["api"] != "responses" else kind
    ours = {name: count or 0 for name, count in call["usage"].items()}
    theirs = {name: reading.get(name) or 0 for name in ours}
    different = {name for name in ours if ours[name] != theirs[name]}
    if not different:
        return SAME
    if not any(theirs.values()):
        return "nothing but zeros"
    billed = call["billed"]
    if billed["input"] is not None and (theirs["input"], theirs["output"]) == (billed["input"], billed["output"] or 0):
        return "billed for used"
    if different == {"input"} and ours["input"] - theirs["input"] == (row["raw"] or {}).get("toolUsePromptTokenCount"):
        return "tool prompts left out"
    if "input" in different and theirs["input"] <= reading.get("own_count", -1):
        return "own count"
    if different <= {"cache_read", "reasoning"}:
        if "cache_read" in different and theirs["cache_read"] == 0:
            return "cache reads not read"
        if different == {"reasoning"}:
            if theirs["reasoning"] == 0:
                return "reasoning not read"
            if call["usage"]["reasoning"] is None or ours["reasoning"] == 0:
                return "reasoning made up"
    return UNEXPLAINED


def cost_difference(call: dict, event: dict, reading: dict, other_days: list[dict]) -> str | None:
    """`other_days` are the prices that Tokometer's list has of this model at other times."""
    ours, theirs = amount(event.get("cost_usd")), amount(reading.get("cost"))
    details = event.get("cost_details") or {}
    if ours is None and theirs is None:
        return None
    if theirs is None:
        if reading.get("refusal"):
            return "not read"
        return (
            "no price for what was used" if "Invalid usage" in reading.get("no_cost", "") else "model not in its list"
        )
    if ours is None:
        return "model not in ours"
    if equal(ours, theirs):
        return SAME
    if "stated" in details and not equal(amount(details.get("computed")), ours):
        return "the provider states its cost"
    if theirs == 0:
        return "its list has no prices"
    return price_difference(call, details, reading, theirs, other_days)


def price_difference(call: dict, details: dict, reading: dict, theirs: Decimal, other_days: list[dict]) -> str:
    parts = details.get("parts") or {}
    fees = sum((Decimal(part["usd"]) for name, part in parts.items() if part["per"] == 1000), Decimal(0))
    computed = Decimal(details["computed"])
    of_our_counts = amount(reading.get("cost_of_our_counts"))
    same_counts = all((reading.get(name) or 0) == (count or 0) for name, count in call["usage"].items())
    if contradictory(call):
        return "counts contradict each other"
    if call["billed"]["input"] is not None and equal(theirs, of_our_counts):
        return "used instead of billed"
    tier = details.get("tier") or (details.get("unpriced") or [None])[0]
    if (tier and tier == call["service_tier"]) or call["traffic_type"] in ("ON_DEMAND_FLEX", "ON_DEMAND_PRIORITY"):
        return "service tier"
    if equal(of_our_counts, computed - fees):
        extra = theirs - (computed - fees)
        if fees and extra > 0 and not equal(extra, fees):
            return "fees counted otherwise"
        if same_counts and extra > 0 and equal(extra % Decimal("0.001"), Decimal(0)):
            return "search fees added"
        if fees and equal(theirs, computed - fees):
            return "search fees left out"
        if not same_counts:
            return "because of the counts"
        missing = (call["usage"]["input"] or 0) - call["input_by_modality"] if call["input_by_modality"] else 0
        return "modalities do not add up" if missing > 0 and theirs < computed else UNEXPLAINED
    if details.get("surcharges"):
        return "surcharges"
    if "cache_write_1h" in parts:
        return "cache writes for an hour"
    if any("audio" in name for name in parts):
        return "audio"
    if "reasoning" in parts and reading.get("prices", {}).get("output") == parts.get("output", {}).get("price"):
        return "reasoning has its own price"
    if disagreeing(parts, reading):
        if details.get("long_context"):
            return "long context"
        if "prices_answered" in reading and reading["prices_answered"] != reading["prices"]:
            return "priced by the name asked for"
        if any(not disagreeing(parts_at(parts, day), reading) for day in other_days):
            return "price of another day"
        return "lists disagree"
    return "fees counted otherwise" if fees and same_counts else UNEXPLAINED


def contradictory(call: dict) -> bool:
    counts = {name: count or 0 for name, count in call["usage"].items()}
    return (
        counts["cache_read"] + counts["cache_write"] > counts["input"]
        or counts["reasoning"] + call["audio_output"] > counts["output"]
    )


def disagreeing(parts: dict, reading: dict) -> list[str]:
    """The parts of our cost for which their list has another price; cached input may be without one of its own."""
    prices = reading.get("prices") or {}
    different = []
    for name, theirs in PRICED_AS.items():
        if name not in parts:
            continue
        listed = prices.get(theirs, prices.get("input") if name.startswith("cache") else None)
        if listed is None or Decimal(listed) != Decimal(parts[name]["price"]):
            different.append(name)
    return different


def parts_at(parts: dict, day: dict) -> dict:
    """The same parts at another day's prices."""
    priced = {}
    for name in parts:
        price = day.get(name, day.get("input") if name.startswith("cache") else None)
        if price is not None:
            priced[name] = {"price": str(price)}
    return priced


def amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def equal(a: Decimal | None, b: Decimal | None) -> bool:
    return a is not None and b is not None and abs(a - b) <= ROUNDING
