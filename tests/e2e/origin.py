"""An origin server of raw bytes: each test says itself what is sent, and when.

with Origin(lambda exchange: exchange.send(b"HTTP/1.1 200 OK\\r\\n...")) as origin:
    ... origin.port ...
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from wire import LAST_CHUNK, Closed, Connection, Message, chunk, head


class Exchange:
    """One request as it reached the origin, and the means to answer it."""

    def __init__(self, connection: Connection, request: Message):
        self.connection = connection
        self.request = request
        self.keep_open = True

    @property
    def method(self) -> str:
        return self.request.start_line.split(b" ")[0].decode()

    @property
    def target(self) -> str:
        return self.request.start_line.split(b" ")[1].decode()

    def send(self, data: bytes) -> None:
        self.connection.send(data)

    def answer(
        self,
        content: bytes,
        status: str = "200 OK",
        content_type: str = "application/json",
        fields: list[tuple[str, str]] | None = None,
    ) -> None:
        framing = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
        self.send(head(f"HTTP/1.1 {status}", framing + (fields or [])) + content)

    def begin_stream(self, content_type: str = "text/event-stream") -> None:
        self.send(head("HTTP/1.1 200 OK", [("Content-Type", content_type), ("Transfer-Encoding", "chunked")]))

    def stream(self, data: bytes) -> None:
        self.send(chunk(data))

    def end_stream(self) -> None:
        self.send(LAST_CHUNK)

    def break_off(self) -> None:
        """Closes the connection without ending the message."""
        self.keep_open = False


class Origin:
    """Serves every connection on a thread; `handler` is called for each request."""

    def __init__(self, handler: Callable[[Exchange], None], tls: ssl.SSLContext | None = None):
        self.handler = handler
        self.tls = tls
        self.requests: list[Message] = []  # everything that came
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self) -> Origin:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone would leave the thread in accept(), on a descriptor whose number the next origin may get.
        self.listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self.listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._open)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, Closed, ValueError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with self._lock:
                self._open.add(sock)
            connection = Connection(sock)
            exchange = None
            while exchange is None or exchange.keep_open:
                exchange = Exchange(connection, connection.read_request())
                self.requests.append(exchange.request)
                self.handler(exchange)
        sock.close()
        with self._lock:
            self._open.discard(sock)
