"""What every journal promises, whatever it is kept in. A new kind of journal is one more row in OPENERS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.incident.events import Acknowledged, Entry, Event, Noted
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import Fenced, Journal, Reached, Transaction
from firstfive.stores import open_journal, tables
from firstfive.stores.calls import Keys, State, rows
from postgres.cluster import cluster

T = TypeVar("T")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

OPENERS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'journal.db'}",
    "postgresql": lambda folder: cluster().journal(),
}


@pytest.fixture(params=sorted(OPENERS))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return OPENERS[request.param](tmp_path)


def on(url: str, story: Callable[[Journal], Awaitable[T]]) -> T:
    """Play a story on a freshly opened journal, and close it again."""

    async def whole() -> T:
        journal = await asyncio.to_thread(open_journal, url)
        try:
            return await story(journal)
        finally:
            await journal.close()

    return asyncio.run(whole())


def noted(*texts: str) -> tuple[Event, ...]:
    return tuple(Noted(text=text) for text in texts)


def opened(*texts: str) -> Callable[[Transaction], tuple[Entry, ...]]:
    return lambda tx: tx.append(tx.open_incident(NOON), "ada", noted(*texts), NOON)


def job(key: str, *, due: datetime = NOON, kind: str = "check") -> Callable[[Transaction], bool]:
    return lambda tx: tx.enqueue(key=key, incident="", kind=kind, due=due, data=b"{}")


def claimed(now: datetime = NOON, *, limit: int = 10, kinds: tuple[str, ...] = ("check",)) -> Callable:
    return lambda tx: tx.claim(kinds=kinds, now=now, limit=limit)


def lapse(url: str) -> None:
    """End every lease where the database's own clock decides, which no test can turn."""
    if url.startswith("postgresql"):
        cluster().sql("UPDATE work SET lease = 0 WHERE state = 'leased'", url.rpartition("/")[2])


# ------------------------------------------------------------------------------------------------------------- timelines


def test_incidents_are_numbered_and_listed_newest_first(url: str) -> None:
    async def story(journal: Journal) -> None:
        names = [await journal.write(lambda tx: tx.open_incident(NOON)) for _ in range(3)]
        assert names == ["INC-1", "INC-2", "INC-3"]
        await journal.write(lambda tx: tx.close_incident("INC-2"))
        assert await journal.read(lambda tx: tx.incidents(only_open=False)) == ("INC-3", "INC-2", "INC-1")
        assert await journal.read(lambda tx: tx.incidents(only_open=True)) == ("INC-3", "INC-1")

    on(url, story)


def test_what_append_returns_is_what_is_read_back_in_order(url: str) -> None:
    async def story(journal: Journal) -> None:
        first = await journal.write(opened("disk is full", "très plein"))
        later = NOON + timedelta(microseconds=1)
        more = await journal.write(lambda tx: tx.append("INC-1", "bob", [Acknowledged(responder="bob")], later))
        assert [entry.seq for entry in first + more] == [1, 2, 3]
        assert more[0].at == later
        assert await journal.read(lambda tx: tx.entries("INC-1")) == first + more
        assert await journal.read(lambda tx: tx.entries("INC-1", after=2)) == more
        assert await journal.write(lambda tx: tx.entries("INC-1", after=3)) == ()

    on(url, story)


def test_entries_are_counted_over_all_timelines(url: str) -> None:
    async def story(journal: Journal) -> int:
        assert await journal.read(lambda tx: tx.count_entries()) == 0
        await journal.write(opened("a", "b"))
        await journal.write(opened("c"))
        return await journal.read(lambda tx: tx.count_entries())

    assert on(url, story) == 3


def test_an_append_of_nothing_changes_nothing(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(opened("one"))
        assert await journal.write(lambda tx: tx.append("INC-1", "ada", (), NOON)) == ()
        assert journal.verify() == ()

    on(url, story)


def test_an_instant_with_another_offset_is_the_same_instant(url: str) -> None:
    from datetime import timezone

    async def story(journal: Journal) -> None:
        local = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
        await journal.write(opened())
        written = await journal.write(lambda tx: tx.append("INC-1", "ada", noted("x"), local))
        assert written[0].at == NOON
        assert written == await journal.read(lambda tx: tx.entries("INC-1"))

    on(url, story)


def test_text_that_utf8_cannot_carry_does_not_stop_a_timeline(url: str) -> None:
    async def story(journal: Journal) -> None:
        written = await journal.write(opened("half \ud83d here", "nul \x00 here"))
        assert written[0].event == Noted(text="half \ufffd here")
        assert written[1].event == Noted(text="nul \x00 here")
        assert written == await journal.read(lambda tx: tx.entries("INC-1"))
        assert journal.verify() == ()

    on(url, story)


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.append("INC-9", "ada", noted("x"), NOON),
        lambda tx: tx.close_incident("INC-9"),
        lambda tx: tx.summarise("INC-9", b"{}"),
    ],
    ids=["append", "close", "summarise"],
)
def test_an_unknown_incident_is_said_by_name(url: str, write: Callable[[Transaction], object]) -> None:
    async def story(journal: Journal) -> None:
        with pytest.raises(JournalError, match="INC-9"):
            await journal.write(write)

    on(url, story)


