"""When to look for what could mend an incident: at once, and again while it goes on, since evidence takes time to show.

Called by `decide`. Only where settings let changes be offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from firstfive.incident.orders import Order, SeekMends, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident

AFTER = tuple(timedelta(seconds=seconds) for seconds in (0, 3, 8, 20, 45, 90, 180, 300, 600))


def orders(policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """The look that is due by now, and when the next one will be. None once the symptoms are gone."""
    since = incident.declared_at
    if not policy.offers or since is None or incident.mitigated_at is not None or incident.resolved_at is not None:
        return
    due = [number for number, after in enumerate(AFTER) if since + after <= now]
    if due:
        yield SeekMends(number=due[-1])
    if len(due) < len(AFTER):
        yield WakeAt(at=since + AFTER[len(due)], why="mends")
