"""An incident is the fold of its events.

`fold` and `step_on` are called by the engine and by every reader. They look at no clock: the time stands on the entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, assert_never

from firstfive.incident import events as ev
from firstfive.incident.records import Status
from firstfive.incident.signals import Signal
from firstfive.incident.timeline.restored import RestoredEvent, after_restored
from firstfive.incident.timeline.runs import RunEvent, after_run, with_, without
from firstfive.incident.timeline.state import Incident


def fold(incident: str, entries: Iterable[ev.Entry]) -> Incident:
    """The incident that these entries, oldest first, make. Deterministic; the same entries always make the same incident."""
    state = Incident(id=incident)
    for entry in entries:
        state = step_on(state, entry)
    return state


def step_on(state: Incident, entry: ev.Entry) -> Incident:
    """The incident after one more entry."""
    changed = _after(state, entry, entry.event)
    return replace(changed, seq=entry.seq, entries=(*state.entries, entry))


def _after(s: Incident, entry: ev.Entry, event: ev.Event) -> Incident:  # noqa: C901 - one arm an event
    at = entry.at
    match event:
        case ev.Declared():
            return replace(s, declared=event, declared_at=at, level=event.level, level_why=event.why)
        case ev.SignalSeen(signal=signal):
            return replace(s, signals=with_(s.signals, signal.fingerprint, signal), **_relapse(s, signal))
        case ev.ReportReceived():
            return replace(s, reports=(*s.reports, at))
        case ev.SeverityChanged(level=level, why=why):
            return replace(s, level=level, level_why=why, surged=s.surged or entry.by == ev.SELF)
        case ev.Acknowledged(responder=responder):
            return replace(s, acknowledged_by=responder, acknowledged_at=s.acknowledged_at or at)
        case ev.CheckDone(check=check):
            return replace(s, checks=with_(s.checks, check, event))
        case ev.FactsFound(facts=facts):
            return replace(s, facts={**s.facts, **{f.name: (f, at) for f in facts}})
        case ev.DeployNoticed(deployed_at=deployed_at):
            came_after = s.declared_at is not None and deployed_at > s.declared_at
            return s if came_after else replace(s, deploy=event)
        case ev.RunbooksRanked(ranking=ranking):
            return replace(s, ranking=ranking)
        case ev.HypothesisSet(text=text):
            return replace(s, hypothesis=text)
        case ev.StatusChanged(status=status):
            return replace(s, status=status)
        case ev.Mitigated():
            return replace(s, mitigated_at=at)
        case ev.Verified():
            return replace(s, verified_at=at)
        case ev.Resolved(root_cause=cause):
            return replace(s, resolved_at=at, status=Status.RESOLVED, root_cause=cause)
        case _:
            return _after_work(s, entry, event)


StepWish = (
    ev.RollbackProposed
    | ev.RollbackPlanned
    | ev.RollbackImpossible
    | ev.ParameterSet
    | ev.StepRequested
    | ev.StepSkipped
)


TellingEvent = (
    ev.UpdateAsked
    | ev.NoticeSent
    | ev.NoticeFailed
    | ev.PublicUpdate
    | ev.Paged
    | ev.PageFailed
    | ev.PostmortemWritten
    | ev.PostmortemFailed
    | ev.PostmortemRead
    | ev.ClosingTicked
    | ev.PostmortemAsked
    | ev.Imported
    | ev.Noted
    | ev.Reminded
    | ev.Unacknowledged
    | ev.ThreadOpened
)


def _after_work(s: Incident, entry: ev.Entry, event: StepWish | TellingEvent | RunEvent | RestoredEvent) -> Incident:
    if isinstance(event, RestoredEvent):
        return after_restored(s, entry, event)
    if isinstance(event, StepWish):
        return _after_wish(s, entry, event)
    if isinstance(event, TellingEvent):
        return _after_telling(s, entry, event)
    return after_run(s, entry, event)


def _after_wish(s: Incident, entry: ev.Entry, event: StepWish) -> Incident:
    match event:
        case ev.RollbackProposed(step=step):
            return replace(s, rollback=event, skipped=without(s.skipped, step))
        case ev.RollbackPlanned():
            return replace(s, plan=event, plan_why_not="")
        case ev.RollbackImpossible(why=why):
            return replace(s, plan_why_not=why)
        case ev.ParameterSet(step=step, name=name, value=value):
            return replace(s, parameters={**s.parameters, (step, name): value})
        case ev.StepRequested(step=step):
            return replace(s, requested=with_(s.requested, step, entry.seq), skipped=without(s.skipped, step))
        case ev.StepSkipped(step=step, why=why):
            return replace(s, skipped=with_(s.skipped, step, why))
        case _:
            assert_never(event)


def _after_telling(s: Incident, entry: ev.Entry, event: TellingEvent) -> Incident:
    at = entry.at
    match event:
        case ev.UpdateAsked(text=text):
            return replace(s, update_asked=(text, at))
        case ev.NoticeSent():
            return replace(s, notices=(*s.notices, (event, at)))
        case ev.PublicUpdate():
            return replace(s, public=(*s.public, (event, at)))
        case ev.Paged() | ev.PageFailed():
            return replace(s, pages=(*s.pages, (event, at)))
        case ev.PostmortemWritten():
            return replace(s, postmortem=event, postmortem_why_not="")
        case ev.PostmortemFailed(why=why):
            return replace(s, postmortem_why_not=why)
        case ev.PostmortemRead():
            return replace(s, postmortem_read=event, postmortem_read_at=at)
        case ev.PostmortemAsked():
            return replace(s, postmortem_asked=True)
        case ev.ClosingTicked(item=item):
            return replace(s, closing=with_(s.closing, item, (event, entry.by)))
        case ev.ThreadOpened(destination=destination, reference=reference):
            return replace(s, threads=with_(s.threads, destination, reference))
        case ev.Unacknowledged():
            return replace(s, acknowledged_by="", paging_since=(len(s.pages), at))
        case ev.Reminded():
            return replace(s, reminders=(*s.reminders, (event, at)))
        case ev.NoticeFailed() | ev.Noted() | ev.Imported():
            return s
        case _:
            assert_never(event)


def _relapse(s: Incident, signal: Signal) -> dict[str, Any]:
    """A symptom that fires again takes back the claim that the trouble is over."""
    if not signal.firing or s.mitigated_at is None or s.resolved_at is not None:
        return {}
    return {"mitigated_at": None, "verified_at": None, "status": Status.INVESTIGATING}
