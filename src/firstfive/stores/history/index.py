"""The index file: one row an incident with the numbers that lists and metrics need, and every sentence of every timeline as full text.

Fed and asked by `app.history`. SQLite with FTS5, beside the journal and never in its transactions; a reader and a feeder may be two
processes. A file that cannot be read, or that is of another journal, is made anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstfive.stores.history.query import match_of

VERSION = 2
BUSY = 5.0
_SCHEMA = """
CREATE TABLE incident (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, title TEXT NOT NULL,
    level INTEGER NOT NULL, runbook TEXT NOT NULL, status TEXT NOT NULL, drill INTEGER NOT NULL, is_open INTEGER NOT NULL,
    began INTEGER NOT NULL, numbers BLOB NOT NULL, proof BLOB NOT NULL
);
CREATE INDEX incident_by_number ON incident (number DESC);
CREATE TABLE note (path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
CREATE TABLE place (id INTEGER PRIMARY KEY, source TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX place_by_source ON place (source);
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = "unicode61 remove_diacritics 2");
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the index holds of one incident. `began` is in microseconds since 1970 UTC; `numbers` is the row for metrics and
    `proof` what it proves about the page, both as JSON.
    """

    id: str
    number: int
    seq: int
    hash: str
    title: str
    level: int
    runbook: str
    status: str
    drill: bool
    is_open: bool
    began: int
    numbers: bytes
    proof: bytes = b"null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which incidents are asked for. `level` and `runbook` are exact, 0 and empty mean any; `since` and `until` are microseconds since
    1970 UTC of their first sign; `before` leaves out this number and newer ones, for the next part of a list.
    """

    level: int = 0
    runbook: str = ""
    since: int | None = None
    until: int | None = None
    only_open: bool = False
    drills: bool = True
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One sentence that was found: in `source` (an incident's id, or the path of a post-mortem), at entry `seq` (0: a note)."""

    source: str
    seq: int
    at: int
    text: str


def open_index(path: Path) -> Index:
    """The index at `path`, made when it is not there or cannot be used. Raises OSError or sqlite3.Error when none can be made."""
    with contextlib.suppress(sqlite3.Error):
        index = Index(path)
        if index.usable():
            return index
        index.close()
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)
    index = Index(path)
    index.make()
    return index


class Index:
    """One open index file; used from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")  # it can be made again

    def usable(self) -> bool:
        """Whether this is an index of ours, of this version."""
        return bool(self._connection.execute("PRAGMA user_version").fetchone()[0] == VERSION)

    def make(self) -> None:
        """Write the tables."""
        self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing of what is fed within. Raises sqlite3.OperationalError when somebody else feeds for too long."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # ---------------------------------------------------------------------------------------------------------- feed

    def marks(self) -> Mapping[str, tuple[int, str]]:
        """How far each incident is indexed: its id to the last entry's number and hash."""
        return {row[0]: (row[1], row[2]) for row in self._connection.execute("SELECT id, seq, hash FROM incident")}

    def notes(self) -> Mapping[str, str]:
        """Which post-mortems are indexed: path to stamp."""
        return dict(self._connection.execute("SELECT path, stamp FROM note"))

    def put(self, known: Known, sentences: Iterable[tuple[int, int, str]]) -> None:
        """What is known of an incident now, and its further sentences as (seq, at, text)."""
        names = Known.__dataclass_fields__
        columns, holes = ", ".join(names), ", ".join("?" for _ in names)
        values = [getattr(known, name) for name in names]
        self._connection.execute(f"INSERT OR REPLACE INTO incident ({columns}) VALUES ({holes})", values)  # noqa: S608 - our own names
        self._add(known.id, sentences)

    def put_note(self, path: str, stamp: str, paragraphs: Iterable[tuple[int, int, str]]) -> None:
        """A post-mortem as it stands now, in place of what was known of it."""
        self.forget_note(path)
        self._connection.execute("INSERT INTO note (path, stamp) VALUES (?, ?)", (path, stamp))
        self._add(path, paragraphs)

    def forget_note(self, path: str) -> None:
        """A post-mortem that is not there any more."""
        ids = [row[0] for row in self._connection.execute("SELECT id FROM place WHERE source = ?", (path,))]
        self._connection.executemany("DELETE FROM words WHERE rowid = ?", [(number,) for number in ids])
        self._connection.execute("DELETE FROM place WHERE source = ?", (path,))
        self._connection.execute("DELETE FROM note WHERE path = ?", (path,))

    def clear(self) -> None:
        """Forget everything: it is of another journal."""
        for table in ("incident", "note", "place", "words"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def _add(self, source: str, texts: Iterable[tuple[int, int, str]]) -> None:
        rows = list(texts)
        first = self._connection.execute("SELECT coalesce(max(id), 0) + 1 FROM place").fetchone()[0]
        numbered = list(enumerate(rows, first))
        places = [(number, source, seq, at) for number, (seq, at, _) in numbered]
        self._connection.executemany("INSERT INTO place (id, source, seq, at) VALUES (?, ?, ?, ?)", places)
        words = [(number, text) for number, (_, _, text) in numbered]
        self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", words)

    # ----------------------------------------------------------------------------------------------------------- ask

    def search(self, text: str, wanted: Wanted, limit: int) -> tuple[Hit, ...]:
        """Sentences that hold every word, those indexed last first. Raises Refused when there is nothing to look for."""
        where, values = _where(wanted)
        joined = f"AND place.source IN (SELECT id FROM incident WHERE {where})" if where else ""  # noqa: S608 - our own names
        found = self._connection.execute(
            "SELECT place.source, place.seq, place.at, snippet(words, 0, '[', ']', '…', 24) FROM words"  # noqa: S608 - our own names
            f" JOIN place ON place.id = words.rowid WHERE words MATCH ? {joined} ORDER BY words.rowid DESC LIMIT ?",
            (match_of(text), *values, limit),
        )
        return tuple(Hit(source=row[0], seq=row[1], at=row[2], text=row[3]) for row in found)

    def listed(self, wanted: Wanted, limit: int) -> tuple[Known, ...]:
        """Incidents, newest first."""
        where, values = _where(wanted)
        asked = f"WHERE {where}" if where else ""
        columns = ", ".join(Known.__dataclass_fields__)
        found = self._connection.execute(
            f"SELECT {columns} FROM incident {asked} ORDER BY number DESC LIMIT ?",  # noqa: S608 - our own names
            (*values, limit),
        )
        return tuple(_known(row) for row in found)

    def numbers(self) -> tuple[bytes, ...]:
        """The rows for metrics of every incident, oldest first."""
        return tuple(row[0] for row in self._connection.execute("SELECT numbers FROM incident ORDER BY number"))

    def proofs(self) -> tuple[bytes, ...]:
        """What every incident proves about the page, oldest first."""
        return tuple(row[0] for row in self._connection.execute("SELECT proof FROM incident ORDER BY number"))

    def titles(self, ids: Iterable[str]) -> Mapping[str, Known]:
        """What is known of these incidents."""
        columns = ", ".join(Known.__dataclass_fields__)
        question = f"SELECT {columns} FROM incident WHERE id = ?"  # noqa: S608 - our own names
        rows = (self._connection.execute(question, (name,)).fetchone() for name in dict.fromkeys(ids))
        return {row[0]: _known(row) for row in rows if row is not None}


def _known(row: tuple[Any, ...]) -> Known:
    fields = dict(zip(Known.__dataclass_fields__, row, strict=True))
    return Known(**{**fields, "drill": bool(fields["drill"]), "is_open": bool(fields["is_open"])})


def _where(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    asked: list[tuple[str, Any]] = [
        ("level = ?", wanted.level or None),
        ("runbook = ?", wanted.runbook or None),
        ("began >= ?", wanted.since),
        ("began < ?", wanted.until),
        ("number < ?", wanted.before),
        ("is_open = ?", 1 if wanted.only_open else None),
        ("drill = ?", None if wanted.drills else 0),
    ]
    given = [(text, value) for text, value in asked if value is not None]
    return " AND ".join(text for text, _ in given), tuple(value for _, value in given)
