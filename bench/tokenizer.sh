#!/usr/bin/env bash
# Compares the tokenizers with PyPI's tiktoken on one thread: `check` (the same tokens?), `speed`, `hostile`.
#   bench/tokenizer.sh check [SECONDS] | speed [ROUNDS] | hostile
# tiktoken gets the very tables that the binary embeds. It and the build stand under build/.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/rank_tables.py
cmake --preset bench >/dev/null
cmake --build --preset bench --target tokenizer_worker >/dev/null
[[ -x build/tiktoken/bin/python ]] || python3 -m venv build/tiktoken
build/tiktoken/bin/pip install --quiet --disable-pip-version-check tiktoken==0.14.0
exec build/tiktoken/bin/python bench/tokenizer.py "$@"
