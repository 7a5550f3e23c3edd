"""What a database's complaint means to an operator at 03:00.

Used by `sqlite` and `writer` for everything that SQLite raises. Looks at the error's number, never at its words.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from firstfive.errors import JournalError

# Primary result code (the low byte) -> what happened, and the remedy.
_MEANING: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        "the disk is full, the journal took nothing",
        "free space on this file system; writing goes on by itself",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk refused the journal",
        "look at free space, quotas and `dmesg`; writing goes on by itself once the disk works",
    ),
    sqlite3.SQLITE_READONLY: (
        "the journal may not be written",
        "make the file and its folder writable for the user that runs Firstfive",
    ),
    sqlite3.SQLITE_PERM: ("the journal may not be opened", "mend the permissions of the file and its folder"),
    sqlite3.SQLITE_AUTH: ("the journal may not be used", "mend the permissions of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        "the journal cannot be opened",
        "make sure that the folder exists and that the user that runs Firstfive may write there",
    ),
    sqlite3.SQLITE_BUSY: (
        "another program holds the journal's write lock",
        "close it (a database shell, a copy in progress); writing goes on by itself",
    ),
    sqlite3.SQLITE_LOCKED: ("the journal is locked", "close other programs that use the file"),
    sqlite3.SQLITE_CORRUPT: (
        "the journal file is damaged",
        "stop Firstfive, keep the file, and put back the newest copy that `firstfive verify` accepts",
    ),
    sqlite3.SQLITE_NOTADB: ("this file is not a journal", "set database to another path, or put back a copy"),
    sqlite3.SQLITE_NOMEM: ("there was no memory left for the journal", "free memory on this machine"),
}


def is_database(problem: BaseException) -> bool:
    """Whether the database itself raised this."""
    return isinstance(problem, DBAPIError | sqlite3.Error)


def told(problem: BaseException, path: Path) -> JournalError:
    """The error for an operator, with the file as its place."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    number = getattr(cause, "sqlite_errorcode", 0) or 0
    meaning = _MEANING.get(number & 0xFF)
    if meaning is None:
        return JournalError(f"the journal could not do it: {cause}", where=str(path), remedy="please report this")
    return JournalError(f"{meaning[0]} ({cause})", where=str(path), remedy=meaning[1])
