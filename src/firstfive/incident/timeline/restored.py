"""What a restored journal makes of an incident: paused, its approvals void, until a person lets it go on.

Called by `fold`. Looks at no clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from firstfive.incident import events as ev
from firstfive.incident.timeline.state import Attempt, Incident

RestoredEvent = ev.JournalRestored | ev.HostsAsked | ev.Resumed


def after_restored(s: Incident, entry: ev.Entry, event: RestoredEvent) -> Incident:
    """The incident after one of these."""
    match event:
        case ev.JournalRestored(epoch=epoch):
            void = {run: _void(attempt) for run, attempt in s.attempts.items()}
            return replace(s, epoch=epoch, paused=(event, entry.at), hosts_asked=None, attempts=void)
        case ev.HostsAsked(epoch=epoch):
            return replace(s, hosts_asked=event) if epoch == s.epoch else s
        case ev.Resumed():
            return replace(s, paused=None)
        case _:
            assert_never(event)


def _void(attempt: Attempt) -> Attempt:
    """What was asked for or approved before counts no more, since it may have run already: it is asked for anew, as another run."""
    return replace(attempt, state="expired") if attempt.state in ("asked", "approved") else attempt
