"""What the other libraries' readers have in common: calls in, what they read out, one JSON object a line each.

    run(version, read)  # in a script that is started as SCRIPT CALLS OUT

Not here: the calls (calls.py), who starts the readers (side_by_side.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path


def run(version: str, read: Callable[[dict], dict]) -> None:
    with Path(sys.argv[1]).open() as calls, Path(sys.argv[2]).open("w") as out:
        out.write(json.dumps({"version": version}) + "\n")
        for line in calls:
            out.write(json.dumps(read(json.loads(line))) + "\n")
