"""Schemas: made from nothing, the same as the tables say, copied before a change, and a newer one is left alone."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.stores import open_journal, schema
from firstfive.stores.tables import metadata

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with one entry."""
    path = tmp_path / "journal.db"

    async def fill() -> None:
        journal = open_journal(f"sqlite:///{path}")
        await journal.write(lambda tx: tx.append(tx.open_incident(NOON), "ada", [Noted(text="x")], NOON))
        await journal.close()

    asyncio.run(fill())
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def entries(path: Path) -> int:
    async def count() -> int:
        journal = open_journal(f"sqlite:///{path}")
        try:
            return len(await journal.read(lambda tx: tx.entries("INC-1")))
        finally:
            await journal.close()

    return asyncio.run(count())


def test_the_migrations_make_exactly_the_tables_that_statements_are_written_for(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []
        made = {
            name: sql
            for name, sql in connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%WHERE%'"))
        }
    assert made.keys() == {
        "ix_incident_open",
        "ix_work_ready",
        "ix_work_leased",
        "ix_received_waiting",
        "ix_alert_until",
    }
    assert "state = 'ready'" in made["ix_work_ready"]


def test_the_versions_known_are_the_ones_there_are_migrations_for() -> None:
    script = ScriptDirectory(str(Path(schema.__file__).with_name("migrations")))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(revisions)) == schema.KNOWN
    assert script.get_current_head() == schema.NEWEST


def test_a_new_journal_belongs_to_its_user_only(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0
    assert (path.parent / "journal.db.lock").stat().st_mode & 0o077 == 0


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    assert entries(tmp_path / "journal.db") == 0


def test_a_journal_of_a_newer_version_is_refused_and_not_touched(path: Path) -> None:
    altered(path, "UPDATE alembic_version SET version_num = '0999'", "CREATE TABLE future (x)")
    before = digest(path)
    for read_only in (False, True):
        with pytest.raises(JournalError, match="newer version") as caught:
            open_journal(f"sqlite:///{path}", read_only=read_only)
        assert "journal.db.at-" in caught.value.remedy
    assert digest(path) == before
    altered(path, f"UPDATE alembic_version SET version_num = '{schema.NEWEST}'")
    assert entries(path) == 1, "a refusal leaves no lock behind"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_bytes(b"a diary, not a database" * 100), "not a journal"),
        (lambda path: altered(path, "CREATE TABLE accounts (x)"), "not a journal: it holds accounts"),
        (lambda path: path.mkdir(), "cannot be"),
    ],
    ids=["no database", "somebody else's database", "a folder"],
)
def test_what_is_no_journal_is_refused_and_not_touched(tmp_path: Path, make, told: str) -> None:
    path = tmp_path / "other.db"
    make(path)
    before = digest(path) if path.is_file() else ""
    with pytest.raises(JournalError, match=told) as caught:
        open_journal(f"sqlite:///{path}")
    assert caught.value.remedy
    assert before == (digest(path) if path.is_file() else "")


def test_a_damaged_journal_is_said_to_be_that(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(JournalError, match="damaged") as caught:
        open_journal(f"sqlite:///{path}")
    assert "copy" in caught.value.remedy


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="folder cannot be used"):
        open_journal(f"sqlite:///{tmp_path / 'no' / 'journal.db'}")


