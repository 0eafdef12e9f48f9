"""Makes recorded calls through LiteLLM, which gets the recorded responses for its requests.

    litellm_reader.py CALLS.jsonl READINGS.jsonl

A call is a line of calls.py. Each is made as a program would make it
(`litellm.completion`, `.responses`, `.embedding`, …, with `stream=True` where
it was streamed) and answered within the HTTP client: nothing leaves the process.
Costs come from the price list that the package carries.
"""

from __future__ import annotations

import base64
import json
import os
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

os.environ |= {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "CRITICAL",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION_NAME": "us-east-1",
    "AWS_REGION": "us-east-1",
}

import httpx  # noqa: E402
import httpx2  # noqa: E402
import litellm  # noqa: E402
import reader  # noqa: E402
from litellm.llms.vertex_ai.vertex_llm_base import VertexBase  # noqa: E402

warnings.simplefilter("ignore")
litellm.suppress_debug_info = True
litellm.num_retries = 0

MESSAGES = [{"role": "user", "content": "What did this call use?"}]
OWN_COUNT = litellm.token_counter(model="", messages=MESSAGES)
# How LiteLLM names our providers, where it knows them; OpenAI's shape at any address is `openai` with an api_base.
PREFIXES = {
    "alibaba_cloud": "dashscope",
    "anthropic": "anthropic",
    "aws.bedrock": "bedrock",
    "azure.ai.openai": "azure",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "cohere": "cohere_chat",
    "databricks": "databricks",
    "deepseek": "deepseek",
    "gcp.gemini": "gemini",
    "gcp.vertex_ai": "vertex_ai",
    "groq": "groq",
    "heroku": "heroku",
    "huggingface": "huggingface",
    "ibm.watsonx.ai": "watsonx",
    "litellm": "litellm_proxy",
    "lm_studio": "lm_studio",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshot",
    "ollama": "ollama_chat",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "snowflake": "snowflake",
    "together": "together_ai",
    "voyage": "voyage",
    "x_ai": "xai",
    "z_ai": "zai",
}


class Origin:
    """Answers every request of an HTTP client with the call at hand."""

    call: dict
    requests: int

    def answer(self, library: Any) -> Any:
        def handle_request(_transport: Any, request: Any) -> Any:
            self.requests += 1
            fields = [(name, value) for name, value in self.call["response_fields"] if not name.startswith(":")]
            if self.call["content_type"] and not any(name.lower() == "content-type" for name, _ in fields):
                fields.append(("content-type", self.call["content_type"]))
            content = asked_for(self.call)
            return library.Response(self.call["status"], headers=fields, content=content, request=request)

        return handle_request


def asked_for(call: dict) -> bytes:
    """The response, framed as LiteLLM asks for it: Gemini's streams as server-sent events, never as an array."""
    content = base64.b64decode(call["response"])
    if call["framing"] == "json-array":
        return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in json.loads(content))
    return content


ORIGIN = Origin()
httpx.HTTPTransport.handle_request = ORIGIN.answer(httpx)
httpx2.HTTPTransport.handle_request = ORIGIN.answer(httpx2)
# Google's credentials: none are needed where nothing is sent.
VertexBase._ensure_access_token = lambda *_, **__: ("none", "none")
VertexBase.get_access_token = lambda *_, **__: ("none", "none")


