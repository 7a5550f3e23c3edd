"""After the journal was restored: the hosts are asked what ran that it forgot, and people are reminded that changes wait for them.

Called by `decide` through the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from firstfive.handbook.model import Handbook
from firstfive.incident import communicate
from firstfive.incident.orders import AskHosts, Order, Remind, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident

EVERY = timedelta(minutes=15)
MOST = 8


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """Nothing for an incident that is not paused."""
    if incident.paused is None or incident.resolved_at is not None:
        return
    asked = incident.hosts_asked
    if asked is None:
        yield AskHosts(epoch=incident.epoch)
        return
    event, since = incident.paused
    passed = min(int((now - since) / EVERY), MOST - 1)
    what = f"restored journal {incident.epoch}"
    told = {reminder.number for reminder, _ in incident.reminders if reminder.what == what}
    if passed + 1 not in told:
        ran = "\n".join(f"- {line}" for line in asked.found) or "- no run on any host that this timeline does not know"
        away = f"\nNot asked, since they do not answer: {', '.join(asked.silent)}." if asked.silent else ""
        text = (
            f"changes of {incident.id} wait: {event.why}.\nWhat the hosts know:\n{ran}{away}\n"
            f'Look at them, then: firstfive resume {incident.id} --note "..."'
        )
        channel = communicate.channel_of(handbook, policy)
        yield Remind(what=what, number=passed + 1, to=channel, text=text, person=incident.acknowledged_by)
    if passed + 1 < MOST:
        yield WakeAt(at=since + EVERY * (passed + 1), why="restored")
