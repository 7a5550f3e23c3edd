"""Not more than one page to a person within two minutes, and what went out within one needs none of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from firstfive.engine.telling.pace import APART, LOOK, Pace, Waiting, keep, pace_of
from firstfive.ports import Transaction
from firstfive.stores import open_journal
from postgres.cluster import cluster

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TWO = Waiting(key="INC-2:page:1:sam!chat:@sam", title="payments are down")


def test_the_second_waits_goes_within_the_next_and_the_first_is_not_held_up() -> None:
    pace = Pace()
    assert pace.paged("INC-1", NOW) == {}
    assert pace.free_at("INC-1", TWO, NOW) == NOW, "another way of the same page"
    assert pace.free_at("INC-2", TWO, NOW) == NOW + LOOK
    later = NOW + APART
    assert pace.free_at("INC-3", TWO, later) == later
    assert pace.paged("INC-3", later) == {"INC-2": TWO}


def test_one_that_went_out_within_another_while_it_was_in_hand_is_not_told_again() -> None:
    pace = Pace()
    pace.paged("INC-1", NOW)
    pace.free_at("INC-2", TWO, NOW)
    later = NOW + APART
    others = pace.paged("INC-3", later)
    pace.arrived(others)
    pace.told_within(TWO)
    pace.free_at("INC-2", TWO, later)  # whoever had it in hand looks once more
    assert pace.told_already("INC-2", TWO.key)
    assert not pace.told_already("INC-2", TWO.key), "said once"
    assert pace.paged("INC-4", later + timedelta(minutes=5)) == {}, "it waits for no other page"


def test_what_one_node_paged_holds_up_the_other_and_is_told_by_whichever_comes_next() -> None:
    """The person is one, however their name is written; what was told or given up meanwhile waits no longer."""
    url = cluster().journal()

    def first(tx: Transaction) -> None:
        tx.enqueue(key=TWO.key, incident="", kind="deliver", due=NOW, data=b"{}")
        pace = pace_of(tx, "Sam Example")
        pace.paged("INC-1", NOW)
        keep(tx, "Sam Example", pace)

    def second(tx: Transaction) -> datetime:
        pace = pace_of(tx, "@sam example")
        free = pace.free_at("INC-2", TWO, NOW)
        keep(tx, "@sam example", pace)
        return free

    async def story() -> None:
        one, other = open_journal(url), open_journal(url)
        await one.write(first)
        assert await other.write(second) == NOW + LOOK
        assert await one.read(lambda tx: pace_of(tx, "sam example").waiting) == {"INC-2": TWO}
        (row,) = await one.write(lambda tx: tx.claim(kinds=["deliver"], now=NOW, limit=1))
        await one.write(lambda tx: tx.close(row))
        assert await other.read(lambda tx: pace_of(tx, "sam example").waiting) == {}
        assert await other.read(lambda tx: pace_of(tx, "kim").at) is None
        await one.close()
        await other.close()

    asyncio.run(story())
