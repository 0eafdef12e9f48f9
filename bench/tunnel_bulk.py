#!/usr/bin/env python3
"""CPU that passing bulk costs: each proxy named passes the same bytes, plain TCP, one connection after the other.

  bench/tunnel_bulk.py --mib 1024 haproxy=haproxy tunnel=build/release/tokometer

NAME=PROGRAM, PROGRAM being a tokometer binary, or haproxy. The proxy has the last core, the rest of it the first.
"""
import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))
BLOCK = b"x" * (256 << 10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def serve(server: socket.socket, size: int) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(1)
            for _ in range(size // len(BLOCK)):
                connection.sendall(BLOCK)


def start(program: str, folder: Path, port: int, origin: int) -> subprocess.Popen:
    if Path(program).name == "haproxy":
        config = folder / "haproxy.cfg"
        config.write_text(
            "global\n nbthread 1\n maxconn 100\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n"
            f" timeout server 60s\nlisten bench\n bind 127.0.0.1:{port}\n server origin 127.0.0.1:{origin}\n"
        )
        words = [program, "-db", "-f", str(config)]
    else:
        words = [program, "proxy", "--listen", f"127.0.0.1:{port}", "--workers", "1", "--quiet"]
        words += ["--config", "/dev/null", "--data-dir", str(folder), "--config-dir", str(folder), "--tunnel", "*"]
    return subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, CPUS[-1:])
    )


def connect(port: int) -> socket.socket:
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(name: str, program: str, origin: int, size: int) -> None:
    folder = Path(tempfile.mkdtemp())
    port = free_port()
    proxy = start(program, folder, port, origin)
    try:
        with connect(port) as client:
            if Path(program).name != "haproxy":
                client.sendall(f"CONNECT 127.0.0.1:{origin} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            before, began = cpu_seconds(proxy.pid), time.monotonic()
            client.sendall(b"!")
            left = size
            while left > 0 and (data := client.recv(1 << 20)):
                left -= len(data)
            assert left == 0, f"{name}: {left} bytes missing"
            cpu, took = cpu_seconds(proxy.pid) - before, time.monotonic() - began
            print(f"{name:16} {cpu * 1e6 / (size >> 20):7.1f} us CPU a MiB, {(size >> 20) / took:7.0f} MiB/s")
    finally:
        proxy.terminate()
        proxy.wait()
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("proxies", nargs="+", metavar="NAME=PROGRAM")
    options = parser.parse_args()
    os.sched_setaffinity(0, CPUS[:1])
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(server, options.mib << 20), daemon=True).start()
    for _ in range(options.rounds):
        for one in options.proxies:
            measure(*one.split("=", 1), server.getsockname()[1], options.mib << 20)


if __name__ == "__main__":
    main()
