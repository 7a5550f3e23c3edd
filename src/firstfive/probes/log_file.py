"""Log lines that hold what the page calls a symptom, read from the end of a file as it grows.

Built by `app` from the page's log symptoms and the files that settings name. Starts at the present end, follows rotation and
truncation, and reads a bounded block at each look. Keeps counts and one line, never the log.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from firstfive.incident.signals import Deploy, Signal, SignalKind

BLOCK = 4 * 1024 * 1024
LINE = 4096


@dataclass(slots=True, kw_only=True)
class LogFile:
    """Watches one file for symptom id -> tokens. A symptom fires on a match and is over after `quiet` without another."""

    name: str
    path: Path
    wanted: Mapping[str, tuple[str, ...]]
    quiet: timedelta = timedelta(seconds=60)
    _at: int = -1
    _inode: int = 0
    _rest: bytes = b""
    _last: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptoms it watches."""
        return tuple(self.wanted)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """What has been written since the last look, and one signal a symptom."""
        for line in self._fresh():
            lowered = line.lower()
            for symptom, tokens in self.wanted.items():
                if any(token.lower().encode() in lowered for token in tokens):
                    self._last[symptom] = (now, line[:LINE].decode("utf-8", "replace").strip())
        return [self._signal(symptom, tokens, now) for symptom, tokens in self.wanted.items()]

    def _signal(self, symptom: str, tokens: tuple[str, ...], now: datetime) -> Signal:
        seen = self._last.get(symptom)
        firing = seen is not None and now - seen[0] <= self.quiet
        text = seen[1] if seen and firing else f"no {' or '.join(tokens)} for {int(self.quiet.total_seconds())} s"
        return Signal(
            kind=SignalKind.LOG,
            source=self.name,
            subject=str(self.path.name),
            firing=firing,
            text=text,
            at=now,
            symptom=symptom,
        )

    def _fresh(self) -> list[bytes]:
        """Whole lines that are new. The first look only finds the end; a file that shrank or was replaced is read from its start."""
        try:
            with self.path.open("rb") as log:
                status = os.fstat(log.fileno())
                if self._at < 0:
                    self._at, self._inode = status.st_size, status.st_ino
                    return []
                if status.st_ino != self._inode or status.st_size < self._at:
                    self._at, self._inode, self._rest = 0, status.st_ino, b""
                if status.st_size - self._at > BLOCK:
                    self._at, self._rest = status.st_size - BLOCK, b""
                log.seek(self._at)
                block = self._rest + log.read(BLOCK)
        except FileNotFoundError:
            self._at = 0
            return []
        self._at += len(block) - len(self._rest)
        lines = block.split(b"\n")
        self._rest = lines.pop()[-LINE:]
        return lines
