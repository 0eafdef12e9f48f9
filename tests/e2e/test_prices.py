"""Prices from a list on the network, in a running proxy, and calls that are computed again."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from certificates import Authority
from origin import Exchange, Origin
from provider import StandIn
from proxy import Proxy
from runner import test
from wire import Connection, request

# In the form of models.dev: one model of our stand-in that no catalog has.
LIST = {"openai": {"models": {"nobodys-model": {"cost": {"input": 2, "output": 8, "cache_read": 0.5}}}}}
PRICED = Decimal(25 * 2 + 19 * 8 + 16 * Decimal("0.5")) / 1_000_000


def call(port: int, session: str, target: str = "/openai/v1/chat/completions", model: str = "nobodys-model") -> None:
    body = json.dumps({"model": model, "messages": []}).encode()
    with Connection.open(port) as client:
        client.send(request("POST", target, body, {"X-Tokometer-Session": session}))
        client.read_response("POST")


def cost(event: dict) -> Decimal | None:
    return Decimal(event["cost_usd"]) if "cost_usd" in event else None


@test
def prices_are_fetched_reloaded_and_calls_computed_again(folder: Path) -> None:
    authority = Authority(folder)
    with (
        Origin(lambda exchange: exchange.answer(json.dumps(LIST).encode()), tls=authority.server_context()) as lists,
        Origin(StandIn()) as origin,
        Proxy(folder, origins={"openai": origin.url}, options=["--quiet"]) as proxy,
    ):
        call(proxy.port, "before")
        assert cost(proxy.event_of("before")) is None

        update = ["prices", "update", "--from", f"{lists.url}/api.json"]
        refused = proxy.run(*update)
        assert refused.returncode == 1 and "127.0.0.1" in refused.stderr, refused
        proxy.environment["TOKOMETER_ORIGIN_CA"] = str(authority.certificate)
        dry = proxy.run(*update, "--dry-run")
        assert dry.returncode == 0 and "1 new" in dry.stdout, dry
        assert not list(folder.rglob("imported/*.json")), "a dry run wrote something"
        updated = proxy.run(*update, "--json")
        assert updated.returncode == 0, updated.stderr
        assert json.loads(updated.stdout)["model"] == "nobodys-model", updated.stdout
        assert len(list(folder.rglob("imported/openai.json"))) == 1

        assert proxy.run("reload").returncode == 0
        call(proxy.port, "after")
        event = proxy.event_of("after")
        assert cost(event) == PRICED and event["price_ref"] == "openai/nobodys-model", event

        dry = json.loads(proxy.run("reprice", "--since", "1d", "--dry-run", "--json").stdout)
        assert dry["changed_calls"] == 1 and dry["before"]["cost_usd"] is None, dry
        assert cost(proxy.event_of("before")) is None
        done = json.loads(proxy.run("reprice", "--since", "1d", "--json").stdout)
        assert (done["calls"], done["changed_calls"]) == (2, 1) and Decimal(done["after"]["cost_usd"]) == PRICED, done
        assert cost(proxy.event_of("before")) == PRICED
        call(proxy.port, "later")
        proxy.event_of("later")
        again = json.loads(proxy.run("reprice", "--since", "1d", "--json").stdout)
        assert again["changed_calls"] == 0, again
        report = json.loads(proxy.run("report", "model", "--json").stdout)
        assert Decimal(report["totals"]["cost_usd"]) == 3 * PRICED, report
        assert report["totals"]["calls_of_unknown_cost"] == 0, report
        assert "all sums are those of the calls" in proxy.run("store", "check").stdout


@test
def what_the_provider_says_a_call_cost_is_kept_beside_ours(folder: Path) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cost": 0.0042}

    def answer(exchange: Exchange) -> None:
        body = {"id": "gen-1", "model": "anthropic/claude-sonnet-4.5", "choices": [], "usage": usage}
        exchange.answer(json.dumps(body).encode())

    with Origin(answer) as origin, Proxy(folder, origins={"openrouter": origin.url}, options=["--quiet"]) as proxy:
        call(proxy.port, "stated", "/openrouter/api/v1/chat/completions", "anthropic/claude-sonnet-4.5")
        event = proxy.event_of("stated")
        details = event["cost_details"]
        assert event["cost_usd"] == details["stated"] == "0.0042", event
        assert Decimal(details["computed"]) == Decimal(1000 * 3 + 100 * 15) / 1_000_000, event
        shown = proxy.run("event", event["id"]).stdout
        assert '"stated"' in shown and '"computed"' in shown, shown
