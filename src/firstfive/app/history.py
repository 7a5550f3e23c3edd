"""Everything that ever happened, to be listed, searched and counted: the index fed from the journal and the vault.

Part of `app`. Used by the command line and the web, each in a thread of its own. Reads the journal beside whoever writes it; what it
makes is an index file that can be thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from firstfive.app.pages import again
from firstfive.app.program import policy_from
from firstfive.documents.learning.proof import Proof, proof_of
from firstfive.documents.lists.parted import number_of
from firstfive.documents.metrics import MetricRow, row_of
from firstfive.documents.sentence import sentence
from firstfive.errors import Exit, FirstfiveError, JournalError, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.communicate import update_interval, worst_level
from firstfive.incident.timeline import Incident, fold
from firstfive.ports import Head, Journal
from firstfive.settings import Settings
from firstfive.stores import open_journal
from firstfive.stores.files.vault import FolderVault
from firstfive.stores.history import Index, Known, Wanted, open_index
from firstfive.stores.tables import instant, ticks

SLICE = 25
MOST = 1000
SHOWN_OUTPUT = 2000
EMPTY = Handbook(title="", digest="", sources=())


@dataclass(slots=True, kw_only=True)
class History:
    """The index of one installation. `told` hears how far a long feeding is."""

    settings: Settings
    told: Callable[[str], None] = lambda _: None
    _books: dict[str, Handbook] = field(default_factory=dict)

    def open(self) -> Index:
        """The index, brought up to date as far as can be. Raises JournalError when there is neither a journal nor room for an index."""
        self.settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            index = open_index(self.settings.state / "history.db")
        except (OSError, sqlite3.Error) as problem:
            raise JournalError(
                f"the index of what happened cannot be made: {problem}",
                where=str(self.settings.state),
                remedy="free space there, or give the right to write",
            ) from problem
        try:
            if self._has_journal():
                asyncio.run(self._feed(index))
            self._feed_notes(index)
        except sqlite3.OperationalError as problem:
            self.told(f"the index is as old as its last feeding: {problem}")
        return index

    def _has_journal(self) -> bool:
        scheme, _, path = self.settings.database.partition(":///")
        return scheme != "sqlite" or Path(path).exists()

    async def _feed(self, index: Index) -> None:
        journal = open_journal(self.settings.database, read_only=True)
        try:
            heads = await journal.read(lambda tx: tx.heads())
            if _of_another(index, heads):
                with index.writing():
                    index.clear()
            marks = index.marks()
            stale = [head for head in heads if marks.get(head.incident, (0, ""))[0] < head.seq]
            for number in range(0, len(stale), SLICE):
                if len(stale) > SLICE:
                    self.told(f"indexing {number} of {len(stale)} incidents")
                await self._slice(journal, index, stale[number : number + SLICE])
        finally:
            await journal.close()

    async def _slice(self, journal: Journal, index: Index, heads: Sequence[Head]) -> None:
        names, policy = [head.incident for head in heads], policy_from(self.settings)
        read = await journal.read(lambda tx: [fold(name, tx.entries(name)) for name in names])
        with index.writing():
            held = {
                one.id: one.seq for one in index.titles(names).values()
            }  # another process may have fed it meanwhile
            for head, incident in zip(heads, read, strict=True):
                known = held.get(head.incident, 0)
                if known < incident.seq:
                    book = await self._book(journal, incident)
                    interval = update_interval(book, policy)
                    index.put(_known(head, incident, interval, book), _sentences(incident, book, known))

    async def _book(self, journal: Journal, incident: Incident) -> Handbook:
        """The page that an incident is pinned to; an empty one when it is gone, since sentences can do without."""
        digest = incident.declared.handbook if incident.declared else ""
        if digest not in self._books:
            kept = await journal.read(lambda tx: tx.handbook(digest))
            try:
                self._books[digest] = again(self.settings, digest, kept) if kept is not None else EMPTY
            except FirstfiveError:
                self._books[digest] = EMPTY
        return self._books[digest]

    def _feed_notes(self, index: Index) -> None:
        """Post-mortems as people have them now."""
        folder = (self.settings.postmortem_folder or "postmortems").strip("/")
        try:
            pages = FolderVault(self.settings.vault, folder).pages()
        except FirstfiveError:
            return
        notes = {path: raw for path, raw in pages.items() if path.startswith(f"{folder}/")}
        stamps = {path: hashlib.sha256(raw).hexdigest() for path, raw in notes.items()}
        held = index.notes()
        if stamps == held:
            return
        with index.writing():
            for path in held.keys() - stamps.keys():
                index.forget_note(path)
            for path, stamp in stamps.items():
                if held.get(path) != stamp:
                    index.put_note(path, stamp, _paragraphs(notes[path]))


@dataclass(slots=True, kw_only=True)
class Archive:
    """The past, asked by plain words: `q`, `severity`, `runbook`, `since`, `until`, `open`, `drills`, `before`, `limit`.

    Opens the index anew for each question; call it in a thread. Raises Refused for words that mean nothing.
    """

    settings: Settings
    told: Callable[[str], None] = lambda _: None

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """`incidents`, newest first, and `next` to go on from, None at the end; `before` is the same."""
        limit = _limit(query)
        with self._index() as index:
            found = index.listed(
                _wanted({**query, "before": query.get("cursor") or query.get("before", "")}), limit + 1
            )
        more = found[limit - 1].id if len(found) > limit else None
        return {"incidents": [_row(one) for one in found[:limit]], "before": more, "next": more}

    def found(self, query: Mapping[str, str]) -> dict[str, Any]:
        """`hits`: sentences that hold every word of `q`, what was written last first, and `next` to go on from, None at the end."""
        limit, begin = _limit(query), number_of(query, "cursor", 0)
        with self._index() as index:
            whole = index.search(query.get("q", ""), _wanted(query), begin + limit + 1)
            hits = whole[begin : begin + limit]
            titles = index.titles(hit.source for hit in hits)
        return {
            "hits": [
                {
                    "incident": hit.source if hit.source in titles else None,
                    "file": None if hit.source in titles else hit.source,
                    "title": titles[hit.source].title if hit.source in titles else "",
                    "seq": hit.seq or None,
                    "at": _at(hit.at) if hit.at else None,
                    "text": hit.text,
                }
                for hit in hits
            ],
            "next": str(begin + limit) if len(whole) > begin + limit else None,
        }

    def rows(self) -> list[MetricRow]:
        """The numbers of every incident, oldest first."""
        with self._index() as index:
            return metric_rows(index)

    @contextlib.contextmanager
    def _index(self) -> Iterator[Index]:
        index = History(settings=self.settings, told=self.told).open()
        try:
            yield index
        finally:
            index.close()


def _limit(query: Mapping[str, str]) -> int:
    given = query.get("limit", "50")
    if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= MOST):
        raise Refused(f"limit {given!r} is no number from 1 to {MOST}", remedy="leave it out", exit_code=Exit.USAGE)
    return int(given)


def _wanted(query: Mapping[str, str]) -> Wanted:
    before, level = query.get("before", "").upper().removeprefix("INC-"), query.get("severity", "")
    if before and not (before.isascii() and before.isdigit()):
        raise Refused(f"before {query['before']!r} is no incident", remedy="write INC-7", exit_code=Exit.USAGE)
    if level and level not in "123456789":
        raise Refused(f"severity {level!r} is no level", remedy="write 1", exit_code=Exit.USAGE)
    return Wanted(
        level=int(level or 0),
        runbook=query.get("runbook", ""),
        since=_ticks("since", query),
        until=_ticks("until", query),
        only_open=query.get("open", "") not in ("", "0", "no"),
        before=int(before[:15]) if before else None,
    )


def _ticks(name: str, query: Mapping[str, str]) -> int | None:
    text = query.get(name, "")
    try:
        return ticks(datetime.combine(date.fromisoformat(text), time(), UTC)) if text else None
    except ValueError:
        raise Refused(f"{name} {text!r} is no day", remedy="write 2026-01-01", exit_code=Exit.USAGE) from None


def _at(count: int) -> str:
    return instant(count).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(one: Known) -> dict[str, Any]:
    return {
        "id": one.id,
        "began": _at(one.began),
        "level": one.level,
        "status": one.status,
        "title": one.title,
        "runbook": one.runbook,
        "drill": one.drill,
        "entries": one.seq,
    }


def metric_rows(index: Index) -> list[MetricRow]:
    """The numbers of every incident, oldest first, as `row_of` made them without what notes say of the impact."""
    rows = (msgspec.json.decode(raw, type=MetricRow | None) for raw in index.numbers())
    return [row for row in rows if row is not None]


def proofs(index: Index) -> list[Proof]:
    """What every incident proves about the page, oldest first."""
    rows = (msgspec.json.decode(raw, type=Proof | None) for raw in index.proofs())
    return [row for row in rows if row is not None]


def _of_another(index: Index, heads: Sequence[Head]) -> bool:
    """Whether the index was made of another journal, or of one that went back in time."""
    now = {head.incident: head for head in heads}
    for name, (seq, hashed) in index.marks().items():
        head = now.get(name)
        if head is None or head.seq < seq or (head.seq == seq and head.hash != hashed):
            return True
    return False


def _known(head: Head, incident: Incident, interval: timedelta, book: Handbook) -> Known:
    declared = incident.declared
    row = row_of(incident, interval=interval)
    last = incident.entries[-1]
    began = incident.started_at or incident.declared_at or incident.entries[0].at
    return Known(
        id=head.incident,
        number=head.number,
        seq=last.seq,
        hash=last.hash,
        title=declared.title if declared else "",
        level=worst_level(incident),
        runbook=row.runbook if row else "",
        status=str(incident.status),
        drill=declared.drill if declared else False,
        is_open=incident.resolved_at is None,
        began=ticks(began),
        numbers=msgspec.json.encode(row),
        proof=msgspec.json.encode(proof_of(incident, book)),
    )


def _sentences(incident: Incident, book: Handbook, after: int) -> Iterator[tuple[int, int, str]]:
    for entry in incident.entries[after:]:
        text = sentence(entry, book)
        match entry.event:
            case ev.StepFinished(output=output) if output:
                text = f"{text}\n{output[:SHOWN_OUTPUT]}"
            case ev.NoticeSent(text=told):
                text = f"{text}\n{told}"
            case _:
                pass
        yield entry.seq, ticks(entry.at), text


def _paragraphs(raw: bytes) -> Iterator[tuple[int, int, str]]:
    text = raw.decode("utf-8", "replace")
    yield from ((0, 0, part.strip()) for part in text.split("\n\n") if part.strip())
