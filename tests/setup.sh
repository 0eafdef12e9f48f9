#!/usr/bin/env bash
# Installs the end-to-end tests' clients, each at its locked version: Python's
# into build/e2e/venv, JavaScript's into build/e2e/clients. Does nothing when both are up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/e2e
mkdir -p "$folder"

if ! cmp -s tests/requirements.txt "$folder/venv/requirements.txt"; then
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv"
  # The lock names every package, so that nothing is left to resolve: pip would take a newer one for an extra.
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/requirements.txt
  cp tests/requirements.txt "$folder/venv/requirements.txt"
fi

# The scripts lie beside their node_modules, which is how Node finds packages.
mkdir -p "$folder/clients"
cp tests/clients/*.mjs tests/clients/package.json "$folder/clients/"
if ! cmp -s tests/clients/package-lock.json "$folder/clients/package-lock.json"; then
  cp tests/clients/package-lock.json "$folder/clients/"
  rm -rf "$folder/clients/node_modules"
  (cd "$folder/clients" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    { rm -f "$folder/clients/package-lock.json" && exit 1; }
fi

# Go compiles its library the first time, and keeps it; a test need not wait for that.
if command -v go >/dev/null; then
  GOTOOLCHAIN=local GOPROXY=off go build -o "$folder/chat" tests/clients/chat.go || true
fi
