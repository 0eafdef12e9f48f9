#!/bin/bash
# Tokometer as a forward proxy that intercepts TLS: one worker, metering, journal and store on, calls not printed.
# Read by the side-by-side harness (bench/side_by_side.sh puts it among its contenders).
PORT=9217 KIND=connect
launch() {
  local data=$dir/data config=$dir/config
  rm -rf "$data" "$config" && mkdir -p "$data/ca" "$config/providers"
  # The harness's authority stands for ours, so that its clients trust it; its stand-in for OpenAI's host.
  cat "$CERTS/ca.key" "$CERTS/ca.pem" >"$data/ca/ca.key"
  printf '{"name": "openai", "hosts": ["localhost:%s"]}\n' "$MOCK_TLS_PORT" >"$config/providers/openai.json"
  exec $PIN "$TOKOMETER_BIN" proxy --listen "127.0.0.1:$PORT" --workers 1 --data-dir "$data" --config-dir "$config" \
    --quiet --config /dev/null --origin-ca "$CERTS/ca.pem"
}
version() { "$TOKOMETER_BIN" version; }
# What the store holds: calls and tokens.
meter() {
  "$TOKOMETER_BIN" report provider --json --data-dir "$dir/data" |
    python3 -c 'import json,sys; t=json.load(sys.stdin)["totals"]; print(t["calls"], t["input_tokens"]+t["output_tokens"])'
}
. "$(dirname "$0")/lib.sh"
