"""What a stream tells: the entries of one timeline, or that any incident changed. Each event is encoded once, whoever listens.

Read by `channel`, which knows the listeners; these know the room. Reads only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from firstfive.documents.plain import iso
from firstfive.documents.sentence import sentence
from firstfive.incident.events import Entry
from firstfive.web.asked import sequence
from firstfive.web.engine_face import Room, found

LOOKED_AT = 20
PIECE = 200


class Told(Protocol):
    """What one channel tells. A place is what `Last-Event-ID` would say."""

    async def look(self) -> bytes:
        """Look at the room again: the events that whoever was up to date lacks now. Raises FirstfiveError when it cannot."""
        ...

    def since(self, place: str) -> tuple[bytes, str]:
        """A piece of what somebody at this place lacks, and their place after it; no bytes for who has all. Looks at nothing."""
        ...

    def aloud(self) -> bytes:
        """What has no place and is told to whoever comes, as of the last look."""
        ...


@dataclass(slots=True, kw_only=True)
class Entries:
    """One timeline, and what its running steps say: the newest output, whole each time, which at the end stands on the timeline."""

    room: Room
    incident: str
    entries: list[bytes] = field(default_factory=list)
    said: dict[str, bytes] = field(default_factory=dict)

    async def look(self) -> bytes:
        """One event for each entry that is new, and for each step that says something else."""
        state = await found(self.room, self.incident)
        handbook = self.room.handbook_for(state)
        new = [
            event("entry", _row(entry, sentence(entry, handbook)), str(entry.seq))
            for entry in state.entries[len(self.entries) :]
        ]
        self.entries += new
        before, self.said = self.said, self._said()
        return b"".join(new + [one for run, one in self.said.items() if before.get(run) != one])

    def since(self, place: str) -> tuple[bytes, str]:
        """The next entries; from the first one for somebody who says they had more than there is."""
        had = sequence(place)
        had = had if had <= len(self.entries) else 0
        piece = self.entries[had : had + PIECE]
        return b"".join(piece), str(had + len(piece))

    def aloud(self) -> bytes:
        """The output of the steps that run."""
        return b"".join(self.said.values())

    def _said(self) -> dict[str, bytes]:
        said = self.room.aloud.of(self.incident)
        return {one.run: event("output", msgspec.json.encode(one)) for one in said if one.text}


@dataclass(slots=True, kw_only=True)
class Changes:
    """Whether any incident changed since the state that a place stands for."""

    room: Room
    now: str = ""

    async def look(self) -> bytes:
        """One event when something did, none otherwise."""
        before, self.now = self.now, await stamp(self.room)
        return self._event() if self.now != before else b""

    def since(self, place: str) -> tuple[bytes, str]:
        """One event for who knows another state."""
        return (self._event() if place != self.now else b""), self.now

    def aloud(self) -> bytes:
        """Nothing."""
        return b""

    def _event(self) -> bytes:
        return event("change", self.now.encode(), self.now)


async def stamp(room: Room) -> str:
    """A short word for the state of all recent incidents; another word when any of them grew."""
    states = [await room.incident(i) for i in await room.recent_ids(LOOKED_AT)]
    return hashlib.sha256(" ".join(f"{s.id}:{s.seq}" for s in states).encode()).hexdigest()[:16]


def event(name: str, data: bytes = b"", place: str = "") -> bytes:
    """A server-sent event; `data` is one line."""
    head = f"id: {place}\r\nevent: {name}\r\n" if place else f"event: {name}\r\n"
    return b"%bdata: %b\r\n\r\n" % (head.encode(), data)


def _row(entry: Entry, words: str) -> bytes:
    return msgspec.json.encode(
        {
            "seq": entry.seq,
            "at": iso(entry.at),
            "by": entry.by,
            "kind": type(entry.event).__name__,
            "text": words,
            "hash": entry.hash,
        }
    )