# The next version, as it will once exist, tried out on today's journal.
NEXT = '''
"""Work gets a place."""
import sqlalchemy as sa
from alembic import op
revision = "0009"
down_revision = "0008"
def upgrade() -> None:
    with op.batch_alter_table("incident", recreate="always") as table:
        table.add_column(sa.Column("place", sa.Text(), nullable=False, server_default="here"))
    {then}
'''


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Makes the program one version newer, with the given last line of the migration."""
    import shutil

    def make(then: str = "pass") -> None:
        folder = tmp_path / "newer" / "migrations"
        if not folder.exists():
            shutil.copytree(
                Path(schema.__file__).with_name("migrations"), folder, ignore=shutil.ignore_patterns("__pycache__")
            )
        (folder / "versions" / "v0003_place.py").write_text(NEXT.format(then=then))
        monkeypatch.setattr(schema, "__file__", str(folder.parent / "schema.py"))
        monkeypatch.setattr(schema, "KNOWN", ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009"))
        monkeypatch.setattr(schema, "NEWEST", "0009")

    return make


def test_a_migration_copies_the_journal_first_and_keeps_every_row(path: Path, next_version) -> None:
    next_version()
    with pytest.raises(JournalError, match="older version"):
        open_journal(f"sqlite:///{path}", read_only=True)
    assert entries(path) == 1
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("SELECT id, place FROM incident").fetchall() == [("INC-1", "here")]
        assert now.execute("PRAGMA foreign_key_check").fetchall() == []
        assert now.execute("SELECT count(*) FROM sqlite_master WHERE name = 'ix_incident_open'").fetchone() == (1,)
    copy = path.with_name("journal.db.at-0008")
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as then:
        assert then.execute("SELECT version_num FROM alembic_version").fetchall() == [("0008",)]
        assert then.execute("SELECT count(*) FROM event").fetchone() == (1,)


@pytest.mark.parametrize(
    ("then", "raised"),
    [
        ("raise RuntimeError('power')", RuntimeError),
        ("op.execute('DELETE FROM incident')", JournalError),
        ("op.execute('SELECT nothing')", JournalError),
    ],
    ids=["it raises", "it orphans rows", "it is wrong"],
)
def test_a_migration_that_fails_leaves_the_journal_as_it_was(path: Path, next_version, then: str, raised: type) -> None:
    next_version(then)
    with pytest.raises(raised):
        open_journal(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("SELECT version_num FROM alembic_version").fetchall() == [("0008",)]
        assert "place" not in [row[1] for row in now.execute("PRAGMA table_info(incident)")]
        assert now.execute("SELECT count(*) FROM incident").fetchone() == (1,)
    next_version()
    assert entries(path) == 1
    assert path.with_name("journal.db.at-0008").exists()
    assert path.with_name("journal.db.at-0008-2").exists(), "a copy is never written over"


def test_a_journal_of_the_first_version_is_brought_up_with_everything_in_it(tmp_path: Path, monkeypatch) -> None:
    """Written by the first version: an open incident, an alert, a deploy. The new columns are empty, nothing else moves."""
    path = tmp_path / "old" / "journal.db"
    path.parent.mkdir()
    monkeypatch.setattr(schema, "KNOWN", ("0001",))
    monkeypatch.setattr(schema, "NEWEST", "0001")
    with pytest.raises(JournalError):  # this program's own rows know columns that the first version had not
        asyncio.run(_with_an_alert(path))
    monkeypatch.undo()
    altered(
        path,
        "INSERT INTO incident (id, number, opened_at, is_open, last_seq, last_hash) VALUES ('INC-1', 1, 0, 1, 0, 'x')",
        'INSERT INTO alert (fingerprint, signal, first, last, count, incident) VALUES (\'f\', \'{"kind":"http","source":"s",'
        '"subject":"u","firing":true,"text":"t","at":"2026-01-01T00:00:00Z"}\', 1, 1, 3, \'INC-1\')',
        "INSERT INTO deploy (subject, version, previous, at, source, is_first) VALUES ('web', '2', '1', 5, 'link', 0)",
    )

    async def read() -> None:
        journal = open_journal(f"sqlite:///{path}")
        try:
            (alert,) = await journal.read(lambda tx: tx.alerts())
            assert (alert.count, alert.verdict, alert.why, alert.incident) == (3, "", "", "INC-1")
            (deploy,) = await journal.read(lambda tx: tx.deploys())
            assert (deploy.version, deploy.image_id, deploy.files) == ("2", "", ())
        finally:
            await journal.close()

    asyncio.run(read())


async def _with_an_alert(path: Path) -> None:
    from datetime import UTC, datetime

    from firstfive.incident.signals import Signal, SignalKind

    at = datetime(2026, 1, 1, tzinfo=UTC)
    seen = Signal(kind=SignalKind.HTTP, source="s", subject="u", firing=True, text="t", at=at)
    journal = open_journal(f"sqlite:///{path}")
    try:
        await journal.write(lambda tx: tx.see(seen, ""))
    finally:
        await journal.close()
