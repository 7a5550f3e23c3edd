"""All rules in order: `decide(handbook, policy, incident, now)` gives the Orders that are due.

Called by the engine after every change of a timeline and at every deadline, inside the transaction that wrote the change.
Pure: it reads no clock and does nothing. What the timeline already holds is not ordered again, and every deed has a key, so
deciding twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from firstfive.handbook.model import Handbook
from firstfive.incident import communicate, diagnose, escalate, recover, respond
from firstfive.incident import events as ev
from firstfive.incident.mends import seeking
from firstfive.incident.orders import Order, Record
from firstfive.incident.owed import reminders, restored
from firstfive.incident.packs import offered
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident
from firstfive.incident.triage import surge, worsened


def decide(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> tuple[Order, ...]:
    """Everything due now for this incident, in the order of the page: grade, diagnose, respond, recover, communicate, escalate."""
    return tuple(_all(handbook, policy, incident, now))


def _all(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    raised = surge(handbook, incident)
    if raised is not None:
        level, why = raised
        yield Record(event=ev.SeverityChanged(level=level, why=why))
    yield from worsened(handbook, policy.severity_words, incident, now)
    yield from diagnose.orders(handbook, policy, incident, now)
    yield from respond.orders(handbook, policy, incident, now)
    yield from seeking.orders(policy, incident, now)
    yield from offered.orders(incident)
    yield from recover.orders(handbook, policy, incident, now)
    yield from communicate.orders(handbook, policy, incident, now)
    yield from reminders.orders(handbook, policy, incident, now)
    yield from restored.orders(handbook, policy, incident, now)
    yield from escalate.orders(handbook, policy, incident, now)
