"""What must hold after any fire: one function over the database, the host's run journal and what arrived in the channel.

Each sentence that it returns is a broken promise. The numbers are those of the promises.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from firstfive.documents.public.feeds import NEWEST
from firstfive.incident import events as ev
from firstfive.notifiers.webhook import identifier
from firstfive.ports import Transaction
from firstfive.stores import open_journal
from stories.fire.crowd import Accepted
from stories.fire.ground import SECRET, Ground

Entries = tuple[ev.Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """All that is left after the fire."""

    timelines: dict[str, Entries]
    open: tuple[str, ...]
    work: list[tuple[Any, ...]]  # key, incident, kind, state
    ran: Counter[tuple[str, str]]  # (begun or done, run id) -> how often


def broken(here: Ground, accepted: Accepted) -> list[str]:
    """Every broken promise; none when all hold."""
    journal = open_journal(here.database, read_only=True)
    try:
        chains = [f"I2 {one}" for one in journal.verify()]
        timelines, still_open = asyncio.run(journal.read(_read))
    finally:
        asyncio.run(journal.close())
    looked = Looked(
        timelines=timelines,
        open=still_open,
        work=here.sql("SELECT key, incident, kind, state FROM work"),
        ran=_ran(here),
    )
    checks = (_accepted, _steps, _messages, _deadlines, _severities, _secrets, _public, _written_up)
    return chains + [said for check in checks for said in check(here, accepted, looked)]


def _read(tx: Transaction) -> tuple[dict[str, Entries], tuple[str, ...]]:
    return {name: tx.entries(name) for name in tx.incidents(only_open=False)}, tx.incidents(only_open=True)


def _ran(here: Ground) -> Counter[tuple[str, str]]:
    path = here.folder / "work" / "ran"
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter((word, place.rsplit("/", 2)[-2]) for word, _, place in (line.partition(" ") for line in lines))


def _accepted(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I1: nothing that was answered with 2xx is lost."""
    kept = {key for (key,) in here.sql("SELECT fingerprint FROM alert")}
    sorted_out = here.sql("SELECT state, count(*) FROM received GROUP BY state")
    alerts = {str(json.loads(str(signal)).get("subject")) for (signal,) in here.sql("SELECT signal FROM alert")}
    lost = [name for name in accepted.signals if name not in alerts]
    if lost:
        yield f"I1 {len(lost)} of {len(accepted.signals)} accepted signals are lost: {lost[:5]}, {sorted_out}, {len(kept)} alerts"
    said = {
        (name, one.event.text)
        for name, all_ in looked.timelines.items()
        for one in all_
        if isinstance(one.event, ev.Noted)
    }
    yield from (f"I1 {name} lost the note {text}" for name, text in accepted.notes if (name, text) not in said)
    approved = {
        (n, e.event.run) for n, all_ in looked.timelines.items() for e in all_ if isinstance(e.event, ev.Approved)
    }
    yield from (
        f"I1 {name} lost the approval of {run}" for name, run in accepted.approved if (name, run) not in approved
    )


