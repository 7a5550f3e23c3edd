"""A PostgreSQL that cannot hold a journal says so in an operator's words, and nothing that stands there is lost."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from firstfive.errors import JournalError
from firstfive.stores import open_journal
from firstfive.stores.postgres import shape
from postgres.cluster import Cluster, begun, cluster, ended

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


def test_a_server_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "OLDEST", 99)
    with pytest.raises(JournalError, match=r"this PostgreSQL is version \d+, which is too old") as caught:
        open_journal(cluster().database())
    assert caught.value.remedy == "use PostgreSQL 99 or newer"
