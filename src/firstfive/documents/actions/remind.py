"""Which promises are to be said again today, to whom, and in which words.

Called by the daily round. The table in the post-mortem is the truth: what is done or has no day is not said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from firstfive.documents.actions.choose import due_by
from firstfive.documents.actions.read import ActionItem
from firstfive.documents.plain import line

EVE, WEEK = -1, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDue:
    """One promise to be said again. `key` is the same until the next time; `owner` is who is asked, empty for nobody in particular."""

    key: str
    owner: str
    title: str
    text: str


def due_today(items: Iterable[ActionItem], today: date) -> tuple[ActionDue, ...]:
    """The day before a promise is due, on the day, a day late, and then every week; what fell on a day that was missed is said late."""
    found: list[ActionDue] = []
    tomorrow = date.fromordinal(today.toordinal() + 1)
    for item in due_by(items, tomorrow):
        if item.due is None:
            continue
        late = (today - item.due).days
        step = late if late <= 1 else 1 if late < WEEK else late // WEEK * WEEK
        found.append(_said(item, late, step))
    return tuple(found)


def _said(item: ActionItem, late: int, step: int) -> ActionDue:
    known = hashlib.sha256(f"{item.text}\n{item.owner}\n{item.due}".encode()).hexdigest()[:16]
    when = "is due tomorrow" if late < 0 else "is due today" if late == 0 else f"is {late} days late"
    when = "is a day late" if late == 1 else when
    ticket = f" ({item.ticket})" if item.ticket else ""
    return ActionDue(
        key=f"action:{known}:{step}",
        owner=item.owner.strip().removeprefix("@"),
        title=line(f"Action item {when}: {item.text}", 160),
        text=f"{item.text}{ticket}, promised for {item.due} in {item.file}:{item.line}, {when}.\n"
        "Mark it done there, or give it another day.",
    )
