"""How far estimates are off: the recorded exchanges with their usage taken out, as if the provider had stated none.

Compared are those that Tokometer then estimates with what the whole exchange must yield. Not here: what an estimate is
made of (docs/providers.md); AWS event streams, whose messages carry checksums.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ours
import recorded

# Members of responses that state counts, whatever holds them.
COUNTING = {
    "amazon-bedrock-invocationMetrics", "billed_units", "eval_count", "generation_token_count", "inputTextTokenCount",
    "input_token_count", "meta", "num_tokens_generated", "num_tokens_prompt_total", "prompt_eval_count",
    "prompt_token_count", "tokenCount", "usage", "usageMetadata", "usage_metadata", "x_groq",
}  # fmt: skip


def without_counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_counts(member) for name, member in value.items() if name not in COUNTING}
    if isinstance(value, list):
        return [without_counts(element) for element in value]
    return value


def stripped_json(text: str) -> str:
    try:
        return json.dumps(without_counts(json.loads(text)))
    except ValueError:
        return text


def stripped_lines(prefix: str) -> Callable[[str], str]:
    """Of what comes in lines, those that begin with `prefix`."""

    def strip(text: str) -> str:
        lines = text.splitlines()
        return "".join(
            (prefix + stripped_json(line[len(prefix) :]) if line.startswith(prefix) else line) + "\n" for line in lines
        )

    return strip


STRIP: dict[str, Callable[[str], str]] = {
    "json": stripped_json,
    "json-array": stripped_json,
    "sse": stripped_lines("data:"),
    "ndjson": stripped_lines(""),
}


def stripped(exchange: recorded.Exchange, framing: str) -> recorded.Exchange:
    fields = [(name, value) for name, value in exchange.response_fields if not name.lower().endswith("-token-count")]
    content = STRIP[framing](exchange.response.decode(errors="replace")).encode()
    return replace(exchange, response_fields=fields, response=content)


def measured() -> dict[str, dict]:
    """Rows whose usage can be taken out, and whose request is there to be counted."""
    return {
        id: row
        for id, row in recorded.expected().items()
        if row["strict"] and row["kind"] == "generation" and row["has_request"] and row["framing"] in STRIP
    }


def from_har(folder: Path) -> ours.Events:
    rows = measured()
    exchanges = [stripped(recorded.exchanges()[id], row["framing"]) for id, row in rows.items()]
    har = folder / "without_usage.har"
    recorded.write_har(har, exchanges)
    return ours.read_har(folder, har)


@dataclass
class Errors:
    """Of estimates, in parts of the true count."""

    calls: int = 0
    silent: int = 0  # no estimate was made
    input: list[float] = field(default_factory=list)
    output: list[float] = field(default_factory=list)
    reasoned: list[float] = field(default_factory=list)  # output of which the provider hides a part


def tallies(events: ours.Events) -> dict[str, Errors]:
    found: dict[str, Errors] = defaultdict(Errors)
    for id, row in measured().items():
        event = events.get(id)
        if event is None:
            continue
        errors = found[event["provider"]]
        errors.calls += 1
        if event["usage_source"] != "estimated":
            errors.silent += 1
            continue
        for name, true, into in (
            ("input_tokens", row["input_tokens"], errors.input),
            ("output_tokens", row["output_tokens"], errors.reasoned if row["reasoning_tokens"] else errors.output),
        ):
            if true and event.get(name) is not None:
                into.append(event[name] / true - 1)
    return found


def spread(errors: list[float]) -> str:
    """The median error, and that which nine in ten stay within."""
    if not errors:
        return ""
    sizes = sorted(abs(error) for error in errors)
    return f"{statistics.median(errors):+.0%}, within {sizes[math.ceil(0.9 * len(sizes)) - 1]:.0%}"
