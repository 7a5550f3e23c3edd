"""The page's closing list for one incident: what its timeline proves, what somebody said, and what is still open.

Called by the reminders, by `documents.closing` and by whoever closes an incident. Ticks nothing that is neither proved nor said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from firstfive.handbook.model import ClosingItem, Handbook
from firstfive.incident import events as ev
from firstfive.incident.communicate import needs_postmortem
from firstfive.incident.owed.customers import OVER
from firstfive.incident.timeline import Incident


class Tick(StrEnum):
    """How a box stands: proved by the timeline, said by a person, not needed, or open."""

    PROVED = "proved"
    SAID = "said"
    NOT_NEEDED = "not needed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box of the page's list for one incident. `why` is the proof, who said so, or what is missing."""

    item: str
    text: str
    tick: Tick
    why: str


_POSTMORTEM = re.compile(r"\bpost-?\s?mortems?\b|\bretrospective\b", re.IGNORECASE)
_ACTIONS = re.compile(r"\baction items?\b|\bfollow[- ]?ups?\b", re.IGNORECASE)
_CUSTOMERS = re.compile(r"\bcustomers?\b.*\b(?:comms?|told|informed|notified|sent)\b|\bcomms? sent\b", re.IGNORECASE)


def boxes(handbook: Handbook, incident: Incident) -> tuple[Box, ...]:
    """Every box of the page's closing list in its order, as it stands for this incident."""
    return tuple(_box(item, handbook, incident) for item in handbook.closing)


def _box(item: ClosingItem, handbook: Handbook, incident: Incident) -> Box:
    said = incident.closing.get(item.id)
    if said is not None:
        tick = said[0]
        who = f"{said[1]} says so" + (f": {tick.note}" if tick.note else "")
        return _made(item, Tick.SAID if tick.done else Tick.NOT_NEEDED, who)
    if _POSTMORTEM.search(item.text):
        return _made(item, *_postmortem(handbook, incident))
    if _ACTIONS.search(item.text):
        return _made(item, *_actions(handbook, incident))
    if _CUSTOMERS.search(item.text):
        return _made(item, *_customers(incident))
    return _made(item, Tick.OPEN, "only a person knows")


def _made(item: ClosingItem, tick: Tick, why: str) -> Box:
    return Box(item=item.id, text=item.text, tick=tick, why=why)


def _postmortem(handbook: Handbook, incident: Incident) -> tuple[Tick, str]:
    if not needs_postmortem(handbook, incident) and incident.postmortem is None:
        return Tick.NOT_NEEDED, "the page asks for none at this severity"
    if incident.postmortem is None:
        return Tick.OPEN, "it is not written yet"
    read = incident.postmortem_read
    if read is None:
        return Tick.OPEN, f"{incident.postmortem.path} was not read again yet"
    if read.gaps:
        return Tick.OPEN, f"{read.path}: {read.gaps[0]}" + (f" and {len(read.gaps) - 1} more" if read.gaps[1:] else "")
    return Tick.PROVED, f"{read.path} has no open place"


def _actions(handbook: Handbook, incident: Incident) -> tuple[Tick, str]:
    read: ev.PostmortemRead | None = incident.postmortem_read
    if read is None:
        none = not needs_postmortem(handbook, incident) and incident.postmortem is None
        return (Tick.NOT_NEEDED, "there is no post-mortem") if none else (Tick.OPEN, "nobody has read them yet")
    if read.items and read.tracked == read.items:
        return Tick.PROVED, f"all {read.items} have an owner, a day and a ticket"
    return Tick.OPEN, f"{read.tracked} of {read.items} have an owner, a day and a ticket"


def _customers(incident: Incident) -> tuple[Tick, str]:
    if incident.public and incident.public[-1][0].status == OVER:
        return Tick.PROVED, f"they were told that it is over at {incident.public[-1][1]:%Y-%m-%d %H:%M} UTC"
    return Tick.OPEN, "they were not told that it is over" if incident.public else "nothing was told to customers"
