"""A function sees on PostgreSQL what it sees on a file: nobody writes beside it, and whoever stands still in it is not waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

import firstfive
from firstfive.incident.events import Noted
from firstfive.ports import Transaction
from firstfive.stores import open_journal
from firstfive.stores.postgres import PostgresJournal
from firstfive.stores.postgres.journal import WRITING
from postgres.cluster import cluster

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def url() -> str:
    return cluster().journal()


def opened(url: str) -> PostgresJournal:
    journal = open_journal(url)
    assert isinstance(journal, PostgresJournal)
    return journal


def reported(tx: Transaction) -> str:
    """What a report does: it joins the incident that is open, else it declares one."""
    live = tx.incidents(only_open=True)
    if live:
        tx.append(live[0], "ada", [Noted(text="me too")], NOON)
        return live[0]
    time.sleep(0.02)  # the folding and grading that lie between the look and the deed
    name = tx.open_incident(NOON)
    tx.append(name, "ada", [Noted(text="it is down")], NOON)
    return name


def test_what_two_nodes_hear_in_the_same_moment_is_one_incident(url: str) -> None:
    async def story() -> set[str]:
        nodes = [opened(url), opened(url)]
        names = await asyncio.gather(*(node.write(reported) for node in nodes for _ in range(5)))
        for node in nodes:
            await node.close()
        return set(names)

    assert asyncio.run(story()) == {"INC-1"}


def test_a_node_that_stands_still_inside_a_transaction_does_not_stop_the_others(url: str) -> None:
    """As SIGSTOP does: the server ends the session after a few seconds, the others go on, and the late one is done over."""
    inside, let_go = threading.Event(), threading.Event()
    calls: list[str] = []

    def stood_still(tx: Transaction) -> str:
        name = reported(tx)
        calls.append(name)
        if len(calls) == 1:
            inside.set()
            let_go.wait(60)
        return name

    async def story() -> tuple[float, str]:
        still, other = opened(url), opened(url)
        late = asyncio.ensure_future(still.write(stood_still))
        await asyncio.to_thread(inside.wait, 30)
        began = time.monotonic()
        name = await other.write(reported)
        took = time.monotonic() - began
        let_go.set()
        assert name == "INC-1"
        assert await late == "INC-1"
        count = await other.read(lambda tx: tx.count_entries())
        assert count == 2, "the cut transaction left nothing, its second try wrote once"
        assert other.verify() == ()
        await still.close()
        await other.close()
        return took, name

    took, _ = asyncio.run(story())
    assert took < 12, "within a lease, so that a takeover is not late"
    assert len(calls) == 2


CROWD = """
import asyncio, sys
from datetime import UTC, datetime
from firstfive.stores import open_journal

async def crowd():
    journal = await asyncio.to_thread(open_journal, sys.argv[1])
    one = lambda: asyncio.ensure_future(journal.write(lambda tx: tx.open_incident(datetime.now(UTC))))
    await asyncio.gather(*(one() for _ in range(5)))
    print("at work", flush=True)
    sys.stdin.readline()
    writes = [one() for _ in range(5)]
    await asyncio.sleep(1)
    print("they wait", flush=True)
    await asyncio.gather(*writes)
    await journal.close()

asyncio.run(crowd())
"""


@pytest.mark.process
def test_a_stopped_node_holds_the_others_up_once_however_many_of_its_writers_wait(url: str) -> None:
    """Each that waits gets the lock in its turn, and stands still with it: so only one of a node may wait."""
    other = opened(url)
    with psycopg.connect(url, autocommit=True) as holding:
        source = {**os.environ, "PYTHONPATH": str(Path(firstfive.__file__).parents[1])}
        argv = [sys.executable, "-c", CROWD, url]
        with subprocess.Popen(argv, env=source, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stopped:
            assert stopped.stdin is not None
            assert stopped.stdout is not None
            assert stopped.stdout.readline() == "at work\n"
            holding.execute("SELECT pg_advisory_lock(%s)", [WRITING])
            print("go on", file=stopped.stdin, flush=True)
            assert stopped.stdout.readline() == "they wait\n"
            stopped.send_signal(signal.SIGSTOP)
            holding.execute("SELECT pg_advisory_unlock(%s)", [WRITING])
            began = time.monotonic()
            asyncio.run(other.write(lambda tx: tx.open_incident(NOON)))
            took = time.monotonic() - began
            stopped.send_signal(signal.SIGCONT)
            assert stopped.wait(timeout=60) == 0
    assert took < 8, "no more than one writer that stands still"
    assert len(asyncio.run(other.read(lambda tx: tx.incidents(only_open=True)))) == 11, "its own were done over"
    asyncio.run(other.close())


def test_requests_are_kept_without_waiting_for_a_long_transaction(url: str) -> None:
    from firstfive.ports import Received

    inside, let_go = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> str:
        inside.set()
        let_go.wait(3)
        return reported(tx)

    async def story() -> bool:
        node = opened(url)
        busy = asyncio.ensure_future(node.write(slow))
        await asyncio.to_thread(inside.wait, 30)
        request = Received(id=0, key="k", source="x", at=NOON, body=b"{}", seen=(), state="waiting")
        _, fresh = await asyncio.wait_for(node.keep(request), 30)
        still_busy = not busy.done()
        let_go.set()
        await busy
        with node.pool.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM received")) == 1
        await node.close()
        return fresh and still_busy

    assert asyncio.run(story())


def test_what_was_written_is_on_the_disk_whatever_the_server_prefers(url: str) -> None:
    async def story() -> tuple[str, str]:
        node = opened(url)
        asked = sa.text("SELECT current_setting('synchronous_commit')")
        written = await node.write(lambda tx: str(tx.connection.scalar(asked)))  # type: ignore[attr-defined]
        with node.pool.connect() as connection:
            preferred = str(connection.scalar(asked))
        await node.close()
        return preferred, written

    assert asyncio.run(story()) == ("off", "on")
