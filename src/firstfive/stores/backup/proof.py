"""Whether a journal file holds together: its pages, its schema, and every hash chain.

Called on a copy before it is kept and before it is put back. Only reads.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.stores import journal, schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What was proved of a journal file: its schema, how many incidents and entries it holds."""

    schema: str
    incidents: int
    entries: int


def prove(path: Path) -> Proved:
    """What the file holds. Raises JournalError when a page, the schema or a chain is not as it should be."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as plain:
            said = plain.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                raise JournalError(f"the copy is damaged: {said}", where=str(path), remedy="use another copy")
        engine = sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            found = schema.version(connection, path)
            schema.refuse_strange(found, path, creating=True)
            broken = journal.problems(connection)
            counted = connection.execute(sa.text("SELECT count(*), coalesce(sum(last_seq), 0) FROM incident")).one()
    except (sqlite3.DatabaseError, sa.exc.DatabaseError) as problem:
        raise JournalError(f"this is no journal: {problem}", where=str(path), remedy="use another copy") from problem
    if broken:
        raise JournalError(
            f"a chain of the copy does not hold: {broken[0]}", where=str(path), remedy="use another copy"
        )
    return Proved(schema=found, incidents=counted[0], entries=counted[1])
