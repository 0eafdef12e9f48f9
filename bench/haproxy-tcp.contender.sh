#!/bin/bash
# haproxy in TCP mode, one thread: passes TLS on to the mock as it is. What a blind tunnel is measured beside.
# Read by the side-by-side harness (bench/side_by_side.sh puts it among its contenders).
PORT=9218 KIND=tls
skip() { command -v haproxy >/dev/null && return 1; echo "no haproxy: apt-get install haproxy"; }
launch() {
  cat >"$dir/haproxy.cfg" <<CONF
global
  nbthread 1
  maxconn 8000
  tune.bufsize 32768
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  ${HAPROXY_OPTION:-}
listen bench
  bind 127.0.0.1:$PORT backlog 4096
  server mock 127.0.0.1:$MOCK_TLS_PORT
CONF
  exec $PIN haproxy -db -f "$dir/haproxy.cfg"
}
version() { haproxy -v | head -n 1 | cut -d" " -f1-3; }
. "$(dirname "$0")/lib.sh"
