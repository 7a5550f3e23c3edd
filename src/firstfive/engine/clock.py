"""The real clock. The only place that reads the time; tests bring a clock that they turn by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class SystemClock:
    """Wall time in UTC, and asyncio's sleep."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds; zero gives others a turn."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedClock:
    """A clock that several nodes read alike: `told` gives the instant (aware, UTC); waiting is asyncio's sleep."""

    told: Callable[[], datetime]

    def now(self) -> datetime:
        """The present instant, aware, UTC, the same on every node."""
        return self.told()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds; zero gives others a turn."""
        await asyncio.sleep(seconds)
