"""The end-to-end tests against the release binary: `run.py [WORD]...` runs those whose names hold a word."""

from __future__ import annotations

import signal
import sys

# In the order in which they begin; each module registers its tests when it is imported.
import test_kill  # noqa: F401  (takes the longest, while others take their turns beside it)
import test_traffic  # noqa: F401
import test_websocket  # noqa: F401
import test_http2  # noqa: F401
import test_hostile  # noqa: F401
import test_listening  # noqa: F401
import test_lifecycle  # noqa: F401
import test_commands  # noqa: F401
import test_run  # noqa: F401
import test_prices  # noqa: F401
import test_secrets  # noqa: F401
import test_limits  # noqa: F401
import test_intercept  # noqa: F401
import test_upstream  # noqa: F401
import test_clients  # noqa: F401
import test_stream_usage  # noqa: F401
import test_replay  # noqa: F401
import test_repeats  # noqa: F401
import test_accuracy_page  # noqa: F401
import test_shells  # noqa: F401
import test_daemon  # noqa: F401
from proxy import BINARY, Proxy
from runner import run

if __name__ == "__main__":
    # Whoever started us may ignore them, as nohup does; programs under test are to have them as at a terminal.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if not BINARY.exists():
        sys.exit(f"no binary at {BINARY}: make build")
    sys.exit(run(sys.argv[1:], after_each=Proxy.kill_left_over))
