"""What came from outside senders and what stands against it: received requests, silences, heartbeats.

Called by `journal` for the statements of a transaction. Opens and commits nothing, reads no clock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.incident.signals import Beat, BeatState, Deploy, Signal
from firstfive.incident.triage.silences import Silence
from firstfive.ports import Fenced, Heartbeat, Outcome, Reached, Received
from firstfive.stores import codec
from firstfive.stores.tables import heartbeat, instant, reached, received, report, shared, silence, ticks

Row = Mapping[Any, Any]

_WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")
_KINDS: Mapping[str, type[Signal | Deploy | Beat]] = {"signal": Signal, "deploy": Deploy, "beat": Beat}
_NAMES = {made: name for name, made in _KINDS.items()}
_TICK = timedelta(microseconds=1)

# What a heartbeat that nobody described is held to: a person sees it and gives it its own period.
UNDESCRIBED = (timedelta(hours=25), timedelta(minutes=30))


def pack_seen(seen: Sequence[Signal | Deploy | Beat]) -> str:
    """Observations as one JSON list of [kind, fields]."""
    return codec.sound(msgspec.json.encode([[_NAMES[type(one)], one] for one in seen]).decode())


def unpack_seen(text: str) -> tuple[Signal | Deploy | Beat, ...]:
    """The observations of a stored row. Raises JournalError when they cannot be read."""
    try:
        return tuple(msgspec.convert(fields, _KINDS[kind]) for kind, fields in msgspec.json.decode(text))
    except (msgspec.MsgspecError, KeyError, ValueError) as problem:
        raise JournalError(f"a received request cannot be read: {problem}") from problem


def receive(connection: sa.Connection, given: Received) -> tuple[int, bool]:
    """Keep a request; its id, and False with nothing written when its key is known."""
    known = connection.scalar(sa.select(received.c.id).where(received.c.key == given.key))
    if known is not None:
        return int(known), False
    made = connection.execute(
        received.insert().values(**dict(zip(KEPT, row_of(given), strict=True)))
    ).inserted_primary_key
    return int(made[0]) if made else 0, True


KEPT = ("key", "source", "at", "body", "seen", "state", "outcomes", "asked")
_FIND = "SELECT id FROM received WHERE key = ?"
_LAST = "SELECT coalesce(max(id), 0) FROM received"
_ONE_ROW = f"({', '.join('?' * (len(KEPT) + 1))})"


def row_of(given: Received) -> tuple[object, ...]:
    """The values of a request, in the order of KEPT."""
    seen = pack_seen(given.seen) if given.seen else "[]"
    return (given.key, given.source, ticks(given.at), packed(given.body), seen, given.state, "[]", given.asked)


def keep(raw: sqlite3.Connection, given: Sequence[Received]) -> list[tuple[int, bool]]:
    """`receive` for many, without a layer between, as one statement: what happens in a storm, while senders wait.

    A request without a key gets one of its own, in order: the index of keys then grows at its end, which a storm feels.
    One statement, because between two of them the interpreter lets the other thread run, and that one is busy too.
    """
    start = raw.execute(_LAST).fetchone()[0] + 1
    values: list[object] = []
    for number, one in enumerate(given, start):
        seen = pack_seen(one.seen) if one.seen else "[]"
        key = one.key or f"#{number:015}"
        values += (number, key, one.source, ticks(one.at), packed(one.body), seen, one.state, "[]", one.asked)
    rows = ", ".join([_ONE_ROW] * len(given))
    made = raw.execute(f"INSERT OR IGNORE INTO received (id, {', '.join(KEPT)}) VALUES {rows}", values)  # noqa: S608 - constants
    if made.rowcount == len(given):
        return [(number, True) for number in range(start, start + len(given))]
    known = [raw.execute(_FIND, (one.key,)).fetchone() if one.key else None for one in given]
    ids = [row[0] if row is not None else number for number, row in enumerate(known, start)]
    return [(id_, id_ == number) for number, id_ in enumerate(ids, start)]


_PACKED = b"\x00z"
_LARGE = 2048


def packed(body: bytes) -> bytes:
    """The body as it lies on the disk: a large one compressed, which costs less than writing it."""
    if len(body) < _LARGE:
        return body
    from isal import isal_zlib

    return _PACKED + isal_zlib.compress(body, 0)


def unpacked(body: bytes) -> bytes:
    """What was packed. A plain body never begins with NUL."""
    if not body.startswith(_PACKED):
        return body
    from isal import isal_zlib

    return bytes(isal_zlib.decompress(body[len(_PACKED) :]))


def by_id(connection: sa.Connection, received_id: int) -> Received | None:
    """One request as it was kept, with what was made of it."""
    row = connection.execute(sa.select(received).where(received.c.id == received_id)).mappings().one_or_none()
    return _received(row) if row is not None else None


def waiting(connection: sa.Connection, limit: int) -> tuple[Received, ...]:
    """Requests that nobody has sorted yet, oldest first."""
    wanted = sa.select(received).where(received.c.state == _WAITING).order_by(received.c.id).limit(limit)
    return tuple(_received(row) for row in connection.execute(wanted).mappings())


def recent(connection: sa.Connection, limit: int, before: int | None = None) -> tuple[Received, ...]:
    """The newest requests, or those older than number `before`; newest first."""
    wanted = sa.select(received).order_by(received.c.id.desc()).limit(limit)
    wanted = wanted.where(received.c.id < before) if before is not None else wanted
    return tuple(_received(row) for row in connection.execute(wanted).mappings())


def sorted_out(
    connection: sa.Connection,
    received_id: int,
    outcomes: Sequence[Outcome],
    seen: Sequence[Signal | Deploy | Beat] | None,
    state: str,
) -> None:
    """Write what was read out of a request and what was made of it, and that it waits no longer."""
    told = codec.sound(msgspec.json.encode(list(outcomes)).decode())
    values = {"outcomes": told, "state": state} | ({"seen": pack_seen(seen)} if seen is not None else {})
    still = (received.c.id == received_id, received.c.state == _WAITING)
    if connection.execute(received.update().where(*still).values(**values)).rowcount != 1:
        raise Fenced(f"request {received_id} was sorted by another node")


def count_waiting(connection: sa.Connection) -> int:
    """How many requests nobody has sorted yet."""
    counted = sa.select(sa.func.count()).select_from(received).where(received.c.state == _WAITING)
    return int(connection.scalar(counted) or 0)


def forget(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete sorted requests older than that, oldest first; how many."""
    oldest = sa.select(received.c.id, received.c.at, received.c.state).order_by(received.c.id).limit(limit)
    ids = [row.id for row in connection.execute(oldest) if row.at < ticks(before) and row.state != "waiting"]
    if ids:
        connection.execute(received.delete().where(received.c.id.in_(ids)))
    return len(ids)


