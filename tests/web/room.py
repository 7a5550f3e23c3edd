"""An engine that lives in memory: the real rules and the real fold, no journal, no hands. What the rules order is left undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from firstfive.documents.metrics import OwnState
from firstfive.engine.redact import Redactor
from firstfive.engine.steps.aloud import Aloud
from firstfive.engine.telling.links import Links
from firstfive.errors import Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.decide import decide
from firstfive.incident.orders import Record
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident, accept, fold, repeats
from incident.builders import POLICY, T0, Line, declared, entries, handbook


@dataclass(slots=True)
class HandClock:
    """A clock that moves when it is told to."""

    at: datetime = T0 + timedelta(seconds=90)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True, kw_only=True)
class Room:
    """Incidents by id, each a list of (seconds, by, event). `broken` is raised instead of an answer; `looks` counts the reads."""

    policy: Policy = POLICY
    handbook: Handbook = field(default_factory=handbook)
    clock: HandClock = field(default_factory=HandClock)
    watched: tuple[str, ...] = ("down.1", "down.2", "down.3", "pay.1")
    lines: dict[str, list[Line]] = field(default_factory=dict)
    ears: list[Callable[[str], None]] = field(default_factory=list)
    broken: Exception | None = None
    looks: int = 0
    answered: list[tuple[str, str]] = field(default_factory=list)
    links: Links = field(default_factory=lambda: Links(key="k" * 32, base="https://ops.example"))
    aloud: Aloud = field(default_factory=lambda: Aloud(redactor=Redactor(["hunter2-secret"])))

    def tell(self, incident_id: str, lines: Iterable[Line]) -> None:
        """Put these on the timeline as they are, then let the rules conclude."""
        self.lines.setdefault(incident_id, []).extend(lines)
        self._conclude(incident_id)
        for ear in tuple(self.ears):
            ear(incident_id)

    def at(self) -> float:
        return (self.clock.now() - T0).total_seconds()

    def _conclude(self, incident_id: str) -> None:
        for _ in range(100):
            state = self._state(incident_id)
            ordered = decide(self.handbook, self.policy, state, self.clock.now())
            concluded = next((o.event for o in ordered if isinstance(o, Record)), None)
            if concluded is None:
                return
            self.lines[incident_id].append((self.at(), concluded))
        raise AssertionError("the rules did not come to rest")

    def _state(self, incident_id: str) -> Incident:
        if self.broken is not None:
            raise self.broken
        if incident_id not in self.lines:
            raise Refused(f"there is no incident {incident_id}", remedy="firstfive status lists the open ones")
        return fold(incident_id, entries(self.lines[incident_id], incident_id))

    async def open_incidents(self) -> tuple[Incident, ...]:
        if self.broken is not None:
            raise self.broken
        states = [self._state(i) for i in reversed(self.lines)]
        return tuple(s for s in states if s.resolved_at is None)

    async def recent_ids(self, limit: int = 50) -> tuple[str, ...]:
        return tuple(reversed(self.lines))[:limit]

    async def those(self, ids: Sequence[str]) -> tuple[Incident, ...]:
        return tuple(self._state(one) for one in ids)

    async def incident(self, incident_id: str) -> Incident:
        self.looks += 1
        return self._state(incident_id)

    def handbook_for(self, incident: Incident) -> Handbook:
        return self.handbook

    async def say(self, incident_id: str, by: str, event: ev.Event) -> Incident:
        state = self._state(incident_id)
        if repeats(state, event, by, self.clock.now()):
            return state
        self.tell(incident_id, [(self.at(), by, accept(state, event, self.clock.now()))])
        return self._state(incident_id)

    async def look_back(self, incident_id: str) -> Incident:
        if self.broken:
            raise self.broken
        return self._state(incident_id)

    async def reached(self, person: str, way: str) -> None:
        self.answered.append((person, way))

    async def own_state(self) -> OwnState:
        return OwnState(open_incidents={1: len(self.lines)}, waiting=0, page_compiles=True)

    async def offer(self, incident_id: str, by: str, pack: str, fields: Mapping[str, Any]) -> Incident:
        number = 1 + len(self._state(incident_id).offered)
        asked = ev.ChangeOffered(
            id=f"{pack}.{number}",
            pack=pack,
            title=f"{pack} {fields.get('address', '')}".strip(),
            target="local",
            script="block it",
            undo="unblock it",
            verify="",
            timeout=timedelta(seconds=30),
            why="asked for",
            warnings=("mind the proxy",),
        )
        return await self.say(incident_id, by, asked)

    async def declare(self, by: str, title: str, level: int | None = None, why: str = "") -> Incident:
        if level is not None and self.handbook.severity(level) is None:
            raise Refused(f"the page's matrix has no severity {level}", remedy="it has 1, 2, 3, 4")
        made = f"INC-{len(self.lines) + 1}"
        told = declared(
            level or 1, title=title, why=why or "given by the person who declared", started_at=self.clock.now()
        )
        self.tell(made, [(self.at(), by, told)])
        return self._state(made)

    async def report(self, by: str, text: str, incident_id: str | None = None) -> Incident:
        live = incident_id or next((i.id for i in await self.open_incidents()), None)
        if live is None:
            live = (await self.declare(by, text)).id
        self.tell(live, [(self.at(), by, ev.ReportReceived(text=text, reporter=by))])
        return self._state(live)

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        self.ears.append(heard)
        return lambda: self.ears.remove(heard)


def with_page(**changes: object) -> Room:
    """A room under the builders' page with these of its fields replaced."""
    return Room(handbook=replace(handbook(), **changes))  # type: ignore[arg-type]
