"""openai_realtime.py realtime|responses PROXY_URL: the OpenAI SDK's WebSockets, told nothing but its base URL."""

from __future__ import annotations

import json
import sys

import openai

client = openai.OpenAI(base_url=f"{sys.argv[2]}/openai/v1", api_key="sk-test", max_retries=0)


def realtime() -> None:
    with client.realtime.connect(model="gpt-realtime") as connection:
        transcription = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}
        connection.session.update(session={"type": "realtime", "audio": transcription})
        for _ in range(3):
            connection.response.create()
            for event in connection:
                if event.type == "conversation.item.input_audio_transcription.completed":
                    print(json.dumps({"id": event.item_id, "usage": event.usage.model_dump()}))
                if event.type == "response.done":
                    print(json.dumps({"id": event.response.id, "usage": event.response.usage.model_dump()}))
                    break


def responses() -> None:
    with client.responses.connect() as connection:
        for _ in range(3):
            connection.response.create(model="gpt-5.2", input="hi")
            for event in connection:
                if event.type == "response.completed":
                    print(json.dumps({"id": event.response.id, "usage": event.response.usage.model_dump()}))
                    break


{"realtime": realtime, "responses": responses}[sys.argv[1]]()
