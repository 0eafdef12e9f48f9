"""What providers say of quotas in passing: who has how much left, and no key anywhere."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from origin import Exchange, Origin
from proxy import Proxy
from runner import test
from test_secrets import files_with
from wire import Connection, head, request

KEYS = {"first": "sk-MARKERFIRST00112233", "second": "sk-MARKERSECOND44556677"}
CHAT = {"id": "c", "model": "gpt-5-2026", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
MESSAGE = {"id": "m", "type": "message", "model": "claude-opus-5", "usage": {"input_tokens": 3, "output_tokens": 2}}
GEMINI = {"modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}


def reset_in(seconds: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def answer(exchange: Exchange) -> None:
    status = "200 OK"
    if exchange.target.startswith("/v1/chat"):
        is_first = KEYS["first"] in (exchange.request.get("authorization") or "")
        body = CHAT
        fields = [
            ("openai-organization", "acme" if is_first else "umbrella"),
            ("x-ratelimit-limit-tokens", "200000"),
            ("x-ratelimit-remaining-tokens", "150000" if is_first else "20000"),
            ("x-ratelimit-reset-tokens", "5m0s"),
            ("x-ratelimit-limit-requests", "not a number"),
            ("x-ratelimit-remaining-requests", "77"),
        ]
    elif exchange.target.startswith("/v1/messages"):
        body = MESSAGE
        fields = [
            ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
            ("anthropic-ratelimit-unified-5h-reset", str(int(reset_in(3600).timestamp()))),
            ("anthropic-ratelimit-unified-5h-status", "allowed"),
        ]
    else:
        body, fields, status = GEMINI, [("Retry-After", "300")], "429 Too Many Requests"
    content = json.dumps(body).encode()
    fields += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    exchange.send(head(f"HTTP/1.1 {status}", fields) + content)


def call(port: int, target: str, fields: dict[str, str], model: str = "gpt-5") -> None:
    with Connection.open(port) as client:
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
        client.send(request("POST", target, body, fields))
        client.read_response("POST")


def drive(port: int) -> None:
    for key in KEYS.values():
        call(port, "/openai/v1/chat/completions", {"Authorization": f"Bearer {key}"})
        call(port, f"/gemini/v1beta/models/gemini-2.5-flash:generateContent?key={key}", {})
    call(port, "/anthropic/v1/messages", {"X-Api-Key": KEYS["first"]}, "claude-opus-5")


def limits(proxy: Proxy, *options: str) -> list[dict]:
    result = proxy.run("limits", "--json", *options)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def wait_for_limits(proxy: Proxy, count: int) -> list[dict]:
    deadline = time.monotonic() + 10
    while len(found := limits(proxy)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


@test
def each_key_is_an_account_and_no_key_is_kept(folder: Path) -> None:
    with Origin(answer) as origin:
        origins = {"openai": origin.url, "anthropic": origin.url, "gcp.gemini": origin.url}
        with Proxy(folder, origins=origins, options=["--json", "--log-level", "debug"]) as proxy:
            drive(proxy.port)
            found = wait_for_limits(proxy, 7)
            metrics = urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/-/metrics").read().decode()
        table = proxy.run("limits").stdout
        after = limits(proxy)
    tokens = [line for line in found if line["quota"] == "tokens"]
    assert {(line["label"], line["remaining"], line["model"]) for line in tokens} == {
        ("acme", 150000, "gpt-5"),
        ("umbrella", 20000, "gpt-5"),
    }
    first, second = (next(line["account"] for line in tokens if line["label"] == name) for name in ("acme", "umbrella"))
    assert first != second and all(len(account) == 12 for account in (first, second))
    window = next(line for line in found if line["quota"] == "5h")
    assert window["account"] == first and window["used_fraction"] == 0.42 and window["status"] == "allowed", window
    waits = [line for line in found if line["quota"] == "wait"]
    assert {line["account"] for line in waits} == {first, second} and waits[0]["used_fraction"] == 1, waits
    requests = [line for line in found if line["quota"] == "requests"]
    assert {(line["limit"], line["remaining"]) for line in requests} == {(None, 77)}, requests
    assert after == found, "a restart forgets nothing"

    assert f"{second} (umbrella)" in table and "20,000 / 200,000" in table and "90.0%" in table, table
    quota = f'provider="openai",account="{second}",quota="tokens",model="gpt-5"'
    assert f"tokometer_quota_used_ratio{{{quota}}} 0.9" in metrics, metrics
    assert 'tokometer_tap_faults_total{code="quota"} 2' in metrics, metrics
    for key in KEYS.values():
        assert files_with(key, folder) == []
        assert key not in table and key not in metrics
    for file in filter(Path.is_file, (folder / "data").rglob("*")):
        assert file.stat().st_mode & 0o077 == 0, f"others may read {file.name}"


@test
def newer_quotas_take_the_place_of_older_ones(folder: Path) -> None:
    left = iter([900, 800, 700])

    def count_down(exchange: Exchange) -> None:
        content = json.dumps(CHAT).encode()
        fields = [("x-ratelimit-limit-tokens", "1000"), ("x-ratelimit-remaining-tokens", str(next(left)))]
        fields += [("x-ratelimit-reset-tokens", "6ms"), ("Content-Length", str(len(content)))]
        exchange.send(head("HTTP/1.1 200 OK", fields) + content)

    with Origin(count_down) as origin, Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy:
        for _ in range(3):
            call(proxy.port, "/openai/v1/chat/completions", {"Authorization": f"Bearer {KEYS['first']}"})
        proxy.stop()
        found = limits(proxy)
        assert [(line["remaining"], line["is_reset"]) for line in found] == [(700, True)], found
        assert limits(proxy, "--provider", "anthropic") == []
        assert "reset" in proxy.run("limits").stdout
