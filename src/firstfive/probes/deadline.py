"""An end to a conversation in a thread, however slowly the other side drips its bytes.

Used by probes whose libraries know a time limit a read, but none for the whole. Without it a peer that sends a byte now and then would keep
the thread, and threads are few.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ended_after(seconds: float, line: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Within the block, the socket that `line` gives is shut once the time is over: a read that waits on it ends then."""

    def end() -> None:
        held = line()
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