def model_of(call: dict) -> tuple[str, dict]:
    """The model as LiteLLM wants it, and what else it needs to know."""
    model = call["request_model"] or call["response_model"] or "unknown"
    prefix = PREFIXES.get(call["provider"], "gemini" if call["api"] == "gemini" else "openai")
    options: dict = {"api_key": "none", "timeout": 5}
    api, path = call["api"], call["path"]
    if prefix == "openai" and call["host"] != "api.openai.com":
        options["api_base"] = f"https://{call['host']}/v1"
    if prefix == "bedrock":
        options.pop("api_key")
        if "mantle" in call["host"]:
            prefix = "bedrock_mantle"
            options["api_key"] = "none"
        elif call["kind"] == "generation":
            prefix += "/converse" if api == "bedrock_converse" else "/invoke"
    elif prefix == "azure":
        options |= {"api_base": f"https://{call['host']}", "api_version": "2025-04-01-preview"}
        if "/models/" in path:
            prefix = "azure_ai"
    elif prefix == "cohere_chat":
        prefix = "cohere" if call["operation"] != "chat" else "cohere_chat"
        if path.startswith("/v1/chat"):
            prefix += "/v1"
    elif prefix == "ollama_chat":
        if api == "chat":
            prefix = "openai"
            options["api_base"] = f"https://{call['host']}/v1"
        elif "/generate" in path or call["operation"] == "embeddings":
            prefix = "ollama"
    elif prefix in ("databricks", "snowflake", "litellm_proxy", "lm_studio", "heroku", "cloudflare"):
        options["api_base"] = f"https://{call['host']}{path.rsplit('/chat/completions', 1)[0]}"
    elif prefix == "vertex_ai":
        options |= {"vertex_project": "none", "vertex_location": "us-central1"}
    elif prefix == "watsonx":
        options |= {"api_base": f"https://{call['host']}", "project_id": "none", "token": "none"}
    return f"{prefix}/{model}", options


def counts_of(usage: Any) -> dict:
    """LiteLLM's Usage, of chat or of Responses."""
    get = usage.get if isinstance(usage, dict) else lambda name: getattr(usage, name, None)

    def detail(names: tuple[str, ...], name: str) -> Any:
        for outer in names:
            details = get(outer)
            value = details.get(name) if isinstance(details, dict) else getattr(details, name, None)
            if value is not None:
                return value
        return None

    inputs = ("prompt_tokens_details", "input_tokens_details")
    outputs = ("completion_tokens_details", "output_tokens_details")
    first = lambda *values: next((value for value in values if value is not None), None)  # noqa: E731
    return {
        "input": first(get("prompt_tokens"), get("input_tokens")),
        "cache_read": first(detail(inputs, "cached_tokens"), get("cache_read_input_tokens")),
        "cache_write": first(
            get("cache_creation_input_tokens"),
            detail(inputs, "cache_creation_tokens"),
            detail(inputs, "cache_write_tokens"),
        ),
        "output": first(get("completion_tokens"), get("output_tokens")),
        "reasoning": detail(outputs, "reasoning_tokens"),
    }


def assembled(stream: Iterator[Any]) -> Any:
    """A chat stream's chunks put together, as its callers do."""
    return litellm.stream_chunk_builder(list(stream), messages=MESSAGES)


def response_of(stream: Iterator[Any]) -> Any:
    """The response that the last event of a stream of Responses holds."""
    found = None
    for event in stream:
        found = getattr(event, "response", None) or found
    return found


def with_usage(stream: Iterator[Any]) -> Any:
    """The last chunk that has usage."""
    return next((chunk for chunk in reversed(list(stream)) if getattr(chunk, "usage", None)), None)


def made(call: dict, model: str, options: dict) -> tuple[Any, str]:
    """What LiteLLM returns, and the call's type."""
    stream = {"stream": True} if call["streaming"] else {}
    match call["api"]:
        case "assistants":
            raise NotImplementedError("runs have no usage in LiteLLM")
        case "gemini_interactions":
            found = litellm.interactions.create(model=model, input="hello", **stream, **options)
            if call["streaming"]:
                raise NotImplementedError("a stream of interactions is passed on as it is")
            return found, "completion"
        case "responses":
            found = litellm.responses(model=model, input="hello", **stream, **options)
            return (response_of(found) if call["streaming"] else found), "responses"
    match call["operation"] if call["kind"] != "embedding" else "embeddings":
        case "embeddings":
            return litellm.embedding(model=model, input=["hello"], **options), "embedding"
        case "rerank":
            return litellm.rerank(model=model, query="hello", documents=["a", "b"], **options), "rerank"
        case "transcription":
            file = ("hello.wav", b"RIFF")
            return litellm.transcription(model=model, file=file, **stream, **options), "transcription"
    if call["streaming"]:
        stream["stream_options"] = {"include_usage": True}
    if call["operation"] == "text_completion" and call["api"] == "chat":
        found = litellm.text_completion(model=model, prompt="hello", **stream, **options)
        return (with_usage(found) if call["streaming"] else found), "text_completion"
    found = litellm.completion(model=model, messages=MESSAGES, **stream, **options)
    return (assembled(found) if call["streaming"] else found), "completion"


