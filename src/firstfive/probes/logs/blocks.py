"""A log in blocks of whole lines: plain files by byte range, gzipped ones from their start, both in bounded memory.

Called by `scan` and `access`. Never follows a log that grows; that is `follow`.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstfive.errors import FirstfiveError

BLOCK = 1 << 18
LINE = 8 << 20  # of a longer line only so much is looked at
UNPACKED = 16 << 30  # bytes a gzipped log may unpack to before we stop and say so


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was met on the way: `cut` lines longer than LINE, `unread` why the end was not reached, empty when it was."""

    cut: int = 0
    unread: str = ""
    read: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`data[:length]` is whole lines (the last may lack its line feed at the end of the log); it begins at byte `at`."""

    data: bytes
    length: int
    at: int


def opened(path: Path) -> tuple[int, int]:
    """A descriptor and the size of a regular file. Raises FirstfiveError for what cannot be read as a log."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        raise unreadable(path, problem.strerror or str(problem)) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise unreadable(path, "it is no regular file")
    return handle, status.st_size


def unreadable(path: Path, why: str) -> FirstfiveError:
    """The log cannot be read, and what to do."""
    return FirstfiveError(
        f"this log cannot be read: {why}",
        where=str(path),
        remedy="check the path and that this account may read it (on many hosts the group adm may)",
    )


def is_gzip(handle: int) -> bool:
    """Whether it begins as gzip does, whatever its name."""
    return os.pread(handle, 2, 0) == b"\x1f\x8b"


def plain(handle: int, start: int, end: int, reading: Reading) -> Iterator[Block]:
    """The lines that begin at or after `start` and before `end`. The file may grow or shrink meanwhile."""
    at = start if start == 0 else _next_line(handle, start - 1)
    want = BLOCK
    while at < end and (data := os.pread(handle, want, at)):
        length = _whole(data, end - at, last=len(data) < want)
        if length == 0 and want < LINE:
            want = min(want * 2, LINE)
            continue
        reading.read += length or len(data)
        yield Block(data=data, length=length or len(data), at=at)
        if length:
            at += length
        else:
            reading.cut += 1
            at = _next_line(handle, at + len(data))
        want = BLOCK


def _whole(data: bytes, left: int, *, last: bool) -> int:
    """How many bytes of `data` are whole lines that begin within the first `left` bytes; 0 when not one line ends in it."""
    if left <= len(data) and (found := data.find(b"\n", left - 1) + 1):
        return found
    return len(data) if last else data.rfind(b"\n") + 1


def _next_line(handle: int, at: int) -> int:
    """Where the first line after byte `at` begins: behind the first line feed at or after it, or the end."""
    while data := os.pread(handle, BLOCK, at):
        found = data.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(data)
    return at


def gzipped(path: Path, reading: Reading, budget: int = UNPACKED) -> Iterator[Block]:
    """The lines of a gzipped log. Damage, a missing end, or more than `budget` unpacked bytes end it, and `reading` says so."""
    at, rest, skipping = 0, b"", False
    for unpacked in _unpacked(path, reading, budget):
        fresh = unpacked
        if skipping:
            found = fresh.find(b"\n") + 1
            at += found or len(fresh)
            skipping = not found
            fresh = fresh[found:] if found else b""
        whole = fresh.rfind(b"\n") + 1
        if whole == 0 and len(rest) + len(fresh) >= LINE:
            reading.cut += 1
            whole, skipping = len(fresh), True
        # Copied once: a gigabyte passes through here.
        data, rest = (b"".join((rest, memoryview(fresh)[:whole])), fresh[whole:]) if whole else (b"", rest + fresh)
        if data:
            reading.read += len(data)
            yield Block(data=data, length=len(data), at=at)
        at += len(data)
    if rest:
        reading.read += len(rest)
        yield Block(data=rest, length=len(rest), at=at)


def gzipped_lines(path: Path, reading: Reading, budget: int = UNPACKED) -> Iterator[list[bytes]]:
    """The lines of a gzipped log in lists, for who wants nothing but lines: the bytes are not copied into blocks first.

    Ends and cuts as `gzipped` does; of a longer line than LINE only its beginning is given.
    """
    rest, skipping = b"", False
    for fresh in _unpacked(path, reading, budget):
        lines = fresh.split(b"\n")
        reading.read += len(fresh)
        if skipping and len(lines) == 1:
            continue
        head = lines.pop(0)
        first, skipping = b"" if skipping else rest + head, False
        if not lines:
            rest = first
            if len(rest) >= LINE:
                reading.cut += 1
                rest, skipping = b"", True
                yield [first]
            continue
        rest = lines.pop()
        lines.append(first)
        yield lines
    if rest:
        yield [rest]


def _unpacked(path: Path, reading: Reading, budget: int) -> Iterator[bytes]:
    from isal import igzip, igzip_lib

    damaged: Any = (EOFError, OSError, zlib.error, igzip_lib.error)
    unpack: Any = igzip.IGzipFile
    handle, _ = opened(path)
    with os.fdopen(handle, "rb") as file, unpack(fileobj=file, mode="rb") as source:
        done = 0
        while done < budget:
            try:
                fresh = source.read(min(BLOCK, budget - done))
            except damaged as problem:
                reading.unread = f"its gzip is damaged after {done} unpacked bytes: {problem}"
                return
            if not fresh:
                return
            done += len(fresh)
            yield fresh
        reading.unread = f"stopped after {budget} unpacked bytes: the log is larger than that, or made to be"
