"""When customers must hear something, by the page and by what was promised to them.

Called by the reminders and by the room. Says nothing to customers: their words are always a person's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.handbook.model import Contact, Handbook, TemplateKind
from firstfive.incident import communicate
from firstfive.incident.owed.duty import duty
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident

OVER = "resolved"
_COMMS = re.compile(r"\bcomms?\b|\bcommunicat|\bcustomers?\b|\bpublic relations\b", re.IGNORECASE)
_PROMISED = re.compile(r"<[^<>\n]*\+\s*(\d{1,4})\s*(?:min|minutes?)\s*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDue:
    """The next word to customers is due at `at` (aware UTC), because of `why`; `number` counts what was said already, from 1."""

    at: datetime
    number: int
    why: str


def customers_due(handbook: Handbook, policy: Policy, incident: Incident) -> CustomerDue | None:
    """When customers are owed a word: within one interval of the declaration where the page has the duty, then as often as they were
    promised, until they were told that it is over. None when nothing is owed.
    """
    declared = incident.declared_at
    if declared is None:
        return None
    every = interval(handbook, policy)
    if incident.public:
        last, at = incident.public[-1]
        if last.status == OVER:
            return None
        owed = at + every
        if incident.resolved_at is not None:
            owed = min(owed, incident.resolved_at + every)
        why = "they were not told that it is over" if incident.resolved_at is not None else "the next word was promised"
        return CustomerDue(at=owed, number=len(incident.public) + 1, why=why)
    wanted = duty(handbook, incident)
    if wanted is None or incident.resolved_at is not None:
        return None
    return CustomerDue(at=declared + every, number=1, why=f"the page says so at {wanted.place}")


def interval(handbook: Handbook, policy: Policy) -> timedelta:
    """How often customers are told: what the page's customer template promises, else as often as the team is."""
    template = handbook.template(TemplateKind.CUSTOMER)
    promised = _PROMISED.search(template.text) if template is not None else None
    if template is not None and template.every is not None:
        return template.every
    return timedelta(minutes=int(promised[1])) if promised else communicate.update_interval(handbook, policy)


def comms_contact(handbook: Handbook) -> Contact | None:
    """The row of the contacts that speaks to customers; None when the page has none."""
    return next((c for c in handbook.contacts if _COMMS.search(c.role)), None)
