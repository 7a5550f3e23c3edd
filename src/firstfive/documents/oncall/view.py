"""A schedule at one instant as plain values, ready for JSON: who is on, who is next, where nobody is.

Called by `cli` and `web`. Times are ISO 8601 in UTC; None stands for an end that is not in sight.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from firstfive.incident.oncall import AHEAD, Answer, Gap, OnCall, Schedule, gaps, who


def view(schedule: Schedule, at: datetime) -> dict[str, Any]:
    """`schedule`, `now`, `next` (the first other answer, None when the present one has no end) and `gaps` in the 14 days from `at`."""
    present = who(schedule, at)
    return {
        "schedule": schedule.name,
        "now": said(present),
        "next": said(following) if (following := _next(schedule, present)) is not None else None,
        "gaps": [said(gap) for gap in gaps(schedule, at, at + AHEAD)],
    }


def said(answer: Answer) -> dict[str, Any]:
    """`person` (None in a gap), `since`, `until`, `why`."""
    return {
        "person": answer.person.name if isinstance(answer, OnCall) else None,
        "since": answer.since.isoformat() if answer.since else None,
        "until": answer.until.isoformat() if answer.until else None,
        "why": answer.why,
    }


def _next(schedule: Schedule, present: Answer) -> Answer | None:
    """What follows the present answer: the next turn of somebody else, or the next gap. A lone person's next turn is their own."""
    found, at = present, present.until
    for _ in range(60):
        if at is None:
            return None
        found = who(schedule, at)
        if isinstance(found, Gap) or not isinstance(present, OnCall) or found.person != present.person:
            return found
        at = found.until
    return found
