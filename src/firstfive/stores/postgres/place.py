"""Which PostgreSQL this is, and whether it is still the one that was written: another cluster, or another timeline of it, may lack commits.

Used by `journal` beside it on every fresh connection, before anything else is written through it. A failover and a restore to a point in
time begin another timeline; a dump that was put back lies in another cluster; a folder that was copied back is found by what it forgot.
"""

from __future__ import annotations

import sqlalchemy as sa

from firstfive.stores import restored
from firstfive.stores.tables import instant, shared

NAME = "place"
_MAY = "SELECT has_function_privilege(current_user, 'pg_control_system()', 'execute')"
_SYSTEM = "SELECT system_identifier::text FROM pg_control_system()"
_TIMELINE = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"


def recognise(connection: sa.Connection, mark: restored.Mark, now: int) -> str:
    """Begin a new epoch when this is not what was written before; why, or nothing. Inside the caller's transaction."""
    return restored.notice(connection, mark, instant(now), moved(connection))


def same(connection: sa.Connection, mark: restored.Mark) -> bool:
    """Whether everything is as it was seen last. Only looks, and waits for nobody who writes."""
    before = connection.scalar(sa.select(shared.c.value).where(shared.c.name == NAME))
    epoch = restored.latest(connection)
    known = (epoch.number if epoch is not None else 0) == mark.epoch
    return known and before == _here(connection) and not restored.forgotten(connection, mark)


def moved(connection: sa.Connection) -> str:
    """Why what was committed last may be missing: another cluster or timeline than the one that wrote here last. Remembers this one."""
    before = connection.scalar(sa.select(shared.c.value).where(shared.c.name == NAME))
    here = _here(connection)
    if before == here:
        return ""
    connection.execute(shared.delete().where(shared.c.name == NAME))
    connection.execute(shared.insert().values(name=NAME, value=here))
    if before is None:
        return ""
    (system, timeline), (was, on) = here.decode().split(), bytes(before).decode().split()
    if system != was:
        return "the journal lies in another PostgreSQL than before, so what was written last may be missing"
    return (
        f"PostgreSQL went from timeline {int(on, 16)} to {int(timeline, 16)} (a failover or a restore), "
        "so what was written last may be missing"
    )


def _here(connection: sa.Connection) -> bytes:
    may = connection.exec_driver_sql(_MAY).scalar()
    system = connection.exec_driver_sql(_SYSTEM).scalar() if may else "unknown"
    return f"{system} {connection.exec_driver_sql(_TIMELINE).scalar()}".encode()
