"""An incident is the fold of its events; people's events pass through one door.

`fold` and `step_on` are called by the engine and by every reader; `accept` by every surface before a person's event is
written. Neither looks at a clock: the time stands on the entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, assert_never

from firstfive.errors import Exit, Refused
from firstfive.incident import events as ev
from firstfive.incident.records import Fact, Ranked, Run, Status
from firstfive.incident.signals import Signal

APPROVAL_LIVES = timedelta(minutes=10)

_EMPTY: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a step and what became of it. `state`: asked, approved, declined, expired, started, finished, unknown.

    `seq` is the entry that moved it last, `started_seq` the one that began it: what a look saw is as old as its beginning.
    """

    run: Run
    state: str
    at: datetime
    why: str = ""
    doubts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    approved_by: str = ""
    exit_code: int | None = None
    met: bool = False
    seq: int = 0
    started_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The present state of one incident. Times are aware UTC. `entries` is the timeline it was folded from, oldest first."""

    id: str
    seq: int = 0
    entries: tuple[ev.Entry, ...] = ()
    declared: ev.Declared | None = None
    declared_at: datetime | None = None
    level: int = 0
    level_why: str = ""
    surged: bool = False
    status: Status = Status.INVESTIGATING
    signals: Mapping[str, Signal] = field(default_factory=lambda: _EMPTY)
    reports: tuple[datetime, ...] = ()
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    checks: Mapping[str, ev.CheckDone] = field(default_factory=lambda: _EMPTY)
    facts: Mapping[str, tuple[Fact, datetime]] = field(default_factory=lambda: _EMPTY)
    deploy: ev.DeployNoticed | None = None
    ranking: tuple[Ranked, ...] = ()
    hypothesis: str = ""
    rollback: ev.RollbackProposed | None = None
    parameters: Mapping[tuple[str, str], str] = field(default_factory=lambda: _EMPTY)
    requested: Mapping[str, int] = field(default_factory=lambda: _EMPTY)
    skipped: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    attempts: Mapping[str, Attempt] = field(default_factory=lambda: _EMPTY)
    changed_seq: int = 0
    mitigated_at: datetime | None = None
    verified_at: datetime | None = None
    notices: tuple[tuple[ev.NoticeSent, datetime], ...] = ()
    update_asked: tuple[str, datetime] | None = None
    pages: tuple[tuple[ev.Paged | ev.PageFailed, datetime], ...] = ()
    resolved_at: datetime | None = None
    root_cause: str = ""
    postmortem: ev.PostmortemWritten | None = None
    postmortem_why_not: str = ""

    @property
    def started_at(self) -> datetime | None:
        """When the first sign was seen."""
        return self.declared.started_at if self.declared else None

    @property
    def firing(self) -> tuple[Signal, ...]:
        """Signals that say something is wrong now."""
        return tuple(s for s in self.signals.values() if s.firing)

    def of_step(self, step: str) -> tuple[Attempt, ...]:
        """Every run of a step, oldest first."""
        return tuple(a for a in self.attempts.values() if a.run.step == step)

    def waiting(self) -> tuple[Attempt, ...]:
        """Runs that wait for a person's approval."""
        return tuple(a for a in self.attempts.values() if a.state == "asked")

    def value(self, fact: str) -> bool | int | float | str | tuple[str, ...] | None:
        """The present value of a fact, or None when nobody collected it."""
        found = self.facts.get(fact)
        return found[0].value if found else None


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
            return replace(s, signals=_with(s.signals, signal.fingerprint, signal), **_relapse(s, signal))
        case ev.ReportReceived():
            return replace(s, reports=(*s.reports, at))
        case ev.SeverityChanged(level=level, why=why):
            return replace(s, level=level, level_why=why, surged=s.surged or entry.by == ev.SELF)
        case ev.Acknowledged(responder=responder):
            return replace(s, acknowledged_by=responder, acknowledged_at=s.acknowledged_at or at)
        case ev.CheckDone(check=check):
            return replace(s, checks=_with(s.checks, check, event))
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
        case ev.RollbackProposed() | ev.ParameterSet() | ev.StepRequested() | ev.StepSkipped():
            return _after_wish(s, entry, event)
        case (
            ev.UpdateAsked()
            | ev.NoticeSent()
            | ev.NoticeFailed()
            | ev.Paged()
            | ev.PageFailed()
            | ev.PostmortemWritten()
            | ev.PostmortemFailed()
            | ev.Noted()
        ):
            return _after_telling(s, entry, event)
        case _:
            return _after_run(s, entry, event)


