"""What an event about a run makes of the incident: asked, approved, started, finished, unknown, taken back.

Called by `fold`. Looks at no clock: the time stands on the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from firstfive.incident import events as ev
from firstfive.incident.records import Status
from firstfive.incident.safety import plain_name
from firstfive.incident.timeline.state import APPROVAL_LIVES, Attempt, Incident

RunEvent = (
    ev.ApprovalAsked
    | ev.Approved
    | ev.ChangeOffered
    | ev.Declined
    | ev.UndoRequested
    | ev.ApprovalExpired
    | ev.StepStarted
    | ev.StepNotBegun
    | ev.StepFinished
    | ev.OutcomeUnknown
    | ev.OutcomeSettled
)


def after_run(s: Incident, entry: ev.Entry, event: RunEvent) -> Incident:
    """The incident after an event about a run."""
    at, seq = entry.at, entry.seq
    match event:
        case ev.ApprovalAsked(run=run):
            return replace(s, attempts=with_(s.attempts, run.id, _asked(event, at, seq)))
        case ev.Approved(run=run_id):
            return _approved(s, entry, event, run_id)
        case ev.ChangeOffered():
            return replace(s, offered=with_(s.offered, event.id, event))
        case ev.UndoRequested(run=run_id):
            return replace(s, undo_asked=(*s.undo_asked, run_id))
        case ev.Declined(run=run_id, why=why):
            return _moved(s, run_id, seq, state="declined", at=at, why=why)
        case ev.ApprovalExpired(run=run_id):
            return _moved(s, run_id, seq, state="expired", at=at)
        case ev.StepStarted(run=run, approved_by=approved_by):
            began = s.attempts.get(run.id) or Attempt(run=run, state="started", at=at)
            raised = run.changing and s.status is Status.INVESTIGATING
            began = replace(began, run=run, state="started", at=at, seq=seq, started_seq=seq, approved_by=approved_by)
            status = Status.MITIGATING if raised else s.status
            return replace(s, attempts=with_(s.attempts, run.id, replace(began, raised=raised)), status=status)
        case ev.StepNotBegun(run=run_id, why=why):
            return _not_begun(s, run_id, entry, why)
        case ev.StepFinished(run=run_id, exit_code=exit_code, met=met, why=why):
            after = _moved(s, run_id, seq, state="finished", at=at, exit_code=exit_code, met=met, why=why)
            return _marked_change(after, run_id, seq)
        case ev.OutcomeUnknown(run=run_id, why=why):
            return _moved(s, run_id, seq, state="unknown", at=at, why=why)
        case ev.OutcomeSettled(run=run_id, ran=ran, note=note):
            after = _moved(s, run_id, seq, state="finished" if ran else "declined", at=at, met=ran, why=note)
            return _marked_change(after, run_id, seq) if ran else after
        case _:
            assert_never(event)


def _moved(s: Incident, run_id: str, seq: int, **changes: Any) -> Incident:
    attempt = s.attempts.get(run_id)
    if attempt is None:
        return s
    return replace(s, attempts=with_(s.attempts, run_id, replace(attempt, seq=seq, **changes)))


def _not_begun(s: Incident, run_id: str, entry: ev.Entry, why: str) -> Incident:
    """Nothing ran, so the incident is no further than before: a status that only this run's intent had moved goes back."""
    attempt = s.attempts.get(run_id)
    if attempt is None:
        return s
    back = attempt.raised and s.status is Status.MITIGATING
    state = "expired" if attempt.run.changing else "failed"
    began = 0 if attempt.run.changing else attempt.started_seq
    after = _moved(s, run_id, entry.seq, state=state, at=entry.at, why=why, started_seq=began, raised=False)
    return replace(after, status=Status.INVESTIGATING) if back else after


def _marked_change(s: Incident, run_id: str, seq: int) -> Incident:
    """A finished change makes everything seen before it old: facts go, and what was verified must be verified anew."""
    attempt = s.attempts.get(run_id)
    if attempt is None or not attempt.run.changing:
        return s
    kept = {name: held for name, held in s.facts.items() if name.startswith("deploy.")}
    return replace(s, changed_seq=seq, facts=kept, verified_at=None)


def _asked(event: ev.ApprovalAsked, at: datetime, seq: int) -> Attempt:
    return Attempt(
        run=event.run,
        state="asked",
        at=at,
        why=event.why,
        doubts=event.doubts,
        missing=event.missing,
        people=event.people,
        who=event.who,
        confirm=event.confirm,
        first=event.first,
        warnings=event.warnings,
        seq=seq,
    )


def _approved(s: Incident, entry: ev.Entry, event: ev.Approved, run_id: str) -> Incident:
    """One more yes. It is approved once enough different people said so within ten minutes, or one who was alone said why."""
    attempt = s.attempts.get(run_id)
    if attempt is None:
        return s
    others = [
        (who, at)
        for who, at in attempt.approvals
        if plain_name(who) != plain_name(entry.by) and entry.at - at < APPROVAL_LIVES
    ]
    yes = (*others, (entry.by, entry.at))
    if len(yes) < attempt.people and not event.alone:
        return _moved(s, run_id, entry.seq, approvals=yes)
    names = ", ".join(who for who, _ in yes)
    return _moved(
        s, run_id, entry.seq, state="approved", at=entry.at, approvals=yes, approved_by=names, alone=event.alone
    )


def with_(mapping: Mapping[str, Any], key: str, value: object) -> dict[str, Any]:
    """The mapping with one more entry."""
    return {**mapping, key: value}


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping with one entry less."""
    return {k: v for k, v in mapping.items() if k != key}
