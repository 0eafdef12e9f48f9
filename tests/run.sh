#!/usr/bin/env bash
# End-to-end tests of the release binary (or of $TOKOMETER_BIN).
#   tests/run.sh [WORD]...     only the tests whose names hold one of the words
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh
exec build/e2e/venv/bin/python tests/e2e/run.py "$@"
