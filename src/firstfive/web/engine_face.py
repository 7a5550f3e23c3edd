"""What the web asks of the engine: one protocol, and the few questions that every surface of it shares.

Implemented by `engine.loop.Engine`; used by `api`, `room` and `live`. Opens nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request

from firstfive.documents.metrics import OwnState
from firstfive.documents.steps import finished, output_row
from firstfive.documents.view import view
from firstfive.engine.outsiders.desk import Outside
from firstfive.engine.steps.aloud import Aloud
from firstfive.engine.telling.links import Links
from firstfive.errors import Refused
from firstfive.handbook.model import Handbook
from firstfive.incident.events import Event
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident
from firstfive.ports import Clock
from firstfive.web.problems import UnknownIncident


class Room(Protocol):
    """The running program as the web sees it."""

    @property
    def policy(self) -> Policy:
        """The team's numbers."""
        ...

    @property
    def handbook(self) -> Handbook:
        """The page in force for new incidents."""
        ...

    @property
    def clock(self) -> Clock:
        """The only clock."""
        ...

    @property
    def watched(self) -> tuple[str, ...]:
        """Ids of the symptoms that something looks at."""
        ...

    async def open_incidents(self) -> tuple[Incident, ...]:
        """Every incident that is not finished, newest first."""
        ...

    async def those(self, ids: Sequence[str]) -> tuple[Incident, ...]:
        """These incidents, without those that only a newer version can read."""
        ...

    async def recent_ids(self, limit: int = 50) -> tuple[str, ...]:
        """The newest incidents, finished or not."""
        ...

    async def incident(self, incident_id: str) -> Incident:
        """The incident as it stands. Raises Refused when there is none."""
        ...

    def handbook_for(self, incident: Incident) -> Handbook:
        """The page that an incident is pinned to."""
        ...

    async def say(self, incident_id: str, by: str, event: Event) -> Incident:
        """Write a person's event if the rules accept it now. Raises Refused with the reason."""
        ...

    async def offer(self, incident_id: str, by: str, pack: str, fields: Mapping[str, Any]) -> Incident:
        """Ask for a change out of a pack. Raises Refused with the reason why not."""
        ...

    async def attached(self, incident_id: str, run: str) -> str | None:
        """What a run said where it is more than its entry holds."""
        ...

    async def look_back(self, incident_id: str) -> Incident:
        """Read the post-mortem in the vault again."""
        ...

    async def declare(self, by: str, title: str, level: int | None = None, why: str = "") -> Incident:
        """A person declares."""
        ...

    async def report(self, by: str, text: str, incident_id: str | None = None) -> Incident:
        """A person reports trouble."""
        ...

    @property
    def aloud(self) -> Aloud:
        """What running steps say while they run."""
        ...

    @property
    def links(self) -> Links:
        """Sealed links: what each of them does."""
        ...

    @property
    def outside(self) -> Outside:
        """Silences, heartbeats, the backlog, and what was made of each request of a sender."""
        ...

    async def reached(self, person: str, way: str) -> None:
        """A person answered through this way."""
        ...

    async def own_state(self) -> OwnState:
        """How the program itself does."""
        ...

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` in this event loop with an incident's id after each commit, until the returned function is called."""
        ...


def room_of(request: Request) -> Room:
    """The program behind this request."""
    room: Room = request.app.state.room
    return room


async def found(room: Room, incident_id: str) -> Incident:
    """The incident, or UnknownIncident in the engine's own words."""
    try:
        return await room.incident(incident_id)
    except Refused as refused:
        raise UnknownIncident(refused.what, remedy=refused.remedy, exit_code=refused.exit_code) from None


async def said(room: Room, incident: Incident, wanted: str) -> dict[str, object]:
    """All that was kept of what a run said, or UnknownIncident where none of that name has ended."""
    try:
        end, at = finished(incident, wanted)
    except Refused as refused:
        raise UnknownIncident(refused.what, remedy=refused.remedy) from None
    return output_row(incident, end, at, await room.attached(incident.id, end.run))


def seen(room: Room, incident: Incident) -> dict[str, object]:
    """The incident as plain data, now, by the page it is pinned to."""
    return view(incident, room.handbook_for(incident), room.policy, room.clock.now())