def test_a_naive_instant_is_refused(url: str) -> None:
    async def story(journal: Journal) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            await journal.write(lambda tx: tx.open_incident(NOON.replace(tzinfo=None)))

    on(url, story)


# ------------------------------------------------------------------------------------------------------- transactions


def test_a_function_that_raises_leaves_nothing_and_its_caller_gets_the_error(url: str) -> None:
    class Oops(Exception):
        pass

    def half(tx: Transaction) -> None:
        opened("never")(tx)
        job("never")(tx)
        raise Oops

    async def story(journal: Journal) -> None:
        with pytest.raises(Oops):
            await journal.write(half)
        assert await journal.read(lambda tx: tx.incidents(only_open=False)) == ()
        assert await journal.write(claimed()) == ()
        assert await journal.write(lambda tx: tx.open_incident(NOON)) == "INC-1"

    on(url, story)


def test_a_function_that_ends_with_stop_iteration_does_not_leave_its_caller_waiting(url: str) -> None:
    async def story(journal: Journal) -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(journal.write(lambda tx: next(iter(tx.alerts()))), 5)

    on(url, story)


def test_a_read_may_not_write(url: str) -> None:
    async def story(journal: Journal) -> None:
        with pytest.raises(JournalError):
            await journal.read(lambda tx: tx.open_incident(NOON))
        assert await journal.read(lambda tx: tx.incidents(only_open=False)) == ()

    on(url, story)


def test_a_read_sees_one_moment_even_while_others_commit(url: str) -> None:
    async def story(journal: Journal) -> None:
        loop = asyncio.get_running_loop()
        await journal.write(lambda tx: tx.open_incident(NOON))

        def look(tx: Transaction) -> tuple[int, int]:
            before = len(tx.incidents(only_open=False))
            asyncio.run_coroutine_threadsafe(journal.write(lambda other: other.open_incident(NOON)), loop).result(10)
            return before, len(tx.incidents(only_open=False))

        assert await journal.read(look) == (1, 1)
        assert await journal.read(lambda tx: len(tx.incidents(only_open=False))) == 2

    on(url, story)


def test_what_was_written_is_there_after_opening_again(url: str) -> None:
    written = on(url, lambda journal: journal.write(opened("kept")))
    assert on(url, lambda journal: journal.read(lambda tx: tx.entries("INC-1"))) == written


def test_a_closed_journal_says_so(url: str) -> None:
    async def story() -> None:
        journal = open_journal(url)
        await journal.close()
        await journal.close()
        with pytest.raises(JournalError, match="closed"):
            await journal.write(lambda tx: tx.open_incident(NOON))
        with pytest.raises(JournalError, match="closed"):
            await journal.read(lambda tx: tx.incidents(only_open=True))

    asyncio.run(story())


def test_closing_writes_what_was_asked_for_before(url: str) -> None:
    async def story() -> None:
        journal = open_journal(url)
        await journal.write(opened())
        asked = [asyncio.ensure_future(journal.write(lambda tx: tx.open_incident(NOON))) for _ in range(50)]
        await asyncio.sleep(0)
        await journal.close()
        assert len(set(await asyncio.gather(*asked))) == 50

    asyncio.run(story())


# --------------------------------------------------------------------------------------------------------- followers


