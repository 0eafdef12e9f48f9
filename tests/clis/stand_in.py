"""A stand-in for the providers of the coding CLIs, on one port: what e2e/provider.py answers, Responses over WebSocket,
and something harmless for all that CLIs ask besides (models, telemetry, settings).

with CliStandIn() as stand_in, Origin(stand_in) as origin:
    ... origin.port ...
"""

from __future__ import annotations

import itertools
import json
import socket
import threading

from origin import Exchange
from provider import StandIn, gemini_generate, openai_responses
from websocket_origin import WebSocketOrigin
from websockets.sync.server import ServerConnection
from wire import head

CALLS = ("/v1/chat/completions", "/v1/responses", "/v1/messages", ":generateContent", ":streamGenerateContent")
COUNTS = {"/count_tokens": {"input_tokens": 11}, ":countTokens": {"totalTokens": 31}}


class CliStandIn(StandIn):
    """Upgrades are refused unless `websockets`."""

    def __init__(self, *, websockets: bool = True):
        self.server = WebSocketOrigin(self.respond) if websockets else None
        self.websocket = "none"  # what the last one was: deflated or plain
        self.asked: list[str] = []  # methods, hosts and paths

    def __enter__(self) -> CliStandIn:
        if self.server:
            self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self.server:
            self.server.__exit__()

    def __call__(self, exchange: Exchange) -> None:
        path = exchange.target.split("?")[0]
        self.asked.append(f"{exchange.method} {exchange.request.get('host')}{path}")
        if exchange.request.get("upgrade"):
            self.upgrade(exchange)
        elif exchange.method == "POST" and path.endswith(CALLS):
            asked = json.loads(exchange.request.content)
            asked.pop("tools", None)  # it would call one
            if schema := asked.get("generationConfig", {}).get("responseJsonSchema"):
                exchange.answer(json.dumps(as_json(schema, exchange.target)).encode())
                return
            exchange.request.content = json.dumps(asked).encode()
            super().__call__(exchange)
        else:
            count = next((count for end, count in COUNTS.items() if path.endswith(end)), {})
            exchange.answer(b"" if exchange.method == "HEAD" else json.dumps(count).encode())

    def upgrade(self, exchange: Exchange) -> None:
        """Leaves the connection to the server of WebSockets."""
        if not self.server:
            exchange.answer(b"{}", "404 Not Found")
            return
        exchange.keep_open = False
        client = exchange.connection.sock
        with socket.create_connection(self.server.server.socket.getsockname()) as server:
            server.sendall(head(exchange.request.start_line.decode(), exchange.request.fields))
            back = threading.Thread(target=pass_on, args=(server, client), daemon=True)
            back.start()
            pass_on(client, server)
            back.join()

    def respond(self, connection: ServerConnection) -> None:
        """Responses over WebSocket; one with `"generate": false` only warms up, and states no usage."""
        self.websocket = "deflated" if connection.protocol.extensions else "plain"
        for number, text in zip(itertools.count(1), connection, strict=False):
            asked = json.loads(text) | {"stream": True}
            asked.pop("tools", None)
            whole, events = openai_responses(asked, "")
            if asked.get("generate") is False:
                events = [events[0], events[-1].replace(json.dumps(whole["usage"]), "null")]
            for event in events:
                connection.send(event.split("data: ", 1)[1].strip().replace('"resp_1"', f'"resp_{number}"'))


def as_json(schema: dict, target: str) -> dict:
    """What Gemini answers if it is asked for an object: Gemini CLI has a small model choose the model for a prompt."""
    values = {"STRING": "easy", "INTEGER": 1}
    answer = {name: values[each["type"]] for name, each in schema["properties"].items()}
    whole, _ = gemini_generate({}, target)
    whole["candidates"][0]["content"]["parts"] = [{"text": json.dumps(answer)}]
    return whole


def pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Until `source` ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()
