"""gemini_client.py [PROXY_URL]: the Google GenAI SDK, told nothing but its base URL."""

from __future__ import annotations

from google import genai
from google.genai import types
from report import WEATHER_SCHEMA, base, report, scenarios

client = genai.Client(api_key="AIza-test", http_options=types.HttpOptions(base_url=base("/gemini")))
TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather", description="The weather of a city", parameters_json_schema=WEATHER_SCHEMA
            )
        ]
    )
]


def request(headers: dict[str, str], **extra: object) -> dict:
    config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=headers), **extra)
    return {"model": "gemini-2.5-flash", "contents": "How many people live here?", "config": config}


def usage_of(answer: types.GenerateContentResponse) -> dict:
    return answer.usage_metadata.model_dump(by_alias=True, exclude_none=True)


def text_of(answer: types.GenerateContentResponse) -> str:
    return "".join(part.text or "" for part in answer.candidates[0].content.parts)


def tool_of(answer: types.GenerateContentResponse) -> str | None:
    return answer.function_calls[0].name if answer.function_calls else None


def whole(headers: dict[str, str], **extra: object) -> dict:
    answer = client.models.generate_content(**request(headers, **extra))
    return {"usage": usage_of(answer), "text": text_of(answer), "tool": tool_of(answer)}


def stream(headers: dict[str, str], **extra: object) -> dict:
    usage, text, tool = None, "", None
    for part in client.models.generate_content_stream(**request(headers, **extra)):
        usage = usage_of(part)
        text += text_of(part)
        tool = tool_of(part) or tool
    return {"usage": usage, "text": text, "tool": tool}


report("py-gemini", scenarios(whole, stream, tools=TOOLS))
