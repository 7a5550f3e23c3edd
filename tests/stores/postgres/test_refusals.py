"""A PostgreSQL that cannot hold a journal says so in an operator's words, and nothing that stands there is lost."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.ports import Received, Transaction
from firstfive.stores import open_journal, schema
from firstfive.stores.chain import GENESIS
from firstfive.stores.postgres import PostgresJournal, address
from firstfive.stores.postgres import journal as journal_module
from firstfive.stores.postgres.trouble import is_lost, told
from postgres.cluster import USER, Cluster, begun, cluster, ended, older

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "s3cret-of-guest"


@pytest.fixture
def own() -> Iterator[Cluster]:
    made = begun()
    yield made
    ended(made)


def holds_one(url: str) -> None:
    """The incident that was there before is there still."""
    journal = open_journal(url, read_only=True)
    assert asyncio.run(journal.read(lambda tx: tx.incidents(only_open=True))) == ("INC-1",)
    asyncio.run(journal.close())


def with_one(url: str) -> str:
    journal = open_journal(url)
    asyncio.run(journal.write(lambda tx: tx.open_incident(NOON)))
    asyncio.run(journal.close())
    return url


def test_a_server_that_asks_for_a_password_and_gets_a_wrong_one(own: Cluster) -> None:
    url = with_one(own.database())
    name = url.rpartition("/")[2]
    own.sql("CREATE ROLE guest LOGIN PASSWORD 'right'", name)
    rules = own.folder / "data" / "pg_hba.conf"
    rules.write_text("host all guest 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    assert own.process is not None
    own.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    with pytest.raises(JournalError) as caught:
        open_journal(own.url(name, user="guest", password=SECRET))
    assert "PostgreSQL refuses the user or its password" in str(caught.value)
    assert "PGPASSWORD" in caught.value.remedy
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    holds_one(url)


def test_a_real_standby_is_refused_for_writing_and_read(own: Cluster) -> None:
    url = with_one(own.database())
    own.stop()
    mark = own.folder / "data" / "standby.signal"
    mark.touch()
    shutil.chown(mark, "postgres", "postgres")
    own.start()
    with pytest.raises(JournalError, match="read-only standby") as caught:
        open_journal(url)
    assert "target_session_attrs=read-write" in caught.value.remedy
    holds_one(url)


def test_a_server_that_takes_no_more_connections(own: Cluster) -> None:
    url = with_one(own.database())
    name = url.rpartition("/")[2]
    own.sql("CREATE ROLE few LOGIN CONNECTION LIMIT 0", name)
    own.sql(f"ALTER DATABASE {name} OWNER TO few", name)
    own.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO few; GRANT ALL ON SCHEMA public TO few", name)
    with pytest.raises(JournalError) as caught:
        open_journal(own.url(name, user="few"))
    assert "PostgreSQL takes no more connections" in str(caught.value)
    assert "raise max_connections" in caught.value.remedy
    holds_one(url)


@pytest.fixture
def of(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A server of an old version."""
    made = begun(programs=older(request.param))
    yield made
    ended(made)


@pytest.mark.parametrize("of", [12], indirect=True)
def test_a_server_that_is_too_old_is_refused_and_left_as_it_was(of: Cluster) -> None:
    url = of.database()
    with pytest.raises(JournalError, match=r"this PostgreSQL is version 12, which is too old") as caught:
        open_journal(url)
    assert caught.value.remedy == "use PostgreSQL 13 or newer"
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert of.sql(tables, url.rpartition("/")[2]) == [(0,)]


@pytest.mark.parametrize("of", [13], indirect=True)
def test_the_oldest_server_that_is_not_too_old_keeps_a_journal(of: Cluster) -> None:
    """Two nodes on it: what one writes the other hears, claims and closes."""
    url = of.database()

    async def story() -> tuple[str, ...]:
        one, two = open_journal(url), open_journal(url)
        heard: asyncio.Queue[str] = asyncio.Queue()
        cancel = two.follow(heard.put_nowait)

        def opened(tx: Transaction) -> str:
            name = tx.open_incident(NOON)
            tx.append(name, "ada", [Noted(text="it is down")], NOON)
            tx.enqueue(key=f"{name}:1", incident=name, kind="wake", due=NOON, data=b"{}")
            return name

        name = await one.write(opened)
        assert await asyncio.wait_for(heard.get(), 20) == name
        (row,) = await two.write(lambda tx: tx.claim(kinds=("wake",), now=datetime.now(UTC), limit=5))
        assert await one.write(lambda tx: tx.claim(kinds=("wake",), now=datetime.now(UTC), limit=5)) == ()
        await two.write(lambda tx: tx.close(row))
        cancel()
        assert {node.alive for node in cast(PostgresJournal, one).known_nodes()} == {True}
        broken = two.verify()
        await one.close()
        await two.close()
        return broken

    assert asyncio.run(story()) == ()


@pytest.mark.parametrize("what", ["starting up", "shutting down", "in recovery mode", "not yet accepting connections"])
def test_a_server_that_starts_or_stops_is_waited_for_and_not_taken_for_a_missing_database(what: str) -> None:
    said = psycopg.OperationalError(
        f'connection to server at "10.0.0.1", port 5432 failed: FATAL:  the database system is {what}'
    )
    assert is_lost(said)
    assert "PostgreSQL is starting or stopping" in str(told(said, "here"))


