"""The journal's tables, shaped for PostgreSQL from the start and kept in SQLite as they are.

Used by `journal` for every statement; the migrations create them, and a test compares the two. Instants are whole microseconds since
1970-01-01 UTC; JSON is text, because what was hashed is text. No rule lives here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

# SQLite numbers rows by itself only in a column whose type is exactly INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")


def ticks(at: datetime) -> int:
    """An aware instant as microseconds since 1970 UTC. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return (at - _EPOCH) // _TICK


def instant(count: int) -> datetime:
    """Microseconds since 1970 UTC as an aware instant in UTC."""
    return _EPOCH + timedelta(microseconds=count)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

incident = Table(
    "incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", _Number, nullable=False, unique=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("last_hash", Text, nullable=False),
    Column("summary", LargeBinary),
)
# The migration gives these indexes the same condition on PostgreSQL; naming it here would load that dialect at every start (0.1 s).
open_incidents = Index("ix_incident_open", incident.c.number, sqlite_where=text("is_open"))

event = Table(
    "event",
    metadata,
    Column("incident", Text, ForeignKey("incident.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

work = Table(
    "work",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("incident", Text, ForeignKey("incident.id")),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("owner", Text),
    Column("lease", BigInteger),
    Column("fence", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("error", Text),
)
ready_work = Index("ix_work_ready", work.c.due, sqlite_where=text("state = 'ready'"))
leased_work = Index("ix_work_leased", work.c.lease, sqlite_where=text("state = 'leased'"))

alert = Table(
    "alert",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("signal", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("incident", Text, ForeignKey("incident.id")),
    Column("verdict", Text, nullable=False, server_default=text("''")),
    Column("why", Text, nullable=False, server_default=text("''")),
    Column("until", BigInteger),
)
acted_on = Index("ix_alert_verdict", alert.c.verdict)
lapsing = Index("ix_alert_until", alert.c.until, sqlite_where=text("until IS NOT NULL"))

deploy = Table(
    "deploy",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("is_first", Boolean, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("'{}'")),
)
deploys_by_age = Index("ix_deploy_at", deploy.c.at)

report = Table(
    "report",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("reporter", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("incident", Text, ForeignKey("incident.id")),
)
reports_by_age = Index("ix_report_at", report.c.at)

received = Table(
    "received",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcomes", Text, nullable=False),
    Column("asked", Text, nullable=False, server_default=text("''")),
)
unsorted = Index("ix_received_waiting", received.c.id, sqlite_where=text("state = 'waiting'"))

silence = Table(
    "silence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("matchers", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("maintenance", Boolean, nullable=False),
)
silences_by_end = Index("ix_silence_ends", silence.c.ends)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every", BigInteger, nullable=False),
    Column("grace", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("last", BigInteger),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
)

reached = Table(
    "reached",
    metadata,
    Column("person", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("asked_at", BigInteger),
    Column("answered_at", BigInteger),
)

handbook = Table(
    "handbook",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("sources", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

node = Table(
    "node",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("beat", BigInteger),
    Column("page", Text, nullable=False, server_default=text("''")),
    Column("local", Boolean, nullable=False, server_default=false()),
    Column("behind", Boolean, nullable=False, server_default=false()),
)

duty = Table(
    "duty",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

shared = Table(
    "shared",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

call = Table(
    "call",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("asked", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("incident", Text, ForeignKey("incident.id")),
    Column("answer", LargeBinary),
)
calls_by_age = Index("ix_call_at", call.c.at)

attachment = Table(
    "attachment",
    metadata,
    Column("incident", Text, ForeignKey("incident.id"), primary_key=True),
    Column("run", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
