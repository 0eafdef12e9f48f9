"""openai_stream.py BASE_URL [include_usage]: every chunk of one streamed chat as the SDK shows it, a JSON object a line."""

from __future__ import annotations

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="sk-test", max_retries=0)
options = {"stream_options": {"include_usage": True}} if "include_usage" in sys.argv[2:] else {}
for chunk in client.chat.completions.create(
    model="gpt-5", messages=[{"role": "user", "content": "How many people live here?"}], stream=True, **options
):
    print(chunk.model_dump_json(exclude_unset=True))
