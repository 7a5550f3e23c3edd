"""Which shape a journal has, and how it gets the newest one.

Used by `sqlite` and `postgres` when they open one. The version is one row, read with plain SQL; the migration library is loaded only
when there is something to migrate. A journal of a newer version is refused before anything is written.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from firstfive.errors import JournalError

KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
NEWEST = KNOWN[-1]

_VERSION_TABLE = "alembic_version"


def version(connection: sa.Connection, path: Path | str) -> str:
    """The version that the journal says it has; empty for a file without tables. Raises JournalError when it is none of ours."""
    names = set(sa.inspect(connection).get_table_names())
    if not names:
        return ""
    if _VERSION_TABLE not in names:
        raise JournalError(
            f"this database is not a journal: it holds {', '.join(sorted(names)[:3])}",
            where=str(path),
            remedy="set database to a path of its own",
        )
    return str(connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar() or "unknown")  # noqa: S608 - constant


def refuse_strange(found: str, path: Path, *, creating: bool = False) -> None:
    """Raise JournalError when this program cannot use a journal of version `found`; `creating` allows empty and older ones."""
    if found and found not in KNOWN:
        raise JournalError(
            f"a newer version of Firstfive wrote this journal (schema {found}, known here up to {NEWEST})",
            where=str(path),
            remedy=f"start that version again, or put back the copy that it made beside the journal ({path.name}.at-*)",
        )
    if creating or found == NEWEST:
        return
    if not found:
        raise JournalError("the journal is empty", where=str(path), remedy="start the server once (firstfive serve)")
    raise JournalError(
        f"an older version of Firstfive wrote this journal (schema {found}, needed {NEWEST})",
        where=str(path),
        remedy="start the server once (firstfive serve): it copies the journal and brings it up to date",
    )


def bring_up(connection: sa.Connection, *, found: str, path: Path) -> None:
    """Bring the journal from version `found` (empty: from nothing) to NEWEST, all of it or nothing, in one transaction.

    A journal that holds something is copied first, beside itself, as `<name>.at-<found>`. Raises JournalError or the
    database's error with the journal as it was.
    """
    if found:
        copy(connection, path.with_name(f"{path.name}.at-{found}"))
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # tables are rebuilt; the check below stands in
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        migrate(connection)
        _refuse_torn(connection, path)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _refuse_torn(connection: sa.Connection, path: Path) -> None:
    torn = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if torn is not None:
        raise JournalError(f"the migration would leave rows of {torn[0]} without their parent", where=str(path))


def copy(connection: sa.Connection, wanted: Path) -> Path:
    """A whole, consistent copy of the open journal at `wanted`, or at `wanted-2` and so on when that exists; returns its path."""
    free = wanted
    number = 1
    while free.exists():
        number += 1
        free = wanted.with_name(f"{wanted.name}-{number}")
    part = free.with_name(f"{free.name}.part")
    part.unlink(missing_ok=True)
    connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
    for place in (part, part.parent):
        opened = os.open(place, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    part.chmod(0o600)
    part.rename(free)
    return free


def migrate(connection: sa.Connection) -> None:
    """Run every migration that is missing on this connection, inside the transaction that is open there."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, NEWEST)
