"""The hash chain: a stranger can recompute it, and no way of altering a journal goes unseen."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.incident.events import Acknowledged, FactsFound, Noted
from firstfive.incident.records import Fact
from firstfive.stores import codec, open_journal

NOON = datetime(2026, 11, 23, 12, 0, 0, 250, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three incidents; the second has five entries, the third none."""
    path = tmp_path / "journal.db"

    async def fill() -> None:
        journal = open_journal(f"sqlite:///{path}")
        for size in (2, 5, 0):
            name = await journal.write(lambda tx: tx.open_incident(NOON))
            for n in range(size):
                remark = Noted(text=f"remark {n} “é”")
                await journal.write(
                    lambda tx, e=remark, i=name, n=n: tx.append(i, "ada", [e], NOON + timedelta(seconds=n))
                )
        await journal.close()

    asyncio.run(fill())
    return path


def verify(path: Path) -> tuple[str, ...]:
    return open_journal(f"sqlite:///{path}", read_only=True).verify()


def test_an_untouched_journal_holds(path: Path) -> None:
    assert verify(path) == ()


def test_a_stranger_can_prove_an_export_with_nothing_but_json_and_sha256(tmp_path: Path) -> None:
    async def export() -> list[str]:
        journal = open_journal(f"sqlite:///{tmp_path / 'j.db'}")
        events = [
            Acknowledged(responder="José"),
            FactsFound(
                facts=(Fact(name="a", kind="double", value=1e16), Fact(name="b", kind="list", value=("x", "y"))),
                source="s",
            ),
            Noted(text='quote " slash \\ newline \n separator \u2028 nul \x00 wide 🙂'),
        ]
        await journal.write(lambda tx: tx.append(tx.open_incident(NOON), "ada", events, NOON))
        entries = await journal.read(lambda tx: tx.entries("INC-1"))
        await journal.close()
        return [json.dumps(codec.exported(entry)) for entry in entries]

    previous = "0" * 64
    for line in asyncio.run(export()):
        row = json.loads(line)
        told = row.pop("hash")
        text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256((previous + text).encode("utf-8")).hexdigest() == told
        previous = told


def rebuilt(connection: sqlite3.Connection) -> None:
    """A forger who knows the formula rewrites the whole timeline, but forgets the incident's own row."""
    rows = connection.execute("SELECT seq, type, data FROM event WHERE incident = 'INC-2' ORDER BY seq").fetchall()
    previous = "0" * 64
    for seq, kind, data in rows:
        at = codec.stamp(NOON)
        text = codec.canonical(
            {"incident": "INC-2", "seq": seq, "at": at, "by": "eve", "type": kind, "data": json.loads(data)}
        )
        previous = hashlib.sha256((previous + text).encode()).hexdigest()
        at_ticks = int(NOON.timestamp()) * 10**6 + NOON.microsecond
        connection.execute(
            "UPDATE event SET by = 'eve', at = ?, hash = ? WHERE incident = 'INC-2' AND seq = ?",
            (at_ticks, previous, seq),
        )


