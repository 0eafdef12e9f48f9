"""Runs one call after the other and prints what the SDK says of each: a JSON object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

Call = Callable[..., dict]  # of the fields of the call, and of what to add to the request

WEATHER_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def base(path: str) -> str | None:
    """The base URL of a route of the proxy; None if the script was told no proxy, so that the SDK asks its provider."""
    return sys.argv[1] + path if len(sys.argv) > 1 else None


def scenarios(whole: Call, stream: Call, **tools: object) -> dict[str, Call]:
    """What every SDK is asked."""
    return {
        "plain": whole,
        "stream": stream,
        "tools": lambda headers: whole(headers, **tools),
        "tools_stream": lambda headers: stream(headers, **tools),
        "error_401": whole,
        "error_429": whole,
        "error_500": stream,
        "cut": stream,
    }


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
