"""A stand-in for OpenAI, Anthropic and Gemini that real SDKs take for the real thing.

The path says whose API is spoken, the body whether to stream and whether to
call a tool, the field X-Scenario whether to fail: `error_429` answers with that
status, `cut` breaks off in the middle. Every count differs from every other, so
that none can be mistaken.
"""

from __future__ import annotations

import json

from origin import Exchange

TEXT = ["Twelve ", "people ", "live ", "here."]
TOOL = "get_weather"
ARGUMENTS = {"city": "Paris"}

OPENAI_CHAT_USAGE = {
    "prompt_tokens": 41,
    "completion_tokens": 19,
    "total_tokens": 60,
    "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 7, "audio_tokens": 0},
}
OPENAI_RESPONSES_USAGE = {
    "input_tokens": 43,
    "input_tokens_details": {"cached_tokens": 18},
    "output_tokens": 23,
    "output_tokens_details": {"reasoning_tokens": 9},
    "total_tokens": 66,
}
OPENAI_EMBEDDING_USAGE = {"prompt_tokens": 8, "total_tokens": 8}
ANTHROPIC_USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 13,
    "cache_read_input_tokens": 17,
    "output_tokens": 29,
}
GEMINI_USAGE = {
    "promptTokenCount": 31,
    "cachedContentTokenCount": 12,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 6,
    "totalTokenCount": 42,
}


class StandIn:
    """The handler of an Origin."""

    def __call__(self, exchange: Exchange) -> None:
        scenario = exchange.request.get("x-scenario") or ""
        path = exchange.target.split("?")[0]
        body = json.loads(exchange.request.content or b"{}")
        answers = {
            "/v1/chat/completions": openai_chat,
            "/v1/responses": openai_responses,
            "/v1/embeddings": openai_embeddings,
            "/v1/messages": anthropic_messages,
        }
        answer = answers.get(path, gemini_generate)
        if scenario.startswith("error_"):
            fail(exchange, answer, int(scenario.removeprefix("error_")))
            return
        whole, events = answer(body, exchange.target)
        if events is None:
            exchange.answer(json.dumps(whole).encode())
            return
        exchange.begin_stream()
        for event in events:
            if scenario == "cut" and event is events[-2]:
                exchange.break_off()
                return
            exchange.stream(event.encode())
        exchange.end_stream()


Answer = tuple[dict, list[str] | None]  # the whole body, and the stream's events if one was asked for


def fail(exchange: Exchange, answer: object, status: int) -> None:
    kinds = {401: "authentication_error", 429: "rate_limit_error", 500: "api_error"}
    message = f"refused with {status}"
    if answer is anthropic_messages:
        body: dict = {"type": "error", "error": {"type": kinds[status], "message": message}}
    elif answer is gemini_generate:
        body = {"error": {"code": status, "message": message, "status": "UNAVAILABLE"}}
    else:
        body = {"error": {"message": message, "type": kinds[status], "param": None, "code": kinds[status]}}
    exchange.answer(json.dumps(body).encode(), f"{status} Refused")


def sse(data: object, name: str = "") -> str:
    event = f"event: {name}\n" if name else ""
    return f"{event}data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def openai_chat(body: dict, _: str) -> Answer:
    common = {"id": "chatcmpl-1", "created": 1795379871, "model": body["model"] + "-2026-01-15"}
    call = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}}
    if "tools" in body:
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        finish = "tool_calls"
        deltas = [{"role": "assistant", "content": None, "tool_calls": [{"index": 0, **call}]}]
    else:
        message = {"role": "assistant", "content": "".join(TEXT)}
        finish = "stop"
        deltas = [{"role": "assistant", "content": ""}] + [{"content": text} for text in TEXT]
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    whole = common | {"object": "chat.completion", "choices": [choice], "usage": OPENAI_CHAT_USAGE}
    if not body.get("stream"):
        return whole, None
    part = common | {"object": "chat.completion.chunk"}
    chunks = [part | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append(part | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if body.get("stream_options", {}).get("include_usage"):
        chunks.append(part | {"choices": [], "usage": OPENAI_CHAT_USAGE})
    return whole, [sse(chunk) for chunk in chunks] + [sse("[DONE]")]


def openai_responses(body: dict, _: str) -> Answer:
    if "tools" in body:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": TOOL, "status": "completed"}
        item["arguments"] = json.dumps(ARGUMENTS)
    else:
        content = [{"type": "output_text", "text": "".join(TEXT), "annotations": []}]
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    begun = {
        "id": "resp_1", "object": "response", "created_at": 1795379871, "model": body["model"] + "-2026-01-15",
        "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None,
        "instructions": None, "metadata": {}, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip
    whole = begun | {"status": "completed", "output": [item], "usage": OPENAI_RESPONSES_USAGE}
    if not body.get("stream"):
        return whole, None
    place = {"output_index": 0, "content_index": 0, "item_id": item["id"]}
    events: list[dict] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress"}},
        *({"type": "response.output_text.delta", "delta": text, "logprobs": []} | place for text in TEXT),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return whole, [sse(event | {"sequence_number": i}, event["type"]) for i, event in enumerate(events)]


def openai_embeddings(body: dict, _: str) -> Answer:
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]
    return {"object": "list", "data": data, "model": body["model"], "usage": OPENAI_EMBEDDING_USAGE}, None


def anthropic_messages(body: dict, _: str) -> Answer:
    if "tools" in body:
        block: dict = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": ARGUMENTS}
        begun_block: dict = block | {"input": {}}
        deltas: list[dict] = [{"type": "input_json_delta", "partial_json": json.dumps(ARGUMENTS)}]
        reason = "tool_use"
    else:
        block = {"type": "text", "text": "".join(TEXT)}
        begun_block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": text} for text in TEXT]
        reason = "end_turn"
    whole = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [block],
        "stop_reason": reason, "stop_sequence": None, "usage": ANTHROPIC_USAGE,
    }  # fmt: skip
    if not body.get("stream"):
        return whole, None
    begun = whole | {"content": [], "stop_reason": None, "usage": ANTHROPIC_USAGE | {"output_tokens": 1}}
    end = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 29}}
    events: list[dict] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": begun_block},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta"} | end,
        {"type": "message_stop"},
    ]
    return whole, [sse(event, event["type"]) for event in events]


def gemini_generate(body: dict, target: str) -> Answer:
    model = target.split("/models/")[1].split(":")[0]
    common = {"modelVersion": model, "responseId": "r1"}
    parts = [{"functionCall": {"name": TOOL, "args": ARGUMENTS}}] if "tools" in body else [{"text": t} for t in TEXT]

    def candidate(some: list[dict], finish: str | None) -> dict:
        result: dict = {"content": {"role": "model", "parts": some}, "index": 0}
        return result | ({"finishReason": finish} if finish else {})

    whole = common | {"candidates": [candidate(parts, "STOP")], "usageMetadata": GEMINI_USAGE}
    if ":stream" not in target:
        return whole, None
    prompt = {"promptTokenCount": 31, "cachedContentTokenCount": 12, "totalTokenCount": 31}
    events = [common | {"candidates": [candidate([part], None)], "usageMetadata": prompt} for part in parts]
    events.append(common | {"candidates": [candidate([{"text": ""}], "STOP")], "usageMetadata": GEMINI_USAGE})
    return whole, [sse(event) for event in events]
