"""Keys, cookies and content are in nothing that Tokometer writes or prints."""

from __future__ import annotations

import json
from pathlib import Path

import zstandard
from origin import Exchange, Origin
from provider import StandIn
from proxy import Proxy
from runner import test
from wire import Connection, request

KEY = "sk-MARKERKEY0123456789"
CONTENT = "MARKERCONTENT"
SECRET_FIELDS = ["Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "Cookie", "Proxy-Authorization"]
CALLS = [
    ("/openai/v1/chat/completions", {"model": "gpt-5", "messages": [{"role": "user", "content": CONTENT}]}),
    ("/anthropic/v1/messages", {"model": "claude-opus-4-8", "messages": [{"role": "user", "content": CONTENT}]}),
    (f"/gemini/v1beta/models/gemini-2.5-flash:generateContent?key={KEY}&alt=json", {"contents": CONTENT}),
    (f"/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key={KEY}", {"contents": CONTENT}),
]


def answer(exchange: Exchange) -> None:
    """Some providers repeat the key in their error, or set a cookie."""
    if exchange.request.get("x-scenario") == "refused":
        body = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error"}}
        exchange.answer(json.dumps(body).encode(), "401 Unauthorized")
    else:
        StandIn()(exchange)


def drive(port: int, origin: Origin) -> int:
    calls = 0
    for target, body in CALLS:
        for scenario in ("", "refused"):
            for name in SECRET_FIELDS:
                with Connection.open(port) as client:
                    fields = {name: f"Bearer {KEY}", "X-Scenario": scenario}
                    client.send(request("POST", target, json.dumps(body).encode(), fields))
                    client.read_response("POST")
                calls += 1
    # The provider got what was sent: passing on is not storing. Proxy-Authorization is for proxies only.
    passed = sum(f"Bearer {KEY}" in str(message.fields) for message in origin.requests)
    assert passed == calls * (len(SECRET_FIELDS) - 1) // len(SECRET_FIELDS), f"{passed} of {calls}"
    return calls


def files_with(marker: str, folder: Path) -> list[str]:
    """Files under `folder` that hold `marker`, plain or within zstd frames."""
    found = []
    for file in filter(Path.is_file, folder.rglob("*")):
        data = file.read_bytes()
        places = [i for i in range(len(data)) if data.startswith(b"\x28\xb5\x2f\xfd", i)] if b"\x28\xb5" in data else []
        for place in places:
            try:
                data += zstandard.ZstdDecompressor().decompressobj().decompress(data[place:])
            except zstandard.ZstdError:
                continue
        if marker.encode() in data:
            found.append(str(file.relative_to(folder)))
    return found


@test
def keys_and_content_are_written_nowhere(folder: Path) -> None:
    with Origin(answer) as origin:
        options = ["--json", "--log-level", "debug"]
        origins = {"openai": origin.url, "anthropic": origin.url, "gcp.gemini": origin.url}
        with Proxy(folder, origins=origins, options=options) as proxy:
            calls = drive(proxy.port, origin)
            # While it runs: write-ahead log, journal and all.
            assert files_with(KEY, folder) == [] and files_with(CONTENT, folder) == []
        events = proxy.run("events", "--json", "--limit", "1000000").stdout
    assert len(events.splitlines()) == calls
    for marker in (KEY, CONTENT):
        assert marker not in events
        assert files_with(marker, folder) == []
    for file in filter(Path.is_file, (folder / "data").rglob("*")):
        assert file.stat().st_mode & 0o077 == 0, f"others may read {file.name}"


@test
def captures_hold_content_but_no_key(folder: Path) -> None:
    with Origin(answer) as origin:
        origins = {"openai": origin.url, "anthropic": origin.url, "gcp.gemini": origin.url}
        with Proxy(folder, origins=origins, options=["--quiet", "--capture"]) as proxy:
            drive(proxy.port, origin)
    assert files_with(CONTENT, folder), "nothing was captured"
    # A key that an origin repeats in its error is content: only fields and queries are redacted.
    captured = files_with("Bearer " + KEY, folder) + files_with("key=" + KEY, folder)
    assert captured == [], captured
    for file in filter(Path.is_file, (folder / "data/captures").rglob("*")):
        assert file.stat().st_mode & 0o077 == 0, f"others may read {file.name}"
