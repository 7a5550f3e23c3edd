"""The publisher on a real journal and a real folder: what was said goes out, what goes wrong is said and tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from firstfive.documents.public.status_page import About
from firstfive.engine.publish import PublicBook, Publisher
from firstfive.errors import JournalError
from firstfive.incident import events as ev
from firstfive.ports import Journal
from firstfive.stores import open_journal
from firstfive.stores.published import Place
from incident import builders as b

ABOUT = About(name="Shop", url="https://status.example.com", components=("Chat",))
TOLD = ev.PublicUpdate(status="investigating", text="Chat does not work.", components=("Chat",))


@dataclass(slots=True)
class HandClock:
    """The hour is set by hand; waiting takes no time."""

    at: datetime = b.T0

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(slots=True, kw_only=True)
class Stand:
    """A journal, a book on it and a place for its files."""

    journal: Journal
    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    said: list[str] = field(default_factory=list)

    def publisher(self, *copy: str) -> Publisher:
        book = PublicBook(journal=self.journal, clock=self.clock, about=ABOUT)
        put = Place(folder=self.folder, copy=copy, environment={"PATH": "/usr/bin:/bin"}).put
        return Publisher(book=book, put=put, log=self.said.append)

    async def tell(self, *events: ev.Event, incident: str = "") -> str:
        def write(tx: Any) -> str:
            made = incident or tx.open_incident(self.clock.now())
            tx.append(made, "ana", events, self.clock.now())
            return str(made)

        return await self.journal.write(write)

    def banner(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / "banner.json").read_bytes())
        return found


@asynccontextmanager
async def standing(tmp_path: Path) -> AsyncIterator[Stand]:
    journal = await asyncio.to_thread(open_journal, f"sqlite:///{tmp_path / 'journal.db'}")
    try:
        yield Stand(journal=journal, folder=tmp_path / "page")
    finally:
        await journal.close()


def within(tmp_path: Path, story: Callable[[Stand], Awaitable[None]]) -> None:
    async def told() -> None:
        async with standing(tmp_path) as stand:
            await story(stand)

    asyncio.run(told())


async def until(found: Callable[[], bool]) -> None:
    for _ in range(1000):
        if found():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


def test_a_page_is_there_before_anything_happened_and_follows_each_word(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(stand.publisher().run(stop))
        await until((stand.folder / "index.html").exists)
        name = await stand.tell(b.declared())
        assert stand.banner()["show"] is False, "nothing was said to the public"
        await stand.tell(TOLD, incident=name)
        await until(lambda: stand.banner()["show"] is True)
        await stand.tell(ev.PublicUpdate(status="resolved", text="Chat works again."), incident=name)
        await until(lambda: stand.banner()["show"] is False)
        stop.set()
        await asyncio.wait_for(running, 10)
        assert len(list((stand.folder / "incidents").iterdir())) == 1
        assert stand.said == []

    within(tmp_path, story)


def test_what_was_said_before_the_start_is_published_and_a_drill_is_not(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        await stand.tell(b.declared(drill=True), TOLD)
        await stand.tell(b.declared(), TOLD)
        assert await stand.publisher().publish()
        assert len(list((stand.folder / "incidents").iterdir())) == 1

    within(tmp_path, story)


def test_a_folder_that_cannot_be_written_is_said_once_and_tried_again(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        stand.folder.write_text("a file stands in the way")
        publisher = stand.publisher()
        assert [await publisher.publish(), await publisher.publish()] == [False, False]
        assert len(stand.said) == 1
        assert "status page: the status page cannot be written" in stand.said[0]
        stand.folder.unlink()
        assert await publisher.publish()
        assert stand.said[1:] == ["status page: it is out again"]

    within(tmp_path, story)


def test_a_copy_that_failed_is_owed_though_nothing_changed_since(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        publisher = stand.publisher("sh", "-c", f"echo x >> {tmp_path}/tried; test -e {tmp_path}/way")
        assert not await publisher.publish()
        assert "the copy failed: sh ended with 1" in stand.said[0]
        (tmp_path / "way").touch()
        assert await publisher.publish()
        assert await publisher.publish()
        assert (tmp_path / "tried").read_text() == "x\nx\n", "once it went well nothing is owed"

    within(tmp_path, story)


def test_the_days_move_on_without_a_word_being_said(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        publisher = stand.publisher()
        await publisher.publish()
        before = (stand.folder / "index.html").read_text()
        await publisher.publish()
        assert (stand.folder / "index.html").read_text() == before
        stand.clock.at += timedelta(days=1)
        await publisher.publish()
        assert (stand.folder / "index.html").read_text() != before

    within(tmp_path, story)


@dataclass(slots=True)
class FlakyJournal:
    """The same journal on a disk that comes and goes."""

    real: Any
    gone: bool = False

    async def read(self, work: Any) -> Any:
        if self.gone:
            raise JournalError("the disk is gone", remedy="plug it in")
        return await self.real.read(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_a_journal_that_cannot_be_read_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        coming_and_going = FlakyJournal(stand.journal)
        publisher = stand.publisher()
        publisher.book.journal = coming_and_going  # type: ignore[assignment]
        await publisher.publish()
        await stand.tell(b.declared(), TOLD)
        coming_and_going.gone = True
        assert not await publisher.publish()
        assert stand.said == ["status page: the disk is gone help: plug it in; it is tried again"]
        coming_and_going.gone = False
        assert await publisher.publish()
        assert stand.banner()["show"] is True

    within(tmp_path, story)
