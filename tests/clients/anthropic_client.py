"""anthropic_client.py PROXY_URL: the Anthropic SDK, told nothing but its base URL."""

from __future__ import annotations

import sys

import anthropic
from report import WEATHER_SCHEMA, report

client = anthropic.Anthropic(base_url=f"{sys.argv[1]}/anthropic", api_key="sk-ant-test", max_retries=0)
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


report(
    "py-anthropic",
    {
        "plain": whole,
        "stream": stream,
        "tools": lambda headers: whole(headers, tools=TOOLS),
        "tools_stream": lambda headers: stream(headers, tools=TOOLS),
        "error_401": whole,
        "error_429": whole,
        "error_500": stream,
        "cut": stream,
    },
)
