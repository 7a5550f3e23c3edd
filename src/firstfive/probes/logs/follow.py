"""The end of a log file as it grows: rotation, truncation, copytruncate, a file that goes and comes back, a line half written.

Used by `symptom`. The first look only finds the end. Reads a bounded block at each look and says how much it had to leave out; keeps
nothing of the log but the beginning of a line that is not whole yet.
"""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from firstfive.errors import FirstfiveError

BLOCK = 8 << 20
LINE = 1 << 20  # of a longer line only so much is looked at


@dataclass(slots=True, kw_only=True)
class FileTail:
    """One growing file. `left_out` counts bytes that were never looked at because more came than one look takes."""

    path: Path
    left_out: int = 0
    _handle: int = -1
    _at: int = 0
    _rest: bytes = b""
    _begun: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return self.path.name

    async def fresh(self, now: datetime) -> bytes:
        """Whole lines that are new since the last look. Raises FirstfiveError when the file cannot be read; a missing one is empty."""
        return await asyncio.to_thread(self._fresh)

    def _fresh(self) -> bytes:
        taken = b""
        if self._handle >= 0 and self._moved():
            taken = self._more()  # what was written to the old file before it was put away
            os.close(self._handle)
            self._handle, self._at = -1, 0
            last = b"" if self._rest.startswith(b"\x00") else self._rest
            taken, self._rest = taken + last + (b"\n" if last else b""), b""
        try:
            if self._handle < 0 and not self._opened():
                return taken
        except FirstfiveError:
            if taken:
                return taken  # the old file's last lines first; the next look says what is wrong with the new one
            raise
        return taken + self._more()

    def _moved(self) -> bool:
        """Whether the name leads to another file now, or to none."""
        try:
            there = os.stat(self.path)
        except OSError:
            return True
        held = os.fstat(self._handle)
        return (there.st_ino, there.st_dev) != (held.st_ino, held.st_dev)

    def _opened(self) -> bool:
        try:
            self._handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            self._begun = True  # when it comes, it is read from its start
            return False
        except OSError as problem:
            raise FirstfiveError(
                f"this log cannot be read: {problem.strerror}",
                where=str(self.path),
                remedy="check the path and that this account may read it (on many hosts the group adm may)",
            ) from None
        if not stat.S_ISREG(os.fstat(self._handle).st_mode):
            self.close()
            raise FirstfiveError("this log cannot be read: it is no regular file", where=str(self.path))
        if not self._begun:
            self._begun, self._at = True, os.fstat(self._handle).st_size
            # A line that is half written now is not looked at from its middle.
            if self._at and os.pread(self._handle, 1, self._at - 1) != b"\n":
                self._rest = b"\x00"
        return True

    def _more(self) -> bytes:
        size = os.fstat(self._handle).st_size
        if size < self._at:  # truncated, or copied away and truncated
            self._at, self._rest = 0, b""
        if size - self._at > BLOCK:
            self.left_out += size - BLOCK - self._at
            self._at, self._rest = size - BLOCK, b"\x00"
        data = os.pread(self._handle, BLOCK, self._at)
        self._at += len(data)
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest = (self._rest + data)[:LINE]
            return b""
        whole = self._rest + data[:end]
        self._rest = data[end:][:LINE]
        if whole.startswith(b"\x00"):
            whole = whole[whole.find(b"\n") + 1 :]
        return whole

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
