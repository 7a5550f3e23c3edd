"""Whom to page next, and when.

Called by `decide`. Pages the page's own contacts in their order until somebody acknowledges; a placeholder is nobody, said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from firstfive.handbook.model import Contact, Deadline, Handbook, names_somebody
from firstfive.incident import events as ev
from firstfive.incident.orders import Order, Page, Record, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """The next page of an incident that nobody has acknowledged, once the one before went unanswered for its response time."""
    declared = incident.declared_at
    if declared is None or incident.resolved_at is not None or incident.acknowledged_by:
        return
    wait = patience(handbook, policy, incident)
    if wait is None:
        return
    ladder = people(handbook)
    if not ladder:
        if not incident.pages:
            why = "the page's contacts name nobody: fill the table under its escalation heading"
            yield Record(event=ev.PageFailed(number=1, role="on-call", why=why))
        return
    number = len(incident.pages) + 1
    if number > len(ladder):
        return
    last = incident.pages[-1] if incident.pages else None
    unreached = last is not None and isinstance(last[0], ev.PageFailed)
    due = declared if last is None else last[1] + (timedelta(0) if unreached else wait)
    if now < due:
        yield WakeAt(at=due, why="escalate")
        return
    role, name, channel = ladder[number - 1]
    why = "the incident was declared"
    if last is not None:
        minutes = int(wait.total_seconds() // 60)
        why = f"{last[0].role} could not be reached" if unreached else f"nobody acknowledged within {minutes} min"
    yield Page(number=number, role=role, contact=name, channel=channel, why=why)


def patience(handbook: Handbook, policy: Policy, incident: Incident) -> timedelta | None:
    """How long a page waits for an answer: the matrix's response time; None where the matrix wakes nobody at night."""
    severity = handbook.severity(incident.level)
    if severity is None:
        return policy.escalate_after
    match severity.response.kind:
        case Deadline.WITHIN:
            return severity.response.within or policy.escalate_after
        case Deadline.NEXT_BUSINESS_DAY | Deadline.BACKLOG:
            return None


def people(handbook: Handbook) -> tuple[tuple[str, str, str], ...]:
    """(role, name, channel) in the order to page: on-call primary, on-call backup, then the primaries of the other roles."""
    ours = sorted(handbook.contacts, key=lambda c: "on-call" not in c.role.lower())
    ladder: list[tuple[str, str, str]] = []
    for contact in ours:
        if contact.reachable:
            ladder.append((contact.role, contact.primary, contact.channel))
            backup = contact.backup.strip()
            if "on-call" in contact.role.lower() and _is_name(backup, contact):
                ladder.append((f"{contact.role} (backup)", backup, contact.channel))
    return tuple(ladder)


def _is_name(text: str, contact: Contact) -> bool:
    return names_somebody(text) and text != contact.primary
