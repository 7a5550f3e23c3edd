"""Everything that pages show beside open incidents, as plain data: schedules, deploys, promises, approvals, health.

Handed to the web by `serve`. Reads the journal through the running program, and files in threads; writes nothing but the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from firstfive.app.history import History, proofs
from firstfive.app.offline.merging import proved, taken_in
from firstfive.app.program import Program
from firstfive.app.shelf import audit, chosen, drills
from firstfive.app.shelf.doctor import examine
from firstfive.app.shelf.notes import promises_of, read_notes
from firstfive.app.shelf.rota import schedules, strangers
from firstfive.documents import actions as promised
from firstfive.documents.learning import coverage as covered
from firstfive.documents.learning.coverage import coverage
from firstfive.documents.lists.parted import part_of
from firstfive.documents.oncall import calendar, said, view
from firstfive.documents.paper.note import parts
from firstfive.documents.plain import iso
from firstfive.documents.postmortem.past import read_past
from firstfive.engine.outsiders import told
from firstfive.errors import PageError, Refused
from firstfive.incident.diagnose import words_of
from firstfive.incident.oncall import shifts, turns
from firstfive.incident.signals import Deploy
from firstfive.settings import Settings
from firstfive.stores.history import Index

T = TypeVar("T")
Asked = Mapping[str, str]
Told = dict[str, Any]
AHEAD, BEHIND = timedelta(days=28), timedelta(days=14)
EVERY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The shelf of one running program, which is served at `at`: host and port."""

    program: Program
    at: tuple[str, int]

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self.program.settings

    def _now(self) -> datetime:
        return self.program.engine.clock.now()

    async def _indexed(self, ask: Callable[[Index], T]) -> T:
        """What is asked of an index that was brought up to date, in a thread."""

        def work() -> T:
            index = History(settings=self.settings, told=self.program.log).open()
            try:
                return ask(index)
            finally:
                index.close()

        return await asyncio.to_thread(work)

    async def oncall(self, asked: Asked) -> Told:
        """Each schedule now, and its stretches of the next four weeks."""
        now = self._now()
        found, remarks = await asyncio.to_thread(schedules, self.settings, now - BEHIND, now + AHEAD)
        told_ = [
            {**view(one, now), "stretches": [said(turn) for turn in shifts(one, now, now + AHEAD)]} for one in found
        ]
        return {"at": iso(now), "schedules": told_, "notes": [*remarks, *strangers(self.settings, found)]}

    async def oncall_ical(self) -> str:
        """The next four weeks as a calendar."""
        now = self._now()
        found, _ = await asyncio.to_thread(schedules, self.settings, now - BEHIND, now + AHEAD)
        whole = [(one.name, turn) for one in found for turn in turns(one, now, now + AHEAD)]
        return calendar(whole, stamp=now, person=None)

    async def deploys(self, asked: Asked) -> Told:
        """The deploy ledger, newest first."""
        kept = await self.program.journal.read(lambda tx: tx.deploys(EVERY))
        rows, more = part_of(kept, asked)
        return {"deploys": [_deploy(one) for one in rows], "next": more}

    async def actions(self, asked: Asked) -> Told:
        """Promises, open ones first by their day (`all` adds done ones), and the post-mortems of the vault."""
        today = self._now().date()
        notes = await asyncio.to_thread(read_notes, self.settings)
        found, unread = promises_of(notes)
        items = [one for one in promised.in_order(found) if not one.done or asked.get("all", "") == "1"]
        rows, more = part_of(items, asked)
        return {
            "on": today.isoformat(),
            "actions": [promised.as_json(one, today) for one in rows],
            "next": more,
            "postmortems": _written(notes.files),
            "unread": unread,
        }

    async def doctor(self, asked: Asked) -> Told:
        """What must hold, without any secret."""
        found = await asyncio.to_thread(examine, self.settings, server=self.at)
        rows = [self._clean(one) for one in found]
        return {"ok": all(one["ok"] for one in rows), "findings": rows}

    async def nodes(self, asked: Asked) -> Told:
        """Who writes the journal, and what each looks after."""
        ours = self.program.nodes
        epoch = await self.program.journal.read(lambda tx: tx.epoch())
        known = await asyncio.to_thread(ours.all) if ours is not None else ()
        rows = [
            {
                **asdict(one),
                "beat": iso(one.beat),
                "looks": list(one.looks),
                "this": ours is not None and one.boot == ours.owner,
            }
            for one in known
        ]
        return {
            "shared": ours is not None,
            "nodes": rows,
            "pages": len({one.page for one in known if one.alive and one.page}),
            "epoch": {**asdict(epoch), "at": iso(epoch.at)} if epoch is not None else None,
        }

    def _clean(self, told_: Any) -> Any:
        """The same data with every secret that is known to the program taken out."""
        match told_:
            case str():
                return self.program.engine.tools.redactor.clean(told_)[0]
            case dict():
                return {key: self._clean(value) for key, value in told_.items()}
            case list():
                return [self._clean(value) for value in told_]
            case _:
                return told_

    async def drills(self, asked: Asked) -> Told:
        """Every fault that fits the page with how its drills went, and every card."""
        return await asyncio.to_thread(drills.told, self.settings, self.program.engine.handbook, self._now().date())

    async def chosen(self, asked: Asked) -> Told:
        """What the settings say, without any secret."""
        said: Told = self._clean(chosen.told(self.settings))
        return said

    async def note(self, file: str) -> Told:
        """One post-mortem of the vault. Raises Refused where there is none of that name."""
        notes = await asyncio.to_thread(read_notes, self.settings)
        raw = notes.files.get(file)
        if raw is None:
            raise Refused(f"the vault holds no post-mortem {file[:80]}", remedy="/actions lists them")
        return await asyncio.to_thread(_told_note, file, raw)

    async def approvals(self, asked: Asked) -> Told:
        """Every question for a yes and every answer, newest first. The cursor is an incident's number and an entry's."""
        books, now = self.program.shelf, self.program.engine.handbook
        return await audit.read(self.program.journal, asked, lambda digest: books.get(digest, now))

    async def letters(self, asked: Asked) -> Told:
        """Messages that were given up, then those that wait."""
        kept = await self.program.engine.outside.letters(EVERY)
        rows, more = part_of(kept, asked)
        return {"outbox": [told.letter(one) for one in rows], "next": more}

    async def coverage(self, asked: Asked) -> Told:
        """How far the page was ever tried."""
        deploys = await self.program.journal.read(lambda tx: tx.deploys(EVERY))
        page = self.program.engine.handbook
        silent = await asyncio.to_thread(drills.gaps, self.settings, page)
        return {**covered.view(coverage(page, await self._indexed(proofs), deploys)), "gaps": list(silent)}

    async def merge(self, incident: str, log: str, by: str) -> Told:
        """Prove a break-glass log and take it into an incident."""
        rows = await asyncio.to_thread(proved, self.settings, log)
        return await taken_in(self.program.engine, rows, incident, by)

    async def handbook(self, asked: Asked) -> Told:
        """The page in force, and how far each runbook was proved."""
        page = self.program.engine.handbook
        deploys = await self.program.journal.read(lambda tx: tx.deploys(EVERY))
        proved = await self._indexed(proofs)
        covers = {one.runbook: one for one in coverage(page, proved, deploys).runbooks}
        return {
            "title": page.title,
            "digest": page.digest,
            "problems": [
                {"level": str(p.level), "code": p.code, "message": p.message, "place": str(p.place), "help": p.help}
                for p in page.problems
            ],
            "runbooks": [
                {
                    "id": book.id,
                    "number": book.number,
                    "title": book.title,
                    "severity": book.severity,
                    "symptoms": [words_of(one) for one in book.symptoms],
                    "used": covers[book.id].used,
                    "proven": iso(proof.at) if (proof := covers[book.id].proof) is not None else None,
                    "stale": covers[book.id].stale,
                    "never": list(covers[book.id].never),
                    "steps": [
                        {
                            "id": step.id,
                            "number": step.number,
                            "title": step.title,
                            "mode": str(step.mode),
                            "verdict": str(step.verdict),
                            "script": step.script,
                            "place": str(step.place),
                        }
                        for step in book.steps
                    ],
                }
                for book in page.runbooks
            ],
        }


def _deploy(one: Deploy) -> Told:
    return {
        "at": iso(one.at),
        "subject": one.subject,
        "version": one.version,
        "previous": one.previous,
        "source": one.source,
        "first": one.first,
        "host": one.host,
        "actor": one.actor,
        "link": one.link,
    }


def _told_note(file: str, raw: bytes) -> Told:
    front, html = parts(raw.decode("utf-8", "replace"))
    named = dict(front)
    rows = [[key, value] for key, value in front if key not in ("title", "tags") and value]
    return {
        "file": file,
        "title": named.get("title") or file,
        "incident": named.get("incident", ""),
        "front": rows,
        "html": html,
    }


def _written(files: Mapping[str, bytes]) -> list[Told]:
    """The post-mortems of the vault, newest first; one that cannot be read is listed by its file."""
    found: list[Told] = []
    for name, raw in files.items():
        try:
            note = read_past(name, raw)
        except PageError:
            note = None
        found.append(
            {
                "file": name,
                "title": note.title if note else name,
                "day": note.day.isoformat() if note else None,
                "incident": note.incident if note else "",
                "drill": note.drill if note else False,
            }
        )
    return sorted(found, key=lambda one: (one["day"] or "", one["file"]), reverse=True)
