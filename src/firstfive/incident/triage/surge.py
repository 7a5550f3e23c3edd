"""Many reports at once raise the severity: the page's surge rule, exactly.

Called by `decide` after every change of a timeline. Never lowers anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from firstfive.handbook.model import Handbook
from firstfive.incident.timeline import Incident


def surge(handbook: Handbook, incident: Incident) -> tuple[int, str] | None:
    """The raised level and why, when the page's surge rule is met: more than N reports inside any window, once an incident.

    Never above level 1, never downwards.
    """
    rule = handbook.surge
    if rule is None or incident.surged or incident.level <= 1:
        return None
    crowded = fullest_window(incident.reports, rule.window)
    if crowded <= rule.more_than:
        return None
    level = max(1, incident.level - rule.raise_by)
    minutes = int(rule.window.total_seconds() // 60)
    return level, f"{crowded} reports inside {minutes} minutes, more than {rule.more_than} ({rule.place})"


def fullest_window(times: Sequence[datetime], window: timedelta) -> int:
    """The most instants that lie within any one window; both ends count, so eleven reports exactly `window` apart are eleven."""
    best = start = 0
    ordered = sorted(times)
    for end, at in enumerate(ordered):
        while at - ordered[start] > window:
            start += 1
        best = max(best, end - start + 1)
    return best
