"""A journal moved between a file and PostgreSQL: everything arrives, proved, or nothing does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.ports import Journal, Received
from firstfive.stores import open_journal
from firstfive.stores.postgres.moving import Moved, move
from postgres.cluster import cluster

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def filled(url: str) -> None:
    async def story() -> None:
        journal = open_journal(url)
        for name in ("INC-1", "INC-2"):
            await journal.write(lambda tx: tx.open_incident(NOON))
            await journal.write(lambda tx, n=name: tx.append(n, "ada", [Noted(text="très 🔥"), Noted(text="b")], NOON))
        await journal.write(lambda tx: tx.close_incident("INC-2"))
        await journal.write(lambda tx: tx.enqueue(key="k", incident="INC-1", kind="check", due=NOON, data=b"\x00\xff"))
        await journal.write(lambda tx: tx.claim(kinds=["check"], now=NOON, limit=1))
        await journal.write(lambda tx: tx.report(NOON, "bob", "it is slow", "INC-1"))
        await journal.keep(
            Received(id=0, key="r", source="generic", at=NOON, body=b"{}" * 5000, seen=(), state="waiting")
        )
        await journal.close()

    asyncio.run(story())


def told(url: str) -> tuple[object, ...]:
    async def story() -> tuple[object, ...]:
        journal: Journal = open_journal(url, read_only=True)
        seen = await journal.read(
            lambda tx: (tx.heads(), tx.entries("INC-1"), tx.waiting(5), tx.states(["k"]), tx.incidents(only_open=True))
        )
        assert journal.verify() == ()
        await journal.close()
        return seen

    return asyncio.run(story())


def test_there_and_back_again_is_the_same_journal(tmp_path: Path) -> None:
    first, second = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    shared = cluster().database()
    filled(first)
    assert move(first, shared) == Moved(incidents=2, entries=4, open=1, freed=1)
    before = told(first)[:3]
    assert told(shared)[:3] == before
    assert told(shared)[3] == {"k": "ready"}
    assert move(shared, second).entries == 4
    assert told(second)[:3] == before


def test_what_is_written_after_a_move_goes_on_numbering(tmp_path: Path) -> None:
    first, shared = f"sqlite:///{tmp_path / 'a.db'}", cluster().database()
    filled(first)
    move(first, shared)

    async def story() -> None:
        journal = open_journal(shared)
        assert await journal.write(lambda tx: tx.open_incident(NOON)) == "INC-3"
        assert await journal.write(lambda tx: tx.enqueue(key="new", incident="INC-3", kind="check", due=NOON, data=b""))
        kept, fresh = await journal.keep(
            Received(id=0, key="s", source="generic", at=NOON, body=b"x", seen=(), state="waiting")
        )
        assert fresh
        assert kept > 1
        await journal.close()

    asyncio.run(story())


def test_a_full_destination_is_refused(tmp_path: Path) -> None:
    first, shared = f"sqlite:///{tmp_path / 'a.db'}", cluster().database()
    filled(first)
    move(first, shared)
    with pytest.raises(JournalError, match="holds 2 incidents already"):
        move(first, shared)


def test_a_journal_that_somebody_writes_is_not_moved(tmp_path: Path) -> None:
    first, shared = f"sqlite:///{tmp_path / 'a.db'}", cluster().database()
    filled(first)
    journal = open_journal(first)
    with pytest.raises(JournalError, match="uses this journal"):
        move(first, shared)
    asyncio.run(journal.close())
    move(first, shared)
    node = open_journal(shared)
    with pytest.raises(JournalError, match="writes this journal"):
        move(shared, f"sqlite:///{tmp_path / 'c.db'}")
    asyncio.run(node.close())


def test_a_journal_that_was_altered_is_not_moved(tmp_path: Path) -> None:
    import sqlite3

    first, shared = f"sqlite:///{tmp_path / 'a.db'}", cluster().database()
    filled(first)
    with sqlite3.connect(tmp_path / "a.db") as raw:
        raw.execute("UPDATE event SET by = 'eve' WHERE seq = 1")
    raw.close()
    with pytest.raises(JournalError, match="not whole"):
        move(first, shared)


def test_a_journal_is_not_moved_onto_itself_nor_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="the same journal"):
        move(f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(JournalError, match="no journal yet"):
        move(f"sqlite:///{tmp_path / 'none.db'}", cluster().database())


def test_a_step_that_has_begun_is_settled_before_the_move(tmp_path: Path) -> None:
    first, shared = f"sqlite:///{tmp_path / 'a.db'}", cluster().database()
    filled(first)

    async def begin() -> None:
        journal = open_journal(first)
        await journal.write(lambda tx: tx.enqueue(key="run-1", incident="INC-1", kind="step", due=NOON, data=b""))
        await journal.write(lambda tx: tx.claim(kinds=["step"], now=NOON, limit=1))
        await journal.close()

    asyncio.run(begin())
    with pytest.raises(JournalError, match="nobody knows yet how it ended: run-1"):
        move(first, shared)
    with pytest.raises(JournalError, match="holds no journal yet"):
        told(shared)