def test_followers_hear_of_a_touched_incident_in_the_event_loop_and_only_once_it_is_committed(url: str) -> None:
    async def story(journal: Journal) -> None:
        heard: list[tuple[str, bool]] = []
        loop = asyncio.get_running_loop()
        stop = journal.follow(lambda name: heard.append((name, asyncio.get_running_loop() is loop)))

        def write(tx: Transaction) -> None:
            opened("x")(tx)
            assert heard == []

        await journal.write(write)
        await asyncio.sleep(0)
        assert heard == [("INC-1", True)]
        with pytest.raises(JournalError):
            await journal.write(lambda tx: tx.append("INC-9", "ada", noted("x"), NOON))

        def half(tx: Transaction) -> None:
            tx.append("INC-1", "ada", noted("never"), NOON)
            raise LookupError

        with pytest.raises(LookupError):
            await journal.write(half)
        await journal.write(lambda tx: tx.alerts())
        await asyncio.sleep(0.01)
        assert len(heard) == 1, "neither a failed nor an idle transaction is news"
        await journal.write(lambda tx: tx.enqueue(key="k", incident="INC-1", kind="check", due=NOON, data=b""))
        await asyncio.sleep(0.01)
        assert len(heard) == 2, "new work on an incident is news to whoever waits for the next due time"
        stop()
        stop()
        await journal.write(lambda tx: tx.append("INC-1", "ada", noted("y"), NOON))
        await asyncio.sleep(0.01)
        assert len(heard) == 2

    on(url, story)


# -------------------------------------------------------------------------------------------------------------- work


def test_a_key_is_used_once_for_ever(url: str) -> None:
    async def story(journal: Journal) -> None:
        assert await journal.write(job("a")) is True
        assert await journal.write(job("a")) is False
        (row,) = await journal.write(claimed())
        await journal.write(lambda tx: tx.close(row))
        assert await journal.write(job("a")) is False
        assert await journal.write(claimed()) == ()

    on(url, story)


def test_rows_are_claimed_when_due_earliest_first_of_the_asked_kinds_and_not_more_than_asked(url: str) -> None:
    async def story(journal: Journal) -> None:
        for key, after, kind in (
            ("c", 3, "check"),
            ("a", 1, "check"),
            ("b", 2, "check"),
            ("n", 0, "new"),
            ("z", 9, "check"),
        ):
            await journal.write(job(key, due=NOON + after * MINUTE, kind=kind))
        assert await journal.write(claimed(NOON)) == ()
        now = NOON + 5 * MINUTE
        assert [row.key for row in await journal.write(claimed(now, limit=2))] == ["a", "b"]
        assert [row.key for row in await journal.write(claimed(now))] == ["c"]
        assert await journal.write(claimed(now, kinds=())) == ()
        assert await journal.write(claimed(now, limit=0)) == ()
        (row,) = await journal.write(claimed(now, kinds=("new",)))
        assert (row.key, row.kind, row.due, row.data, row.tries, row.fence) == ("n", "new", NOON, b"{}", 1, 1)

    on(url, story)


