"""Runs tests: a line for each, "N passed, N failed" at the end.

A test is a function marked with @test that takes a Path, a folder of its own.
It fails by any exception; it is skipped by `skip(why)`, which is a failure
where the environment has CI, unless it says that it may be there too.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
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
    """Runs those whose names hold one of `words`, all if there are none; returns the exit code.

    So many at a time as $TOKOMETER_E2E_JOBS says, each process a test after the other; 2 if it says nothing: most of a
    test is waiting. In CI, one or two that failed are tried again when nothing runs beside them: what they said stays
    in the output, and which they were is said at the end.
    """
    names = [name for name in TESTS if not words or any(word in name for word in words)]
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    failed: list[str] = []
    again: list[str] = []
    jobs = int(os.environ.get("TOKOMETER_E2E_JOBS", "2"))
    # Forked, so that each process has the tests that were registered.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        running = {pool.submit(run_one, name, after_each): name for name in names}
        try:
            for done in as_completed(running):
                outcome, text = done.result()
                count[outcome] += 1
                failed += [running[done]] if outcome == "FAIL" else []
                print(text, flush=True)
            if os.environ.get("CI") and len(failed) <= 2:
                for name in [*failed]:
                    outcome, text = pool.submit(run_one, name, after_each).result()
                    print(f"again: {text}", flush=True)
                    if outcome == "ok":
                        failed.remove(name)
                        again.append(name)
                        count |= {"ok": count["ok"] + 1, "FAIL": count["FAIL"] - 1}
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            count["FAIL"] += 1
    for name in again:
        print(f"failed at first: {name}")
    for name in failed:
        print(f"failed: {name}")
    print(f"{count['ok']} passed, {count['FAIL']} failed")
    return 0 if count["ok"] and not count["FAIL"] else 1


def run_one(name: str, after_each: Callable[[], None]) -> tuple[str, str]:
    """Its outcome, and what is to be said of it."""
    folder = Path(tempfile.mkdtemp(prefix="tokometer-"))
    start = time.monotonic()
    try:
        TESTS[name](folder)
        outcome, more = "ok", ""
    except Skipped as why:
        outcome, more = "skip", f": {why}"
    except BaseException:  # whatever a test raises is its failure
        outcome, more = "FAIL", f"\n{traceback.format_exc()}{last_output(folder)}"
    took = time.monotonic() - start
    after_each()
    shutil.rmtree(folder, ignore_errors=True)
    return outcome, f"{outcome:4} {name} ({took:.1f} s){more}"


def last_output(folder: Path) -> str:
    """The last lines that programs under test wrote in `folder`."""
    lines = []
    for file in sorted(folder.rglob("output.txt")):
        lines += [f"  | {line}" for line in file.read_text(errors="replace").splitlines()[-20:]]
    return "\n".join(lines)
