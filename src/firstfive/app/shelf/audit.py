"""Every question for a yes and what people answered, read back from the timelines, newest incident first.

Called by `books`. Reads one timeline after the other until a part is full; never all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstfive.documents.lists.parted import limit_of
from firstfive.documents.plain import iso
from firstfive.documents.sentence import sentence
from firstfive.errors import Exit, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.ports import Journal, Transaction

_KINDS = {
    ev.ApprovalAsked: "asked",
    ev.Approved: "approved",
    ev.Declined: "declined",
    ev.ApprovalExpired: "expired",
}
Told = dict[str, Any]


async def read(journal: Journal, asked: Mapping[str, str], book_of: Callable[[str], Handbook]) -> Told:
    """One part: `approvals` and `next`. `book_of` gives the page of a digest."""
    limit, before = limit_of(asked), _cursor(asked.get("cursor", ""))

    def part(tx: Transaction) -> list[tuple[int, ev.Entry, str]]:
        found: list[tuple[int, ev.Entry, str]] = []
        for head in sorted(tx.heads(), key=lambda one: one.number, reverse=True):
            if before is not None and head.number > before[0]:
                continue
            entries = tx.entries(head.incident)
            digest = next((e.event.handbook for e in entries if isinstance(e.event, ev.Declared)), "")
            found += [
                (head.number, entry, digest)
                for entry in reversed(entries)
                if type(entry.event) in _KINDS and (before is None or (head.number, entry.seq) < before)
            ]
            if len(found) > limit:
                break
        return found[: limit + 1]

    found = await journal.read(part)
    shown = found[:limit]
    more = f"{shown[-1][0]}.{shown[-1][1].seq}" if len(found) > limit else None
    return {"approvals": [_row(entry, book_of(digest)) for _, entry, digest in shown], "next": more}


def _row(entry: ev.Entry, book: Handbook) -> Told:
    run = getattr(entry.event, "run", "")
    return {
        "incident": entry.incident,
        "seq": entry.seq,
        "at": iso(entry.at),
        "by": entry.by,
        "kind": _KINDS[type(entry.event)],
        "run": run if isinstance(run, str) else run.id,
        "text": sentence(entry, book),
        "hash": entry.hash,
    }


def _cursor(given: str) -> tuple[int, int] | None:
    if not given:
        return None
    number, _, seq = given.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (number, seq)):
        raise Refused("cursor is none of ours", remedy="take it from `next`, or leave it out", exit_code=Exit.USAGE)
    return int(number), int(seq)
