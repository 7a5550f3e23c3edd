"""The address of a journal on PostgreSQL: read, shown without its password, and opened as a pool.

Used by `journal` beside it. Passwords come from the address, from PGPASSWORD or from ~/.pgpass; none is ever shown.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from firstfive.errors import JournalError

# What a node waits for at most: a connection 5 s, a row that another holds 10 s, one statement 30 s.
_SESSION = (
    "-c lock_timeout=10000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
)
# A network that swallows what was sent counts as cut after 8 s. Without `tcp_user_timeout` the kernel repeats itself for a quarter of an
# hour, far past every lease, and keepalives are not asked while something waits for its answer.
LINE = {"connect_timeout": 5, "tcp_user_timeout": 8000}
LINE |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}

# What was acknowledged is on the disk, whatever the server's default; a stricter one of the server stays.
DURABLE = sa.text(
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)

# The same as a part of another question.
DURABLE_TOO = "SELECT CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END"


ONE_IS_FREE = 10.0  # seconds that somebody waits at most until one of the node's connections is free


def read(address: str) -> URL:
    """The address for our driver. Raises JournalError, without showing it, when it is none."""
    try:
        url = sa.make_url(address)
        url.translate_connect_args()
    except (ArgumentError, ValueError):
        raise JournalError(
            "this is no address of a PostgreSQL database",
            where="database",
            remedy="write postgresql://USER@HOST:5432/NAME, with special characters of a password as %XX",
        ) from None
    if not url.database:
        raise JournalError(
            "the address names no database", where=shown(url), remedy="write postgresql://USER@HOST:5432/NAME"
        )
    return url.set(drivername="postgresql+psycopg")


def shown(url: URL) -> str:
    """The address as people may see it: without its password, and without options that could hold one."""
    return url.set(drivername="postgresql", password=None, query={}).render_as_string(hide_password=True)


def pool(url: URL, connections: int) -> sa.Engine:
    """Up to `connections` connections; one that the server ended is noticed before it is used. Connects to nothing yet.

    The one that was used last is used next, whose questions the server has prepared by then.
    """
    words: dict[str, object] = {**LINE, "application_name": "firstfive", "options": _SESSION}
    given = {name: value for name, value in words.items() if name not in url.query}
    made = sa.create_engine(
        url, connect_args=given, pool_size=connections, max_overflow=0, pool_timeout=ONE_IS_FREE, pool_use_lifo=True
    )
    sa.event.listen(made, "checkout", _stands)
    return made


def readable(socket: int, seconds: float) -> bool:
    """Whether there is something to read, or the end of it, within so many seconds. Any number of sockets may be open besides."""
    looking = select.poll()
    looking.register(socket, select.POLLIN)
    return bool(looking.poll(seconds * 1000))


def _stands(connection: Any, *_: object) -> None:
    """Raise DisconnectionError, so that the pool opens another, when the server ended this connection while nobody used it.

    Only what the kernel knows already is looked at: a question to the server before each question cost a third of what waiting did.
    A connection that is swallowed without a word is found by its next question, which is done over (`journal`).
    """
    line = connection.pgconn
    try:
        while readable(line.socket, 0):  # its last words may come before its end
            line.consume_input()
    except (psycopg.OperationalError, OSError) as problem:
        raise sa.exc.DisconnectionError(str(problem)) from problem
