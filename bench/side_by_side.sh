#!/usr/bin/env bash
# Measures the release binary beside other proxies in one run.
#   bench/side_by_side.sh HARNESS [bench.py options] CONTENDER...
# HARNESS is the folder of the side-by-side harness (its README.md says what it measures);
# it is used from a copy, so that it stays as it is. For example:
#   bench/side_by_side.sh ../shared/bench --rounds 3 --secs 5 --tests rps,lat1,stream,burst,large nginx tokometer
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
harness=$(cd "$1" && pwd)
shift
export BENCH_TMP=${BENCH_TMP:-/tmp/proxy-bench}
export TOKOMETER_BIN=${TOKOMETER_BIN:-$here/../build/release/tokometer}
copy=$BENCH_TMP/harness
rm -rf "$copy" && mkdir -p "$BENCH_TMP" && cp -r "$harness" "$copy" && chmod -R u+w "$copy"
for name in tokometer tokometer-connect tokometer-tunnel haproxy-tcp; do
  install -m 755 "$here/$name.contender.sh" "$copy/contenders/$name.sh"
done

exec bash "$copy/run_all.sh" "$@"