def _steps(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I3: a run happens at most once on the host. I4: and never without an approval of exactly these bytes that was alive."""
    yield from (f"I3 {run} {word} {times} times" for (word, run), times in looked.ran.items() if times > 1)
    folders = {path.name: path for path in here.runs}
    started: set[str] = set()
    for name, entries in looked.timelines.items():
        asked = {e.event.run.id: e.event.run for e in entries if isinstance(e.event, ev.ApprovalAsked)}
        yes = {e.event.run: e for e in entries if isinstance(e.event, ev.Approved)}
        ended = Counter(e.event.run for e in entries if isinstance(e.event, ev.StepFinished))
        for entry in entries:
            if not isinstance(entry.event, ev.StepStarted) or not entry.event.run.changing:
                continue
            run = entry.event.run
            if run.id in started:
                yield f"I3 {run.id} stands twice as begun"
            started.add(run.id)
            given = yes.get(run.id)
            if given is None or given.event.sha256 != run.sha256 or asked.get(run.id) != run:  # type: ignore[attr-defined]
                yield f"I4 {name} began {run.id} without an approval of these bytes"
            elif entry.at - given.at > timedelta(minutes=10):
                yield f"I4 {name} began {run.id} {entry.at - given.at} after its approval"
            if ended[run.id] != 1:
                yield f"I3 {name} has {ended[run.id]} ends of {run.id}"
            if looked.ran["done", run.id] != 1:
                yield f"I3 {run.id} is on the timeline and ran {looked.ran['done', run.id]} times"
            folder = folders.get(run.id)
            if folder is None or (folder / "cmd").read_text().rstrip("\n") != run.script.rstrip("\n"):
                yield f"I4 the host ran something else as {run.id}"
    yield from (f"I4 the host ran {run}, which no timeline began" for _, run in looked.ran if run not in started)


def _messages(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I5: what was decided has its rows. I6: each message arrived, and at most once too often for each thing that was done to us."""
    rows = [(key, name, state) for key, name, kind, state in looked.work if kind == "deliver"]
    wanted = {identifier(str(key)): str(key) for key, _, state in rows if state == "done"}
    missing = [key for mark, key in wanted.items() if not here.channel.seen[mark]]
    dead = [key for key, _, state in rows if state == "dead"]
    if missing or dead:
        yield f"I6 {len(missing)} of {len(wanted)} messages never arrived, {len(dead)} were given up: {(missing + dead)[:3]}"
    twice = sum(count - 1 for count in here.channel.seen.values())
    if twice > sum(here.harms.values()):
        yield f"I6 {twice} messages arrived twice, after {sum(here.harms.values())} harms"
    said = Counter(name for _, name, state in rows if state == "done")
    for name, entries in looked.timelines.items():
        told = [e for e in entries if isinstance(e.event, ev.NoticeSent)]
        if len(told) > said[name]:
            yield f"I5 {name} says {len(told)} notices and has {said[name]} messages"


def _deadlines(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I7: an open incident waits for something."""
    waiting = {name for _, name, _, state in looked.work if state in ("ready", "leased")}
    yield from (f"I7 {name} is open and nothing is due" for name in looked.open if name not in waiting)


def _severities(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I8: a severity never falls by itself."""
    for name, entries in looked.timelines.items():
        level = 0
        for entry in entries:
            match entry.event:
                case ev.Declared(level=given):
                    level = given
                case ev.SeverityChanged(level=given):
                    if entry.by == ev.SELF and given > level:
                        yield f"I8 {name} fell from {level} to {given} by itself"
                    level = given
                case _:
                    pass


def _secrets(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I9: the secret that every change printed is in no stored or sent byte."""
    word = SECRET.encode()
    if any(word in body for body in here.channel.bodies):
        yield "I9 a secret was sent"
    for table in ("event", "work", "received", "alert", "incident"):
        (found,) = here.sql(f"SELECT count(*) FROM {table} AS t WHERE position('{SECRET}' in t::text) > 0")[0]
        if found:
            yield f"I9 a secret stands in {found} rows of {table}"


def _public(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I10: the public page says what people told everybody, in the four words, nothing of the inside, and never goes backwards."""
    for node in here.nodes:
        here.public.look(node)
    words = ("investigating", "identified", "monitoring", "resolved")
    for name, pages in here.public.seen.items():
        for before, after in itertools.pairwise(pages):
            gone = [one for one, notes in before.items() if after.get(one, ())[: len(notes)] != notes]
            full = len(after) >= NEWEST  # then older ones leave the list
            if gone and not full:
                yield f"I10 the page of {name} forgot what it said of {len(gone)} incidents"
        for notes in pages[-1].values():
            states = [status for status, _ in notes]
            if states != sorted(states, key=words.index):
                yield f"I10 the page of {name} went backwards: {states}"
        said = {note for notes in pages[-1].values() for note in notes}
        lost = [one for one in accepted.public if one not in said]
        if lost and len(pages[-1]) < NEWEST:
            yield f"I10 the page of {name} lacks {len(lost)} of {len(accepted.public)} that everybody was told: {lost[:2]}"
        odd = said - set(accepted.public)
        if odd:
            yield f"I10 the page of {name} says what nobody told: {sorted(odd)[:2]}"
    if len(here.public.seen) < len(here.nodes):
        yield f"I10 only {sorted(here.public.seen)} showed a page"
    inside = (b"web is down", b"INC-", SECRET.encode())
    yield from (f"I10 the page says {word!r}" for word in inside if any(word in body for body in here.public.bodies))


def _written_up(here: Ground, accepted: Accepted, looked: Looked) -> Iterator[str]:
    """I11: what was resolved is written up, with a due date five business days off. I12: and no file of the vault is half-written."""
    for name in accepted.resolved:
        written = [e.event for e in looked.timelines[name] if isinstance(e.event, ev.PostmortemWritten)]
        if len(written) != 1 or written[0].due is None:
            yield f"I11 {name} has {len(written)} post-mortems, {[one.due for one in written]}"
        elif not (here.vault / written[0].path).is_file():
            yield f"I11 the post-mortem of {name} is not at {written[0].path}"
    for path in here.vault.rglob("*"):
        if path.is_file() and path.suffix != ".md":
            yield f"I12 {path.name} lies in the vault"
    sums = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in here.vault.rglob("*.md"))
    if any(path.read_bytes()[-1:] != b"\n" for path in here.vault.rglob("*.md")) or max(sums.values()) > 1:
        yield "I12 a file of the vault is cut short, or there twice"
