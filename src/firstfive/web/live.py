"""Live streams: each new entry of a timeline as one server-sent event, and a sign of life every few seconds.

Used by the room's pages and by programs that follow an incident. An event's id is the entry's number, so that whoever comes back
says what they had last and loses nothing. Reads only.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

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
from firstfive.web.engine_face import Room, found, room_of

PING_EVERY = 15
AWAKE = "ping"
LOOKED_AT = 20


def routes() -> list[Route]:
    """The stream of one incident and the one of all."""
    return [Route("/live", all_live), Route("/incidents/{id}/live", incident_live)]


async def incident_live(request: Request) -> Response:
    """Entries of one incident after Last-Event-ID, else after ?after=, then each one as it is committed."""
    room = room_of(request)
    state = await found(room, request.path_params["id"])
    last = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return _stream(_entries(room, state.id, asked.sequence(last)))


async def all_live(request: Request) -> Response:
    """One event whenever any incident changed since the state that the caller has seen."""
    last = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return _stream(_changes(room_of(request), last))


def _stream(events: AsyncIterator[ServerSentEvent]) -> Response:
    return EventSourceResponse(_while_it_lasts(events), ping=PING_EVERY, ping_message_factory=_ping)


async def _while_it_lasts(events: AsyncIterator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    """The same events; a journal that cannot be read ends the stream, and whoever listens comes back with what they had."""
    try:
        async for event in events:
            yield event
    except FirstfiveError:
        return


def _ping() -> ServerSentEvent:
    """A named event and no comment, so that the page can tell a quiet line from a dead one."""
    return ServerSentEvent(event=AWAKE, data="")


async def _entries(room: Room, incident_id: str, after: int) -> AsyncIterator[ServerSentEvent]:
    news = asyncio.Event()
    stop = room.follow(lambda touched: news.set() if touched == incident_id else None)
    try:
        yield _ping()
        had = after
        while True:
            news.clear()
            state = await room.incident(incident_id)
            had = had if had <= state.seq else 0
            handbook = room.handbook_for(state)
            for entry in state.entries[had:]:
                yield ServerSentEvent(event="entry", id=str(entry.seq), data=_row(entry, sentence(entry, handbook)))
            had = state.seq
            await news.wait()
    finally:
        stop()


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


async def _changes(room: Room, last: str) -> AsyncIterator[ServerSentEvent]:
    news = asyncio.Event()
    stop = room.follow(lambda _: news.set())
    try:
        yield _ping()
        while True:
            news.clear()
            now = await stamp(room)
            if now != last:
                yield ServerSentEvent(event="change", id=now, data=now)
            last = now
            await news.wait()
    finally:
        stop()


async def stamp(room: Room) -> str:
    """A short word for the state of all recent incidents; another word when any of them grew."""
    states = [await room.incident(i) for i in await room.recent_ids(LOOKED_AT)]
    return hashlib.sha256(" ".join(f"{s.id}:{s.seq}" for s in states).encode()).hexdigest()[:16]
