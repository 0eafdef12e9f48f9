"""A stand-in for OpenAI, Anthropic, Gemini, Mistral, Cohere, Groq and Bedrock that real SDKs take for the real thing.

The path (and the model, of Mistral's) says whose API is spoken, the body whether to stream and whether to
call a tool, the field X-Scenario whether to fail: `error_429` answers with that
status, `cut` breaks off in the middle. Every count differs from every other, so
that none can be mistaken.
"""

from __future__ import annotations

import json

import bedrock
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
MISTRAL_USAGE = {
    "prompt_tokens": 47,
    "completion_tokens": 21,
    "total_tokens": 68,
    "num_cached_tokens": 32,
    "prompt_tokens_details": {"cached_tokens": 32},
}
GROQ_USAGE = {
    "queue_time": 0.021, "prompt_tokens": 53, "prompt_time": 0.003, "completion_tokens": 27, "completion_time": 0.08,
    "total_tokens": 80, "total_time": 0.083, "prompt_tokens_details": {"cached_tokens": 24},
    "completion_tokens_details": {"reasoning_tokens": 4},
}  # fmt: skip
COHERE_USAGE = {
    "billed_units": {"input_tokens": 9, "output_tokens": 33},
    "tokens": {"input_tokens": 507, "output_tokens": 35},
    "cached_tokens": 288,
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
            "/openai/v1/chat/completions": groq_chat,
            "/v2/chat": cohere_chat,
        }
        answer = bedrock_converse if path.startswith("/model/") else answers.get(path, gemini_generate)
        if (exchange.request.get("host") or "").endswith(".amazonaws.com") and not bedrock.is_signed(exchange.request):
            fail(exchange, bedrock_converse, 401)
            return
        if scenario.startswith("error_"):
            fail(exchange, answer, int(scenario.removeprefix("error_")))
            return
        whole, events = answer(body, exchange.target)
        if events is None:
            exchange.answer(json.dumps(whole).encode())
            return
        exchange.begin_stream(BEDROCK_STREAM if answer is bedrock_converse else "text/event-stream")
        for event in events:
            if scenario == "cut" and event is events[-2]:
                exchange.break_off()
                return
            exchange.stream(event if isinstance(event, bytes) else event.encode())
        exchange.end_stream()


BEDROCK_STREAM = "application/vnd.amazon.eventstream"
Answer = tuple[dict, list[str] | list[bytes] | None]  # the whole body, and the stream's events if one was asked for


def fail(exchange: Exchange, answer: object, status: int) -> None:
    kinds = {401: "authentication_error", 429: "rate_limit_error", 500: "api_error"}
    message = f"refused with {status}"
    fields: list[tuple[str, str]] = []
    if answer is anthropic_messages:
        body: dict = {"type": "error", "error": {"type": kinds[status], "message": message}}
    elif answer is bedrock_converse:
        body = {"message": message}
        fields = [("x-amzn-ErrorType", bedrock.ERRORS[status])]
    elif answer is cohere_chat:
        body = {"id": "f1", "message": message}
    elif answer is gemini_generate:
        body = {"error": {"code": status, "message": message, "status": "UNAVAILABLE"}}
    else:
        body = {"error": {"message": message, "type": kinds[status], "param": None, "code": kinds[status]}}
    exchange.answer(json.dumps(body).encode(), f"{status} Refused", fields=fields)


def sse(data: object, name: str = "") -> str:
    event = f"event: {name}\n" if name else ""
    return f"{event}data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def openai_chat(body: dict, _: str) -> Answer:
    model = body["model"]
    if model.startswith("mistral"):
        return completion(body, model, MISTRAL_USAGE, {"usage": MISTRAL_USAGE})
    whole, events = completion(body, model + "-2026-01-15", OPENAI_CHAT_USAGE, {})
    if events and body.get("stream_options", {}).get("include_usage"):
        chunk = whole | {"object": "chat.completion.chunk", "choices": [], "usage": OPENAI_CHAT_USAGE}
        events.insert(-1, sse(chunk))
    return whole, events


def groq_chat(body: dict, _: str) -> Answer:
    return completion(body, body["model"], GROQ_USAGE, {"x_groq": {"id": "req_1", "usage": GROQ_USAGE}})


def completion(body: dict, model: str, usage: dict, at_end: dict) -> tuple[dict, list[str] | None]:
    """Of OpenAI's shape; `at_end` is what else the chunk with the finish reason has."""
    common = {"id": "chatcmpl-1", "created": 1795379871, "model": model}
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
    whole = common | {"object": "chat.completion", "choices": [choice], "usage": usage}
    if not body.get("stream"):
        return whole, None
    part = common | {"object": "chat.completion.chunk"}
    chunks = [part | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append(part | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]} | at_end)
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


def cohere_chat(body: dict, _: str) -> Answer:
    call = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}}
    if "tools" in body:
        content: dict = {"tool_calls": [call]}
        finish = "TOOL_CALL"
        begun = call | {"function": {"name": TOOL, "arguments": ""}}
        parts: list[tuple[str, dict]] = [
            ("tool-call-start", {"tool_calls": begun}),
            ("tool-call-delta", {"tool_calls": {"function": {"arguments": json.dumps(ARGUMENTS)}}}),
            ("tool-call-end", {}),
        ]
    else:
        content = {"content": [{"type": "text", "text": "".join(TEXT)}]}
        finish = "COMPLETE"
        parts = [("content-start", {"content": {"type": "text", "text": ""}})]
        parts += [("content-delta", {"content": {"text": text}}) for text in TEXT]
        parts.append(("content-end", {}))
    whole = {"id": "c1", "message": {"role": "assistant"} | content, "finish_reason": finish, "usage": COHERE_USAGE}
    if not body.get("stream"):
        return whole, None
    begin = {"id": "c1", "type": "message-start", "delta": {"message": {"role": "assistant", "content": []}}}
    events = [begin]
    for kind, message in parts:
        events.append({"type": kind, "index": 0} | ({"delta": {"message": message}} if message else {}))
    events.append({"type": "message-end", "delta": {"finish_reason": finish, "usage": COHERE_USAGE}})
    return whole, [sse(event, event["type"]) for event in events] + [sse("[DONE]")]


def bedrock_converse(body: dict, target: str) -> Answer:
    whole, events = bedrock.converse(body, TEXT, TOOL, ARGUMENTS)
    return whole, events if target.endswith("-stream") else None
