"""openai_client.py [PROXY_URL]: the OpenAI SDK, told nothing but its base URL."""

from __future__ import annotations

import openai
from report import WEATHER_SCHEMA, base, report, scenarios

client = openai.OpenAI(base_url=base("/openai/v1"), api_key="sk-test", max_retries=0)
MODEL = "gpt-5"
MESSAGES = [{"role": "user", "content": "How many people live here?"}]
TOOLS = [
    {
        "type": "function",
        "function": {"name": "get_weather", "description": "The weather of a city", "parameters": WEATHER_SCHEMA},
    }
]


def chat(headers: dict[str, str], **extra: object) -> dict:
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_headers=headers, **extra)
    message = answer.choices[0].message
    tool = message.tool_calls[0].function.name if message.tool_calls else None
    return {"usage": answer.usage.model_dump(), "text": message.content, "tool": tool}


def chat_stream(headers: dict[str, str], **extra: object) -> dict:
    usage, text, tool = None, "", None
    for chunk in client.chat.completions.create(
        model=MODEL,
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
        extra_headers=headers,
        **extra,
    ):
        usage = chunk.usage.model_dump() if chunk.usage else usage
        if chunk.choices:
            delta = chunk.choices[0].delta
            text += delta.content or ""
            tool = delta.tool_calls[0].function.name if delta.tool_calls else tool
    return {"usage": usage, "text": text, "tool": tool}


def responses(headers: dict[str, str]) -> dict:
    answer = client.responses.create(model=MODEL, input="How many?", extra_headers=headers)
    return {"usage": answer.usage.model_dump(), "text": answer.output_text}


def responses_stream(headers: dict[str, str]) -> dict:
    usage, text = None, ""
    for event in client.responses.create(model=MODEL, input="How many?", stream=True, extra_headers=headers):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.completed":
            usage = event.response.usage.model_dump()
    return {"usage": usage, "text": text}


def embeddings(headers: dict[str, str]) -> dict:
    answer = client.embeddings.create(
        model="text-embedding-3-small", input="x", encoding_format="float", extra_headers=headers
    )
    return {"usage": answer.usage.model_dump()}


report(
    "py-openai",
    {
        **scenarios(chat, chat_stream, tools=TOOLS),
        "responses": responses,
        "responses_stream": responses_stream,
        "embeddings": embeddings,
    },
)