StepWish = ev.RollbackProposed | ev.ParameterSet | ev.StepRequested | ev.StepSkipped


def _after_wish(s: Incident, entry: ev.Entry, event: StepWish) -> Incident:
    match event:
        case ev.RollbackProposed(step=step):
            return replace(s, rollback=event, skipped=_without(s.skipped, step))
        case ev.ParameterSet(step=step, name=name, value=value):
            return replace(s, parameters={**s.parameters, (step, name): value})
        case ev.StepRequested(step=step):
            return replace(s, requested=_with(s.requested, step, entry.seq), skipped=_without(s.skipped, step))
        case ev.StepSkipped(step=step, why=why):
            return replace(s, skipped=_with(s.skipped, step, why))
        case _:
            assert_never(event)


TellingEvent = (
    ev.UpdateAsked
    | ev.NoticeSent
    | ev.NoticeFailed
    | ev.Paged
    | ev.PageFailed
    | ev.PostmortemWritten
    | ev.PostmortemFailed
    | ev.Noted
)


def _after_telling(s: Incident, entry: ev.Entry, event: TellingEvent) -> Incident:
    at = entry.at
    match event:
        case ev.UpdateAsked(text=text):
            return replace(s, update_asked=(text, at))
        case ev.NoticeSent():
            return replace(s, notices=(*s.notices, (event, at)))
        case ev.Paged() | ev.PageFailed():
            return replace(s, pages=(*s.pages, (event, at)))
        case ev.PostmortemWritten():
            return replace(s, postmortem=event, postmortem_why_not="")
        case ev.PostmortemFailed(why=why):
            return replace(s, postmortem_why_not=why)
        case ev.NoticeFailed() | ev.Noted():
            return s
        case _:
            assert_never(event)


RunEvent = (
    ev.ApprovalAsked
    | ev.Approved
    | ev.Declined
    | ev.ApprovalExpired
    | ev.StepStarted
    | ev.StepFinished
    | ev.OutcomeUnknown
    | ev.OutcomeSettled
)


def _after_run(s: Incident, entry: ev.Entry, event: RunEvent) -> Incident:
    at, seq = entry.at, entry.seq
    match event:
        case ev.ApprovalAsked(run=run, why=why, doubts=doubts, missing=missing):
            asked = Attempt(run=run, state="asked", at=at, why=why, doubts=doubts, missing=missing, seq=seq)
            return replace(s, attempts=_with(s.attempts, run.id, asked))
        case ev.Approved(run=run_id):
            return _moved(s, run_id, seq, state="approved", at=at, approved_by=entry.by)
        case ev.Declined(run=run_id, why=why):
            return _moved(s, run_id, seq, state="declined", at=at, why=why)
        case ev.ApprovalExpired(run=run_id):
            return _moved(s, run_id, seq, state="expired", at=at)
        case ev.StepStarted(run=run, approved_by=approved_by):
            began = s.attempts.get(run.id) or Attempt(run=run, state="started", at=at)
            began = replace(began, state="started", at=at, seq=seq, started_seq=seq, approved_by=approved_by)
            status = Status.MITIGATING if run.changing and s.status is Status.INVESTIGATING else s.status
            return replace(s, attempts=_with(s.attempts, run.id, began), status=status)
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
    return replace(s, attempts=_with(s.attempts, run_id, replace(attempt, seq=seq, **changes)))


