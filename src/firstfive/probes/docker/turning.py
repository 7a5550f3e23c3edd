"""Asks Docker whether the container behind a trouble is just being exchanged.

Called by the watch before it believes that an address is in trouble, or that a container has stopped or is gone. An ordinary deploy makes
both so for some seconds, and that is no incident; the rule stands in `exchange`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal, SignalKind
from firstfive.probes.docker.engine import ENDING, EngineApi, Json
from firstfive.probes.docker.exchange import Around, exchanged, instant, sight_of

LABEL = "com.docker.compose."
SAME = timedelta(seconds=3)  # clocks that differ by less are taken for one


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """`behind` maps a symptom id to the containers that its runbook names by their state; `grace` is how long a deploy may take."""

    engine: EngineApi
    behind: Mapping[str, tuple[str, ...]]
    grace: timedelta

    async def __call__(self, signal: Signal, since: datetime, now: datetime) -> bool:
        """True while what began at `since` may be a deploy that goes on; False when nobody can tell."""
        of_container = signal.kind is SignalKind.STATUS
        names = (signal.subject,) if of_container else self.behind.get(signal.symptom, ())
        if not names:
            return False
        try:
            there = await self._clock(now)
            rows = await self.engine.containers()
            for name in names:
                inspected = await self.engine.container(name)
                sight = sight_of(inspected)
                if of_container and sight.status == "running":
                    continue  # it says of itself what is wrong
                if exchanged(sight, await self._around(name, inspected, rows, there, now - since), self.grace):
                    return True
        except FirstfiveError:
            pass
        return False

    async def _clock(self, now: datetime) -> datetime:
        """The present over there: ours, unless the Engine's host is off."""
        theirs = await self.engine.clock()
        return now if abs(now - theirs) <= SAME else theirs

    async def _around(
        self, name: str, inspected: Json | None, rows: list[Json], now: datetime, lasted: timedelta
    ) -> Around:
        asked = None
        if inspected is not None:
            acts = await self.engine.acts((name,), "kill", now - self.grace, now)
            mine = [act.at for act in acts if act.container == inspected.get("Id") and act.signal in ENDING]
            started = sight_of(inspected).started
            asked = max((at for at in mine if started is None or at > started), default=None)
        return Around(now=now, lasted=lasted, asked=asked, successor=_successor(name, inspected, rows))


def _successor(name: str, inspected: Json | None, rows: list[Json]) -> datetime | None:
    """When a newer container was made that is to take its place: of the same Compose service, or named as Compose does meanwhile."""
    labels = ((inspected or {}).get("Config") or {}).get("Labels") or {}
    mine, made = _service(labels), instant((inspected or {}).get("Created"))
    found: list[datetime] = []
    for row in rows:
        at = datetime.fromtimestamp(int(row.get("Created") or 0), UTC)
        named = any(str(other).endswith(f"_{name}") for other in row.get("Names") or ())
        same = bool(mine) and _service(row.get("Labels") or {}) == mine
        newer = row.get("Id") != (inspected or {}).get("Id") and (made is None or at >= made.replace(microsecond=0))
        if newer and (named or same):
            found.append(at)
    return max(found, default=None)


def _service(labels: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(str(labels.get(f"{LABEL}{key}", "")) for key in ("project", "service", "container-number"))
    return found if all(found[:2]) and labels.get(f"{LABEL}oneoff") != "True" else ()
