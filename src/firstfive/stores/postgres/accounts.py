"""Accounts beside a journal on PostgreSQL, in a schema of their own, so that every node knows the same people.

Called by `stores.accounts.opening`. The rules are those of `stores.accounts.book`; only the place differs.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import sqlalchemy as sa

from firstfive.stores.accounts import tables
from firstfive.stores.accounts.book import Accounts
from firstfive.stores.postgres import address
from firstfive.stores.postgres.trouble import is_database, told

SCHEMA = "accounts"
LOCK = 0x0F1257F4
CONNECTIONS = 4


def opened(database: str) -> Accounts:
    """The accounts, their tables made when they are missing. Raises JournalError."""
    url = address.read(database)
    where = address.shown(url)
    engine = address.pool(url, CONNECTIONS).execution_options(schema_translate_map={None: SCHEMA})
    sa.event.listen(engine, "begin", lambda connection: connection.execute(address.DURABLE))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            tables.metadata.create_all(connection)
    except Exception as problem:
        engine.dispose()
        if is_database(problem):
            raise told(problem, where) from problem
        raise
    return Accounts(PurePosixPath(where), engine=engine)
