"""The one code path of the journal: every statement of a transaction, the same on every database.

`sqlite` runs it inside the transactions that it opens; the engine's functions see it as `ports.Transaction`. It opens and commits
nothing itself, reads no clock and calls nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from firstfive.errors import JournalError
from firstfive.incident.events import Entry, Event, Imported
from firstfive.incident.signals import Beat, Deploy, Observation, Signal
from firstfive.ports import Alert, Epoch, Fenced, Head, Heartbeat, Letter, Outcome, Reached, Received, Silence, Work
from firstfive.stores import attached, chain, codec, outside, rows, tables
from firstfive.stores.restored.chains import problems as problems
from firstfive.stores.restored.epoch import latest
from firstfive.stores.tables import alert, deploy, event, handbook, incident, instant, ticks, work

# Written out, not bound: a database uses a partial index only when it can see the value while planning.
_LEASED: sa.ColumnElement[str] = sa.literal_column("'leased'")
_OPENING = 0x0F1257F2  # the advisory lock of who gives the next number
_CLOSED = ("done", "dead")
_TICK = timedelta(microseconds=1)


@dataclass(slots=True, kw_only=True)
class SqlTransaction:
    """`ports.Transaction` on an open database transaction. `owner` is this boot's name on the rows it claims.

    `touched` collects the incidents that followers must hear of once the transaction is durable. `locks` is whether rows can be
    locked, which they cannot, and need not, where one connection writes. `clock` decides leases where several nodes write; without one
    the caller's clock does.
    """

    connection: sa.Connection
    owner: str
    locks: bool = False
    touched: set[str] = field(default_factory=set)
    lease: timedelta = rows.LEASE
    clock: Callable[[sa.Connection], int] | None = None
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)  # where the timelines end that this one appended to

    # ---------------------------------------------------------------------------------------------------- timelines

    def epoch(self) -> Epoch | None:
        """The newest epoch; None for a journal that never forgot anything."""
        return latest(self.connection)

    def open_incident(self, at: datetime) -> str:
        """Open the next incident and return its id: INC-1, INC-2, ..."""
        if self.locks:
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_OPENING)))
        last = self.connection.scalar(sa.select(sa.func.max(incident.c.number))) or 0
        epoch = self.epoch()
        number = max(last + 1, epoch.first if epoch is not None else 1)
        name = f"INC-{number}"
        row = {"id": name, "number": number, "opened_at": ticks(at), "is_open": True}
        self.connection.execute(incident.insert().values(**row, last_seq=0, last_hash=chain.GENESIS))
        self.touched.add(name)
        return name

    def append(self, incident: str, by: str, events: Sequence[Event], at: datetime) -> tuple[Entry, ...]:
        """Add events to a timeline under the incident's lock; returns them as entries, as they now stand."""
        seq, last = self._head(incident)
        if not events:
            return ()
        entries: list[Entry] = []
        rows: list[dict[str, Any]] = []
        by, when, told = codec.sound(by), ticks(at), codec.stamp(at)
        for number, given in enumerate(events, seq + 1):
            kind, data = codec.pack(given)
            last = chain.follow(last, incident=incident, seq=number, at=told, by=by, kind=kind, data=data)
            row = {"incident": incident, "seq": number, "at": when, "by": by, "type": kind, "data": data, "hash": last}
            rows.append(row)
            entries.append(_entry(row))
        self.connection.execute(event.insert(), rows)
        self._on_incident(incident, last_seq=rows[-1]["seq"], last_hash=last)
        self.ends[incident] = (rows[-1]["seq"], last)
        return tuple(entries)

    def entries(self, incident: str, after: int = 0) -> tuple[Entry, ...]:
        """The timeline from entry `after` + 1 on, in order; empty for an unknown incident. Locks the incident when writing."""
        if self.locks:
            self._head(incident)
        wanted = sa.select(event).where(event.c.incident == incident, event.c.seq > after).order_by(event.c.seq)
        return tuple(_entry(row) for row in self.connection.execute(wanted).mappings())

    def incidents(self, *, only_open: bool, limit: int | None = None) -> tuple[str, ...]:
        """Ids of the incidents, newest first; of the newest `limit` of them."""
        wanted = sa.select(incident.c.id).order_by(incident.c.number.desc()).limit(limit)
        return tuple(self.connection.scalars(wanted.where(incident.c.is_open) if only_open else wanted))

    def imported(self) -> tuple[tuple[str, Imported], ...]:
        """Incidents that were carried over from another installation, with what they were there."""
        wanted = sa.select(event.c.incident, event.c.data).where(event.c.type == Imported.__name__)
        rows = ((row[0], codec.unpack(Imported.__name__, row[1])) for row in self.connection.execute(wanted))
        return tuple((name, found) for name, found in rows if isinstance(found, Imported))

    def heads(self, *, only_open: bool = False) -> tuple[Head, ...]:
        """Where each timeline ends, oldest first."""
        wanted = sa.select(*_HEAD).order_by(incident.c.number)
        rows = self.connection.execute(wanted.where(incident.c.is_open) if only_open else wanted)
        return tuple(Head(incident=r[0], number=r[1], seq=r[2], hash=r[3], is_open=bool(r[4])) for r in rows)

    def count_entries(self) -> int:
        """How many entries all timelines hold."""
        return self.connection.scalar(sa.select(sa.func.sum(incident.c.last_seq))) or 0

    def attach(self, incident: str, run: str, text: str) -> None:
        """Keep what a run said whole beside the timeline."""
        attached.keep(self.connection, incident, run, text)

    def attached(self, incident: str, run: str) -> str | None:
        """The same again; None when nothing was kept."""
        return attached.text(self.connection, incident, run)

    def close_incident(self, incident: str) -> None:
        """Nothing more is due on this incident."""
        self._on_incident(incident, is_open=False)

    def summarise(self, incident: str, summary: bytes) -> None:
        """Keep a JSON object beside the incident, for a look that loads nothing."""
        self._on_incident(incident, summary=summary)

    def _head(self, name: str) -> tuple[int, str]:
        wanted = sa.select(incident.c.last_seq, incident.c.last_hash).where(incident.c.id == name)
        row = self.connection.execute(wanted.with_for_update() if self.locks else wanted).one_or_none()
        if row is None:
            raise _no_incident(name)
        return row.last_seq, row.last_hash

    def _on_incident(self, name: str, **values: object) -> None:
        changed = self.connection.execute(incident.update().where(incident.c.id == name).values(**values))
        if changed.rowcount != 1:
            raise _no_incident(name)
        self.touched.add(name)

    # --------------------------------------------------------------------------------------------------------- work

    def enqueue(self, *, key: str, incident: str, kind: str, due: datetime, data: bytes) -> bool:
        """Add a row of work, due at `due`. False, and nothing done, when its key was ever used."""
        row: dict[str, Any] = {"key": key, "incident": incident or None, "kind": kind, "due": ticks(due), "data": data}
        if self.connection.execute(rows.ENQUEUE, row).rowcount != 1:
            return False
        if incident:
            self.touched.add(incident)
        return True

    def claim(
        self, *, kinds: Sequence[str], now: datetime, limit: int, without: Collection[str] = ()
    ) -> tuple[Work, ...]:
        """Take up to `limit` rows that are due, earliest first; each is ours for `lease`, and its fence has grown."""
        if limit <= 0 or not kinds:
            return ()
        at = self.clock(self.connection) if self.clock is not None else ticks(now)
        ids = rows.due(self.connection, rows.known(kinds, without), ticks(now), limit, over=at)
        return rows.leased(self.connection, ids, self.owner, at + self.lease // _TICK)

    def close(self, work: Work, *, state: str = "done") -> None:
        """The row is `done`, or `dead` when it was given up. Raises Fenced when it is no longer ours."""
        if state not in _CLOSED:
            raise ValueError(f"work is closed as done or dead, not as {state}")
        self._let_go(work, state=state)

    def put_off(self, work: Work, due: datetime, why: str, *, tried: bool = True) -> None:
        """The row is due again at `due`, `why` beside it; not `tried`, this claim counts no try. Raises Fenced when it is not ours."""
        tries = work.tries if tried else work.tries - 1
        self._let_go(work, state="ready", due=ticks(due), error=codec.sound(why), tries=tries)

    def give_up(self, work: Work, why: str) -> None:
        """The row is dead, and `why` stands beside it. Raises Fenced when it is no longer ours."""
        self._let_go(work, state="dead", error=codec.sound(why))

    def states(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The state of each of these rows; a key that was never used is left out."""
        return rows.states(self.connection, keys)

    def open_before(self, work: Work, ending: str) -> bool:
        """Whether an older row of the same incident and kind, whose key ends so, is still to be done."""
        return rows.open_before(self.connection, work, ending)

    def outbox(self, limit: int) -> tuple[Letter, ...]:
        """Messages that wait or were given up: the dead ones first, then by when they are due."""
        return rows.outbox(self.connection, limit)

    def take(self, key: str, now: datetime) -> Work | None:
        """Claim one row by its key, due or not; None when it is not ready."""
        until = (self.clock(self.connection) if self.clock is not None else ticks(now)) + self.lease // _TICK
        taken = rows.leased(self.connection, rows.ready(self.connection, key), self.owner, until)
        return taken[0] if taken else None

    def revive(self, key: str, due: datetime) -> bool:
        """Make a row that was given up due once more. False when there is none of that key."""
        return rows.revive(self.connection, key, ticks(due))

    def _let_go(self, row: Work, **values: object) -> None:
        ours = (
            work.c.id == row.id,
            work.c.state == _LEASED,
            work.c.owner == self.owner,
            work.c.fence == row.fence,
        )
        changed = self.connection.execute(work.update().where(*ours).values(**values, owner=None, lease=None))
        if changed.rowcount != 1:
            raise Fenced(f"{row.key}: somebody else has it, or it is closed")

    def next_due(self, kinds: Sequence[str], without: Collection[str] = ()) -> datetime | None:
        """When the next row of these kinds can be claimed; None when none waits."""
        return rows.next_due(self.connection, rows.known(kinds, without))

    # ---------------------------------------------------------------------------------------- what came from outside

    def see(self, signal: Signal, incident: str, verdict: str = "", why: str = "") -> Alert:
        """Remember this as the last state of its fingerprint, held by `incident` or by none, and what was made of it."""
        at, known = ticks(signal.at), alert.c.fingerprint == signal.fingerprint
        values: dict[str, Any] = {"signal": codec.pack_signal(signal), "incident": incident or None}
        values |= {"verdict": verdict, "why": codec.sound(why)}
        values["until"] = ticks(signal.until) if signal.until is not None and signal.firing else None
        held = self.connection.execute(sa.select(alert).where(known)).mappings().one_or_none()
        if held is None:
            values |= {"fingerprint": signal.fingerprint, "first": at, "last": at, "count": 1}
            self.connection.execute(alert.insert().values(**values))
            return _alert(values)
        values |= {"last": max(at, held["last"]), "count": held["count"] + 1}
        self.connection.execute(alert.update().where(known).values(**values))
        return _alert({**held, **values})

    def alert(self, fingerprint: str) -> Alert | None:
        """The last state of one fingerprint."""
        wanted = sa.select(alert).where(alert.c.fingerprint == fingerprint)
        row = self.connection.execute(wanted).mappings().one_or_none()
        return _alert(row) if row is not None else None

    def alerts(self, verdict: str = "") -> tuple[Alert, ...]:
        """The last state of every fingerprint, or of those of which this was made; the latest seen first."""
        wanted = sa.select(alert).order_by(alert.c.last.desc(), alert.c.fingerprint)
        rows = self.connection.execute(wanted.where(alert.c.verdict == verdict) if verdict else wanted)
        return tuple(_alert(row) for row in rows.mappings())

    def receive(self, received: Received) -> tuple[int, bool]:
        """Keep a sender's request; its id, and False when its key was known already."""
        return outside.receive(self.connection, received)

    def received(self, received_id: int) -> Received | None:
        """One request and what was made of it."""
        return outside.by_id(self.connection, received_id)

    def waiting(self, limit: int) -> tuple[Received, ...]:
        """Requests that are not sorted yet, oldest first."""
        return outside.waiting(self.connection, limit)

    def recent(self, limit: int, before: int | None = None) -> tuple[Received, ...]:
        """The newest requests, or those older than number `before`; newest first."""
        return outside.recent(self.connection, limit, before)

    def lapsed(self, at: datetime) -> tuple[Alert, ...]:
        """Alerts that are over because nobody sent them again in time, the longest overdue first."""
        over = sa.select(alert).where(alert.c.until.is_not(None), alert.c.until <= ticks(at)).order_by(alert.c.until)
        return tuple(_alert(row) for row in self.connection.execute(over.limit(500)).mappings())

    def count_waiting(self) -> int:
        """How many requests are not sorted yet."""
        return outside.count_waiting(self.connection)

    def forget(self, before: datetime, limit: int) -> int:
        """Delete sorted requests that are older; how many."""
        return outside.forget(self.connection, before, limit)

    def sorted_out(
        self,
        received_id: int,
        outcomes: Sequence[Outcome],
        *,
        seen: Sequence[Observation] | None = None,
        state: str = "sorted",
    ) -> None:
        """Write what was made of a request, and what was read out of it when that was done only now."""
        outside.sorted_out(self.connection, received_id, outcomes, seen, state)

    def silence(self, silence: Silence) -> None:
        """Add a silence, or change the one of that id."""
        outside.keep_silence(self.connection, silence)

    def silences(self, at: datetime) -> tuple[Silence, ...]:
        """Silences that are not over yet at that instant."""
        return outside.silences(self.connection, at)

    def heartbeat(self, heartbeat: Heartbeat) -> None:
        """Add a heartbeat, or change the period of the one of that name."""
        outside.keep_heartbeat(self.connection, heartbeat)

    def beat(self, beat: Beat) -> None:
        """A sign of life; an unknown name is kept with the default period."""
        outside.beat(self.connection, beat)

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Every heartbeat."""
        return outside.heartbeats(self.connection)

    def reached(self, reached: Reached) -> None:
        """A way to a person was tried, or they answered through it."""
        outside.keep_reached(self.connection, reached)

    def all_reached(self) -> tuple[Reached, ...]:
        """Every way that was ever tried or answered."""
        return outside.all_reached(self.connection)

    def pace(self, person: str) -> bytes:
        """When this person was paged last and what waits for them, as it was kept; empty when nothing was."""
        return outside.pace(self.connection, person)

    def keep_pace(self, person: str, kept: bytes) -> None:
        """Keep it for all nodes."""
        outside.keep_pace(self.connection, person, kept)

    def report(self, at: datetime, reporter: str, text: str, incident: str) -> None:
        """A person reported something, to `incident` or to none when that is empty."""
        outside.keep_report(self.connection, at, reporter, text, incident)

    def reports_since(self, at: datetime) -> tuple[datetime, ...]:
        """When people reported, from `at` on, in order."""
        return outside.reports_since(self.connection, at)

    def record_deploy(self, deploy: Deploy) -> bool:
        """Add a deploy to the ledger. False, and nothing done, when the subject's newest entry names the same version and image."""
        table = tables.deploy
        newest = sa.select(table).where(table.c.subject == deploy.subject).order_by(*_NEWEST_DEPLOY).limit(1)
        row = self.connection.execute(newest).mappings().one_or_none()
        if row is not None and row["version"] == deploy.version and _deploy(row).image_id in ("", deploy.image_id):
            return False
        made: dict[str, Any] = {"subject": deploy.subject, "version": deploy.version, "previous": deploy.previous}
        made |= {"at": ticks(deploy.at), "source": deploy.source, "is_first": deploy.first}
        made["detail"] = codec.pack_detail(deploy)
        self.connection.execute(table.insert().values(**made))
        return True

    def deploys(self, limit: int = 50) -> tuple[Deploy, ...]:
        """The newest deploys, newest first."""
        wanted = sa.select(deploy).order_by(*_NEWEST_DEPLOY).limit(limit)
        return tuple(_deploy(row) for row in self.connection.execute(wanted).mappings())

    def keep_handbook(self, digest: str, sources: bytes, at: datetime) -> None:
        """Keep the sources that a page was compiled from; the first ones kept under a digest stay."""
        if self.handbook(digest) is None:
            self.connection.execute(handbook.insert().values(digest=digest, sources=sources, at=ticks(at)))

    def handbook(self, digest: str) -> bytes | None:
        """The sources kept under that digest."""
        return self.connection.scalar(sa.select(handbook.c.sources).where(handbook.c.digest == digest))

    def newest_handbook(self) -> tuple[str, bytes] | None:
        """Digest and sources of the page that was kept last."""
        kept = sa.select(handbook.c.digest, handbook.c.sources).order_by(handbook.c.at.desc()).limit(1)
        row = self.connection.execute(kept).first()
        return (row[0], row[1]) if row else None


_HEAD = (incident.c.id, incident.c.number, incident.c.last_seq, incident.c.last_hash, incident.c.is_open)
_NEWEST_DEPLOY = (deploy.c.at.desc(), deploy.c.id.desc())
Row = Mapping[Any, Any]


def _entry(row: Row) -> Entry:
    return Entry(
        incident=row["incident"],
        seq=row["seq"],
        at=instant(row["at"]),
        by=row["by"],
        event=codec.unpack(row["type"], row["data"]),
        hash=row["hash"],
    )


def _alert(row: Row) -> Alert:
    return Alert(
        fingerprint=row["fingerprint"],
        signal=codec.unpack_signal(row["signal"]),
        first=instant(row["first"]),
        last=instant(row["last"]),
        count=row["count"],
        incident=row["incident"] or "",
        verdict=row["verdict"],
        why=row["why"],
    )


def _deploy(row: Row) -> Deploy:
    names = ("subject", "version", "previous", "source")
    known = {name: row[name] for name in names}
    return Deploy(**known, at=instant(row["at"]), first=row["is_first"], **codec.unpack_detail(row["detail"]))


def _no_incident(name: str) -> JournalError:
    return JournalError(f"the journal holds no incident {name}", remedy="firstfive status lists the open ones")
