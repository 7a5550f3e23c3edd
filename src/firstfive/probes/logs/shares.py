"""Several processes on one log: each takes the next piece nobody has taken, and tells at the end what it found.

Called by `workers` and `access.ranking`. The others are started fresh and asked on standard input: a running program is never forked, so
this may be used from a thread beside an event loop.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from firstfive.errors import FirstfiveError

PIECE = 32 << 20
PIECES = 4096  # as many numbers as a pipe surely holds
_NUMBER = struct.Struct("<I")


def pieces(start: int, end: int) -> list[tuple[int, int]]:
    """Bytes `start` to `end` cut for sharing out, in order."""
    size = max(PIECE, (end - start) // PIECES + 1)
    return [(at, min(at + size, end)) for at in range(start, end, size)] or [(start, end)]


def taken(pipe: int) -> Iterator[int]:
    """Numbers of pieces that nobody else has taken, ascending, until none is left."""
    while number := os.read(pipe, _NUMBER.size):
        yield _NUMBER.unpack(number)[0]


@contextmanager
def asked(
    module: str, question: Callable[[int], bytes], *, count: int, others: int
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """`others` processes at work on `count` pieces: yields the pipe to take numbers from, and the answers of the others, in order.

    `question` is made from the pipe's descriptor; `module` reads it from standard input and writes its answer to standard output. All end
    with the block, whatever happens. Raises FirstfiveError when one fails.
    """
    pipe, feed = os.pipe()
    try:
        os.write(feed, b"".join(map(_NUMBER.pack, range(count))))
        os.close(feed)
        with ExitStack() as stack:
            started = [stack.enter_context(_started(module, question(pipe), pipe)) for _ in range(others)]
            yield pipe, map(_answer, started)
    finally:
        os.close(pipe)


@contextmanager
def _started(module: str, question: bytes, pipe: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=1 << 20,
        pass_fds=(pipe,),
    )
    try:
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # it died at once: its own words say why when it is asked for its answer
                process.stdin.write(question)
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.stdin = None
        yield process
    finally:
        process.kill()
        if process.returncode is None:
            process.communicate()


def _answer(process: subprocess.Popen[bytes]) -> bytes:
    body, said = process.communicate()
    if process.returncode != 0:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        raise FirstfiveError(
            f"a process that reads its share of the log failed: {last[0]}", remedy="ask again with --jobs 1"
        )
    return body