def read(call: dict) -> dict:
    ORIGIN.call, ORIGIN.requests = call, 0
    reading: dict = {"id": call["id"], "own_count": OWN_COUNT}
    model, options = model_of(call)
    reading |= price_of_our_counts(call, model)
    try:
        found, kind = made(call, model, options)
    except NotImplementedError as error:
        return reading | {"refusal": str(error)}
    except Exception as error:  # whatever it raises is what its caller gets
        return reading | {"refusal": f"{type(error).__name__}: {str(error)[:200]}", "requests": ORIGIN.requests}
    usage = getattr(found, "usage", None)
    if usage is None:
        return reading | {"refusal": f"no usage in its {type(found).__name__}"}
    if call["api"] == "gemini_interactions":
        reading["refusal"] = "hands on Google's usage object as it is"
    else:
        reading |= counts_of(usage)
    cost = (getattr(found, "_hidden_params", None) or {}).get("response_cost")
    if cost is None:
        try:
            cost = litellm.completion_cost(completion_response=found, model=model, call_type=kind)
        except Exception as error:  # as above
            reading["no_cost"] = f"{type(error).__name__}: {str(error)[:200]}"
    if cost is not None:
        reading["cost"] = f"{cost:.12f}"
    return reading


def price_of_our_counts(call: dict, model: str) -> dict:
    """What its price list says of the counts that we found: tells prices that differ from counts that do."""
    ours = call["usage"]
    usage = litellm.Usage(
        prompt_tokens=ours["input"] or 0,
        completion_tokens=ours["output"] or 0,
        total_tokens=(ours["input"] or 0) + (ours["output"] or 0),
        prompt_tokens_details={
            "cached_tokens": ours["cache_read"] or 0,
            "cache_creation_tokens": ours["cache_write"] or 0,
        },
        completion_tokens_details={"reasoning_tokens": ours["reasoning"] or 0},
        cache_read_input_tokens=ours["cache_read"] or 0,
        cache_creation_input_tokens=ours["cache_write"] or 0,
    )
    name = model.replace("/converse/", "/").replace("/invoke/", "/")
    try:
        parts = litellm.cost_per_token(model=name, usage_object=usage, service_tier=call["service_tier"])
        info = litellm.get_model_info(name)
    except Exception:
        return {}
    length = ours["input"] or 0
    found = {"cost_of_our_counts": f"{sum(parts):.12f}", "prices": prices_of(info, length), "model": info["key"]}
    if answered := call["response_model"]:
        try:
            found["prices_answered"] = prices_of(litellm.get_model_info(f"{name.split('/')[0]}/{answered}"), length)
        except Exception:  # it knows only the name that was asked for
            found["prices_answered"] = None
    return found


def prices_of(info: Any, input_tokens: int) -> dict:
    """USD per million tokens, those of a request of this length."""
    names = {
        "input": "input_cost_per_token",
        "cache_read": "cache_read_input_token_cost",
        "cache_write": "cache_creation_input_token_cost",
        "output": "output_cost_per_token",
        "reasoning": "output_cost_per_reasoning_token",
    }
    prices = {}
    for ours, theirs in names.items():
        value = info.get(theirs)
        for limit in (128_000, 200_000, 272_000):
            if input_tokens > limit:
                value = info.get(f"{theirs}_above_{limit // 1000}k_tokens") or value
        if value:
            prices[ours] = f"{value * 1e6:.6f}".rstrip("0").rstrip(".")
    return prices


reader.run(version("litellm"), read)
