#!/usr/bin/env bash
# Coding CLIs, each for one headless turn through `tokometer run`, against a stand-in provider; what is recorded must be
# what they say that they used. Installs them, locked, into build/clis: 1.3 GB, so that it is no part of `make test`.
#   tests/clis/run.sh [WORD]...     only the tests whose names hold one of the words
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/setup.sh
folder=build/clis
mkdir -p "$folder"
if ! cmp -s tests/clis/package-lock.json "$folder/installed.json"; then
  cp tests/clis/package.json tests/clis/package-lock.json "$folder/"
  rm -rf "$folder/node_modules"
  # Not `npm ci`, which asks for opencode's packages for other systems, too, where a registry has only some of them.
  (cd "$folder" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  # These two put the program for this machine where the command is.
  (cd "$folder/node_modules/@anthropic-ai/claude-code" && node install.cjs >&2)
  (cd "$folder/node_modules/opencode-ai" && node postinstall.mjs >&2)
  cp tests/clis/package-lock.json "$folder/installed.json"
fi
exec build/e2e/venv/bin/python tests/clis/run.py "$@"
