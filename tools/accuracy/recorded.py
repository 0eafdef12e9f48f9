"""The recorded exchanges and what they must yield, read from ../shared/data/exchanges.

Not here: how Tokometer or others read them (ours.py, others/).
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared/data/exchanges"

# When an exchange is priced that does not say when it was: the day after the last of those that do.
WHEN_UNKNOWN = datetime(2026, 8, 20, tzinfo=UTC)
# Fields that describe the recorded connection; bodies are recorded decoded.
NOT_KEPT = {"content-encoding", "content-length", "transfer-encoding"}


def require_data() -> None:
    for name in ("exchanges.jsonl.gz", "expected.jsonl", "none.jsonl", "realtime-ws.jsonl.gz"):
        if not (FOLDER / name).exists():
            sys.exit(
                f"accuracy: {FOLDER / name}: not there; the page is made from recorded exchanges that are not part of "
                "this repository: put the folder `shared` that has them beside it"
            )


@dataclass
class Exchange:
    id: str
    host: str
    method: str
    path: str
    status: int
    content_type: str
    request_fields: list[tuple[str, str]]
    request: bytes
    response_fields: list[tuple[str, str]]
    response: bytes
    source: str
    license: str
    fidelity: str

    @staticmethod
    def of(row: dict) -> Exchange:
        return Exchange(
            id=row["id"],
            host=row["provider_host"],
            method=row["method"],
            path=row["path"],
            status=row["status"],
            content_type=row.get("content_type") or "",
            request_fields=fields_of(row.get("request_headers")),
            request=base64.b64decode(row.get("request_body") or ""),
            response_fields=fields_of(row.get("response_headers")),
            response=base64.b64decode(row.get("response_body") or ""),
            source=row["source_repo"],
            license=row["source_license"],
            fidelity=row["response_fidelity"],
        )

    @functools.cached_property
    def when(self) -> datetime:
        """When it was recorded, as the response says, else WHEN_UNKNOWN."""
        date = dict((name.lower(), value) for name, value in self.response_fields).get("date")
        try:
            return parsedate_to_datetime(date or "").astimezone(UTC)
        except ValueError:
            return WHEN_UNKNOWN

    def har_entry(self) -> dict:
        response_fields = list(self.response_fields)
        if self.content_type and not any(name.lower() == "content-type" for name, _ in response_fields):
            response_fields.append(("content-type", self.content_type))
        request = {
            "method": self.method,
            "url": f"https://{self.host}{self.path}",
            "httpVersion": "HTTP/1.1",
            "headers": har_fields(self.request_fields),
        }
        if self.request:
            request["postData"] = har_text(self.request)
        return {
            "comment": self.id,
            "startedDateTime": self.when.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "time": 0,
            "request": request,
            "response": {
                "status": self.status,
                "httpVersion": "HTTP/1.1",
                "headers": har_fields(response_fields),
                "content": har_text(self.response),
            },
        }


def fields_of(recorded: dict | None) -> list[tuple[str, str]]:
    return [
        (name, str(item))
        for name, value in (recorded or {}).items()
        if name.lower() not in NOT_KEPT
        for item in (value if isinstance(value, list) else [value])
    ]


def har_fields(fields: list[tuple[str, str]]) -> list[dict]:
    return [{"name": name, "value": value} for name, value in fields]


def har_text(content: bytes) -> dict:
    try:
        return {"size": len(content), "text": content.decode()}
    except UnicodeDecodeError:
        return {"size": len(content), "text": base64.b64encode(content).decode(), "encoding": "base64"}


@functools.cache
def exchanges() -> dict[str, Exchange]:
    with gzip.open(FOLDER / "exchanges.jsonl.gz", "rt") as lines:
        return {exchange.id: exchange for exchange in (Exchange.of(json.loads(line)) for line in lines)}


def rows(name: str) -> list[dict]:
    with (FOLDER / name).open() as lines:
        return [json.loads(line) for line in lines]


@functools.cache
def expected() -> dict[str, dict]:
    """What each exchange that carries usage must yield, by its id."""
    return {row["id"]: row for row in rows("expected.jsonl")}


@functools.cache
def without_usage() -> dict[str, dict]:
    """Exchanges that carry none."""
    return {row["id"]: row for row in rows("none.jsonl")}


def write_har(file: Path, entries: Iterable[Exchange]) -> None:
    """As one HAR file; an entry's comment is its exchange's id."""
    with file.open("w") as out:
        out.write('{"log":{"version":"1.2","creator":{"name":"recorded exchanges","version":"1"},"entries":[\n')
        for i, exchange in enumerate(entries):
            out.write((",\n" if i else "") + json.dumps(exchange.har_entry()))
        out.write("\n]}}\n")


if __name__ == "__main__":
    require_data()
