"""Keeps good versions of the files that a stack is made of, on the target itself, so that they can be put back.

Built by `app` where settings name such files. Tells nothing; writes into our own folder on the target only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.mends.put_back import Kept, keeping
from firstfive.incident.signals import Deploy, Signal
from firstfive.ports import Target

SELDOM = timedelta(seconds=30)
PATIENCE = timedelta(seconds=20)


@dataclass(slots=True, kw_only=True)
class KeptFiles:
    """Looks ten times in the time that a version has to stand, at most every thirty seconds. `well` says that no trouble is on."""

    name: str
    target: Target
    kept: Kept
    well: Callable[[], Awaitable[bool]]
    _next: datetime | None = field(default=None)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """None: it watches changes, not trouble."""
        return ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """Nothing. Raises FirstfiveError when the files cannot be kept."""
        if self._next is not None and now < self._next:
            return ()
        self._next = now + min(SELDOM, self.kept.settled / 10)
        seen = await self.target.look(keeping(self.kept, well=await self.well()), timeout=PATIENCE)
        if seen.exit_code != 0:
            said = " ".join((seen.stderr or seen.text).split())[-200:]
            raise FirstfiveError(f"no copies are kept of {', '.join(self.kept.files)}: {said}", where=self.target.name)
        return ()