def test_a_row_is_closed_once_by_whoever_holds_it(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(job("a"))
        (row,) = await journal.write(claimed())
        with pytest.raises(ValueError, match="done or dead"):
            await journal.write(lambda tx: tx.close(row, state="ready"))
        await journal.write(lambda tx: tx.close(row, state="dead"))
        for again in (lambda tx: tx.close(row), lambda tx: tx.put_off(row, NOON, "x")):
            with pytest.raises(Fenced):
                await journal.write(again)

    on(url, story)


def test_a_row_put_off_comes_back_when_due_with_one_more_try(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(job("a"))
        (row,) = await journal.write(claimed())
        await journal.write(lambda tx: tx.put_off(row, NOON + MINUTE, "busy"))
        assert await journal.write(claimed()) == ()
        (again,) = await journal.write(claimed(NOON + MINUTE))
        assert (again.tries, again.fence, again.due) == (2, 2, NOON + MINUTE)
        with pytest.raises(Fenced):
            await journal.write(lambda tx: tx.close(row))
        await journal.write(lambda tx: tx.close(again))

    on(url, story)


def test_a_row_that_was_not_tried_counts_no_try(url: str) -> None:
    async def story(journal: Journal) -> tuple[int, int]:
        await journal.write(job("a"))
        (row,) = await journal.write(claimed())
        await journal.write(lambda tx: tx.put_off(row, NOON, "not its turn", tried=False))
        (again,) = await journal.write(claimed())
        return row.tries, again.tries

    assert on(url, story) == (1, 1)


def test_a_row_that_was_given_up_can_be_made_due_once_more(url: str) -> None:
    async def story(journal: Journal) -> tuple[bool, bool, int]:
        await journal.write(job("a"))
        (row,) = await journal.write(claimed())
        early = await journal.write(lambda tx: tx.revive("a", NOON))
        await journal.write(lambda tx: tx.give_up(row, "no such room"))
        late = await journal.write(lambda tx: tx.revive("a", NOON))
        return early, late, len(await journal.write(claimed()))

    assert on(url, story) == (False, True, 1)


def test_a_row_is_taken_by_its_key_before_it_is_due_unless_somebody_has_it(url: str) -> None:
    async def story(journal: Journal) -> tuple[str, bool, bool]:
        await journal.write(job("a", due=NOON + MINUTE))
        first = await journal.write(lambda tx: tx.take("a", NOON))
        again = await journal.write(lambda tx: tx.take("a", NOON))
        none = await journal.write(lambda tx: tx.take("b", NOON))
        assert first is not None
        await journal.write(lambda tx: tx.close(first))
        return first.key, again is None, none is None

    assert on(url, story) == ("a", True, True)


def test_a_late_close_takes_its_events_with_it(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(opened())
        await journal.write(job("a"))
        (stale,) = await journal.write(claimed())
        lapse(url)
        (fresh,) = await journal.write(claimed(NOON + timedelta(hours=1)))
        assert fresh.fence == stale.fence + 1

        def late(tx: Transaction) -> None:
            tx.append("INC-1", "firstfive", noted("too late"), NOON)
            tx.close(stale)

        with pytest.raises(Fenced):
            await journal.write(late)
        assert await journal.read(lambda tx: tx.entries("INC-1")) == ()

    on(url, story)


def test_leases_are_void_once_the_journal_is_opened_again(url: str) -> None:
    on(url, lambda journal: journal.write(job("a")))
    (row,) = on(url, lambda journal: journal.write(claimed()))

    async def story(journal: Journal) -> None:
        assert await journal.read(lambda tx: tx.next_due(["check"])) == NOON
        (again,) = await journal.write(claimed())
        assert (again.key, again.fence, again.tries) == ("a", row.fence + 1, 2)
        with pytest.raises(Fenced):
            await journal.write(lambda tx: tx.close(row))

    on(url, story)


def test_the_next_due_time_counts_waiting_rows_of_the_asked_kinds_and_leases_that_will_end(url: str) -> None:
    async def story(journal: Journal) -> None:
        due = lambda kinds=("check",): journal.read(lambda tx: tx.next_due(kinds))  # noqa: E731
        assert await due() is None
        await journal.write(job("late", due=NOON + 5 * MINUTE))
        await journal.write(job("soon", due=NOON + MINUTE))
        await journal.write(job("other", due=NOON, kind="new"))
        assert await due() == NOON + MINUTE
        assert await due(("check", "new")) == NOON
        rows = await journal.write(claimed(NOON + 5 * MINUTE))
        freed = await due()
        assert freed is not None
        assert freed > NOON + 5 * MINUTE
        for row in rows:
            await journal.write(lambda tx, row=row: tx.close(row))
        assert await due() is None

    on(url, story)


# ---------------------------------------------------------------------------------------------- what came from outside


def signal(text: str, *, at: datetime, firing: bool = True, subject: str = "api") -> Signal:
    return Signal(kind=SignalKind.HTTP, source="http", subject=subject, firing=firing, text=text, at=at, symptom="s1")


def test_an_alert_keeps_its_first_sight_counts_and_holds_the_last_state(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(opened())
        new = await journal.write(lambda tx: tx.see(signal("502", at=NOON), ""))
        assert (new.first, new.last, new.count, new.incident) == (NOON, NOON, 1, "")
        well = signal("200", at=NOON + MINUTE, firing=False)
        changed = await journal.write(lambda tx: tx.see(well, "INC-1"))
        assert changed.signal == well
        assert (changed.first, changed.last, changed.count, changed.incident) == (NOON, NOON + MINUTE, 2, "INC-1")
        other = await journal.write(lambda tx: tx.see(signal("x", at=NOON + 2 * MINUTE, subject="db"), ""))
        assert await journal.read(lambda tx: tx.alerts()) == (other, changed)

    on(url, story)


def test_reports_are_counted_from_an_instant_on(url: str) -> None:
    async def story(journal: Journal) -> None:
        await journal.write(opened())
        for minute in (2, 0, 1):
            await journal.write(lambda tx, m=minute: tx.report(NOON + m * MINUTE, "ada", "down", "INC-1" if m else ""))
        assert await journal.read(lambda tx: tx.reports_since(NOON + MINUTE)) == (NOON + MINUTE, NOON + 2 * MINUTE)
        assert await journal.read(lambda tx: tx.reports_since(NOON + 3 * MINUTE)) == ()

    on(url, story)


def deployed(version: str, *, at: datetime, subject: str = "api", first: bool = False) -> Deploy:
    return Deploy(subject=subject, version=version, previous="", at=at, source="link", first=first)


def test_the_ledger_takes_a_version_once_in_a_row_for_each_subject(url: str) -> None:
    one = deployed("1", at=NOON, first=True)
    two = deployed("2", at=NOON + MINUTE)
    back = deployed("1", at=NOON + 2 * MINUTE)
    other = deployed("2", at=NOON + 3 * MINUTE, subject="web")

    async def story(journal: Journal) -> None:
        for deploy, news in ((one, True), (one, False), (two, True), (two, False), (back, True), (other, True)):
            assert await journal.write(lambda tx, d=deploy: tx.record_deploy(d)) is news
        assert await journal.read(lambda tx: tx.deploys()) == (other, back, two, one)
        assert await journal.read(lambda tx: tx.deploys(1)) == (other,)

    on(url, story)


def test_a_way_to_a_person_keeps_when_it_was_tried_and_when_it_was_answered(url: str) -> None:
    async def story(journal: Journal) -> tuple[Reached, ...]:
        await journal.write(lambda tx: tx.reached(Reached(person="sam", way="phone", asked_at=NOON)))
        await journal.write(lambda tx: tx.reached(Reached(person="sam", way="phone", answered_at=NOON + MINUTE)))
        await journal.write(lambda tx: tx.reached(Reached(person="kim", way="mail", answered_at=NOON)))
        return await journal.read(lambda tx: tx.all_reached())

    assert on(url, story) == (
        Reached(person="kim", way="mail", answered_at=NOON),
        Reached(person="sam", way="phone", asked_at=NOON, answered_at=NOON + MINUTE),
    )


def test_a_handbook_is_kept_under_its_digest_as_it_first_was(url: str) -> None:
    async def story(journal: Journal) -> None:
        assert await journal.read(lambda tx: tx.handbook("d1")) is None
        await journal.write(lambda tx: tx.keep_handbook("d1", b"first", NOON))
        await journal.write(lambda tx: tx.keep_handbook("d1", b"second", NOON))
        assert await journal.read(lambda tx: tx.handbook("d1")) == b"first"

    on(url, story)


# -------------------------------------------------------------------------------------------------- opened for reading


def test_a_journal_opened_for_reading_reads_beside_its_owner_and_writes_nothing(url: str) -> None:
    async def story(journal: Journal) -> None:
        written = await journal.write(opened("x"))
        looking = open_journal(url, read_only=True)
        assert await looking.read(lambda tx: tx.entries("INC-1")) == written
        assert looking.verify() == ()
        with pytest.raises(JournalError, match="only for reading"):
            await looking.write(lambda tx: tx.open_incident(NOON))
        await looking.close()

    on(url, story)

    async def alone() -> None:
        looking = open_journal(url, read_only=True)
        assert len(await looking.read(lambda tx: tx.entries("INC-1"))) == 1
        await looking.close()

    asyncio.run(alone())


def test_there_is_nothing_to_read_before_the_first_start(url: str) -> None:
    if url.startswith("postgresql"):
        url = cluster().database()
    with pytest.raises(JournalError, match="no journal yet"):
        open_journal(url, read_only=True)


@pytest.mark.parametrize(
    ("strange", "told"),
    [
        ("mysql://db/x", "mysql"),
        ("journal.db", "journal.db"),
        ("sqlite:///", "sqlite"),
        ("sqlite://", "sqlite"),
    ],
)
def test_an_address_that_is_no_journal_is_said(strange: str, told: str) -> None:
    with pytest.raises(JournalError, match=told) as caught:
        open_journal(strange)
    assert "sqlite:///" in caught.value.remedy


# ------------------------------------------------------------------------------------------ calls under an idempotency key


def keys(journal: Journal, at: datetime = NOON) -> Keys:
    """The calls of a journal, seen at an instant where the caller's clock counts."""

    class Stopped:
        def now(self) -> datetime:
            return at

        async def sleep(self, seconds: float) -> None:
            raise AssertionError("nobody sleeps here")

    return Keys(journal=journal, clock=Stopped())


def test_a_call_is_taken_once_and_its_answer_stays(url: str) -> None:
    async def first(journal: Journal) -> None:
        call = await keys(journal).begin("a", "asked", outside=False)
        assert (call.ours, call.state, call.same) == (True, State.BEGUN, True)
        with keys(journal).acting(call):
            await journal.write(opened("x"))
        assert (await keys(journal).begin("a", "asked", outside=False)).incident == "INC-1"
        await keys(journal).answered(call, b"answer \x00\xff")
        await journal.write(opened("beside it"))

    async def later(journal: Journal) -> None:
        known = await keys(journal).begin("a", "asked", outside=False)
        assert (known.ours, known.going, known.state) == (False, False, State.ANSWERED)
        assert (known.answer, known.incident) == (b"answer \x00\xff", "INC-1")
        assert not (await keys(journal).begin("a", "something else", outside=False)).same
        assert (await keys(journal).begin("b", "something else", outside=False)).ours

    on(url, first)
    on(url, later)


@pytest.mark.parametrize(
    ("outside", "writes", "state", "ours"),
    [(False, False, State.BEGUN, True), (False, True, State.ACTED, False), (True, False, State.OUTSIDE, False)],
    ids=["nothing came of it", "it was done", "nobody knows"],
)
def test_what_is_known_of_a_call_whose_process_is_gone(
    url: str, outside: bool, writes: bool, state: State, ours: bool
) -> None:
    async def first(journal: Journal) -> None:
        call = await keys(journal).begin("a", "asked", outside=outside)
        if writes:
            with keys(journal).acting(call):
                await journal.write(opened("x"))

    async def later(journal: Journal) -> None:
        known = await keys(journal).begin("a", "asked", outside=outside)
        assert (known.state, known.ours, known.going) == (state, ours, False)

    on(url, first)
    on(url, later)


def test_what_a_call_wrote_and_that_it_wrote_are_one(url: str) -> None:
    def fails(tx: Transaction) -> None:
        tx.append(tx.open_incident(NOON), "ada", noted("x"), NOON)
        raise ValueError("no")

    async def story(journal: Journal) -> None:
        call = await keys(journal).begin("a", "asked", outside=False)
        with keys(journal).acting(call), pytest.raises(ValueError, match="no"):
            await journal.write(fails)
        await keys(journal).dropped(call)
        again = await keys(journal).begin("a", "asked", outside=False)
        assert again.ours, "nothing was written, so it may be tried anew"
        with keys(journal).acting(again):
            await journal.write(opened("x"))
        await keys(journal).dropped(again)
        known = await keys(journal).begin("a", "asked", outside=False)
        assert (known.state, known.ours, known.answer) == (State.ANSWERED, False, b"")

    on(url, story)


def test_what_a_call_leaves_running_behind_it_acts_for_nobody(url: str) -> None:
    async def story(journal: Journal) -> None:
        call = await keys(journal).begin("a", "asked", outside=False)
        go = asyncio.Event()

        async def behind() -> None:
            await go.wait()
            await journal.write(opened("later"))

        with keys(journal).acting(call):
            left = asyncio.create_task(behind())
        await keys(journal).answered(call, b"nothing")
        go.set()
        await left
        assert (await keys(journal).begin("a", "asked", outside=False)).incident == ""

    on(url, story)


def test_keys_are_forgotten_after_a_day(url: str) -> None:
    async def story(journal: Journal) -> None:
        call = await keys(journal).begin("a", "asked", outside=False)
        await keys(journal).answered(call, b"yes")
        long_ago = int((NOON - timedelta(days=2000)).timestamp() * 1_000_000)
        await journal.write(lambda tx: tx.connection.execute(tables.call.update().values(at=long_ago)))  # type: ignore[attr-defined]
        assert (await keys(journal).begin("b", "asked", outside=False)).ours
        count = sa.select(sa.func.count()).select_from(tables.call)
        assert await journal.read(lambda tx: tx.connection.scalar(count)) == 1  # type: ignore[attr-defined]
        assert (await keys(journal).begin("a", "asked", outside=False)).ours

    on(url, story)


def test_only_the_newest_answers_are_kept(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_ANSWERS", 3)
    monkeypatch.setattr(rows, "TIDIED_EVERY", 1)

    async def story(journal: Journal) -> None:
        for number in range(6):
            call = await keys(journal).begin(f"k{number}", "asked", outside=False)
            await keys(journal).answered(call, b"yes")
        known = [await keys(journal).begin(f"k{number}", "asked", outside=False) for number in range(6)]
        assert not any(call.ours for call in known), "the keys stay"
        assert [call.answer for call in known] == [b"", b"", b"", b"yes", b"yes", b"yes"]

    on(url, story)
