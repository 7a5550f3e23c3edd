"""What PostgreSQL's complaint means to an operator at 03:00, and which complaints pass by themselves.

Used by the modules beside it. Looks at the SQLSTATE (PostgreSQL documentation, appendix A); a connection that is refused while it is
made carries none, so there the server's words have to do. A password is never shown.
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as AllInUse

from firstfive.errors import JournalError

# Another transaction came between, so the same function may be tried again: serialization failure, deadlock, two that wrote one key.
AGAIN = frozenset({"40001", "40P01", "23505", "55P03"})

# SQLSTATE, or its class -> what happened, and the remedy.
_MEANING: dict[str, tuple[str, str]] = {
    "28": (
        "PostgreSQL refuses the user or its password",
        "set PGPASSWORD or ~/.pgpass for the user that runs Firstfive, and look at pg_hba.conf",
    ),
    "3D": ("PostgreSQL holds no database of that name", "create it: createdb --owner USER NAME"),
    "42501": (
        "this user may not do that in the database",
        "make the user of the address the owner of the database, or grant it CREATE on its schema",
    ),
    "3F": (
        "this user may use no schema of the database",
        "make the user of the address the owner of the database, or grant it USAGE and CREATE on its schema",
    ),
    "25006": (
        "this PostgreSQL is a read-only standby",
        "give the address of the primary, or several hosts with target_session_attrs=read-write",
    ),
    "53300": (
        "PostgreSQL takes no more connections",
        "raise max_connections, or run fewer nodes: each takes up to fifteen",
    ),
    "53100": ("the disk of PostgreSQL is full", "free space there; writing goes on by itself"),
    "53": ("PostgreSQL lacks resources", "look at the memory and the disk of its machine; writing goes on by itself"),
    "57P03": ("PostgreSQL is starting or stopping", "wait for it; writing goes on by itself"),
    "57": ("PostgreSQL ended the connection", "look at its log; writing goes on by itself"),
    "55P03": ("another transaction held a row for too long", "look for stuck sessions in pg_stat_activity"),
    "0A": ("this PostgreSQL cannot do that", "use PostgreSQL 13 or newer"),
}


_WORDS = (
    ("starting up", "57P03"),  # "the database system is ...": before the words that mean a database of some name
    ("shutting down", "57P03"),
    ("not yet accepting connections", "57P03"),
    ("in recovery mode", "57P03"),
    ("too many connections", "53300"),  # "... for role", "... for database": before the words that mean those
    ("password authentication failed", "28"),
    ("no password supplied", "28"),
    ("no pg_hba.conf entry", "28"),
    ("role ", "28"),
    ("database ", "3D"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
)


def is_database(problem: BaseException) -> bool:
    """Whether the database itself, or the way to it, raised this."""
    return isinstance(problem, DBAPIError | psycopg.Error | AllInUse)


def state_of(problem: BaseException) -> str:
    """The SQLSTATE; empty for a connection that never stood or was lost without a word."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    state = str(getattr(cause, "sqlstate", None) or "")
    fatal = str(cause).partition("FATAL:")[2]
    return state or next((meant for word, meant in _WORDS if word in fatal), "")


def is_lost(problem: BaseException) -> bool:
    """Whether the connection is gone, so that another one has to be opened."""
    if isinstance(problem, DBAPIError) and problem.connection_invalidated:
        return True
    state = state_of(problem)
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    gone = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) and not state
    return gone or state[:2] == "08" or state in {"57P01", "57P02", "57P03", "53300", "25P03"}


def told(problem: BaseException, where: str) -> JournalError:
    """The error for an operator; `where` is the address without its password."""
    if isinstance(problem, AllInUse):
        return JournalError(
            "all connections of this node to PostgreSQL are in use",
            where=where,
            remedy="look for what waits in pg_stat_activity; writing goes on by itself once one is free",
        )
    state = state_of(problem)
    meaning = _MEANING.get(state) or _MEANING.get(state[:2])
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    said = " ".join(str(cause).split())[:300]
    if meaning is None and is_lost(problem):
        meaning = (
            "PostgreSQL is not reached",
            "look whether it runs and listens there; writing goes on by itself once it does",
        )
    if meaning is None:
        return JournalError(f"the journal could not do it: {said}", where=where, remedy="please report this")
    return JournalError(f"{meaning[0]} ({said})" if said else meaning[0], where=where, remedy=meaning[1])