@pytest.fixture
def small() -> Iterator[Cluster]:
    """A server that takes few connections, three of which are for its owner."""
    made = begun("max_connections=13", "superuser_reserved_connections=3", "max_wal_senders=0")
    yield made
    ended(made)


def test_too_many_clients_while_a_node_runs_lose_nothing_and_pass(
    small: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others take every connection at the moment when the node's own are cut: it says what is wrong, and goes on once they let go."""
    monkeypatch.setattr(journal_module, "PATIENCE", 3.0)
    url = small.database()
    name = url.rpartition("/")[2]
    small.sql("CREATE ROLE team LOGIN", name)
    small.sql(f"ALTER DATABASE {name} OWNER TO team", name)
    small.sql("GRANT ALL ON SCHEMA public TO team", name)
    journal = open_journal(small.url(name, user="team"))
    others: list[psycopg.Connection[object]] = []

    async def story() -> None:
        await journal.write(lambda tx: tx.open_incident(NOON))
        for _ in range(500):  # a connection that is cut is free a moment later, and the node may have been quicker
            small.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> current_database()")
            with contextlib.suppress(psycopg.OperationalError):
                while len(others) < 10:
                    others.append(psycopg.connect(small.url(USER, user="team")))
            if len(others) == 10:
                break
            await asyncio.sleep(0.02)
        assert len(others) == 10
        with pytest.raises(JournalError) as caught:
            await journal.write(lambda tx: tx.append("INC-1", "ada", [Noted(text="refused")], NOON))
        assert "PostgreSQL takes no more connections" in str(caught.value)
        assert "raise max_connections" in caught.value.remedy
        with pytest.raises(JournalError, match="takes no more connections"):
            open_journal(small.url(name, user="team"))
        request = Received(id=0, key="k", source="x", at=NOON, body=b"{}", seen=(), state="waiting")
        with pytest.raises(JournalError, match="takes no more connections"):
            await journal.keep(request)  # the sender hears 503, and sends it again
        for one in others:
            one.close()
        await journal.write(lambda tx: tx.append("INC-1", "ada", [Noted(text="said again")], NOON))
        assert (await journal.keep(request))[1] is True
        entries = await journal.read(lambda tx: tx.entries("INC-1"))
        assert [entry.event for entry in entries] == [Noted(text="said again")]
        assert journal.verify() == ()

    try:
        asyncio.run(story())
    finally:
        for one in others:
            one.close()
        asyncio.run(journal.close())


def test_a_node_whose_connections_are_all_in_use_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ONE_IS_FREE", 0.3)
    url = with_one(cluster().journal())
    journal = open_journal(url)
    assert isinstance(journal, PostgresJournal)
    with contextlib.ExitStack() as held:
        for _ in range(journal_module.WRITERS + journal_module.READERS + 1):
            held.enter_context(journal.pool.connect())
        with pytest.raises(JournalError, match="all connections of this node to PostgreSQL are in use") as caught:
            asyncio.run(journal.write(lambda tx: tx.open_incident(NOON)))
        assert "pg_stat_activity" in caught.value.remedy
    assert asyncio.run(journal.write(lambda tx: tx.open_incident(NOON))) == "INC-2"
    asyncio.run(journal.close())


def test_rights_that_are_taken_away_while_it_runs_are_said_and_what_stands_is_kept(own: Cluster) -> None:
    url = with_one(own.database())
    name = url.rpartition("/")[2]
    own.sql("CREATE ROLE team LOGIN", name)
    own.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO team; GRANT ALL ON SCHEMA public TO team", name)
    own.sql("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO team", name)
    journal = open_journal(own.url(name, user="team"))
    own.sql("REVOKE INSERT ON event FROM team", name)

    def noted(tx: Transaction) -> None:
        tx.append("INC-1", "ada", [Noted(text="x")], NOON)

    with pytest.raises(JournalError, match="this user may not do that in the database") as caught:
        asyncio.run(journal.write(noted))
    assert "owner of the database" in caught.value.remedy
    own.sql("GRANT INSERT ON event TO team", name)
    asyncio.run(journal.write(noted))
    asyncio.run(journal.close())
    holds_one(url)


def test_a_journal_of_an_older_version_is_refused_for_reading_and_brought_up_to_date_by_a_node(own: Cluster) -> None:
    url = own.database()
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.exec_driver_sql(
            "INSERT INTO incident (id, number, opened_at, is_open, last_seq, last_hash)"
            f" VALUES ('INC-1', 1, 0, true, 0, '{GENESIS}')"
        )
    engine.dispose()
    with pytest.raises(JournalError, match="this journal has the older schema 0003") as caught:
        open_journal(url, read_only=True)
    assert "firstfive serve" in caught.value.remedy
    asyncio.run(open_journal(url).close())
    holds_one(url)
    assert own.sql("SELECT version_num FROM alembic_version", url.rpartition("/")[2]) == [(schema.NEWEST,)]
