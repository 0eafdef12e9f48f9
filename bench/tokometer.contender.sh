#!/bin/bash
# Tokometer as it ships: one worker, metering, journal and store on, calls not printed.
# Read by the side-by-side harness (bench/side_by_side.sh puts it among its contenders).
PORT=9216
launch() {
  local data=$dir/data
  rm -rf "$data" && mkdir -p "$data"
  exec $PIN "$TOKOMETER_BIN" proxy --listen "127.0.0.1:$PORT" --workers 1 --data-dir "$data" --quiet \
    --config /dev/null --origin "openai=http://127.0.0.1:$MOCK_PORT" --origin "anthropic=http://127.0.0.1:$MOCK_PORT"
}
version() { "$TOKOMETER_BIN" version; }
# What the store holds: calls and tokens.
meter() {
  "$TOKOMETER_BIN" report provider --json --data-dir "$dir/data" |
    python3 -c 'import json,sys; t=json.load(sys.stdin)["totals"]; print(t["calls"], t["input_tokens"]+t["output_tokens"])'
}
. "$(dirname "$0")/lib.sh"
