"""Live streams: each new entry of a timeline as one server-sent event, and a sign of life every few seconds.

Used by the room's pages and by programs that follow an incident. An event's id is the entry's number, so that whoever comes back
says what they had last and loses nothing. Reads only.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.documents.plain import iso
from firstfive.documents.sentence import sentence
from firstfive.errors import FirstfiveError
from firstfive.incident.events import Entry
from firstfive.web import asked
from firstfive.web.accounts.entrance import Standing
from firstfive.web.engine_face import Room, found, room_of

PING_EVERY = 15
AWAKE = "ping"
LOOKED_AT = 20
FAREWELL = 1.0


def routes() -> list[Route]:
    """The stream of one incident and the one of all."""
    return [Route("/live", all_live), Route("/incidents/{id}/live", incident_live)]


async def incident_live(request: Request) -> Response:
    """Entries of one incident after Last-Event-ID, else after ?after=, then each one as it is committed."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    return _stream(request, state.id, Entries(room=room, incident=state.id, had=asked.sequence(_last(request))))


async def all_live(request: Request) -> Response:
    """One event whenever any incident changed since the state that the caller has seen."""
    room = room_of(request)
    return _stream(request, "", Changes(room=room, had=_last(request)))


def _last(request: Request) -> str:
    return request.headers.get("last-event-id") or request.query_params.get("after", "")


@dataclass(slots=True, kw_only=True)
class Entries:
    """What is new on one timeline since entry number `had`, and what its running steps say."""

    room: Room
    incident: str
    had: int
    heard: dict[str, str] = field(default_factory=dict)

    async def fresh(self) -> list[ServerSentEvent]:
        """One event for each entry that was not told yet; all of them to somebody who says they had more than there is."""
        state = await self.room.incident(self.incident)
        handbook = self.room.handbook_for(state)
        new = state.entries[self.had if self.had <= state.seq else 0 :]
        self.had = state.seq
        told = [
            ServerSentEvent(event="entry", id=str(entry.seq), data=_row(entry, sentence(entry, handbook)))
            for entry in new
        ]
        return told + self._said()

    def _said(self) -> list[ServerSentEvent]:
        """The newest output of running steps, without an id: it is whole each time, and at the end it stands on the timeline."""
        said = self.room.aloud.of(self.incident)
        fresh = [one for one in said if one.text != self.heard.get(one.run, "")]
        self.heard = {one.run: one.text for one in said}
        return [ServerSentEvent(event="output", data=msgspec.json.encode(one).decode()) for one in fresh]


@dataclass(slots=True, kw_only=True)
class Changes:
    """Whether any incident changed since the state that `had` stands for."""

    room: Room
    had: str

    async def fresh(self) -> list[ServerSentEvent]:
        """One event when something did, none otherwise."""
        now = await stamp(self.room)
        before, self.had = self.had, now
        return [ServerSentEvent(event="change", id=now, data=now)] if now != before else []


async def stamp(room: Room) -> str:
    """A short word for the state of all recent incidents; another word when any of them grew."""
    states = [await room.incident(i) for i in await room.recent_ids(LOOKED_AT)]
    return hashlib.sha256(" ".join(f"{s.id}:{s.seq}" for s in states).encode()).hexdigest()[:16]


def _row(entry: Entry, words: str) -> str:
    row = {
        "seq": entry.seq,
        "at": iso(entry.at),
        "by": entry.by,
        "kind": type(entry.event).__name__,
        "text": words,
        "hash": entry.hash,
    }
    return msgspec.json.encode(row).decode()


# -------------------------------------------------------------------------------------------------------- the stream


def _stream(request: Request, about: str, told: Entries | Changes) -> Response:
    leaving = anyio.Event()
    return EventSourceResponse(
        _events(room_of(request), about, told, leaving, Standing(request=request)),
        ping=PING_EVERY,
        ping_message_factory=_ping,
        shutdown_event=leaving,
        shutdown_grace_period=FAREWELL,
    )


def _ping() -> ServerSentEvent:
    """A named event and no comment, so that the page can tell a quiet line from a dead one."""
    return ServerSentEvent(event=AWAKE, data="")


async def _events(
    room: Room, about: str, told: Entries | Changes, leaving: anyio.Event, standing: Standing
) -> AsyncIterator[ServerSentEvent]:
    """What is new now, then what each commit brings, until the server leaves or the listener is signed out.

    A journal that cannot be read ends the stream too: whoever listens comes back and says what they had.
    """
    stir = asyncio.Event()
    stop = room.follow(lambda touched: stir.set() if about in ("", touched) else None)
    deaf = room.aloud.follow(lambda touched: stir.set() if about == touched else None)
    bell = asyncio.create_task(_ring(leaving, stir))
    try:
        yield _ping()
        while not leaving.is_set():
            stir.clear()
            if not await standing.now():
                return
            for event in await told.fresh():
                yield event
            await stir.wait()
    except FirstfiveError:
        return
    finally:
        stop()
        deaf()
        bell.cancel()


async def _ring(leaving: anyio.Event, stir: asyncio.Event) -> None:
    await leaving.wait()
    stir.set()
