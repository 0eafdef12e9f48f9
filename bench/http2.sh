#!/usr/bin/env bash
# Measures the release binary beside nginx over HTTP/2 without TLS, both proxying to the same stand-in provider in
# HTTP/1.1: requests a second, and processor time a request, which other load on the machine hardly changes.
#   bench/http2.sh MOCK [ROUNDS [SECONDS]]
# MOCK is the side-by-side harness's mock_upstream, built (its setup.sh does). Needs nginx and h2load.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mock=$1 rounds=${2:-3} seconds=${3:-5}
binary=${TOKOMETER_BIN:-$here/../build/release/tokometer}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

"$mock" -p 9470 >/dev/null & pids+=($!)
cat >"$work/nginx.conf" <<CONF
daemon off; user root; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u;
  scgi_temp_path $work/s;
  keepalive_requests 100000000;
  http2_max_concurrent_streams 256;
  upstream mock { server 127.0.0.1:9470; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:9471 http2;
    location / {
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
    }
  }
}
CONF
nginx -p "$work" -c "$work/nginx.conf" & pids+=($!)
"$binary" proxy --listen 127.0.0.1:9472 --workers 1 --data-dir "$work/data" --quiet --config /dev/null \
  --origin openai=http://127.0.0.1:9470 >"$work/tokometer.log" 2>&1 & tokometer=$!
pids+=("$tokometer")
for port in 9470 9471 9472; do
  for _ in $(seq 100); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done
done

# Clock ticks that a process has used.
used() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
printf '{"model":"gpt-4o","messages":[{"role":"user","content":"%s"}]}' "$(printf 'x%.0s' $(seq 800))" >"$work/body"
printf '%-10s %-8s %12s %12s %14s\n' proxy streams 'req/s' 'µs CPU/req' 'req/s per core'
for _ in $(seq "$rounds"); do
  for streams in 1 32; do
    for name in nginx tokometer; do
      if [[ $name == nginx ]]; then port=9471; pid=$(pgrep -P "$(cat "$work/nginx.pid")"); else port=9472; pid=$tokometer; fi
      before=$(used "$pid")
      h2load -D "$seconds" --warm-up-time 1 -c 1 -m "$streams" -d "$work/body" -H 'content-type: application/json' \
        "http://127.0.0.1:$port/openai/v1/chat/completions" >"$work/out"
      ticks=$(($(used "$pid") - before))
      python3 - "$work/out" "$name" "$streams" "$ticks" "$seconds" <<'PY'
import os, re, sys
text, name, streams, ticks, seconds = open(sys.argv[1]).read(), *sys.argv[2:]
rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", text)[1])
ok, bad = int(re.search(r"(\d+) succeeded", text)[1]), int(re.search(r"(\d+) failed", text)[1])
cpu = int(ticks) / os.sysconf("SC_CLK_TCK") / (rate * (float(seconds) + 1))  # the warm-up's second is like the others
print(f"{name:10} {streams:8} {rate:12.0f} {cpu * 1e6:12.1f} {1 / cpu:14.0f}", f"{bad} FAILED of {ok + bad}" if bad else "")
PY
    done
  done
done