def _marked_change(s: Incident, run_id: str, seq: int) -> Incident:
    """A finished change makes everything seen before it old: facts go, and what was verified must be verified anew."""
    attempt = s.attempts.get(run_id)
    if attempt is None or not attempt.run.changing:
        return s
    kept = {name: held for name, held in s.facts.items() if name.startswith("deploy.")}
    return replace(s, changed_seq=seq, facts=kept, verified_at=None)


def _relapse(s: Incident, signal: Signal) -> dict[str, Any]:
    """A symptom that fires again takes back the claim that the trouble is over."""
    if not signal.firing or s.mitigated_at is None or s.resolved_at is not None:
        return {}
    return {"mitigated_at": None, "verified_at": None, "status": Status.INVESTIGATING}


def _with(mapping: Mapping[str, Any], key: str, value: object) -> dict[str, Any]:
    return {**mapping, key: value}


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != key}


# ------------------------------------------------------------------------------------------------ the door for people


def accept(s: Incident, event: ev.Event, now: datetime) -> ev.Event:
    """The event as it may be written, or `Refused` with the reason: one door for the command line, the room and chat."""
    if s.declared is None:
        raise Refused(f"there is no incident {s.id}", remedy="firstfive status lists the open ones")
    match event:
        case ev.Acknowledged() if s.resolved_at is not None:
            raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
        case ev.Approved(run=run_id, sha256=sha256):
            _accept_approval(s, run_id, sha256)
        case ev.Declined(run=run_id):
            _waiting(s, run_id)
        case ev.OutcomeSettled(run=run_id):
            attempt = s.attempts.get(run_id)
            if attempt is None or attempt.state != "unknown":
                raise Refused(
                    f"the outcome of {run_id} is not in question", remedy=f"firstfive status {s.id} shows every run"
                )
        case ev.Resolved() | ev.UpdateAsked() if s.resolved_at is not None:
            raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
        case ev.Resolved() if any(a.state in ("started", "unknown") and a.run.changing for a in s.attempts.values()):
            raise Refused(
                "a changing step is still running or its outcome is unknown",
                remedy="wait for it, or settle its outcome first",
            )
        case ev.HypothesisSet(text=text) | ev.Noted(text=text) | ev.UpdateAsked(text=text) if not text.strip():
            raise Refused("there is no text", exit_code=Exit.USAGE)
        case ev.SeverityChanged(why=why) if not why.strip():
            raise Refused("a change of severity needs its reason", remedy="say why", exit_code=Exit.USAGE)
        case _:
            pass
    return event


def repeats(s: Incident, event: ev.Event, by: str) -> bool:
    """Whether a person says again what the timeline already holds from them: a second click, or an answer that got lost."""
    match event:
        case ev.Acknowledged(responder=responder):
            return s.acknowledged_by == responder
        case ev.HypothesisSet(text=text):
            return s.hypothesis == text
        case ev.Approved(run=run_id, sha256=sha256):
            attempt = s.attempts.get(run_id)
            if attempt is None or attempt.state not in ("approved", "started", "finished", "unknown"):
                return False
            return attempt.approved_by == by and attempt.run.sha256 == sha256
        case _:
            return False


def _accept_approval(s: Incident, run_id: str, sha256: str) -> None:
    attempt = _waiting(s, run_id)
    if attempt.missing:
        raise Refused(
            f"step {attempt.run.step} still needs a value for {', '.join('<' + name + '>' for name in attempt.missing)}",
            remedy="give it with --set NAME=VALUE; the step is then asked for again with that value",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    if attempt.run.sha256 != sha256:
        raise Refused(
            f"what was approved is not what waits: {run_id} now stands for other bytes",
            remedy="read the step again and approve what it shows",
        )


def _waiting(s: Incident, run_id: str) -> Attempt:
    attempt = s.attempts.get(run_id)
    if attempt is None:
        raise Refused(f"no run {run_id} in {s.id}", remedy=f"firstfive status {s.id} lists what waits for approval")
    if attempt.state != "asked":
        raise Refused(f"{run_id} does not wait for approval: it is {attempt.state}")
    if s.resolved_at is not None:
        raise Refused(f"{s.id} is already resolved", remedy="declare a new one if it came back")
    return attempt
