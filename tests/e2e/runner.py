"""Runs tests: a line for each, "N passed, N failed" at the end.

A test is a function marked with @test that takes a Path, a folder of its own.
It fails by any exception; it is skipped by `skip(why)`, which is a failure
where the environment has CI, unless it says that it may be there too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

Test = Callable[[Path], None]
TESTS: dict[str, Test] = {}


class Skipped(Exception):
    pass


def skip(why: str, *, even_in_ci: bool = False) -> None:
    if os.environ.get("CI") and not even_in_ci:
        raise AssertionError(why)
    raise Skipped(why)


def test(function: Test) -> Test:
    TESTS[function.__name__] = function
    return function


def until(condition: Callable[[], bool], what: str, timeout: float = 15) -> None:
    """Waits until `condition` holds; fails with `what` if it never does. Its own pauses pace the asking."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def run(words: list[str], after_each: Callable[[], None]) -> int:
    """Runs those whose names hold one of `words`, all if there are none; returns the exit code."""
    passed = failed = 0
    for name, function in TESTS.items():
        if words and not any(word in name for word in words):
            continue
        folder = Path(tempfile.mkdtemp(prefix="tokometer-"))
        start = time.monotonic()
        try:
            function(folder)
        except Skipped as why:
            print(f"skip {name}: {why}", flush=True)
        except BaseException as error:  # whatever a test raises is its failure
            failed += 1
            print(f"FAIL {name} ({time.monotonic() - start:.1f} s)", flush=True)
            traceback.print_exc()
            show_output(folder)
            if isinstance(error, KeyboardInterrupt):
                break
        else:
            passed += 1
            print(f"ok   {name} ({time.monotonic() - start:.1f} s)", flush=True)
        after_each()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def show_output(folder: Path) -> None:
    """The last lines that programs under test wrote in `folder`."""
    for file in sorted(folder.rglob("output.txt")):
        for line in file.read_text(errors="replace").splitlines()[-20:]:
            print(f"  | {line}")
