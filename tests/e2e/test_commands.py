"""What the commands show of calls: live, afterwards, added up."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from decimal import Decimal
from pathlib import Path

from origin import Origin
from provider import ANTHROPIC_USAGE, StandIn
from proxy import Proxy
from runner import test
from wire import Connection, request

CHAT = ("/openai/v1/chat/completions", {"model": "gpt-5", "messages": []})
MESSAGES = ("/anthropic/v1/messages", {"model": "claude-opus-4-8", "messages": [], "stream": True})
GENERATE = ("/gemini/v1beta/models/gemini-2.5-flash:generateContent", {"contents": []})
UNPRICED = ("/openai/v1/chat/completions", {"model": "nobodys-model", "messages": []})
SUMS = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"]


def proxy_of(folder: Path, origin: Origin, *options: str) -> Proxy:
    origins = {"openai": origin.url, "anthropic": origin.url, "gcp.gemini": origin.url}
    return Proxy(folder, origins=origins, options=list(options))


def call(port: int, target: str, body: dict, **fields: str) -> None:
    with Connection.open(port) as client:
        client.send(request("POST", target, json.dumps(body).encode(), fields))
        client.read_response("POST")


def drive(port: int) -> int:
    """Calls of several models and projects; returns how many."""
    plan = [(CHAT, "web", 3), (MESSAGES, "web", 2), (GENERATE, "batch", 2), (UNPRICED, "batch", 1)]
    for (target, body), project, times in plan:
        for _ in range(times):
            call(port, f"/p/{project}{target}", body, **{"X-Scenario": "plain"})
    call(port, *CHAT, **{"X-Scenario": "error_500"})
    return 9


def added_up(events: list[dict]) -> dict:
    stated = {name: [event[name] for event in events if name in event] for name in SUMS}
    sums: dict = {name: sum(counts) if counts else None for name, counts in stated.items()}
    costs = [event["cost_usd"] for event in events if "cost_usd" in event]
    return sums | {"calls": len(events), "cost_usd": sum(map(Decimal, costs), Decimal(0))}


def row_sums(row: dict) -> dict:
    return {name: row[name] for name in [*SUMS, "calls"]} | {"cost_usd": Decimal(row["cost_usd"] or 0)}


@test
def reports_add_up_to_the_events(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin, "--quiet") as proxy:
        calls = drive(proxy.port)
    events = proxy.events()
    assert len(events) == calls
    kinds = {
        "model": lambda event: event.get("response_model") or event["request_model"],
        "project": lambda event: event.get("project", ""),
        "provider": lambda event: event["provider"],
    }
    for kind, key in kinds.items():
        report = json.loads(proxy.run("report", kind, "--json").stdout)
        assert row_sums(report["totals"]) == added_up(events), report["totals"]
        assert report["totals"]["calls_of_unknown_cost"] >= 1
        for row in report["rows"]:
            assert row_sums(row) == added_up([event for event in events if key(event) == row[kind]]), (kind, row)
    for kind in ["daily", "weekly", "monthly", "hourly"]:
        report = json.loads(proxy.run("report", kind, "--json", "--tz", "Asia/Kathmandu").stdout)
        assert row_sums(report["totals"]) == added_up(events), kind


@test
def events_are_found_by_what_they_are(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin, "--quiet") as proxy:
        calls = drive(proxy.port)

    def found(*options: str) -> int:
        return len(proxy.run("events", "--json", *options).stdout.splitlines())

    assert found() == found("--since", "1h") == calls
    assert found("--until", "1h") == found("--since", "2100-01-01") == 0
    assert found("--model", "gpt-5") == 4
    assert found("--project", "batch") == 3 and found("--provider", "anthropic") == 2
    assert found("--limit", "2") == 2
    one = json.loads(proxy.run("events", "--json", "--limit", "1").stdout)
    assert one["id"] in proxy.run("event", one["id"]).stdout
    assert proxy.run("event", "019b76da-0000-7000-8000-000000000000").returncode == 1


@test
def followers_see_each_call_as_it_ends(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin, "--quiet") as proxy:
        call(proxy.port, *CHAT, **{"X-Tokometer-Session": "before"})
        proxy.event_of("before")
        command = proxy.command_line("events", "--follow", "--json")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=proxy.environment) as follower:
            timer = threading.Timer(10, follower.kill)
            timer.start()
            assert follower.stdout
            sessions = [json.loads(follower.stdout.readline())["session_id"]]
            for session in ("first", "second"):
                call(proxy.port, *CHAT, **{"X-Tokometer-Session": session})
                sessions.append(json.loads(follower.stdout.readline())["session_id"])
            timer.cancel()
            follower.terminate()
    assert sessions == ["before", "first", "second"]


@test
def the_foreground_proxy_prints_a_line_for_each_call(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin) as proxy:
        call(proxy.port, *CHAT)
        call(proxy.port, *UNPRICED)
    output = proxy.output()
    assert "\x1b" not in output, "escape sequences where there is no terminal"
    lines = output.splitlines()
    priced = [line for line in lines if "gpt-5" in line and "$" in line and " 41 " in line]
    unknown = [line for line in lines if "nobodys-model" in line and line.rstrip().endswith("?")]
    assert priced and unknown, output
    assert "Calls: 2" in output, "no summary at the end"


@test
def panels_show_what_a_call_came_to(folder: Path) -> None:
    with Origin(StandIn()) as origin, proxy_of(folder, origin, "--panel") as proxy:
        call(proxy.port, *MESSAGES)
    for wanted in ("anthropic", "claude-opus-4-8", "41", "29", "70", "$"):
        assert wanted in proxy.output(), f"{wanted} is not in\n{proxy.output()}"


def har_of(entries: int) -> dict:
    """Recorded calls to Anthropic; every second body is base64."""
    content = json.dumps({"id": "msg", "type": "message", "model": "claude-opus-4-8", "usage": ANTHROPIC_USAGE})

    def entry(number: int) -> dict:
        coded = number % 2 == 1
        text = base64.b64encode(content.encode()).decode() if coded else content
        body = {"size": len(content), "mimeType": "application/json", "text": text}
        json_type = [{"name": "content-type", "value": "application/json"}]
        return {
            "startedDateTime": f"2026-01-0{number + 1}T10:00:00.000Z",
            "time": 1000,
            "comment": f"call-{number}",
            "request": {
                "method": "POST",
                "url": "https://api.anthropic.com/v1/messages",
                "headers": json_type,
                "postData": {"mimeType": "application/json", "text": '{"model":"claude-opus-4-8"}'},
            },
            "response": {
                "status": 200,
                "headers": json_type,
                "content": body | ({"encoding": "base64"} if coded else {}),
            },
        }

    return {"log": {"version": "1.2", "entries": [entry(number) for number in range(entries)]}}


@test
def recorded_calls_are_imported_once_checked_and_purged(folder: Path) -> None:
    har = folder / "calls.har"
    har.write_text(json.dumps(har_of(6)))
    proxy = Proxy(folder)
    metered = [json.loads(line) for line in proxy.run("meter", str(har), "--json").stdout.splitlines()]
    assert [event["source_id"] for event in metered] == [f"call-{number}" for number in range(6)]
    assert {event["input_tokens"] for event in metered} == {41}
    for _ in range(2):
        result = proxy.run("import", str(har))
        assert result.returncode == 0, result.stderr
        assert len(proxy.events()) == 6
    assert proxy.run("store", "check").returncode == 0
    assert proxy.run("store", "purge", "--before", "2026-01-04", "--tz", "UTC").returncode == 0
    assert len(proxy.events()) == 3
    assert json.loads(proxy.run("report", "--json", "--tz", "UTC").stdout)["totals"]["calls"] == 3
    assert proxy.run("store", "compact").returncode == 0
    assert proxy.run("store", "check").returncode == 0


@test
def a_wrong_file_is_refused_with_its_line_and_key(folder: Path) -> None:
    proxy = Proxy(folder, config="timeouts:\n  connect: 3s\n  conect: 4s\n")
    result = proxy.run("config", "check")
    assert result.returncode == 1, result
    said = result.stdout + result.stderr
    assert "config.yaml:3" in said and "conect" in said and "connect" in said, said
    try:
        proxy.start()
        raise RuntimeError("it started all the same")
    except AssertionError:
        assert "conect" in proxy.output()


@test
def the_demo_needs_no_key(folder: Path) -> None:
    result = Proxy(folder).run("demo")
    assert result.returncode == 0, result.stderr
    for wanted in ("gpt-5", "claude", "gemini", "Calls: 6", "$"):
        assert wanted in result.stdout, result.stdout
