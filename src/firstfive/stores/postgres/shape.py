"""Which shape a journal on PostgreSQL has, and how it gets the newest one, however many nodes ask at once.

Called by `journal` beside it when it opens. All migrations run in one transaction under an advisory lock: one node migrates, the others
wait and find it done.
"""

from __future__ import annotations

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.stores import schema

LOCK = 0x0F1257F1  # the number of our advisory lock; any other program is free to use another
OLDEST = 13


def refuse_server(connection: sa.Connection, where: str, *, writing: bool) -> None:
    """Raise JournalError for a PostgreSQL that is too old, or a standby that is to be written to."""
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar() or 0)
    if number < OLDEST * 10000:
        raise JournalError(
            f"this PostgreSQL is version {number // 10000}, which is too old",
            where=where,
            remedy=f"use PostgreSQL {OLDEST} or newer",
        )
    if writing and connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar():
        raise JournalError(
            "this PostgreSQL is a read-only standby",
            where=where,
            remedy="give the address of the primary, or several hosts with target_session_attrs=read-write",
        )


def bring_up(connection: sa.Connection, where: str) -> None:
    """Create the tables or bring them up to date, all of it or nothing. Raises JournalError for a database that is not ours."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    found = schema.version(connection, where)
    refuse_strange(found, where, creating=True)
    if found != schema.NEWEST:
        schema.migrate(connection)
    connection.commit()


def refuse_strange(found: str, where: str, *, creating: bool = False) -> None:
    """Raise JournalError when this program cannot use a journal of version `found`; `creating` allows empty and older ones."""
    if found and found not in schema.KNOWN:
        raise JournalError(
            f"a newer version of Firstfive wrote this journal (schema {found}, known here up to {schema.NEWEST})",
            where=where,
            remedy="start that version again; nodes are upgraded one after the other, the journal with the first",
        )
    if creating or found == schema.NEWEST:
        return
    raise JournalError(
        "this database holds no journal yet" if not found else f"this journal has the older schema {found}",
        where=where,
        remedy="start the server once (firstfive serve)",
    )
