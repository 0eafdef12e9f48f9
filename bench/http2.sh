#!/usr/bin/env bash
# Measures the release binary beside nginx over HTTP/2, both proxying to the same stand-in provider in HTTP/1.1:
# requests a second, and processor time a request, which other load on the machine hardly changes. Once without TLS, and
# once with TLS on both sides, where ours is a forward proxy that intercepts and nginx is a server of its own.
#   bench/http2.sh MOCK CERTS [ROUNDS [SECONDS]]
# MOCK is the side-by-side harness's mock_upstream, CERTS its folder of certificates (its setup.sh makes both). Needs
# nginx, h2load and socat, which opens the tunnel through our proxy that h2load cannot ask for.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mock=$1 certs=$2 rounds=${3:-3} seconds=${4:-5}
binary=${TOKOMETER_BIN:-$here/../build/release/tokometer}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

"$mock" -p 9470 -s 9473 -C "$certs/mock.pem" -K "$certs/mock.key" >/dev/null & pids+=($!)
cat >"$work/nginx.conf" <<CONF
daemon off; user root; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u;
  scgi_temp_path $work/s;
  keepalive_requests 100000000;
  http2_max_concurrent_streams 256;
  proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_buffering off; proxy_request_buffering off;
  upstream mock { server 127.0.0.1:9470; keepalive 512; keepalive_requests 100000000; }
  upstream mock_tls { server 127.0.0.1:9473; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:9471 http2;
    location / { proxy_pass http://mock; }
  }
  server {
    listen 127.0.0.1:9474 ssl http2;
    ssl_certificate $certs/mock.pem; ssl_certificate_key $certs/mock.key;
    location / {
      proxy_pass https://mock_tls;
      proxy_ssl_name localhost; proxy_ssl_server_name on;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate $certs/ca.pem;
    }
  }
}
CONF
nginx -p "$work" -c "$work/nginx.conf" & pids+=($!)
# The harness's authority stands for ours; the stand-in's host for OpenAI's.
mkdir -p "$work/data/ca" "$work/config/providers"
cat "$certs/ca.key" "$certs/ca.pem" >"$work/data/ca/ca.key"
printf '{"name": "openai", "hosts": ["localhost:9473"]}\n' >"$work/config/providers/openai.json"
"$binary" proxy --listen 127.0.0.1:9472 --workers 1 --data-dir "$work/data" --config-dir "$work/config" --quiet \
  --config /dev/null --origin openai=http://127.0.0.1:9470 --origin-ca "$certs/ca.pem" >"$work/tokometer.log" 2>&1 &
tokometer=$!
pids+=("$tokometer")
socat TCP-LISTEN:9475,bind=127.0.0.1,fork,reuseaddr,nodelay \
  PROXY:127.0.0.1:localhost:9473,proxyport=9472,nodelay & pids+=($!)
for port in 9470 9471 9472 9473 9474 9475; do
  for _ in $(seq 100); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done
done

# Clock ticks that a process has used.
used() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
printf '{"model":"gpt-4o","messages":[{"role":"user","content":"%s"}]}' "$(printf 'x%.0s' $(seq 800))" >"$work/body"
printf '%-10s %-5s %-8s %12s %12s %14s\n' proxy TLS streams 'req/s' 'µs CPU/req' 'req/s per core'

# measure NAME TLS STREAMS PID URL [h2load's options]
measure() {
  local name=$1 tls=$2 streams=$3 pid=$4 url=$5 before ticks
  shift 5
  before=$(used "$pid")
  h2load -D "$seconds" --warm-up-time 1 -c 1 -m "$streams" -d "$work/body" -H 'content-type: application/json' "$@" \
    "$url" >"$work/out"
  ticks=$(($(used "$pid") - before))
  python3 - "$work/out" "$name" "$tls" "$streams" "$ticks" "$seconds" <<'PY'
import os, re, sys
text, name, tls, streams, ticks, seconds = open(sys.argv[1]).read(), *sys.argv[2:]
rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", text)[1])
ok, bad = int(re.search(r"(\d+) succeeded", text)[1]), int(re.search(r"(\d+) failed", text)[1])
cpu = int(ticks) / os.sysconf("SC_CLK_TCK") / (rate * (float(seconds) + 1))  # the warm-up's second is like the others
print(f"{name:10} {tls:5} {streams:8} {rate:12.0f} {cpu * 1e6:12.1f} {1 / cpu:14.0f}", f"{bad} FAILED of {ok + bad}" if bad else "")
PY
}

for _ in $(seq "$rounds"); do
  nginx=$(pgrep -P "$(cat "$work/nginx.pid")")
  for streams in 1 32; do
    measure nginx no "$streams" "$nginx" http://127.0.0.1:9471/v1/chat/completions
    measure tokometer no "$streams" "$tokometer" http://127.0.0.1:9472/openai/v1/chat/completions
    measure nginx yes "$streams" "$nginx" https://127.0.0.1:9474/v1/chat/completions
    measure tokometer yes "$streams" "$tokometer" https://localhost:9473/v1/chat/completions --connect-to=127.0.0.1:9475
  done
done
