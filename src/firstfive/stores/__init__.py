"""What the program remembers: the journal on a database, and the vault on disk.

`app` and the command line open them here; everybody else sees only the protocols in `ports`. Importing this package loads no
database library, so that a quick look stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstfive.errors import JournalError

if TYPE_CHECKING:
    from firstfive.ports import Journal
    from firstfive.stores.postgres import PostgresJournal
    from firstfive.stores.postgres.nodes import Node, Nodes


def open_journal(url: str, *, read_only: bool = False) -> Journal:
    """The journal at `url` (`sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://USER@HOST/NAME`), its schema up to date.

    With `read_only` it is neither owned nor changed, so it works beside a running server; `write` then raises JournalError.
    Raises JournalError when the journal is in use, damaged, of a newer version, on a shared file system or of an unknown kind.
    """
    scheme, separator, path = url.partition("://")
    kind = scheme.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return _on_postgres(url, read_only=read_only)
    if kind != "sqlite" or not separator or not path.startswith("/") or path == "/":
        raise JournalError(
            f"{kind or url!r} is no kind of journal that is known here",
            remedy="set database to a file (sqlite:///.firstfive/journal.db) or to postgresql://USER@HOST/NAME",
        )
    from pathlib import Path

    from firstfive.stores.sqlite import SqliteJournal

    return SqliteJournal.open(Path(path[1:]), read_only=read_only)


def nodes_of(journal: Journal) -> Nodes | None:
    """This node among those that write the journal; None for a journal that one process owns, or that is only read."""
    return getattr(journal, "nodes", None)


def known_nodes(url: str) -> tuple[Node, ...]:
    """Every node that a journal on PostgreSQL knows, the newest sign of life first. Raises JournalError."""
    import asyncio

    journal = _on_postgres(url, read_only=True)
    try:
        return journal.known_nodes()
    finally:
        asyncio.run(journal.close())


def shown(url: str) -> str:
    """A journal's address as people may see it: without a password."""
    if url.startswith("sqlite"):
        return url.partition(":///")[2]
    from firstfive.stores.postgres import address

    return address.shown(address.read(url))


def _on_postgres(url: str, *, read_only: bool) -> PostgresJournal:
    try:
        from firstfive.stores.postgres import PostgresJournal
    except ImportError as problem:
        raise JournalError(
            "the driver for PostgreSQL is not installed",
            where="database",
            remedy='pip install "firstfive[postgres]"',
        ) from problem
    return PostgresJournal.open(url, read_only=read_only)
