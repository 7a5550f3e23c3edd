"""The look that loads nothing, and what opening a journal costs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.errors import JournalError
from firstfive.stores import open_journal
from firstfive.stores.glance import glance

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four incidents: one closed, one without a summary; summaries of the others in the engine's way."""
    path = tmp_path / "a folder" / "journal?.db"
    path.parent.mkdir()

    async def fill() -> None:
        journal = open_journal(f"sqlite:///{path}")
        for n in range(1, 5):
            name = await journal.write(lambda tx: tx.open_incident(NOON))
            if n != 3:
                summary = json.dumps({"id": name, "title": f"trouble {n} é", "level": n}).encode()
                await journal.write(lambda tx, i=name, s=summary: tx.summarise(i, s))
        await journal.write(lambda tx: tx.close_incident("INC-2"))
        await journal.close()

    asyncio.run(fill())
    return path


EXPECTED = [
    {"id": "INC-4", "title": "trouble 4 é", "level": 4},
    {"id": "INC-3"},
    {"id": "INC-1", "title": "trouble 1 é", "level": 1},
]


def test_the_open_incidents_newest_first(path: Path) -> None:
    assert glance(path) == EXPECTED
    assert glance(str(path)) == EXPECTED


def test_it_works_beside_the_owner_and_after_its_sudden_death(path: Path) -> None:
    code = (
        "import asyncio, os, sys; from firstfive.stores import open_journal\n"
        "journal = open_journal('sqlite:///' + sys.argv[1])\n"
        "asyncio.run(journal.write(lambda tx: tx.close_incident('INC-1')))\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"written\n"
        assert [row["id"] for row in glance(path)] == ["INC-4", "INC-3"]
        owner.kill()
    assert [row["id"] for row in glance(path)] == ["INC-4", "INC-3"]


@pytest.mark.parametrize(
    "make",
    [lambda path: None, lambda path: path.touch(), lambda path: path.write_bytes(b"no database" * 200)],
    ids=["missing", "empty", "another file"],
)
def test_where_there_is_no_journal_it_says_so_and_makes_none(tmp_path: Path, make) -> None:
    make(tmp_path / "x.db")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(JournalError) as caught:
        glance(tmp_path / "x.db")
    assert caught.value.remedy
    assert sorted(tmp_path.iterdir()) == before


def loaded(code: str, *arguments: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running `code`."""
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def test_a_glance_loads_no_database_library_and_no_rules(path: Path) -> None:
    seen = loaded("import sys; from firstfive.stores.glance import glance; assert glance(sys.argv[1])", str(path))
    assert "sqlite3" in seen
    assert not {"sqlalchemy", "alembic", "msgspec", "asyncio", "firstfive.incident", "firstfive.ports"} & seen


@pytest.mark.parametrize("how", ["", ", read_only=True"])
def test_opening_a_journal_that_is_up_to_date_does_not_load_the_migrations(path: Path, how: str) -> None:
    seen = loaded(
        f"import sys; from firstfive.stores import open_journal; open_journal('sqlite:///' + sys.argv[1]{how})",
        str(path),
    )
    assert "sqlalchemy" in seen
    assert "alembic" not in seen