def _received(row: Row) -> Received:
    return Received(
        id=row["id"],
        key=row["key"],
        source=row["source"],
        at=instant(row["at"]),
        body=unpacked(row["body"]),
        seen=unpack_seen(row["seen"]),
        state=row["state"],
        asked=row["asked"],
        outcomes=tuple(msgspec.json.decode(row["outcomes"], type=list[Outcome])),
    )


# ------------------------------------------------------------------------------------------------- silences, heartbeats


def keep_silence(connection: sa.Connection, given: Silence) -> None:
    """Add a silence, or change the one of that id."""
    values = {
        "matchers": codec.canonical([list(matcher) for matcher in given.matchers]),
        "starts": ticks(given.starts),
        "ends": ticks(given.ends),
        "by": codec.sound(given.by),
        "comment": codec.sound(given.comment),
        "maintenance": given.maintenance,
    }
    _upsert(connection, silence, silence.c.id == given.id, {"id": given.id}, values)


def silences(connection: sa.Connection, at: datetime) -> tuple[Silence, ...]:
    """Silences that are not over at that instant, the one that ends first first."""
    wanted = sa.select(silence).where(silence.c.ends > ticks(at)).order_by(silence.c.ends, silence.c.id)
    return tuple(
        Silence(
            id=row["id"],
            matchers=tuple((name, operator, value) for name, operator, value in msgspec.json.decode(row["matchers"])),
            starts=instant(row["starts"]),
            ends=instant(row["ends"]),
            by=row["by"],
            comment=row["comment"],
            maintenance=row["maintenance"],
        )
        for row in connection.execute(wanted).mappings()
    )


