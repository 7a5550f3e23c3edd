"""Group commit: many writers at once, one commit, and one that fails harms no other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.ports import Journal, Transaction
from firstfive.stores import open_journal

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def on(path: Path, story: Callable[[Journal], Awaitable[None]]) -> None:
    async def whole() -> None:
        journal = open_journal(f"sqlite:///{path}")
        try:
            await journal.write(lambda tx: tx.open_incident(NOON))
            await story(journal)
        finally:
            await journal.close()

    asyncio.run(whole())


def say(text: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.append("INC-1", "ada", [Noted(text=text)], NOON)
        return text

    return work


def failing(text: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        say(text)(tx)
        raise LookupError(text)

    return work


def texts(tx: Transaction) -> list[str]:
    return [entry.event.text for entry in tx.entries("INC-1")]


def test_of_many_at_once_each_gets_its_own_answer_and_the_failing_ones_leave_no_trace(tmp_path: Path) -> None:
    async def story(journal: Journal) -> None:
        works = [failing(str(n)) if n % 7 == 0 else say(str(n)) for n in range(700)]
        answers = await asyncio.gather(*(journal.write(work) for work in works), return_exceptions=True)
        for n, answer in enumerate(answers):
            if n % 7 == 0:
                assert isinstance(answer, LookupError)
                assert answer.args == (str(n),)
            else:
                assert answer == str(n)
        assert await journal.read(texts) == [str(n) for n in range(700) if n % 7]
        assert journal.verify() == ()

    on(tmp_path / "j.db", story)


def held_back(journal: Journal) -> tuple[asyncio.Task[None], threading.Event]:
    """Occupies the writer until the event is set, so that what is asked for meanwhile is one batch."""
    go = threading.Event()
    return asyncio.ensure_future(journal.write(lambda tx: void(go.wait(10)))), go


def void(_: object) -> None:
    return None


def test_what_waits_together_is_committed_together(tmp_path: Path) -> None:
    seen: list[int] = []

    async def story(journal: Journal) -> None:
        with closing(sqlite3.connect(tmp_path / "j.db")) as outside:

            def look(tx: Transaction) -> None:
                say("x")(tx)
                seen.append(outside_rows(outside))

            first, go = held_back(journal)
            await asyncio.sleep(0.05)
            rest = [asyncio.ensure_future(journal.write(look)) for _ in range(20)]
            await asyncio.sleep(0.05)
            go.set()
            await asyncio.gather(first, *rest)
            assert seen == [0] * 20, "nothing of a batch is visible before all of it is"
            assert outside_rows(outside) == 20

    def outside_rows(outside: sqlite3.Connection) -> int:
        with closing(sqlite3.connect(tmp_path / "j.db")) as fresh:
            return fresh.execute("SELECT count(*) FROM event").fetchone()[0]

    on(tmp_path / "j.db", story)


def test_a_caller_that_gives_up_does_not_stop_the_others(tmp_path: Path) -> None:
    async def story(journal: Journal) -> None:
        first, go = held_back(journal)
        await asyncio.sleep(0.05)
        rest = [asyncio.ensure_future(journal.write(say(str(n)))) for n in range(3)]
        await asyncio.sleep(0.05)
        rest[1].cancel()
        go.set()
        await first
        assert await rest[0] == "0"
        assert await rest[2] == "2"
        assert set(await journal.read(texts)) >= {"0", "2"}

    on(tmp_path / "j.db", story)


def test_writers_in_other_event_loops_are_answered_there(tmp_path: Path) -> None:
    async def story(journal: Journal) -> None:
        done: list[str] = []
        other = threading.Thread(target=lambda: done.append(asyncio.run(journal.write(say("from elsewhere")))))
        other.start()
        await journal.write(say("from here"))
        await asyncio.to_thread(other.join)
        assert done == ["from elsewhere"]

    on(tmp_path / "j.db", story)


def test_a_function_that_hides_a_database_error_is_rolled_back_with_its_neighbours_unharmed(tmp_path: Path) -> None:
    """The worst functions there are: they end the transaction under everybody's feet, one silently, one with a cry."""

    def vandal(tx: Transaction) -> None:
        say("vandal")(tx)
        tx.connection.exec_driver_sql("ROLLBACK")  # type: ignore[attr-defined]

    def loud(tx: Transaction) -> None:
        vandal(tx)
        raise LookupError("what really happened")

    async def story(journal: Journal) -> None:
        first, go = held_back(journal)
        await asyncio.sleep(0.05)
        rest = [asyncio.ensure_future(journal.write(work)) for work in (say("a"), vandal, loud, say("b"))]
        await asyncio.sleep(0.05)
        go.set()
        await first
        a, broken, cried, b = await asyncio.gather(*rest, return_exceptions=True)
        assert (a, b) == ("a", "b")
        assert isinstance(broken, JournalError)
        assert isinstance(cried, LookupError)
        assert await journal.read(texts) == ["a", "b"]
        assert journal.verify() == ()

    on(tmp_path / "j.db", story)


def test_while_another_program_holds_the_write_lock_writers_are_told_and_later_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firstfive.stores import sqlite as module

    quick = tuple("busy_timeout=100" if p.startswith("busy_timeout") else p for p in module._PRAGMAS)
    monkeypatch.setattr(module, "_PRAGMAS", quick)

    async def story(journal: Journal) -> None:
        with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            answers = await asyncio.wait_for(
                asyncio.gather(*(journal.write(say(str(n))) for n in range(20)), return_exceptions=True), 5
            )
            assert all(isinstance(answer, JournalError) for answer in answers)
            assert "write lock" in str(answers[0])
            assert await journal.read(texts) == []
            shell.execute("ROLLBACK")
        assert await journal.write(say("again")) == "again"

    on(tmp_path / "j.db", story)
