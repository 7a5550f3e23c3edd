"""A port that should take connections.

Built by `app` from settings. Connects and hangs up; it sends and reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.address import Guard, NoSuchName, place_at
from firstfive.probes.network.reach import NotReached, reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """Watches `address` (`host:port`) for one symptom. Fires when it is refused, when no connection stands within `patience`, or when its
    name does not exist.
    """

    name: str
    symptom: str
    address: str
    patience: timedelta = timedelta(seconds=3)
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One connection, one signal. Raises FirstfiveError when nobody can know."""
        firing, text, family = False, "takes connections", ""
        try:
            connection = await reach(place_at(self.address), self.guard, patience=self.patience)
        except NotReached as problem:
            firing, text, family = True, str(problem), problem.family
        except NoSuchName as problem:
            firing, text, family = True, str(problem), "name does not resolve"
        else:
            connection.close()
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=self.address,
            firing=firing,
            text=text,
            at=now,
            symptom=self.symptom,
            family=family,
        )
        return (signal,)
