"""A further symptom that the page holds for worse raises the severity, unless it is only our own change that shows.

Called by `decide` after every change of a timeline. Never lowers anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.orders import Order, Record, WakeAt
from firstfive.incident.timeline import Incident
from firstfive.incident.triage.grade import raised
from firstfive.incident.triage.own_doing import own_doing


def worsened(handbook: Handbook, words: Mapping[str, int], incident: Incident, now: datetime) -> Iterator[Order]:
    """The raised level and why, or the time to look again where a change of ours may be all that shows."""
    if incident.resolved_at is not None:
        return
    worse = [(told, s) for s in incident.firing if (told := raised(handbook, incident, s, words)) is not None]
    if not worse:
        return
    ours = own_doing(incident, now)
    found = [level for level, signal in worse if signal.fingerprint not in ours]
    if found:
        level, why = min(found)
        yield Record(event=ev.SeverityChanged(level=level, why=why))
        return
    later = [ours[signal.fingerprint] for _, signal in worse if ours[signal.fingerprint] > now]
    if later:
        yield WakeAt(at=min(later), why="severity")
