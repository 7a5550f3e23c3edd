"""Drills as the room shows them: every fault that fits a runbook of the page, how its drills went, when it comes round again.

Called by `books` and by `firstfive drill`, in a thread that runs no event loop. Reads the cards below the state folder; harms nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from firstfive.app.practice import history, name_of
from firstfive.documents.drill import schedule
from firstfive.documents.drill.plot import seconds_plot
from firstfive.faults import FAULTS, named_on

if TYPE_CHECKING:
    from firstfive.documents.drill import Card, Turn
    from firstfive.faults import Fault
    from firstfive.handbook.model import Handbook
    from firstfive.settings import Settings

EVERY = timedelta(days=90)
OWED = ("PM001", "PM004", "PM005", "PM006")  # remarks on a post-mortem that a person is not needed for
Told = dict[str, Any]


def turns(settings: Settings, handbook: Handbook, today: date, every: timedelta = EVERY) -> tuple[Turn, ...]:
    """When each fault that fits a runbook of the page is to be drilled, the soonest first."""
    fitting = [one.name for one in FAULTS if any(one.fits(runbook.title) for runbook in handbook.runbooks)]
    named = [name for source in handbook.sources for name in named_on(source.text)]
    return schedule(fitting, history(settings), today, every, named)


def told(settings: Settings, handbook: Handbook, today: date) -> Told:
    """`faults` in the order of their turns, each with its runbooks, its newest cards and its next day; `cards`, the newest first."""
    cards = history(settings)
    next_turns = {turn.fault: turn for turn in turns(settings, handbook, today)}
    known = {fault.name: fault for fault in FAULTS}
    rows = [_row(known[name], turn, cards, handbook, today) for name, turn in next_turns.items()]
    return {
        "on": today.isoformat(),
        "lab": settings.targets[settings.default_target].lab,
        "proven": sum(row["proven"] is not None for row in rows),
        "faults": rows,
        "cards": [_card(one) for one in sorted(cards, key=lambda one: one.at, reverse=True)],
    }


def proposed_for(handbook: Handbook, fault: Fault) -> str:
    """The edit of the page that adds a symptom for this fault, as a unified diff; empty where the page has the words."""
    from firstfive.documents.learning.gaps import Silent, proposed

    words = f"{fault.runbook[:1].upper()}{fault.runbook[1:]}"
    silent = Silent(fault=fault.name, symptom=fault.symptom, fits=fault.fits, title=words)
    lesson = proposed(handbook, silent)
    return lesson.diff if lesson is not None else ""


def lacks(handbook: Handbook, raw: bytes) -> tuple[str, ...]:
    """What a post-mortem lacks that no person is needed for: sections of the form, times, their order and zone."""
    from firstfive.documents.postmortem.check import check_postmortem

    return tuple(one.what for one in check_postmortem("post-mortem", raw, handbook.postmortem) if one.code in OWED)


def gaps(settings: Settings, handbook: Handbook) -> tuple[Told, ...]:
    """Faults that nothing showed when they were last drilled, with the edit that the page as it is now would take."""
    newest = {one.fault: one for one in sorted(history(settings), key=lambda one: one.at) if one.mode != "tabletop"}
    known = {fault.name: fault for fault in FAULTS}
    silent = [one for one in newest.values() if not one.incident and one.fault in known]
    return tuple(
        {"fault": one.fault, "what": one.what, "at": one.at, "diff": proposed_for(handbook, known[one.fault])}
        for one in silent
    )


def _row(fault: Fault, turn: Turn, cards: Sequence[Card], handbook: Handbook, today: date) -> Told:
    mine = sorted((one for one in cards if one.fault == fault.name), key=lambda one: one.at)
    return {
        "fault": fault.name,
        "what": fault.what,
        "level": fault.level,
        "runbooks": [f"{book.number} {book.title}".strip() for book in handbook.runbooks if fault.fits(book.title)],
        "proven": next((one.at for one in reversed(mine) if one.passed), None),
        "last": _card(mine[-1]) if mine else None,
        "drills": len(mine),
        "detected_s": [one.mark("detected").seconds for one in mine],
        "chart": seconds_plot([(one.mark("detected").seconds, one.passed) for one in mine], f"detect-{fault.name}"),
        "day": turn.day.isoformat(),
        "due": turn.day <= today,
        "why": turn.why,
    }


def _card(one: Card) -> Told:
    failed = [mark.name for mark in one.marks if mark.met is False]
    return {"id": name_of(one), **one.to_json(), "failed": failed}
