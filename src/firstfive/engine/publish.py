"""The public status page, kept from the journal: made anew when something was said, and put where the team wants it.

`PublicBook` answers the web and the command line; `Publisher` is run by `app` beside the engine. Both only read the journal. Whatever goes
wrong here is logged and tried again; it never holds the engine up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from firstfive.documents.public.files import files_of
from firstfive.documents.public.from_incidents import Hidden, public_incident, status_page
from firstfive.documents.public.status_page import About, PublicIncident
from firstfive.errors import FirstfiveError
from firstfive.incident.timeline import fold
from firstfive.ports import Clock, Journal

DEBOUNCE = 1.0
AGAIN = 60.0
SOONEST = 1.0


@dataclass(slots=True, kw_only=True)
class PublicBook:
    """What the public knows, read from the journal once and then incident by incident as they change.

    `news` is set whenever an incident changed after `files` was asked for the first time.
    """

    journal: Journal
    clock: Clock
    about: About
    hidden: Hidden = field(default_factory=Hidden)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _known: dict[str, PublicIncident] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)
    _following: bool = False
    _whole: bool = False
    _made: tuple[date, Mapping[str, bytes]] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def files(self) -> Mapping[str, bytes]:
        """Every file of the page as it stands now. Raises JournalError when the journal cannot be read."""
        async with self._turn:
            if not self._following:
                self.journal.follow(self._heard)
                self._following = True
            await self._read()
            now = self.clock.now()
            if self._made is None or self._made[0] != now.date():
                page = status_page(self.about, self._known.values(), now)
                self._made = (now.date(), await asyncio.to_thread(files_of, page))
            return self._made[1]

    def _heard(self, name: str) -> None:
        self._stale.add(name)
        self.news.set()

    async def _read(self) -> None:
        """Take in what changed since; what was made is forgotten when the public learns anything of it."""
        if not self._whole:
            self._stale.update(await self.journal.read(lambda tx: tx.incidents(only_open=False)))
            self._whole = True
        while self._stale:
            name = self._stale.pop()
            try:
                told = await self._told(name)
            except BaseException:
                self._stale.add(name)
                raise
            if told != self._known.get(name):
                self._made = None
                if told is None:
                    del self._known[name]
                else:
                    self._known[name] = told

    async def _told(self, name: str) -> PublicIncident | None:
        entries = await self.journal.read(lambda tx: tx.entries(name))
        return public_incident(fold(name, entries), self.about.components, self.hidden)


class Copied(Protocol):
    """How the team's copy command went."""

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        ...

    @property
    def why(self) -> str:
        """In one line."""
        ...


class Placed(Protocol):
    """What came of putting files there."""

    @property
    def copied(self) -> Copied | None:
        """How the copy went; None when none was made."""
        ...


class Put(Protocol):
    """Makes files stand where the public reads them; `stores.published.Place.put`."""

    async def __call__(self, files: Mapping[str, bytes], *, copy_anyway: bool = False) -> Placed:
        """Raises FirstfiveError when they cannot be written."""
        ...


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Puts the page out on each change, at its start and once a day, a second after the last word of a burst."""

    book: PublicBook
    put: Put
    log: Callable[[str], None]
    _owed: bool = True
    _problem: str = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; what is being put out then is left to the next start."""
        working = asyncio.create_task(self._work())
        try:
            await stop.wait()
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    async def _work(self) -> None:
        while True:
            self.book.news.clear()
            await self.publish()
            patience = AGAIN if self._problem else _till_tomorrow(self.book.clock.now())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.book.news.wait(), patience)
                await self.book.clock.sleep(DEBOUNCE)

    async def publish(self) -> bool:
        """Put the page out once, as far as it changed; whether all of it went well. Raises nothing but what cancels it."""
        try:
            placed = await self.put(await self.book.files(), copy_anyway=self._owed)
        except FirstfiveError as problem:
            return self._went_wrong(" ".join(str(problem).split()))
        except Exception as problem:  # a fault here must not end the program that it stands beside
            return self._went_wrong(f"{type(problem).__name__}: {problem}")
        self._owed = placed.copied is not None and not placed.copied.ok
        if placed.copied is not None and not placed.copied.ok:
            return self._went_wrong(f"the copy failed: {placed.copied.why}")
        if self._problem:
            self.log("status page: it is out again")
        self._problem = ""
        return True

    def _went_wrong(self, what: str) -> bool:
        """Say it once, not each time that it is tried again."""
        self._owed = True
        if what != self._problem:
            self.log(f"status page: {what}; it is tried again")
        self._problem = what
        return False


def _till_tomorrow(now: datetime) -> float:
    """Seconds until the next day of UTC begins, when the days of the page move on."""
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(SOONEST, (tomorrow - now).total_seconds())
