"""Incidents carried from one installation to another: written out with their pages, proved and taken in under new numbers.

Called by `firstfive export` and `firstfive import`. What is taken in is over: nothing becomes due on it, and taking it in twice changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from firstfive import __version__
from firstfive.app.program import open_program
from firstfive.errors import FirstfiveError, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident, fold
from firstfive.ports import Transaction
from firstfive.settings import Settings
from firstfive.stores import open_journal
from firstfive.stores.chain import GENESIS, follow
from firstfive.stores.codec import canonical, exported, unpack

SCHEMA = "firstfive-export/1"
LONGEST_LINE = 64 * 1024 * 1024
Outputs = dict[tuple[str, str], str]  # (incident, run) -> all that it said
EMPTY = Handbook(title="", digest="", sources=())


@dataclass(slots=True, kw_only=True)
class Carried:
    """One incident out of an export: its id there, the hash of its last entry, its entries as they were, and by run what was kept whole
    beside them.
    """

    origin: str
    head: str = GENESIS
    entries: list[ev.Entry] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


async def lines(settings: Settings, names: Sequence[str], now: datetime) -> Iterator[str]:
    """The export, a JSON object a line: the header, each page that an incident is pinned to, every entry, outputs beside them.

    Raises JournalError, or Refused for an incident that is not there.
    """
    journal = open_journal(settings.database, read_only=True)

    def read(tx: Transaction) -> tuple[list[tuple[ev.Entry, ...]], dict[str, bytes], Outputs]:
        wanted = names or tuple(reversed(tx.incidents(only_open=False)))
        timelines = [tx.entries(name) for name in wanted]
        missing = next((name for name, found in zip(wanted, timelines, strict=True) if not found), None)
        if missing is not None:
            raise Refused(f"there is no incident {missing}", remedy="firstfive history lists them all")
        books = {e.event.handbook for found in timelines for e in found if isinstance(e.event, ev.Declared)}
        pages = {digest: kept for digest in sorted(books) if (kept := tx.handbook(digest)) is not None}
        return timelines, pages, _beside(tx, timelines)

    try:
        timelines, books, outputs = await journal.read(read)
    finally:
        await journal.close()
    return _written(timelines, books, outputs, now)


def _beside(tx: Transaction, timelines: Sequence[tuple[ev.Entry, ...]]) -> Outputs:
    ends = [(e.incident, e.event) for found in timelines for e in found if isinstance(e.event, ev.StepFinished)]
    wanted = [(one, end.run) for one, end in ends if end.attached]
    return {(one, run): kept for one, run in wanted if (kept := tx.attached(one, run)) is not None}


def _written(
    timelines: Sequence[tuple[ev.Entry, ...]], books: dict[str, bytes], outputs: Outputs, now: datetime
) -> Iterator[str]:
    yield json.dumps(
        {"schema": SCHEMA, "program": __version__, "made_at": now.isoformat(), "incidents": len(timelines)}
    )
    for digest, sources in books.items():
        yield json.dumps({"handbook": digest, "sources": json.loads(sources)}, ensure_ascii=False)
    for found in timelines:
        for entry in found:
            yield json.dumps(exported(entry), ensure_ascii=False)
        for (one, run), text in outputs.items():
            if found and one == found[0].incident:
                yield json.dumps({"output_of": one, "run": run, "output": text}, ensure_ascii=False)


def proved(rows: Iterable[str], name: str) -> tuple[dict[str, bytes], list[Carried]]:
    """The pages and the incidents of an export, every chain proved. Raises FirstfiveError naming the line that is wrong."""
    books: dict[str, bytes] = {}
    found: dict[str, Carried] = {}
    promised: int | None = None
    for number, text in enumerate(rows, 1):
        try:
            row = json.loads(text)
            if number == 1:
                promised = _promised(row)
            elif "handbook" in row:
                books[str(row["handbook"])] = json.dumps(row["sources"]).encode()
            elif "output_of" in row:
                _taken_beside(found, row)
            else:
                _taken(found, row)
        except FirstfiveError as problem:
            raise FirstfiveError(problem.what, where=f"{name}:{number}", remedy=problem.remedy) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _wrong("this line is none of an export", f"{name}:{number}") from None
    if promised is None or len(found) != promised:
        raise _wrong(f"it promises {promised or 0} incidents and holds {len(found)}", name)
    for one in found.values():
        _refuse_missing(one)
    return books, list(found.values())


def _wrong(what: str, where: str = "") -> FirstfiveError:
    return FirstfiveError(what, where=where, remedy="give a file that `firstfive export` wrote, whole")


def _promised(row: dict[str, Any]) -> int:
    if row.get("schema") != SCHEMA:
        raise _wrong(f"this is no export of ours ({SCHEMA})")
    return int(row["incidents"])


def _taken_beside(found: dict[str, Carried], row: dict[str, Any]) -> None:
    """An output that an entry before this line tells the hash of."""
    one, run, text = found[str(row["output_of"])], str(row["run"]), str(row["output"])
    told = {e.event.attached for e in one.entries if isinstance(e.event, ev.StepFinished) and e.event.run == run}
    if sha256(text.encode()).hexdigest() not in told:
        raise _wrong(f"{one.origin}: the output of {run} is not the one that its entry tells of")
    one.outputs[run] = text


def _refuse_missing(one: Carried) -> None:
    ends = [e.event for e in one.entries if isinstance(e.event, ev.StepFinished) and e.event.attached]
    for end in ends:
        if end.run not in one.outputs:
            raise _wrong(f"{one.origin}: the output of {end.run} is missing")


def _taken(found: dict[str, Carried], row: dict[str, Any]) -> None:
    """One more entry, when its hash follows from its content and the entry before it."""
    origin, seq = str(row["incident"]), int(row["seq"])
    one = found.setdefault(origin, Carried(origin=origin))
    data = canonical(row["data"])
    right = follow(one.head, incident=origin, seq=seq, at=row["at"], by=row["by"], kind=row["type"], data=data)
    if seq != len(one.entries) + 1 or right != row["hash"]:
        raise _wrong(f"{origin}, entry {seq}: its hash does not follow from its content and the entry before it")
    one.head = right
    at, event = datetime.fromisoformat(row["at"]), unpack(row["type"], data)
    one.entries.append(ev.Entry(incident=origin, seq=seq, at=at, by=row["by"], event=event, hash=right))


async def taken_in(settings: Settings, books: dict[str, bytes], carried: Sequence[Carried]) -> dict[str, Any]:
    """Append what is not here yet. Returns `new` (origin to id here), `known` and `left` (origin to why it was not taken)."""
    program = await open_program(settings, notifiers=(), log=lambda _: None)
    engine = program.engine
    now = engine.clock.now()

    def write(tx: Transaction) -> dict[str, Any]:
        known = {event.head: here for here, event in tx.imported()}
        answer: dict[str, Any] = {"new": {}, "known": {}, "left": {}}
        for digest, sources in books.items():
            tx.keep_handbook(digest, sources, now)
        for one in carried:
            state = fold(one.origin, one.entries)
            if one.head in known:
                answer["known"][one.origin] = known[one.head]
            elif state.declared is None or state.resolved_at is None:
                answer["left"][one.origin] = "it is not resolved: work on it where it is"
            else:
                answer["new"][one.origin] = _appended(tx, one, state, now, engine.rules.summarise, engine.policy)
        return answer

    try:
        return await engine.journal.write(write)
    finally:
        await program.close()


def _appended(tx: Transaction, one: Carried, state: Incident, now: datetime, summarise: Any, policy: Any) -> str:
    here = tx.open_incident(one.entries[0].at)
    for entry in one.entries:
        tx.append(here, entry.by, (entry.event,), entry.at)
    for run, text in one.outputs.items():
        tx.attach(here, run, text)
    tx.append(here, ev.SELF, (ev.Imported(origin=one.origin, head=one.head),), max(now, one.entries[-1].at))
    tx.summarise(here, summarise(state, EMPTY, policy).replace(f'"{one.origin}"'.encode(), f'"{here}"'.encode(), 1))
    tx.close_incident(here)
    return here
