#!/usr/bin/env python3
"""Measures what a client's new TLS connection costs the proxy that intercepts it, beside nginx with TLS on both sides:
processor time of the proxy's process for each connection with one small request.

    bench/new_leaves.py MOCK CERTS [CONNECTIONS]

MOCK is the side-by-side harness's mock_upstream, CERTS its folder of certificates (its setup.sh makes both). Needs nginx
and openssl. "new leaf" is the first connection for a host, for which a certificate is made and a verified connection to
the origin opened; "cached leaf" every later one. At most 1,000 connections: as many leaves stay in the cache.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MOCK_PORT, MOCK_TLS_PORT, PROXY_PORT, NGINX_PORT = 9490, 9491, 9492, 9493
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"%s"}]}' % (b"x" * 400)
BINARY = os.environ.get("TOKOMETER_BIN", str(Path(__file__).parents[1] / "build/release/tokometer"))


def certificate_for_all_hosts(folder: Path, certs: Path) -> Path:
    """A certificate of the harness's authority for every host below bench.test, with its key."""
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "key.pem"], check=True)
    subprocess.run(["openssl", "req", "-new", "-key", folder / "key.pem", "-subj", "/CN=bench.test", "-out", folder / "csr"], check=True)
    (folder / "extensions").write_text("subjectAltName=DNS:bench.test,DNS:*.bench.test\n")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", folder / "csr", "-CA", certs / "ca.pem", "-CAkey", certs / "ca.key", "-days", "9",
         "-set_serial", "7", "-extfile", folder / "extensions", "-out", folder / "cert.pem"],
        check=True, stderr=subprocess.DEVNULL)
    return folder / "cert.pem"


def nginx_configuration(folder: Path, certs: Path) -> Path:
    file = folder / "nginx.conf"
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file.write_text(f"""
daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; {temporary}
  upstream mock {{ server 127.0.0.1:{MOCK_TLS_PORT}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{NGINX_PORT} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass https://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_name bench.test; proxy_ssl_server_name on;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate {certs}/ca.pem;
    }}
  }}
}}
""")
    return file


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def call(context: ssl.SSLContext, port: int, host: str, tunnel: bool) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        if tunnel:
            plain.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s\r\n\r\n" % (host.encode(), MOCK_TLS_PORT, host.encode()))
            answer = plain.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
        with context.wrap_socket(plain, server_hostname=host) as client:
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (host.encode(), len(BODY)) + BODY)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200"), answer[:300]


def measure(name: str, pid: int, count: int, use: Callable[[int], None]) -> float:
    before = cpu_seconds(pid)
    for i in range(count):
        use(i)
    each = (cpu_seconds(pid) - before) / count * 1e6
    print(f"{name:34} {each:8.0f} us CPU a connection", flush=True)
    return each


def main() -> None:
    mock, certs = sys.argv[1], Path(sys.argv[2]).resolve()
    count = min(int(sys.argv[3]) if len(sys.argv) > 3 else 800, 1000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = certificate_for_all_hosts(folder, certs)
        (folder / "data/ca").mkdir(parents=True)
        (folder / "config/providers").mkdir(parents=True)
        # The harness's authority stands for ours.
        (folder / "data/ca/ca.key").write_text((certs / "ca.key").read_text() + (certs / "ca.pem").read_text())
        (folder / "config/providers/openai.json").write_text('{"name": "openai", "hosts": ["bench.test:%d"]}' % MOCK_TLS_PORT)
        hosts = [f"h{i}.bench.test" for i in range(count)]
        resolved = [f"--resolve={host}:{MOCK_TLS_PORT}:127.0.0.1" for host in hosts]
        context = ssl.create_default_context(cafile=str(certs / "ca.pem"))
        programs = [
            [mock, "-p", str(MOCK_PORT), "-s", str(MOCK_TLS_PORT), "-C", str(certificate), "-K", str(folder / "key.pem")],
            ["nginx", "-p", str(folder), "-c", str(nginx_configuration(folder, certs))],
            [BINARY, "proxy", "--listen", f"127.0.0.1:{PROXY_PORT}", "--workers", "1", "--quiet", "--config", "/dev/null",
             "--data-dir", str(folder / "data"), "--config-dir", str(folder / "config"),
             "--origin-ca", str(certs / "ca.pem"), *resolved],
        ]
        running = [subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for program in programs]
        try:
            for port in (MOCK_TLS_PORT, NGINX_PORT, PROXY_PORT):
                wait_for(port)
            children = Path(f"/proc/{running[1].pid}/task/{running[1].pid}/children").read_text()
            nginx = int(re.findall(r"\d+", children)[0])
            base = measure("nginx", nginx, count, lambda i: call(context, NGINX_PORT, hosts[i], False))
            for title in ("tokometer, new leaf", "tokometer, cached leaf"):
                each = measure(title, running[2].pid, count, lambda i: call(context, PROXY_PORT, hosts[i], True))
                print(f"{'':34} {each / base:8.2f} times nginx's")
        finally:
            for program in running:
                program.terminate()
            for program in running:
                program.wait()


if __name__ == "__main__":
    main()
