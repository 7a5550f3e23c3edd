"""The open incidents in one look: standard library only, for a command that must answer at once.

Called by `firstfive status` when nothing else is loaded. Reads the summaries that the engine keeps beside its incidents; works
while a server owns the file and while none does. Never writes, and loads no database library.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from typing import Any
from urllib.parse import quote

from firstfive.errors import JournalError

_OPEN = "SELECT id, summary FROM incident WHERE is_open ORDER BY number DESC"


def glance(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The summaries of the open incidents, newest first; each names its incident as `id`.

    Raises JournalError when there is no journal at `path` or it cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(readable(path), uri=True, timeout=2.0)) as looking:
            rows = looking.execute(_OPEN).fetchall()
    except sqlite3.Error as problem:
        raise JournalError(
            f"the journal cannot be read: {problem}", where=os.fspath(path), remedy="firstfive doctor looks closer"
        ) from problem
    return [{**(json.loads(summary) if summary else {}), "id": name} for name, summary in rows]


def readable(path: str | os.PathLike[str]) -> str:
    """The address under which SQLite opens a file only for reading.

    Where even the folder cannot be written and no log waits beside the file, nobody can be writing: SQLite then needs no lock.
    """
    name = os.path.abspath(path)
    still = not os.access(os.path.dirname(name), os.W_OK) and not os.path.exists(name + "-wal")
    return f"file:{quote(name)}?mode=ro{'&immutable=1' if still else ''}"
