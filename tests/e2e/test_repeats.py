"""What is fetched again counts once: lines of a batch's results, polls; also over restarts. And what no spec knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from origin import Exchange, Origin
from provider import sse
from proxy import Proxy
from runner import test, until
from wire import Closed, Connection, request


def ask(port: int, method: str, target: str, body: object = None) -> int:
    content = b"" if body is None else json.dumps(body).encode()
    with Connection.open(port) as client:
        client.send(request(method, target, content))
        return client.read_response(method).status


def anthropic_line(number: int) -> bytes:
    message = {
        "id": f"msg_{number}",
        "model": "claude-sonnet-4-5-20250929",
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1000, "output_tokens": 100, "service_tier": "batch"},
    }
    return json.dumps({"custom_id": str(number), "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


def billed(events: list[dict]) -> list[dict]:
    return [event for event in events if event["billable"] and event["usage_source"] == "reported"]


RESULTS = "/anthropic/v1/messages/batches/msgbatch_1/results"


@test
def a_batch_counts_each_line_once_over_fetches_and_restarts(folder: Path) -> None:
    lines = [anthropic_line(number) for number in range(200)]
    broken = [True]

    def answer(exchange: Exchange) -> None:
        exchange.begin_stream("application/x-jsonl")
        for number, line in enumerate(lines):
            if broken[0] and number == 50:
                exchange.break_off()
                return
            exchange.stream(line)
        exchange.end_stream()

    with Origin(answer) as origin:
        proxy = Proxy(folder, origins={"anthropic": origin.url})
        with proxy:
            try:
                ask(proxy.port, "GET", RESULTS)
                raise AssertionError("the first fetch did not break off")
            except Closed:
                pass
            broken[0] = False
            for _ in range(3):
                assert ask(proxy.port, "GET", RESULTS) == 200
            proxy.wait_for_events(200 + 4)
            proxy.kill()  # the store may be behind the journal
        for _ in range(2):
            proxy.start()
            assert ask(proxy.port, "GET", RESULTS) == 200
            proxy.stop()
        events = proxy.events()
    counted = billed(events)
    assert len(counted) == 200, len(counted)
    assert {event["response_id"] for event in counted} == {f"msg_{number}" for number in range(200)}
    assert all(event["service_tier"] == "batch" and event["operation"] == "batches" for event in counted)
    # Half of 3 and 15 dollars a million.
    assert {event["cost_usd"] for event in counted} == {"0.00225"}, {event["cost_usd"] for event in counted}
    assert len(events) == 200 + 6, len(events)
    totals = json.loads(proxy.run("report", "--json").stdout)["totals"]
    assert (totals["calls"], totals["input_tokens"]) == (200, 200_000), totals


def polled(folder: Path, provider: str, create: tuple[str, dict], poll: str, answers: Callable[[bool], dict]) -> None:
    """A call that is answered before it is done, and then polled before and after restarts."""
    done = [False]

    def answer(exchange: Exchange) -> None:
        exchange.answer(json.dumps(answers(done[0])).encode())

    with Origin(answer) as origin:
        proxy = Proxy(folder, origins={provider: origin.url})
        with proxy:
            assert ask(proxy.port, "POST", *create) == 200
            assert ask(proxy.port, "GET", poll) == 200
            done[0] = True
            for _ in range(3):
                assert ask(proxy.port, "GET", poll) == 200
            proxy.kill()
        for _ in range(2):
            proxy.start()
            assert ask(proxy.port, "GET", poll) == 200
            proxy.stop()
        events = proxy.events()
    assert len(events) == 7, len(events)
    counted = billed(events)
    assert [event["input_tokens"] for event in counted] == [17], counted
    assert [event["billable"] for event in events].count(True) == 1, "what is not done bills nothing"


@test
def a_background_response_counts_once_over_polls_and_restarts(folder: Path) -> None:
    def answers(done: bool) -> dict:
        usage = {"input_tokens": 17, "output_tokens": 5, "total_tokens": 22} if done else None
        return {"id": "resp_1", "model": "gpt-5", "status": "completed" if done else "queued", "usage": usage}

    create = ("/openai/v1/responses", {"model": "gpt-5", "background": True, "input": "x"})
    polled(folder, "openai", create, "/openai/v1/responses/resp_1", answers)


def break_off_then_say_all(exchange: Exchange) -> None:
    """A background response whose stream breaks off, and that says what it used when it is fetched."""
    if exchange.request.start_line.startswith(b"GET"):
        usage = {"input_tokens": 17, "output_tokens": 500, "total_tokens": 517}
        exchange.answer(
            json.dumps({"id": "resp_1", "model": "gpt-5", "status": "completed", "usage": usage}).encode()
        )
        return
    exchange.begin_stream()
    for kind, data in [
        ("response.created", {"response": {"id": "resp_1", "model": "gpt-5", "status": "in_progress"}}),
        ("response.output_text.delta", {"delta": "Half of what it"}),
    ]:
        exchange.stream(sse({"type": kind} | data, kind).encode())
    exchange.break_off()


def begin(port: int) -> None:
    try:
        body = {"model": "gpt-5", "background": True, "stream": True, "input": "x"}
        ask(port, "POST", "/openai/v1/responses", body)
        raise AssertionError("the stream did not break off")
    except Closed:
        pass


@test
def exact_usage_takes_the_place_of_an_estimate_over_a_restart(folder: Path) -> None:
    with Origin(break_off_then_say_all) as origin:
        proxy = Proxy(folder, origins={"openai": origin.url})
        with proxy:
            begin(proxy.port)
            first = proxy.wait_for_events(1)[0]
            # It was the first call: its estimate has waited for the table.
            assert (first["usage_step"], first["billable"]) == ("estimate", True), first
            assert json.loads(proxy.run("report", "--json").stdout)["totals"]["estimated_calls"] == 1
        proxy.start()
        for _ in range(2):
            assert ask(proxy.port, "GET", "/openai/v1/responses/resp_1") == 200
        proxy.stop()
        events = proxy.events()
        totals = json.loads(proxy.run("report", "--json").stdout)["totals"]
        checked = proxy.run("store", "check")
    assert [event["billable"] for event in events].count(True) == 1, events
    exact = next(event for event in events if event["billable"])
    assert exact["replaces"] == first["id"] and exact["output_tokens"] == 500, exact
    assert (totals["calls"], totals["output_tokens"], totals["cost_usd"]) == (1, 500, exact["cost_usd"]), totals
    assert checked.returncode == 0, checked.stdout


@test
def metrics_count_of_exact_usage_what_is_more_than_its_estimate(folder: Path) -> None:
    output = 'tokometer_tokens_total{provider="openai",model="gpt-5",type="output"}'

    with Origin(break_off_then_say_all) as origin, Proxy(folder, origins={"openai": origin.url}) as proxy:
        begin(proxy.port)
        # The estimate is made on a thread of its own.
        until(lambda: proxy.metric(output, 0) > 0, "the estimate was not counted")
        assert ask(proxy.port, "GET", "/openai/v1/responses/resp_1") == 200
        until(lambda: proxy.metric(output, 0) == 500, "the exact count did not take the estimate's place")


@test
def a_polled_prediction_counts_once_over_restarts(folder: Path) -> None:
    def answers(done: bool) -> dict:
        metrics = {"input_token_count": 17, "output_token_count": 5} if done else {}
        return {"id": "p1", "model": "meta/m", "status": "succeeded" if done else "starting", "metrics": metrics}

    create = ("/replicate/v1/models/meta/m/predictions", {"input": {"prompt": "x"}})
    polled(folder, "replicate", create, "/replicate/v1/predictions/p1", answers)


@test
def an_unknown_provider_is_kept_and_a_spec_is_made_of_its_capture(folder: Path) -> None:
    tally = {"tokens_in": 40, "tokens_out": 5, "total_tokens": 45}
    reply = {"id": "a-1", "engine": "acme-1b", "why": "x", "tally": tally}

    with Origin(lambda exchange: exchange.answer(json.dumps(reply).encode())) as origin:
        options = ["--base-url", origin.url, "--type", "unknown", "--capture-mode", "capture_all"]
        proxy = Proxy(folder, options=options)
        with proxy:
            assert ask(proxy.port, "GET", "/v3/list") == 200
            assert ask(proxy.port, "POST", "/v3/ask", {"engine": "acme-1", "q": "a secret question"}) == 200
            events = proxy.wait_for_events(2)
        kept = next(event for event in events if event["method"] == "POST")
        assert [event["provider"] for event in events] == ["unknown", "unknown"], events
        assert all(event["capture_ref"] for event in events), events

        spec = folder / "acme.json"
        made = proxy.run("providers", "new", "acme", kept["capture_ref"], "-o", str(spec))
        assert made.returncode == 0, made.stdout + made.stderr
        for word in ("input_tokens", "$.tally.tokens_in", "40", "read back: chat acme-1b, 40 in, 5 out"):
            assert word in made.stdout, made.stdout
        assert json.loads(spec.read_text())["base_url"] == origin.url
        again = proxy.run("providers", "new", "acme", kept["capture_ref"], "-o", str(spec))
        assert again.returncode == 1 and "--force" in again.stderr, again.stderr
        checked = proxy.run("providers", "check", str(spec))
        assert checked.returncode == 0, checked.stdout
        tried = proxy.run("providers", "test", kept["id"], "--spec", str(spec), "--json")
        assert json.loads(tried.stdout)["input_tokens"] == 40, tried.stdout + tried.stderr

        # In force, it meters.
        own = folder / "tokometer" / "providers"
        own.mkdir(parents=True)
        spec.rename(own / "acme.json")
        other = Proxy(folder, options=["--config-dir", str(folder / "tokometer")])
        with other:
            assert ask(other.port, "POST", "/acme/v3/ask", {"engine": "acme-1"}) == 200
            event = next(e for e in other.wait_for_events(3) if e["provider"] == "acme")
        assert (event["input_tokens"], event["output_tokens"], event["response_model"]) == (40, 5, "acme-1b"), event
