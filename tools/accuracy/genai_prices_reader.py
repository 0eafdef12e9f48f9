"""Gives recorded responses to genai-prices, as its documentation says.

    genai_prices_reader.py CALLS.jsonl READINGS.jsonl

A call is a line of calls.py. `extract_usage` gets the response's object (of a
stream: the object that the provider's SDK makes of it), the URL and the flavour
of the API; `calc_price` gets the time of the call and, as price context, what
the response says of its tier.
"""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import unquote

import reader
from genai_prices import Usage, __version__, calc_price, data_snapshot
from streams import final_object

PROVIDERS = data_snapshot.get_snapshot()
COUNTS = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "output_reasoning_tokens",
}


def flavors_for(call: dict) -> list[str]:
    """Those that fit, the best first."""
    match call["api"]:
        case "bedrock_invoke":
            return ["anthropic"] if "anthropic" in call["path"] else ["no flavour"]
        case "anthropic" | "gemini" | "bedrock_converse" | "gemini_interactions" | "gemini_embed":
            return ["default"]
        case "cohere":
            return ["embeddings"] if "/embed" in call["path"] else ["tokens"]
        case "embeddings" | "rerank" | "transcription":
            return [call["api"], "default"]
        case "chat":
            return ["chat", "default"]
    return [call["api"], "default"]


def context_of(call: dict) -> dict[str, str]:
    context = {}
    if call["service_tier"]:
        context["service_tier"] = call["service_tier"]
    if call["speed"]:
        context["speed"] = call["speed"]
    return context


def model_in_path(path: str) -> str | None:
    """Bedrock's and Gemini's models stand in the path only."""
    for mark in ("/model/", "/models/"):
        if mark in path:
            return unquote(path.split(mark, 1)[1].split("/")[0].split(":generate")[0].split(":stream")[0])
    return None


def read(call: dict) -> dict:
    url = f"https://{call['host']}{call['path']}"
    when = datetime.fromisoformat(call["when"])
    reading: dict = {"id": call["id"]}
    try:
        provider = PROVIDERS.find_provider(None, None, url)
    except LookupError:
        return reading | {"refusal": "provider not in its list"}
    flavors = {extractor.api_flavor for extractor in provider.extractors or []}
    flavor = next((name for name in flavors_for(call) if name in flavors), None)
    model = call["response_model"] or call["request_model"] or model_in_path(call["path"]) or ""
    reading |= price_of_our_counts(call, provider.id, model, when)
    if flavor is None:
        return reading | {"refusal": "no extractor for this API"}
    response = final_object(base64.b64decode(call["response"]), call["framing"], call["api"])
    if response is None:
        return reading | {"refusal": "no object with usage in the stream"}
    try:
        _, usage = provider.extract_usage(response, api_flavor=flavor)
    except ValueError as error:
        return reading | {"refusal": f"no usage found: {error}"}
    except AttributeError as error:
        return reading | {"refusal": f"its extractor fails: {error}"}
    for ours, theirs in COUNTS.items():
        reading[ours] = getattr(usage, theirs)
    if call["api"] == "cohere" and flavor == "tokens":  # what Cohere bills stands elsewhere
        _, usage = provider.extract_usage(response, api_flavor="default")
    try:
        price = calc_price(
            usage, model, provider_id=provider.id, genai_request_timestamp=when, price_context=context_of(call)
        )
        reading["cost"] = str(price.total_price)
    except LookupError:
        reading["no_cost"] = "model not in its list"
    except ValueError as error:
        reading["no_cost"] = str(error)
    return reading


def price_of_our_counts(call: dict, provider: str, model: str, when: datetime) -> dict:
    """What its price list says of the counts that we found: tells prices that differ from counts that do."""
    usage = Usage(**{COUNTS[name]: call["usage"][name] for name in COUNTS if call["usage"][name] is not None})
    try:
        price = calc_price(
            usage, model, provider_id=provider, genai_request_timestamp=when, price_context=context_of(call)
        )
    except (LookupError, ValueError):
        return {}
    prices = prices_of(price.model_price, call["usage"]["input"] or 0)
    return {"cost_of_our_counts": str(price.total_price), "prices": prices, "model": price.model.id}


def prices_of(listed: object, input_tokens: int) -> dict:
    """USD per million tokens, those of a request of this length."""
    names = {
        "input": "input_mtok",
        "cache_read": "cache_read_mtok",
        "cache_write": "cache_write_mtok",
        "output": "output_mtok",
        "reasoning": "output_reasoning_mtok",
    }
    prices = {}
    for ours, theirs in names.items():
        value = getattr(listed, theirs, None)
        for tier in getattr(value, "tiers", []):
            value = tier.price if input_tokens > tier.start else value
        value = getattr(value, "base", value)
        if value is not None:
            prices[ours] = f"{value:f}"
    return prices


reader.run(__version__, read)
