"""Whom to page next, and when.

Called by `decide`. Pages who is on call, then the page's own contacts in their order, then everybody, in rounds, until somebody
acknowledges; a placeholder is nobody, said so. Whoever took it and fell silent loses it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from firstfive.handbook.model import Contact, Deadline, Handbook, names_somebody
from firstfive.incident import events as ev
from firstfive.incident.business_days import next_business_day
from firstfive.incident.communicate import channel_of
from firstfive.incident.oncall import OnCall, who
from firstfive.incident.orders import Order, Page, Record, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.safety import plain_name
from firstfive.incident.timeline import Incident

OPENING = time(9, 0, tzinfo=UTC)
BY_DAY = timedelta(hours=1)
EVERYBODY = "everybody"


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """The next page of an incident that nobody has, once the one before went unanswered for its response time."""
    declared = incident.declared_at
    if declared is None or incident.resolved_at is not None:
        return
    times = _times(handbook, policy, incident)
    if times is None:
        return
    first, wait = times
    if incident.acknowledged_by:
        yield from _silence(policy, incident, now)
        return
    ladder = people(handbook, policy, now)
    if not ladder:
        if not incident.pages:
            why = "nobody is on call and the page's contacts name nobody: fill the table under its escalation heading"
            yield Record(event=ev.PageFailed(number=1, role="on-call", why=why))
        return
    paged, since = incident.paging_since or (0, first)
    mine = incident.pages[paged:]
    number = len(mine) + 1
    if number > len(ladder) * policy.rounds:
        return
    last = mine[-1] if mine else None
    unreached = last is not None and isinstance(last[0], ev.PageFailed)
    due = since if last is None else last[1] + (timedelta(0) if unreached else wait)
    if now < due:
        yield WakeAt(at=due, why="escalate")
        return
    role, name, channel = ladder[(number - 1) % len(ladder)]
    yield Page(
        number=paged + number,
        role=role,
        contact=name,
        channel=channel,
        why=_why(incident, last, wait, unreached=unreached),
    )


def _why(
    incident: Incident, last: tuple[ev.Paged | ev.PageFailed, datetime] | None, wait: timedelta, *, unreached: bool
) -> str:
    if last is None:
        return "whoever had it is silent" if incident.paging_since else "the incident was declared"
    minutes = int(wait.total_seconds() // 60)
    return f"{last[0].role} could not be reached" if unreached else f"nobody acknowledged within {minutes} min"


def _silence(policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """Takes it back from somebody who said nothing for too long while the trouble goes on."""
    if incident.mitigated_at is not None or not incident.firing:
        return
    heard = max((at for _, at in incident.actors()), default=incident.declared_at or now)
    until = heard + policy.silent_after
    if now < until:
        yield WakeAt(at=until, why="silence")
        return
    minutes = int(policy.silent_after.total_seconds() // 60)
    why = f"nothing was heard from anybody for {minutes} min and the trouble goes on"
    yield Record(event=ev.Unacknowledged(responder=incident.acknowledged_by, why=why))


def _times(handbook: Handbook, policy: Policy, incident: Incident) -> tuple[datetime, timedelta] | None:
    """When the first page goes out, and how long each waits for an answer, by the matrix's response time.

    What may wait for the next working day is paged then, at 09:00 UTC, when nobody took it before; a backlog wakes nobody.
    """
    declared = incident.declared_at
    severity = handbook.severity(incident.level)
    if declared is None:
        return None
    if severity is None:
        return declared, policy.escalate_after
    match severity.response.kind:
        case Deadline.WITHIN:
            return declared, severity.response.within or policy.escalate_after
        case Deadline.NEXT_BUSINESS_DAY:
            return datetime.combine(next_business_day(declared.date(), policy.working_days), OPENING), BY_DAY
        case Deadline.BACKLOG:
            return None


def people(handbook: Handbook, policy: Policy, now: datetime) -> tuple[tuple[str, str, str], ...]:
    """(role, name, channel) in the order to page: who is on call by the schedules, on-call primary and backup of the page, the primaries
    of the other roles, and at last everybody in the channel. Nobody stands there twice.
    """
    ladder: dict[str, tuple[str, str, str]] = {}
    for schedule in policy.rota:
        answer = who(schedule, now)
        if isinstance(answer, OnCall):
            name = answer.person.name
            ladder.setdefault(plain_name(name), (f"on call: {schedule.name}", name, ""))
    for contact in sorted(handbook.contacts, key=lambda c: "on-call" not in c.role.lower()):
        for rung in _rungs(contact):
            ladder.setdefault(plain_name(rung[1]), rung)
    found = tuple(ladder.values())
    return (*found, (EVERYBODY, EVERYBODY, channel_of(handbook, policy))) if found else ()


def _rungs(contact: Contact) -> Iterator[tuple[str, str, str]]:
    if not contact.reachable:
        return
    yield contact.role, contact.primary, contact.channel
    backup = contact.backup.strip()
    if "on-call" in contact.role.lower() and names_somebody(backup) and backup != contact.primary:
        yield f"{contact.role} (backup)", backup, contact.channel
