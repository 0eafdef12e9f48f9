"""anthropic_client.py [PROXY_URL]: the Anthropic SDK, told nothing but its base URL."""

from __future__ import annotations

import anthropic
from report import WEATHER_SCHEMA, base, report, scenarios

client = anthropic.Anthropic(base_url=base("/anthropic"), api_key="sk-ant-test", max_retries=0)
REQUEST: dict = {
    "model": "claude-opus-4-8",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How many people live here?"}],
}
TOOLS = [{"name": "get_weather", "description": "The weather of a city", "input_schema": WEATHER_SCHEMA}]


def said(message: anthropic.types.Message) -> dict:
    return {
        "usage": message.usage.model_dump(),
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "tool": next((block.name for block in message.content if block.type == "tool_use"), None),
    }


def whole(headers: dict[str, str], **extra: object) -> dict:
    return said(client.messages.create(**REQUEST, extra_headers=headers, **extra))


def stream(headers: dict[str, str], **extra: object) -> dict:
    with client.messages.stream(**REQUEST, extra_headers=headers, **extra) as events:
        return said(events.get_final_message())


report("py-anthropic", scenarios(whole, stream, tools=TOOLS))
