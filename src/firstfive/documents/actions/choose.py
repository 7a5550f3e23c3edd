"""Which action items are open, due or late on a given day, and whose they are.

Called by the `actions` command. The day is always given; what has no due day is never late, and is said to have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from firstfive.documents.actions.read import ActionItem


def in_order(items: Iterable[ActionItem]) -> tuple[ActionItem, ...]:
    """Open ones first, by the day they are due, those without a day after them; done ones last."""
    return tuple(sorted(items, key=lambda i: (i.done, i.due is None, i.due or date.max, i.file, i.line)))


def overdue(items: Iterable[ActionItem], today: date) -> tuple[ActionItem, ...]:
    """Open items whose day has passed; one that is due today still has the day."""
    return in_order(i for i in items if not i.done and i.due is not None and i.due < today)


def due_by(items: Iterable[ActionItem], day: date) -> tuple[ActionItem, ...]:
    """Open items that are due on that day or before it."""
    return in_order(i for i in items if not i.done and i.due is not None and i.due <= day)


def by_owner(items: Iterable[ActionItem], owner: str) -> tuple[ActionItem, ...]:
    """Items of a person, with or without @ and in any case; an empty name asks for those that nobody owns."""
    wanted = _name(owner)
    return in_order(i for i in items if (wanted in _names(i.owner) if wanted else not _name(i.owner)))


def _name(owner: str) -> str:
    return owner.strip().lstrip("@").casefold()


def _names(owner: str) -> set[str]:
    """The names in a cell that may hold several, and the whole of it."""
    single = owner.replace("/", ",").replace("&", ",").replace("+", ",").split(",")
    return {_name(owner), *(_name(name) for name in single)}