def keep_heartbeat(connection: sa.Connection, given: Heartbeat) -> None:
    """Add a heartbeat, or give the one of that name this period; what it last said stays when `last` is not given."""
    period = {"every": given.every // _TICK, "grace": given.grace // _TICK}
    said = {"last": ticks(given.last), "state": given.state, "text": codec.sound(given.text)} if given.last else {}
    fresh = {
        "name": given.name,
        "since": ticks(given.since),
        "last": None,
        "state": given.state,
        "text": codec.sound(given.text),
    }
    _upsert(connection, heartbeat, heartbeat.c.name == given.name, fresh, period | said)


def beat(connection: sa.Connection, given: Beat) -> None:
    """A sign of life; a name that nobody described is kept with a period of a day."""
    states = {BeatState.OK: "ok", BeatState.START: "started", BeatState.FAIL: "failed"}
    said = {"last": ticks(given.at), "state": states[given.state], "text": codec.sound(given.text)}
    every, grace = UNDESCRIBED
    fresh = {"name": given.name, "every": every // _TICK, "grace": grace // _TICK, "since": ticks(given.at)}
    _upsert(connection, heartbeat, heartbeat.c.name == given.name, fresh, said)


def heartbeats(connection: sa.Connection) -> tuple[Heartbeat, ...]:
    """Every heartbeat by name."""
    return tuple(
        Heartbeat(
            name=row["name"],
            every=row["every"] * _TICK,
            grace=row["grace"] * _TICK,
            since=instant(row["since"]),
            last=instant(row["last"]) if row["last"] is not None else None,
            state=row["state"],
            text=row["text"],
        )
        for row in connection.execute(sa.select(heartbeat).order_by(heartbeat.c.name)).mappings()
    )


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    mine: sa.ColumnElement[bool],
    fresh: dict[str, Any],
    values: dict[str, Any],
) -> None:
    if connection.execute(table.update().where(mine).values(**values)).rowcount == 0:
        connection.execute(table.insert().values(**{**fresh, **values}))


def keep_reached(connection: sa.Connection, given: Reached) -> None:
    """Upsert by person and way; a time that is None stays as it was."""
    who = (reached.c.person == codec.sound(given.person), reached.c.way == given.way)
    times = {"asked_at": given.asked_at, "answered_at": given.answered_at}
    values = {name: ticks(at) for name, at in times.items() if at is not None}
    if connection.scalar(sa.select(reached.c.way).where(*who)) is None:
        connection.execute(reached.insert().values(person=codec.sound(given.person), way=given.way, **values))
    elif values:
        connection.execute(reached.update().where(*who).values(**values))


def all_reached(connection: sa.Connection) -> tuple[Reached, ...]:
    """Every way that was ever tried or answered, by person."""
    rows = connection.execute(sa.select(reached).order_by(reached.c.person, reached.c.way)).mappings()
    return tuple(
        Reached(
            person=row["person"],
            way=row["way"],
            asked_at=instant(row["asked_at"]) if row["asked_at"] is not None else None,
            answered_at=instant(row["answered_at"]) if row["answered_at"] is not None else None,
        )
        for row in rows
    )


def pace(connection: sa.Connection, person: str) -> bytes:
    """When this person was paged last, and what waits for them, as it was kept; empty when nothing was."""
    wanted = sa.select(shared.c.value).where(shared.c.name == codec.sound(f"pace {person}"))
    return bytes(connection.scalar(wanted) or b"")


def keep_pace(connection: sa.Connection, person: str, kept: bytes) -> None:
    """Upsert by person."""
    name = codec.sound(f"pace {person}")
    _upsert(connection, shared, shared.c.name == name, {"name": name}, {"value": kept})


def keep_report(connection: sa.Connection, at: datetime, reporter: str, text: str, incident: str) -> None:
    """What a person reported, to `incident` or to none when that is empty."""
    row = {"at": ticks(at), "reporter": codec.sound(reporter), "text": codec.sound(text)}
    connection.execute(report.insert().values(**row, incident=incident or None))


def reports_since(connection: sa.Connection, at: datetime) -> tuple[datetime, ...]:
    """When people reported, from `at` on, in order."""
    wanted = sa.select(report.c.at).where(report.c.at >= ticks(at)).order_by(report.c.at)
    return tuple(instant(count) for count in connection.scalars(wanted))
