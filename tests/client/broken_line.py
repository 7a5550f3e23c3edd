"""A line between a client and a real server that can be cut: before a call arrives, or before its answer is heard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Cut:
    """`before` calls are lost on the way there, the next `after` ones on the way back; then the line holds."""

    server: int
    before: int = 0
    after: int = 0
    port: int = 0
    seen: list[bytes] = field(default_factory=list)

    def carry(self, near: socket.socket) -> None:
        with near:
            asked = _whole(near)
            self.seen.append(asked)
            if self.before:
                self.before -= 1
                return
            with socket.create_connection(("127.0.0.1", self.server), timeout=30) as far:
                far.sendall(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                answer = b""
                while part := far.recv(65536):
                    answer += part
            if self.after:
                self.after -= 1
                return
            near.sendall(answer)


def _whole(near: socket.socket) -> bytes:
    """One request with its body."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        asked += near.recv(65536)
    head, _, body = asked.partition(b"\r\n\r\n")
    length = next((int(r.split(b":")[1]) for r in head.split(b"\r\n") if r.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += near.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def line_to(server: int, **how: int) -> Iterator[Cut]:
    """Open the line until the block is left."""
    cut = Cut(server, **how)
    listener = socket.create_server(("127.0.0.1", 0))
    cut.port = listener.getsockname()[1]

    def serve() -> None:
        with suppress(OSError):
            while True:
                cut.carry(listener.accept()[0])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield cut
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
