"""Everything that ever happened, to be listed, searched and counted: the index fed from the journal and the vault.

Part of `app`. Used by the command line and the web, each in a thread of its own. Reads the journal beside whoever writes it; what it
makes is an index file that can be thrown away.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec

from firstfive.app.pages import again
from firstfive.app.program import policy_from
from firstfive.documents.learning.proof import Proof, proof_of
from firstfive.documents.metrics import MetricRow, row_of
from firstfive.documents.sentence import sentence
from firstfive.errors import FirstfiveError, JournalError
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.communicate import update_interval, worst_level
from firstfive.incident.timeline import Incident, fold
from firstfive.ports import Head, Journal
from firstfive.settings import Settings
from firstfive.stores import open_journal
from firstfive.stores.files.vault import FolderVault
from firstfive.stores.history import Index, Known, open_index
from firstfive.stores.tables import ticks

SLICE = 25
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
