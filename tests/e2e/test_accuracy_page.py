"""docs/accuracy.md says what the program of today reads."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from proxy import ROOT
from runner import skip, test

sys.path.insert(0, str(ROOT / "tools/accuracy"))
import ours  # noqa: E402
import page  # noqa: E402
import realtime  # noqa: E402
import recorded  # noqa: E402


def section(text: str, name: str) -> list[list[str]]:
    """The cells of the table between a pair of marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found, f"docs/accuracy.md: no marks around the table `{name}`"
    return rows(found[1])


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


@test
def the_accuracy_page_is_up_to_date(folder: Path) -> None:
    if not (recorded.FOLDER / "exchanges.jsonl.gz").exists():
        skip("the recorded exchanges are not here")
    events = ours.from_har(folder)
    text = (ROOT / "docs/accuracy.md").read_text()
    measured = {"usage": page.usage_section(events, None), "none": page.no_usage_section(events)}
    turns, _ = realtime.tallies(realtime.from_har(folder))
    if page.realtime_section(turns):
        measured["realtime"] = page.realtime_table(turns)
    for name, table in measured.items():
        there, here = section(text, name), rows(table)
        if name == "usage":  # what came through the proxy is measured by test_replay.py
            proxy = there[0].index("through the proxy")
            for row in there[2:] + here[2:]:
                row[proxy] = ""
        differing = [f"{a} is now {b}" for a, b in zip(there, here, strict=False) if a != b]
        assert there == here, f"docs/accuracy.md, table `{name}`: run `make accuracy`: {differing[:3]}"
