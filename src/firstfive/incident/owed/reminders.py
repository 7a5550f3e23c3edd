"""Who is reminded of what they owe, and when: the commander first, then whoever speaks to customers.

Called by `decide` through the package. What was missed while nothing ran is said once, not for every time that passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from firstfive.handbook.model import Handbook, names_somebody
from firstfive.incident import communicate
from firstfive.incident.business_days import business_day
from firstfive.incident.orders import Order, ReadPostmortem, Remind, SendNotice, WakeAt
from firstfive.incident.owed.closing import Tick, boxes
from firstfive.incident.owed.customers import CustomerDue, comms_contact, customers_due, interval
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident

CUSTOMERS, CAUSE, CLOSING = "word to customers", "root cause", "closing list"
COMMS_AFTER = timedelta(minutes=5)
AFTERWARDS = 3
MORNING = time(9, 0, tzinfo=UTC)
LATE_DAYS = 5
LOOKS_BACK = (timedelta(days=1), timedelta(days=7), timedelta(days=14), timedelta(days=28))
GRAVE = 2


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """The notice of what customers were told, and the reminders that are due."""
    if incident.declared is None or incident.declared.drill:
        return
    channel = communicate.channel_of(handbook, policy)
    comms = comms_contact(handbook)
    if comms is not None and comms.channel.startswith("#"):
        for number in range(1, len(incident.public) + 1):
            yield SendNotice(kind="customer", number=number, channel=comms.channel)
    owed = customers_due(handbook, policy, incident)
    if owed is not None:
        yield from _customers(handbook, policy, incident, owed, now)
    if incident.resolved_at is None:
        yield from _cause(incident, channel)
    else:
        yield from _afterwards(handbook, policy, incident, now, channel)


def _told(incident: Incident, what: str) -> set[int]:
    return {reminder.number for reminder, _ in incident.reminders if reminder.what == what}


def _customers(
    handbook: Handbook, policy: Policy, incident: Incident, owed: CustomerDue, now: datetime
) -> Iterator[Order]:
    """At each interval the commander, and five minutes later whoever speaks to customers by the page, until the word is out."""
    if now < owed.at:
        yield WakeAt(at=owed.at, why="customers")
        return
    every = max(interval(handbook, policy), COMMS_AFTER * 2)
    rounds, within = divmod(now - owed.at, every)
    number = rounds * 2 + (2 if within >= COMMS_AFTER else 1)
    what = f"{CUSTOMERS} {owed.number}"
    if incident.resolved_at is not None and number > AFTERWARDS * 2:
        return
    if number not in _told(incident, what):
        late = int((now - owed.at).total_seconds() // 60)
        text = (
            f"customers are owed a word since {owed.at:%H:%M} UTC ({late} min late): {owed.why}.\n"
            f'firstfive public {incident.id} --status ... "..."'
        )
        yield _customer_reminder(handbook, policy, incident, what, number, text)
    due = owed.at + every * rounds + (every if number % 2 == 0 else COMMS_AFTER)
    yield WakeAt(at=due, why="customers")


def _customer_reminder(
    handbook: Handbook, policy: Policy, incident: Incident, what: str, number: int, text: str
) -> Remind:
    channel = communicate.channel_of(handbook, policy)
    comms = comms_contact(handbook)
    if number % 2 == 1 or comms is None:
        return Remind(what=what, number=number, to=channel, text=text, person=incident.acknowledged_by)
    person = comms.primary if names_somebody(comms.primary) else ""
    to = comms.channel if comms.channel.startswith("#") else channel
    return Remind(what=what, number=number, to=to, text=f"{comms.role}: {text}", person=person)


def _cause(incident: Incident, channel: str) -> Iterator[Order]:
    """Asked while it is fresh: once it is verified to be over, before it resolves itself."""
    if incident.verified_at is None or incident.hypothesis or _told(incident, CAUSE):
        return
    text = (
        f'what was the root cause, in one sentence? firstfive hypothesis {incident.id} "..."\n'
        "It goes into the resolution notice and the post-mortem."
    )
    yield Remind(what=CAUSE, number=1, to=channel, text=text, person=incident.acknowledged_by)


def _afterwards(handbook: Handbook, policy: Policy, incident: Incident, now: datetime, channel: str) -> Iterator[Order]:
    """The post-mortem and the boxes of the closing list, until nothing is open or nobody would listen any more."""
    times = _times(handbook, policy, incident)
    passed = sum(1 for at in times if at <= now)
    if passed and passed not in _told(incident, CLOSING):
        since = times[passed - 1]
        read = incident.postmortem_read_at
        if incident.postmortem is not None and (read is None or read < since):
            yield ReadPostmortem(path=incident.postmortem.path, number=passed)
            return
        open_ones = [f"- {box.text} ({box.why})" for box in boxes(handbook, incident) if box.tick is Tick.OPEN]
        open_ones += _unfinished(handbook, incident)
        if not open_ones:
            return
        listed = "\n".join(open_ones)
        text = f"still open after it was resolved:\n{listed}\nfirstfive close {incident.id} shows and ticks them."
        yield Remind(what=CLOSING, number=passed, to=channel, text=text, person=incident.acknowledged_by)
    if passed < len(times):
        yield WakeAt(at=times[passed], why="closing")


def _unfinished(handbook: Handbook, incident: Incident) -> list[str]:
    """The post-mortem, where the page's list has no box for it."""
    read, written = incident.postmortem_read, incident.postmortem
    if written is None or read is None or not read.gaps or any("mortem" in item.text for item in handbook.closing):
        return []
    due = f", due {written.due.isoformat()}" if written.due else ""
    return [f"- the post-mortem {read.path}{due}: {read.gaps[0]}"]


def _times(handbook: Handbook, policy: Policy, incident: Incident) -> tuple[datetime, ...]:
    """When to look back, in order: after a day, a week, two and four, and around the day on which the post-mortem is due.

    A minor incident is asked about once.
    """
    over = incident.resolved_at
    if over is None or not (handbook.closing or incident.postmortem is not None):
        return ()
    if communicate.worst_level(incident) > GRAVE:
        return (over + LOOKS_BACK[0],)
    found = {over + wait for wait in LOOKS_BACK}
    due = incident.postmortem.due if incident.postmortem is not None else None
    if due is not None:
        eve = due - timedelta(days=1)
        while not policy.working_days.includes(eve):
            eve -= timedelta(days=1)
        days = [eve, *(business_day(due, n, policy.working_days) for n in range(LATE_DAYS + 1))]
        found |= {datetime.combine(day, MORNING) for day in days}
    return tuple(sorted(at for at in found if at > over))
