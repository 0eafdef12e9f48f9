#!/bin/bash
# Tokometer as a forward proxy, for a host that it does not read: a blind tunnel, one worker.
# Read by the side-by-side harness (bench/side_by_side.sh puts it among its contenders).
PORT=9219 KIND=connect
launch() {
  local data=$dir/data config=$dir/config
  rm -rf "$data" "$config" && mkdir -p "$data" "$config"
  exec $PIN "$TOKOMETER_BIN" proxy --listen "127.0.0.1:$PORT" --workers 1 --data-dir "$data" --config-dir "$config" \
    --quiet --config /dev/null --tunnel '*'
}
version() { "$TOKOMETER_BIN" version; }
. "$(dirname "$0")/lib.sh"
