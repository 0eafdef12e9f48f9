"""HTTP/1.1 as bytes: reads messages without hiding anything that a proxy might change.

Not here: sending requests as a program would; the tests write the bytes themselves.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

# RFC 9110, 7.6.1: these belong to one connection, so a proxy may change them.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}


class Closed(Exception):
    """The peer closed or reset the connection before the message was whole."""


@dataclass
class Message:
    start_line: bytes
    fields: list[tuple[str, str]]  # as received, in their order
    content: bytes = b""  # framing removed, coding kept
    trailers: list[tuple[str, str]] = field(default_factory=list)
    interim: list[Message] = field(default_factory=list)  # 1xx responses that came before
    until_close: bool = False

    @property
    def status(self) -> int:
        return int(self.start_line.split(b" ", 2)[1])

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name), None)

    def end_to_end_fields(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.fields if name.lower() not in HOP_BY_HOP]


class Connection:
    """A socket with a buffer of what was read and not yet taken."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.buffer = b""

    @staticmethod
    def open(port: int, timeout: float = 10) -> Connection:
        sock = socket.create_connection(("127.0.0.1", port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(sock)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def fill(self) -> bool:
        """Reads more into the buffer; False at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            raise Closed("reset") from None
        self.buffer += data
        return bool(data)

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self.fill():
                raise Closed(f"{len(self.buffer)} of {size} bytes")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def take_until(self, mark: bytes) -> bytes:
        """The bytes before `mark`, which is taken too."""
        while mark not in self.buffer:
            if not self.fill():
                raise Closed("end of stream" if not self.buffer else "within a line")
        data, self.buffer = self.buffer.split(mark, 1)
        return data

    def take_rest(self) -> bytes:
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed_by_peer(self, timeout: float = 5) -> bool:
        """Whether the peer closes (or resets) within `timeout`, sending nothing more."""
        self.sock.settimeout(timeout)
        try:
            return self.buffer == b"" and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def read_head(self) -> Message:
        head = self.take_until(b"\r\n\r\n")
        start_line, *lines = head.split(b"\r\n")
        return Message(start_line, [split_field(line) for line in lines])

    def read_request(self) -> Message:
        message = self.read_head()
        if message.get("transfer-encoding") is not None:
            self._read_chunked(message)
        else:
            message.content = self.take(int(message.get("content-length") or 0))
        return message

    def read_response(self, method: str = "GET") -> Message:
        interim = []
        message = self.read_head()
        while 100 <= message.status < 200 and message.status != 101:
            interim.append(message)
            message = self.read_head()
        message.interim = interim
        if method == "HEAD" or message.status in (101, 204, 304):
            return message
        if message.get("transfer-encoding") is not None:
            self._read_chunked(message)
        elif (length := message.get("content-length")) is not None:
            message.content = self.take(int(length))
        else:
            message.until_close = True
            message.content = self.take_rest()
        return message

    def read_chunk(self) -> bytes:
        """One chunk's data; empty for the last chunk, whose trailers are left to be read."""
        size = int(self.take_until(b"\r\n").split(b";")[0], 16)
        if size == 0:
            return b""
        data = self.take(size)
        if self.take(2) != b"\r\n":
            raise Closed("chunk without its line end")
        return data

    def _read_chunked(self, message: Message) -> None:
        parts = []
        while data := self.read_chunk():
            parts.append(data)
        message.content = b"".join(parts)
        while line := self.take_until(b"\r\n"):
            message.trailers.append(split_field(line))


def split_field(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name, value.strip(" \t")


def head(start_line: str, fields: list[tuple[str, str]]) -> bytes:
    lines = [start_line] + [f"{name}: {value}" for name, value in fields]
    return "\r\n".join(lines + ["", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def request(method: str, target: str, content: bytes = b"", fields: dict[str, str] | None = None) -> bytes:
    """A request with a Content-Length, as most clients send it."""
    all_fields = [("Host", "localhost"), ("Content-Length", str(len(content)))] + list((fields or {}).items())
    return head(f"{method} {target} HTTP/1.1", all_fields) + content
