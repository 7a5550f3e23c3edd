"""One channel for each thing that is watched: it looks once when something happened and writes the same bytes to every viewer.

Opened by the first viewer, closed after the last; used by `routes`. Whoever reads too slowly is let go and comes back with what they
had; whoever is signed out hears nothing more. Nobody waits for anybody else, and nothing is done for who has nothing to hear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.errors import FirstfiveError
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.engine_face import Room
from firstfive.web.live.told import Told, event
from firstfive.web.live.wire import LAST_CHUNK, chunk

PING_EVERY = 15.0
PING = event("ping")
MOST_UNREAD, LOOKED_AT_AFTER = 256 * 1024, 64 * 1024
STANDS, ASKS_EVERY = timedelta(seconds=4), timedelta(seconds=1)
FAREWELL = 1.0


@dataclass(slots=True, kw_only=True, eq=False)
class Viewer:
    """Somebody who listens. `shown` is what they were let in by, empty where that cannot end; it was good until `good_until` at least."""

    wire: asyncio.Transport
    shown: str = ""
    good_until: datetime | None = None

    def write(self, events: bytes) -> None:
        """Give them these, unless they left just now."""
        if not self.wire.is_closing():
            self.wire.write(events)

    def end(self) -> None:
        """The answer is over. What was written before still goes out, but nobody is waited for: neither who reads nothing, nor the
        goodbye of TLS.
        """
        self.write(LAST_CHUNK)
        self.wire.close()
        asyncio.get_running_loop().call_later(FAREWELL, self.wire.abort)


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """Who listens to one thing, and what there is to tell. `stir` is set when there may be something new.

    `here` are the wires of those who have all there was when they came. To write to one is all that is done for each: whatever else is
    looked at beside it is not in the processor's memory by then and costs a tenth more. They stand in the order in which they came, since
    so they lie in memory.
    """

    told: Told
    room: Room
    entrance: Entrance | None
    viewers: dict[Viewer, None] = field(default_factory=dict)
    here: dict[asyncio.Transport, Viewer] = field(default_factory=dict)
    unlooked: int = 0
    spoke_at: float = 0.0
    users: int = 0
    over: bool = False
    asks_again: datetime | None = None
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    stops: list[Callable[[], object]] = field(default_factory=list)

    def open(self, about: str) -> None:
        """Listen to the room from now on."""
        self.stir.set()
        self.stops.append(self.room.follow(lambda touched: self.stir.set() if about in ("", touched) else None))
        self.stops.append(self.room.aloud.follow(lambda touched: self.stir.set() if about == touched else None))
        for work in (self._tell(), self._ping()):
            self.stops.append(asyncio.create_task(work).cancel)

    def close(self) -> None:
        """Nothing more is told here: whoever listens comes back and says what they had."""
        if self.over:
            return
        self.over = True
        for viewer in tuple(self.viewers):
            self.forget(viewer)
            viewer.end()
        for stop in self.stops:
            stop()

    async def settle(self) -> None:
        """Look, if anything may be new, and tell it to all. Raises FirstfiveError when it cannot be looked at."""
        async with self.turn:
            if not self.stir.is_set():
                return
            self.stir.clear()
            try:
                await self._turn_away()
                self._spread(await self.told.look())
            except BaseException:
                self.stir.set()
                raise

    async def welcome(self, viewer: Viewer, place: str, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Tell what they lack, no faster than they take it; from then on they hear what the others hear."""
        if self.over:
            viewer.end()
            return
        self.viewers[viewer] = None
        piece, place = self.told.since(place)
        while piece and viewer in self.viewers:
            await send(piece)
            piece, place = self.told.since(place)
        if viewer in self.viewers:
            self.here[viewer.wire] = viewer
            if aloud := self.told.aloud():
                viewer.write(chunk(aloud))

    def forget(self, viewer: Viewer) -> None:
        """They left, or are sent away: nothing more is written to them."""
        self.viewers.pop(viewer, None)
        self.here.pop(viewer.wire, None)

    async def _tell(self) -> None:
        """What each commit brings, until it cannot be read."""
        try:
            with suppress(FirstfiveError):
                while True:
                    await self.stir.wait()
                    await self.settle()
        finally:
            self.close()

    async def _ping(self) -> None:
        """A sign of life, unless what was told a moment ago is one."""
        now, silence = asyncio.get_running_loop().time, PING_EVERY
        while True:
            await asyncio.sleep(silence)
            silence = PING_EVERY - (now() - self.spoke_at)
            if silence <= 0:
                self._spread(PING)
                silence = PING_EVERY

    def _spread(self, events: bytes) -> None:
        """Write these to everybody who is here, but let go of who has not read the ones before."""
        if not events:
            return
        written = chunk(events)
        self._let_go(len(written))
        for wire in tuple(self.here):
            try:
                wire.write(written)
            except RuntimeError:  # closed in this moment; its own answer ends in the next
                self.here.pop(wire, None)
        self.spoke_at = asyncio.get_running_loop().time()

    def _let_go(self, more: int) -> None:
        """Cut off who reads too slowly. Nobody can have fallen behind by more than was told, so that is looked at once in a while."""
        self.unlooked += more
        if self.unlooked < LOOKED_AT_AFTER:
            return
        self.unlooked = 0
        for wire, viewer in tuple(self.here.items()):
            if not wire.is_closing() and wire.get_write_buffer_size() > MOST_UNREAD:
                self.forget(viewer)
                wire.abort()

    async def _turn_away(self) -> None:
        """End the streams of those whose session or token is over: asked of the store for all at once, every few seconds at most."""
        now = self.room.clock.now()
        if self.entrance is None or (self.asks_again is not None and now < self.asks_again):
            return
        self.asks_again = now + ASKS_EVERY
        asked = [v for v in self.viewers if v.shown and (v.good_until is None or now >= v.good_until)]
        if not asked:
            return
        good = await self.entrance.still_good({viewer.shown for viewer in asked})
        for viewer in asked:
            if viewer.shown in good:
                viewer.good_until = now + STANDS
            elif viewer in self.viewers:
                self.forget(viewer)
                viewer.end()


@dataclass(slots=True, kw_only=True)
class Streams:
    """The channels of one program by what they are about; the empty word is about everything."""

    room: Room
    entrance: Entrance | None = None
    channels: dict[str, Channel] = field(default_factory=dict)
    over: bool = False

    @contextmanager
    def channel(self, about: str, told: Callable[[], Told]) -> Iterator[Channel]:
        """The channel about this, there as long as somebody uses it."""
        channel = self.channels.get(about)
        if channel is None or channel.over:
            channel = self.channels[about] = Channel(told=told(), room=self.room, entrance=self.entrance)
            channel.open(about)
            if self.over:
                channel.close()
        channel.users += 1
        try:
            yield channel
        finally:
            channel.users -= 1
            if not channel.users:
                channel.close()
                if self.channels.get(about) is channel:
                    del self.channels[about]

    def close(self) -> None:
        """The server leaves: every answer ends, and one that begins now ends at once."""
        self.over = True
        for channel in tuple(self.channels.values()):
            channel.close()
