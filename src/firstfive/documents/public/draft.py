"""A draft for customers, from the page's customer template.

Called by whoever offers the draft to a person. Never sent by itself; holds no cause, no blame and no estimate.
"""

from __future__ import annotations

from datetime import datetime

from firstfive.documents.filling import Notice, Telling, fill_text
from firstfive.documents.public.words import public_status
from firstfive.handbook.model import Handbook, Template
from firstfive.incident.timeline import Incident

FALLBACK = """\
Status: <status>
We noticed a problem with <feature> that started at <time>.
"""


def customer_notice(
    template: Template | None,
    incident: Incident,
    handbook: Handbook,
    *,
    now: datetime,
    next_update_at: datetime | None,
    number: int = 1,
) -> Notice:
    """A draft for customers: times and the public word are filled, everything else stays open for a person."""
    word = public_status(incident.status)
    telling = Telling(
        incident=incident,
        handbook=handbook,
        number=number,
        now=now,
        next_update_at=next_update_at,
        status=str(word),
        public=True,
    )
    text, unfilled = fill_text(template.text if template else FALLBACK, telling)
    return Notice(text=text, title=f"Status: {word}", unfilled=unfilled)
