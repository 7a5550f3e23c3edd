"""What the program remembers: the journal on a database, and the vault on disk.

`app` and the command line open them here; everybody else sees only the protocols in `ports`. Importing this package loads no
database library, so that a quick look stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstfive.errors import JournalError

if TYPE_CHECKING:
    from firstfive.ports import Journal


def open_journal(url: str, *, read_only: bool = False) -> Journal:
    """The journal at `url` (`sqlite:///relative/path` or `sqlite:////absolute/path`), its schema brought up to date.

    With `read_only` the file is neither owned nor changed, so it works beside a running server; `write` then raises JournalError.
    Raises JournalError when the journal is in use, damaged, of a newer version, on a shared file system or of an unknown kind.
    """
    scheme, separator, path = url.partition("://")
    kind = scheme.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        raise JournalError(
            "a journal on PostgreSQL is not available yet",
            where=f"{kind}://",
            remedy="set database to a file, for example sqlite:///.firstfive/journal.db",
        )
    if kind != "sqlite" or not separator or not path.startswith("/") or path == "/":
        raise JournalError(
            f"{kind or url!r} is no kind of journal that is known here",
            remedy="set database to a file, for example sqlite:///.firstfive/journal.db",
        )
    from pathlib import Path

    from firstfive.stores.sqlite import SqliteJournal

    return SqliteJournal.open(Path(path[1:]), read_only=read_only)
