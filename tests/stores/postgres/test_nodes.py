"""Several nodes on one journal: leases by the database's clock, fences, shares of what is looked after, one secret for all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.ports import Fenced, Received
from firstfive.stores import open_journal
from firstfive.stores.postgres import PostgresJournal
from firstfive.stores.postgres.nodes import LEASE
from postgres.cluster import cluster

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def url() -> str:
    return cluster().journal()


@contextlib.contextmanager
def nodes(url: str, count: int) -> Iterator[list[PostgresJournal]]:
    made: list[PostgresJournal] = []
    try:
        for _ in range(count):
            journal = open_journal(url)
            assert isinstance(journal, PostgresJournal)
            made.append(journal)
        yield made
    finally:
        for journal in made:
            asyncio.run(journal.close())


def lapse(url: str) -> None:
    cluster().sql("UPDATE work SET lease = 0 WHERE state = 'leased'", url.rpartition("/")[2])


def test_a_row_is_claimed_by_one_node_and_by_another_once_its_lease_is_over(url: str) -> None:
    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        await one.write(lambda tx: tx.enqueue(key="a", incident="", kind="check", due=NOON, data=b""))
        (mine,) = await one.write(lambda tx: tx.claim(kinds=["check"], now=NOON, limit=5))
        assert await other.write(lambda tx: tx.claim(kinds=["check"], now=NOON, limit=5)) == ()
        lapse(url)
        (theirs,) = await other.write(lambda tx: tx.claim(kinds=["check"], now=NOON, limit=5))
        assert theirs.fence == mine.fence + 1
        with pytest.raises(Fenced):
            await one.write(lambda tx: tx.close(mine))
        await other.write(lambda tx: tx.close(theirs))

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_a_caller_whose_clock_is_wrong_does_not_shorten_another_s_lease(url: str) -> None:
    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        await one.write(lambda tx: tx.enqueue(key="a", incident="", kind="check", due=NOON, data=b""))
        await one.write(lambda tx: tx.claim(kinds=["check"], now=NOON, limit=5))
        ahead = datetime.now(UTC) + timedelta(days=400)
        assert await other.write(lambda tx: tx.claim(kinds=["check"], now=ahead, limit=5)) == ()

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_forty_writers_on_two_nodes_number_their_incidents_without_a_gap(url: str) -> None:
    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        asked = [journal.write(lambda tx: tx.open_incident(NOON)) for journal in (one, other) for _ in range(20)]
        names = await asyncio.gather(*asked)
        assert sorted(names) == sorted(f"INC-{n}" for n in range(1, 41))

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_what_two_nodes_append_to_one_timeline_is_one_chain(url: str) -> None:
    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        await one.write(lambda tx: tx.open_incident(NOON))
        say = [
            journal.write(lambda tx, n=n: tx.append("INC-1", "ada", [Noted(text=str(n))], NOON))
            for n in range(15)
            for journal in (one, other)
        ]
        await asyncio.gather(*say)
        entries = await one.read(lambda tx: tx.entries("INC-1"))
        assert [entry.seq for entry in entries] == list(range(1, 31))
        assert other.verify() == ()

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_a_commit_on_one_node_wakes_the_followers_of_another(url: str) -> None:
    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        other.follow(heard.put_nowait)
        await one.write(lambda tx: tx.open_incident(NOON))
        assert await asyncio.wait_for(heard.get(), 10) == "INC-1"

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_what_finished_an_incident_while_nobody_could_hear_is_found_by_looking(url: str) -> None:
    name = url.rpartition("/")[2]

    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        await one.write(lambda tx: tx.open_incident(NOON))
        heard: asyncio.Queue[str] = asyncio.Queue()
        await asyncio.sleep(3)  # the other has looked once
        other.follow(heard.put_nowait)
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE '%UNION SELECT id%'"
        assert await asyncio.to_thread(cluster().sql, cut) != []
        await one.write(lambda tx: (tx.append("INC-1", "ada", [Noted(text="over")], NOON), tx.close_incident("INC-1")))
        assert await asyncio.wait_for(heard.get(), 20) == "INC-1"

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_a_request_of_one_key_is_kept_once_whichever_nodes_hear_it(url: str) -> None:
    def asked(key: str) -> Received:
        return Received(id=0, key=key, source="generic", at=NOON, body=b"x", seen=(), state="waiting")

    async def story(one: PostgresJournal, other: PostgresJournal) -> None:
        first = await one.keep(asked("k"))
        assert await other.keep(asked("k")) == (first[0], False)
        together = await asyncio.gather(
            one.keep(asked("m")), one.keep(asked("m")), one.keep(asked("")), one.keep(asked(""))
        )
        assert [fresh for _, fresh in together] == [True, False, True, True]
        assert together[0][0] == together[1][0]
        assert await other.read(lambda tx: tx.count_waiting()) == 4

    with nodes(url, 2) as (one, other):
        asyncio.run(story(one, other))


def test_what_is_looked_after_is_shared_out_and_handed_over(url: str) -> None:
    names = tuple(f"probe {n}" for n in range(10))
    with nodes(url, 2) as (one, other):
        assert one.nodes is not None
        assert other.nodes is not None
        one.nodes.want(names)
        other.nodes.want(names)
        until = time.monotonic() + 30
        while len(other.nodes.held) < 5 and time.monotonic() < until:
            one.nodes.want(names)
            other.nodes.want(names)
        assert {len(one.nodes.held), len(other.nodes.held)} == {5}
        assert one.nodes.held | other.nodes.held == set(names)
        asyncio.run(one.close())
        other.nodes.want(names)
        assert all(other.nodes.holds(name) for name in names), "a node that leaves hands over at once"


def test_a_node_whose_beat_does_not_get_through_holds_nothing_when_its_lease_is_over(url: str) -> None:
    with nodes(url, 1) as (one,):
        assert one.nodes is not None
        one.nodes.want(["probe"])
        assert one.nodes.holds("probe")
        one.nodes.beaten -= LEASE.total_seconds()
        assert not one.nodes.holds("probe")


def test_all_nodes_share_one_secret_and_one_clock(url: str) -> None:
    with nodes(url, 2) as (one, other):
        assert one.nodes is not None
        assert other.nodes is not None
        assert one.nodes.secret("s", lambda: b"first") == other.nodes.secret("s", lambda: b"second") == b"first"
        assert abs(one.nodes.now() - other.nodes.now()) < timedelta(seconds=2)


def test_every_node_is_seen_by_the_others_until_it_leaves(url: str) -> None:
    with nodes(url, 2) as (one, other):
        assert one.nodes is not None
        assert other.nodes is not None
        one.nodes.show(page="abc", local=True)
        seen = {node.boot: node for node in other.nodes.all()}
        assert (seen[one.owner].page, seen[one.owner].local, seen[one.owner].alive) == ("abc", True, True)
        asyncio.run(one.close())
        assert {node.boot for node in other.nodes.all()} == {other.owner}


def test_a_connection_that_is_cut_is_opened_anew_and_nothing_is_said_twice(url: str) -> None:
    name = url.rpartition("/")[2]

    async def story(one: PostgresJournal) -> None:
        await one.write(lambda tx: tx.open_incident(NOON))
        for number in range(5):
            cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            await asyncio.to_thread(cluster().sql, cut)
            await one.write(lambda tx, n=number: tx.append("INC-1", "ada", [Noted(text=str(n))], NOON))
        entries = await one.read(lambda tx: tx.entries("INC-1"))
        assert [entry.event for entry in entries] == [Noted(text=str(n)) for n in range(5)]

    with nodes(url, 1) as (one,):
        asyncio.run(story(one))


def test_whether_a_commit_that_was_cut_off_happened_is_asked_of_the_database(url: str) -> None:
    with nodes(url, 1) as (one,):
        with one.pool.connect() as connection:
            number = int(connection.exec_driver_sql("SELECT txid_current()").scalar() or 0)
            connection.rollback()
        assert one._happened(number) is False
        with one.pool.connect() as connection:
            number = int(connection.exec_driver_sql("SELECT txid_current()").scalar() or 0)
            connection.commit()
        assert one._happened(number) is True


# ------------------------------------------------------------------------------------------------------------ bad input


def test_a_wrong_password_is_said_and_never_shown(url: str) -> None:
    cluster().sql("CREATE ROLE guest LOGIN PASSWORD 'right'", url.rpartition("/")[2])
    try:
        wrong = cluster().url("no_such_database", user="guest", password="s3cret-of-guest")
        with pytest.raises(JournalError) as caught:
            open_journal(wrong)
        assert "s3cret" not in str(caught.value)
        assert "holds no database of that name" in str(caught.value)
        with pytest.raises(JournalError, match="may not do that in the database"):
            open_journal(cluster().url(_empty(), user="guest"))
    finally:
        cluster().sql("DROP ROLE guest", url.rpartition("/")[2])


def _empty() -> str:
    name = cluster().database().rpartition("/")[2]
    cluster().sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
    return name


def test_a_database_of_something_else_is_refused() -> None:
    url = cluster().database()
    cluster().sql("CREATE TABLE customers (id int)", url.rpartition("/")[2])
    with pytest.raises(JournalError, match="not a journal: it holds customers"):
        open_journal(url)


def test_a_read_only_server_is_refused(url: str) -> None:
    name = url.rpartition("/")[2]
    cluster().sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(JournalError, match="read-only standby"):
        open_journal(url)


def test_a_newer_journal_is_refused(url: str) -> None:
    cluster().sql("UPDATE alembic_version SET version_num = '9999'", url.rpartition("/")[2])
    with pytest.raises(JournalError, match="newer version of Firstfive"):
        open_journal(url)


def test_four_nodes_that_start_at_once_make_the_tables_once() -> None:
    url = cluster().database()

    async def story() -> list[object]:
        opened = await asyncio.gather(*(asyncio.to_thread(open_journal, url) for _ in range(4)))
        for journal in opened:
            await journal.close()
        return list(opened)

    assert len(asyncio.run(story())) == 4
