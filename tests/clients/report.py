"""Runs one call after the other and prints what the SDK says of each: a JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable

Call = Callable[[dict[str, str]], dict]

WEATHER_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def report(client: str, calls: dict[str, Call]) -> None:
    for scenario, call in calls.items():
        session = f"{client}-{scenario}"
        headers = {"X-Tokometer-Session": session, "X-Scenario": scenario}
        try:
            said = call(headers)
        except Exception as error:  # each SDK has its own
            status = getattr(error, "status_code", None) or getattr(error, "code", None)
            said = {"error": type(error).__name__, "status": status if isinstance(status, int) else None}
        print(json.dumps({"session": session, **said}), flush=True)
