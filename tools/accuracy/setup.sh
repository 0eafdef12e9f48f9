#!/usr/bin/env bash
# Installs the libraries that the accuracy page compares with, each at its locked
# version, into build/accuracy/venv. Does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/accuracy/venv

if ! cmp -s tools/accuracy/requirements.txt "$venv/requirements.txt"; then
  echo "installing what the page compares with (about 400 MB)" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  # The lock names every package, so that nothing is left to resolve: pip would take a newer one for an extra.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r tools/accuracy/requirements.txt
  cp tools/accuracy/requirements.txt "$venv/requirements.txt"
fi