ALTERED: list[tuple[str, str | Callable[[sqlite3.Connection], None], str]] = [
    (
        "what was said",
        "UPDATE event SET data = replace(data, 'remark 2', 'remark 7') WHERE incident = 'INC-2'",
        "INC-2, entry 3:",
    ),
    (
        "only a space",
        "UPDATE event SET data = replace(data, ':', ': ') WHERE incident = 'INC-2' AND seq = 4",
        "INC-2, entry 4:",
    ),
    ("who said it", "UPDATE event SET by = 'bob' WHERE incident = 'INC-2' AND seq = 1", "INC-2, entry 1:"),
    ("when", "UPDATE event SET at = at + 1 WHERE incident = 'INC-2' AND seq = 5", "INC-2, entry 5:"),
    ("when, nonsense", "UPDATE event SET at = 'noon' WHERE incident = 'INC-2' AND seq = 5", "INC-2, entry 5:"),
    (
        "when, out of all time",
        "UPDATE event SET at = 9000000000000000000 WHERE incident = 'INC-2' AND seq = 5",
        "INC-2, entry 5:",
    ),
    ("its kind", "UPDATE event SET type = 'UpdateAsked' WHERE incident = 'INC-2' AND seq = 2", "INC-2, entry 2:"),
    ("its hash", f"UPDATE event SET hash = '{'1' * 64}' WHERE incident = 'INC-2' AND seq = 2", "INC-2, entry 2:"),
    ("the first gone", "DELETE FROM event WHERE incident = 'INC-2' AND seq = 1", "INC-2, entry 1: missing"),
    ("one in the middle gone", "DELETE FROM event WHERE incident = 'INC-2' AND seq = 3", "INC-2, entry 3: missing"),
    ("the last gone", "DELETE FROM event WHERE incident = 'INC-2' AND seq = 5", "INC-2, entry 5: missing"),
    ("all gone", "DELETE FROM event WHERE incident = 'INC-2'", "INC-2, entry 1: missing"),
    (
        "one gone, numbers closed up",
        "DELETE FROM event WHERE incident = 'INC-2' AND seq = 2; UPDATE event SET seq = seq - 1 WHERE incident = 'INC-2' AND seq > 2",
        "INC-2, entry 2:",
    ),
    (
        "two in another order",
        "UPDATE event SET seq = -seq WHERE incident = 'INC-2' AND seq IN (2, 3);"
        " UPDATE event SET seq = 5 + seq WHERE incident = 'INC-2' AND seq < 0",
        "INC-2, entry 2:",
    ),
    (
        "moved to another incident",
        "UPDATE event SET incident = 'INC-3' WHERE incident = 'INC-1'",
        "INC-1, entry 1: missing|INC-3, entry 1:",
    ),
    (
        "the incident forgets an entry",
        "UPDATE incident SET last_seq = 4 WHERE id = 'INC-2'",
        "INC-2, entry 5: not counted",
    ),
    (
        "the incident ends otherwise",
        f"UPDATE incident SET last_hash = '{'1' * 64}' WHERE id = 'INC-2'",
        "INC-2, entry 5: not the one",
    ),
    (
        "an incident gone, its entries left",
        "DELETE FROM incident WHERE id = 'INC-2'",
        "INC-2, entry 1: belongs to no incident|INC-2: the whole",
    ),
    (
        "an incident gone with its entries",
        "DELETE FROM event WHERE incident = 'INC-2'; DELETE FROM incident WHERE id = 'INC-2'",
        "INC-2: the whole incident is missing",
    ),
    ("forged from end to end", rebuilt, "INC-2, entry 5: not the one"),
]


@pytest.mark.parametrize(("how", "found"), [pytest.param(how, found, id=name) for name, how, found in ALTERED])
def test_whatever_was_altered_the_first_broken_row_is_named(
    path: Path, how: str | Callable[[sqlite3.Connection], None], found: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        if isinstance(how, str):
            connection.executescript(how)
        else:
            how(connection)
        connection.commit()
    told = sorted(verify(path))
    assert len(told) == len(found.split("|")), told
    for said, expected in zip(told, sorted(found.split("|")), strict=True):
        assert said.startswith(expected)


def test_the_program_in_the_reference_proves_a_timeline_and_finds_what_was_altered(path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "journal.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]

    def proved() -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(path), "INC-2"], check=False, capture_output=True, text=True, timeout=30
        )
        return (done.stdout + done.stderr).strip()

    with closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT last_hash FROM incident WHERE id = 'INC-2'").fetchone()
        assert proved() == f"5 entries hold and end with {last}"
        connection.execute("UPDATE event SET data = replace(data, 'remark 3', 'remark 8') WHERE incident = 'INC-2'")
        connection.commit()
    assert proved() == "entry 4: missing, or does not follow from the one before"
