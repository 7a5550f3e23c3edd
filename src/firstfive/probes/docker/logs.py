"""What a container writes, as whole lines, from the Engine.

Used by `app` as a source of lines for log symptoms. Begins at the present; a container that is recreated is followed under its name; a
container that is gone, or an Engine that is silent, is told as such and taken up again where it was left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.probes.docker.engine import EngineApi

OVERLAP = timedelta(seconds=1)
FURTHEST_BACK = timedelta(minutes=10)


@dataclass(slots=True, kw_only=True)
class ContainerTail:
    """New lines of one container, stdout and stderr together."""

    engine: EngineApi
    container: str
    _begun: datetime | None = None
    _newest: datetime | None = None
    _told: frozenset[bytes] = frozenset()

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container

    @property
    def left_out(self) -> int:
        """Always 0: of more than it hands out at once the Engine does not say how much it kept back."""
        return 0

    async def fresh(self, now: datetime) -> bytes:
        """Whole lines since the last look. Raises FirstfiveError when there is no such container, or the Engine does not answer.

        Its two streams may arrive a little out of order, so the last second is asked for again; what was told is not told twice.
        """
        self._begun = self._begun or now
        newest = max(self._newest or now, now - FURTHEST_BACK)
        raw = await self.engine.logs(self.container, max(newest - OVERLAP, self._begun))
        if raw is None:
            raise FirstfiveError(f"there is no container {self.container}", where=self.engine.where)
        lines = [line for line in joined(raw).split(b"\n") if line]
        times = [moment(line.partition(b" ")[0]) for line in lines]
        found = [line.partition(b" ")[2] for line in lines if line not in self._told]
        self._newest = max([newest, *(at for at in times if at is not None)])
        edge = self._newest - OVERLAP
        self._told = frozenset(line for line, at in zip(lines, times, strict=True) if at is None or at >= edge)
        return b"\n".join(found) + b"\n" if found else b""


def moment(stamp: bytes) -> datetime | None:
    """The instant that Docker puts before a line, cut to microseconds; None when it is none."""
    try:
        return datetime.fromisoformat(stamp[:26].decode("ascii").rstrip("Z") + "+00:00")
    except (ValueError, UnicodeDecodeError):
        return None


def joined(raw: bytes) -> bytes:
    """The frames of a container without a terminal put together; the bytes of one with a terminal as they are.

    A frame has eight bytes before it: the stream (0 to 2), three zeros, and its length, big-endian (Engine API, attach).
    """
    if len(raw) < 8 or raw[0] > 2 or raw[1:4] != b"\x00\x00\x00":
        return raw
    parts: list[bytes] = []
    at = 0
    while at + 8 <= len(raw) and raw[at] <= 2 and raw[at + 1 : at + 4] == b"\x00\x00\x00":
        length = int.from_bytes(raw[at + 4 : at + 8], "big")
        parts.append(raw[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(parts)
