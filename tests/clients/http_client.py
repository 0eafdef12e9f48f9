"""http_client.py requests|httpx|aiohttp [PROXY_URL]: chats over one of Python's HTTP libraries, as it comes."""

from __future__ import annotations

import asyncio
import json
import sys

from report import base, report

LIBRARY = sys.argv.pop(1)
URL = (base("/openai/v1") or "https://api.openai.com/v1") + "/chat/completions"
REQUEST = {"model": "gpt-5", "messages": [{"role": "user", "content": "How many people live here?"}]}
STREAMED = REQUEST | {"stream": True, "stream_options": {"include_usage": True}}


def by_requests(headers: dict[str, str], body: dict) -> tuple[int, list[str]]:
    import requests

    with requests.post(URL, json=body, headers=headers, stream=True) as answer:
        return answer.status_code, list(answer.iter_lines(decode_unicode=True))


def by_httpx(headers: dict[str, str], body: dict) -> tuple[int, list[str]]:
    import httpx

    with httpx.stream("POST", URL, json=body, headers=headers) as answer:
        return answer.status_code, list(answer.iter_lines())


def by_aiohttp(headers: dict[str, str], body: dict) -> tuple[int, list[str]]:
    import aiohttp

    async def call() -> tuple[int, list[str]]:
        async with aiohttp.ClientSession(trust_env=True) as session:
            async with session.post(URL, json=body, headers=headers) as answer:
                return answer.status, [line.decode() async for line in answer.content]

    return asyncio.run(call())


CALL = {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp}[LIBRARY]


def chat(headers: dict[str, str], body: dict = REQUEST) -> dict:
    status, lines = CALL(headers | {"Authorization": "Bearer sk-test"}, body)
    return {"status": status, "chunks": [json.loads(line.removeprefix("data: ")) for line in lines if "{" in line]}


report(f"py-{LIBRARY}", {"plain": chat, "stream": lambda headers: chat(headers, STREAMED), "error_429": chat})
