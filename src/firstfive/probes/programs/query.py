"""A question that the team asks of its own data, such as how many payments are stuck: a read-only command whose first number counts.

Built by `app`, which refuses a command that is not known to be read-only. Runs it on the target, on its own clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Target

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(slots=True, kw_only=True)
class Query:
    """Fires when the first number of what `command` prints is above `more_than`. `unit` names what is counted."""

    name: str
    symptom: str
    target: Target
    command: str
    more_than: int = 0
    unit: str = ""
    every: timedelta = timedelta(minutes=1)
    host: str = ""
    _last: tuple[datetime, Signal] | None = None

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when the command fails or prints no number: then nobody knows."""
        if self._last is not None and timedelta(0) <= now - self._last[0] < self.every:
            return (self._last[1],)
        output = await self.target.look(self.command, timeout=timedelta(seconds=20))
        found = _NUMBER.search(output.stdout)
        if output.exit_code != 0 or found is None:
            said = " ".join((output.stderr or output.text).split())[:200] or "nothing"
            raise FirstfiveError(f"the query {self.name} gives no number; it printed {said}", where=self.target.name)
        count = float(found[0])
        firing = count > self.more_than
        text = f"{count:g} {self.unit or 'found'}" + (f", more than {self.more_than}" if firing else "")
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=self.unit or self.name,
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
            host=self.host,
        )
        self._last = (now, signal)
        return (signal,)
