"""Symptoms that began while a change of ours ran or just after it: a restart that a person approved makes customers wait for a moment.

Called by `worsened` and by `diagnose`. They stand on the timeline like all others; they only grade and rank nothing while they may be ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident

# What is still wrong this long after the end of a change is no mere restart.
SETTLES = timedelta(seconds=20)


def own_doing(incident: Incident, now: datetime) -> dict[str, datetime]:
    """Fingerprints of signals that only ever began within a change of ours, and until when that excuses them.

    One that is well again stays excused; one that still fires is not, once its change has ended for `SETTLES`. A change that still
    runs excuses till its end, so `now` stands for it.
    """
    changes = {a.run.id: a for a in incident.attempts.values() if a.run.changing and a.started_seq}
    if not changes:
        return {}
    spans: list[tuple[datetime, datetime | None]] = []
    starts: dict[str, list[datetime]] = {}
    firing: dict[str, bool] = {}
    for entry in incident.entries:
        match entry.event:
            case ev.StepStarted(run=run) if run.id in changes:
                held = changes[run.id]
                spans.append((entry.at, None if held.state == "started" else held.at + SETTLES))
            case ev.SignalSeen(signal=signal):
                if signal.firing and not firing.get(signal.fingerprint):
                    starts.setdefault(signal.fingerprint, []).append(entry.at)
                firing[signal.fingerprint] = signal.firing
            case _:
                pass
    found: dict[str, datetime] = {}
    for fingerprint, times in starts.items():
        ends = [_end(at, spans, now) for at in times]
        until = max((end for end in ends if end is not None), default=now)
        if None not in ends and (not firing[fingerprint] or until > now or _runs(times[-1], spans)):
            found[fingerprint] = until
    return found


def _end(at: datetime, spans: list[tuple[datetime, datetime | None]], now: datetime) -> datetime | None:
    """When the change ends in which this lies, with its time to settle; None when it lies in none."""
    return max((end or now for start, end in spans if start <= at and (end is None or at <= end)), default=None)


def _runs(at: datetime, spans: list[tuple[datetime, datetime | None]]) -> bool:
    return any(end is None and start <= at for start, end in spans)
