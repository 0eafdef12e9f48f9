"""litellm_client.py [PROXY_URL]: LiteLLM as a library, told nothing but its base URL, over providers that it speaks with."""

from __future__ import annotations

import gc
import os

# It leaves streams to the collector, which may close one while httpcore's pool, on the same thread, has the lock that
# closing takes.
gc.disable()
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch a newer one of prices from GitHub

import litellm
from report import WEATHER_SCHEMA, base, report, scenarios

litellm.suppress_debug_info = True
MESSAGES = [{"role": "user", "content": "How many people live here?"}]
TOOLS = [
    {
        "type": "function",
        "function": {"name": "get_weather", "description": "The weather of a city", "parameters": WEATHER_SCHEMA},
    }
]


def calls(model: str, api_base: str | None) -> dict:
    asked = {"model": model, "messages": MESSAGES, "api_base": api_base, "api_key": "sk-test", "max_retries": 0}

    def whole(headers: dict[str, str], **extra: object) -> dict:
        answer = litellm.completion(**asked, extra_headers=headers, **extra)
        message = answer.choices[0].message
        tool = message.tool_calls[0].function.name if message.tool_calls else None
        return {"usage": answer.usage.model_dump(), "text": message.content, "tool": tool}

    def stream(headers: dict[str, str], **extra: object) -> dict:
        usage, text, tool = None, "", None
        options = {"stream": True, "stream_options": {"include_usage": True}}
        for chunk in litellm.completion(**asked, **options, extra_headers=headers, **extra):
            usage = chunk.usage.model_dump() if getattr(chunk, "usage", None) else usage
            if chunk.choices:
                delta = chunk.choices[0].delta
                text += delta.content or ""
                tool = tool or (delta.tool_calls[0].function.name if delta.tool_calls else None)
        return {"usage": usage, "text": text, "tool": tool}

    return scenarios(whole, stream, tools=TOOLS)


report("py-litellm-openai", calls("openai/gpt-5", base("/openai/v1")))
report("py-litellm-anthropic", calls("anthropic/claude-opus-4-8", base("/anthropic")))
