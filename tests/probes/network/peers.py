"""Servers on free ports of loopback for tests of looks over the network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket, bytes], None]


def heard(connection: socket.socket) -> bytes:
    """The head of a request, or what came before the other side hung up."""
    head = b""
    while b"\r\n\r\n" not in head:
        block = connection.recv(4096)
        if not block:
            break
        head += block
    return head


@contextmanager
def speaking(script: Script) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers each connection with `script`; yields its port and the heads that it heard."""
    heads: list[bytes] = []
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            head = heard(connection)
            heads.append(head)
            script(connection, head)

    def serve() -> None:
        talks: list[threading.Thread] = []
        while not stop.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                talks.append(threading.Thread(target=one, args=(connection,), daemon=True))
                talks[-1].start()
        for talk in talks:
            talk.join(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heads
    finally:
        stop.set()
        thread.join(60)
        listener.close()


def saying(*blocks: bytes) -> Script:
    """Sends these bytes and hangs up."""

    def script(connection: socket.socket, _: bytes) -> None:
        for block in blocks:
            connection.sendall(block)

    return script
