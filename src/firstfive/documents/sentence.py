"""One plain sentence for anything that can stand on a timeline.

Called for the room, the terminal and the post-mortem, so that all three say the same. Names steps as the page numbers them.
"""

from __future__ import annotations

import re
from typing import assert_never

from firstfive.documents.plain import WIDTH, brief, day_and_time, line
from firstfive.handbook.model import Handbook, Runbook, Step
from firstfive.incident import events as ev
from firstfive.incident.communicate import APPROVAL
from firstfive.incident.records import Answer
from firstfive.incident.recover import UNDO

WHOLE = 1000  # what a person needs to mend a target: a fingerprint, a command
_ANSWERS = {Answer.GOOD: "well", Answer.BAD: "trouble", Answer.UNKNOWN: "could not tell"}


def sentence(entry: ev.Entry, handbook: Handbook) -> str:
    """What happened, in one line of at most 300 visible characters, without the time. Why nothing could begin is never cut short."""
    width = WHOLE if isinstance(entry.event, ev.StepNotBegun) else WIDTH
    return line(_said(entry, entry.event, handbook), width)


def step_name(step_id: str, handbook: Handbook) -> str:
    """A step as people call it: "3.1 step 4 (If recent deploy: roll back)"; its id when the page does not know it."""
    of, undone, _ = step_id.partition(UNDO)
    found = handbook.step(of)
    name = _named(*found) if found else f"step {of}"
    return f"the undo of {name}" if undone else name


def run_name(run_id: str, entry: ev.Entry, handbook: Handbook) -> str:
    """The step behind a run id, which is made of incident, step and count; the run id itself when no step of the page fits."""
    found = step_of_run(run_id, entry.incident, handbook)
    if found is None:
        return f"run {run_id}"
    return f"the undo of {_named(*found)}" if _UNDOING.search(run_id) else _named(*found)


def step_of_run(run_id: str, incident: str, handbook: Handbook) -> tuple[Runbook, Step] | None:
    """The step that a run id of this incident stands for, or None."""
    stem = _UNDOING.sub("", run_id).rpartition(".")[0]
    steps = ((runbook, step) for runbook in handbook.runbooks for step in runbook.steps)
    return next(((r, s) for r, s in steps if stem == f"{incident}.{s.id.replace('#', '.')}"), None)


_UNDOING = re.compile(r"\.undo\.\d+(r\d+)?\Z")


def _named(runbook: Runbook, step: Step) -> str:
    return f"{runbook.number or runbook.title} step {step.number} ({step.title})"


_Found = (
    ev.SignalSeen
    | ev.ReportReceived
    | ev.CheckDone
    | ev.FactsFound
    | ev.DeployNoticed
    | ev.RunbooksRanked
    | ev.HypothesisSet
)
_Wanted = (
    ev.RollbackProposed
    | ev.RollbackPlanned
    | ev.RollbackImpossible
    | ev.ParameterSet
    | ev.StepRequested
    | ev.StepSkipped
    | ev.ChangeOffered
)
_Running = (
    ev.ApprovalAsked
    | ev.Approved
    | ev.UndoRequested
    | ev.Declined
    | ev.ApprovalExpired
    | ev.StepStarted
    | ev.StepNotBegun
    | ev.StepFinished
    | ev.OutcomeUnknown
    | ev.OutcomeSettled
)
_Restored = ev.JournalRestored | ev.HostsAsked | ev.Resumed
_Telling = (
    ev.UpdateAsked
    | ev.NoticeSent
    | ev.NoticeFailed
    | ev.PublicUpdate
    | ev.Paged
    | ev.PageFailed
    | ev.PostmortemWritten
    | ev.PostmortemFailed
    | ev.PostmortemRead
    | ev.Imported
    | ev.Reminded
    | ev.Unacknowledged
    | ev.ThreadOpened
)


def _said(entry: ev.Entry, event: ev.Event, handbook: Handbook) -> str:
    by = entry.by
    match event:
        case ev.Declared(title=title, level=level, why=why, drill=drill):
            return f"{'Drill declared' if drill else 'Declared'} SEV-{level}: {title} ({why})"
        case ev.SeverityChanged(level=level, why=why):
            return f"Severity is now SEV-{level}{_by(by)}: {why}"
        case ev.Acknowledged(responder=responder):
            return f"{responder} has taken it"
        case ev.StatusChanged(status=status, why=why):
            return f"Now {status}: {why}"
        case ev.Mitigated(why=why):
            return f"Mitigated: {why}"
        case ev.Verified(why=why):
            return f"Verified: {why}"
        case ev.Resolved(why=why, root_cause=cause):
            return f"Resolved{_by(by)}: {why}{f'; root cause: {cause}' if cause else ''}"
        case ev.Noted(text=text):
            return f"{by} notes: {text}"
        case ev.PostmortemAsked():
            return f"{by} wants a post-mortem of it"
        case ev.ClosingTicked(item=item, done=done, note=note):
            box = next((c.text for c in handbook.closing if c.id == item), item)
            return f"{by} says {'done' if done else 'not needed'}: {box}{f' ({note})' if note else ''}"
        case _:
            return _of_work(entry, event, handbook)


def _of_work(entry: ev.Entry, event: _Found | _Wanted | _Running | _Restored | _Telling, handbook: Handbook) -> str:
    if isinstance(event, _Found):
        return _of_finding(entry, event)
    if isinstance(event, _Wanted):
        return _of_step(entry, event, handbook)
    if isinstance(event, _Running):
        return _of_run(entry, event, handbook)
    if isinstance(event, _Restored):
        return _of_restored(entry, event)
    return _of_telling(entry, event)


def _of_finding(entry: ev.Entry, event: _Found) -> str:
    match event:
        case ev.SignalSeen(signal=signal):
            return f"{'Trouble' if signal.firing else 'Well again'}: {signal.subject}: {signal.text} ({signal.source})"
        case ev.ReportReceived(text=text, reporter=reporter):
            return f"{reporter} reports: {text}"
        case ev.CheckDone(title=title, answer=answer, evidence=evidence, took=took):
            return f"{title}: {_ANSWERS[answer]}, {evidence} ({brief(took)})"
        case ev.FactsFound(facts=facts, source=source):
            found = ", ".join(f"{fact.name} = {_value(fact.value)}" for fact in facts)
            return f"Found {found or 'nothing'} (from {source})"
        case ev.DeployNoticed(subject=subject, version=version, previous=previous, deployed_at=at):
            return f"{subject} was deployed at {day_and_time(at)}: {previous or 'unknown'} to {version}"
        case ev.RunbooksRanked(ranking=ranking):
            best = ", ".join(f"{r.number} {r.title} (score {r.score})" for r in ranking[:3])
            return f"Runbooks ranked: {best}" if best else "No runbook fits what was seen"
        case ev.HypothesisSet(text=text):
            return f"{entry.by} thinks: {text}"
        case _:
            assert_never(event)


def _of_step(entry: ev.Entry, event: _Wanted, handbook: Handbook) -> str:
    match event:
        case ev.RollbackProposed(step=step, why=why):
            return f"Roll-back proposed, {step_name(step, handbook)}: {why}"
        case ev.RollbackPlanned(service=service, image=image, paused=paused, why=why):
            held = f"; {' and '.join(paused)} is stopped first" if paused else ""
            return f"The way back is known: {service} to {image}{held}: {why}"
        case ev.RollbackImpossible(step=step, why=why):
            return f"No way back by the ledger, {step_name(step, handbook)} is left as written: {why}"
        case ev.ParameterSet(step=step, name=name, value=value):
            return f"{entry.by} set <{name}> of {step_name(step, handbook)} to {value}"
        case ev.StepRequested(step=step):
            return f"{entry.by} asked for {step_name(step, handbook)}"
        case ev.ChangeOffered(title=title, target=target, why=why, unasked=True):
            return f"Offered on evidence, for {target}: {title} ({why})"
        case ev.ChangeOffered(title=title, target=target, why=why):
            return f"{entry.by} asked for a change on {target}: {title} ({why})"
        case ev.StepSkipped(step=step, why=why):
            return f"Skipped {step_name(step, handbook)}: {why}"
        case _:
            assert_never(event)


def _of_run(entry: ev.Entry, event: _Running, handbook: Handbook) -> str:
    by = entry.by
    match event:
        case ev.ApprovalAsked(run=run, why=why, doubts=doubts, missing=missing):
            wants = f"; needs {', '.join(f'<{name}>' for name in missing)}" if missing else ""
            unsure = f"; unsure: {'; '.join(doubts)}" if doubts else ""
            return f"{step_name(run.step, handbook)} on {run.target} waits for approval: {why}{wants}{unsure}{_asks(event)}"
        case ev.Approved(run=run_id, sha256=sha256, affirmed=affirmed, alone=alone):
            done = ", what comes first is done" if affirmed else ""
            single = f", alone: {alone}" if alone else ""
            return f"{by} approved {run_name(run_id, entry, handbook)}, bytes {sha256[:12]}{done}{single}"
        case ev.UndoRequested(run=run_id):
            return f"{by} wants {run_name(run_id, entry, handbook)} taken back"
        case ev.Declined(run=run_id, why=why):
            return f"{by} declined {run_name(run_id, entry, handbook)}: {why}"
        case ev.ApprovalExpired(run=run_id):
            return f"The request for {run_name(run_id, entry, handbook)} is withdrawn: its time ran out or its values changed"
        case ev.StepStarted(run=run, approved_by=approved_by):
            consent = f", approved by {approved_by}" if approved_by else ""
            return f"{'Changing' if run.changing else 'Looking'}: {step_name(run.step, handbook)} started on {run.target}{consent}"
        case ev.StepNotBegun(step=step, target=target, why=why):
            return f"{step_name(step, handbook)} could not begin on {target}: {why}"
        case ev.StepFinished(step=step, exit_code=code, took=took, met=met, why=why):
            verdict = "as expected" if met else "not as expected"
            told = f" ({why})" if why and why != f"exit {code}" else ""
            return f"{step_name(step, handbook)} finished {verdict}: exit {code} after {brief(took)}{told}"
        case ev.OutcomeUnknown(step=step, why=why):
            return f"Nobody knows whether {step_name(step, handbook)} ran: {why}"
        case ev.OutcomeSettled(run=run_id, ran=ran, note=note):
            told = f": {note}" if note else ""
            return f"{by} found that {run_name(run_id, entry, handbook)} {'ran' if ran else 'did not run'}{told}"
        case _:
            assert_never(event)


def _of_restored(entry: ev.Entry, event: _Restored) -> str:
    match event:
        case ev.JournalRestored(why=why):
            return f"Changes are paused, and what was asked for or approved before is void: {why}"
        case ev.HostsAsked(found=found, silent=silent):
            known = "; ".join(found) or "no run that this timeline does not know"
            away = f"; not asked, since they do not answer: {', '.join(silent)}" if silent else ""
            return f"The hosts know: {known}{away}"
        case ev.Resumed(note=note):
            return f"{entry.by} lets changes go on: {note}"
        case _:
            assert_never(event)


def _asks(event: ev.ApprovalAsked) -> str:
    """What this approval takes beyond one yes."""
    parts = [f"takes {event.people} people"] if event.people > 1 else []
    parts += [f"by {' or '.join(event.who)}"] if event.who else []
    parts += [f"first: {'; '.join(event.first)}"] if event.first else []
    parts += [f"mind: {'; '.join(event.warnings)}"] if event.warnings else []
    return f"; {'; '.join(parts)}" if parts else ""


def _of_telling(entry: ev.Entry, event: _Telling) -> str:
    match event:
        case ev.UpdateAsked(text=text):
            return f"{entry.by} wants an update sent: {text}"
        case ev.NoticeSent(kind=kind, number=number, channel=channel, unfilled=unfilled):
            gaps = f"; still open: {', '.join(unfilled)}" if unfilled else ""
            return f"Told {channel}: {notice_name(kind, number)}{gaps}"
        case ev.NoticeFailed(kind=kind, number=number, channel=channel, why=why):
            return f"Could not tell {channel} ({notice_name(kind, number)}): {why}"
        case ev.PublicUpdate(status=status, text=text, components=components, override=override):
            about = f" about {', '.join(components)}" if components else ""
            why = f" (against the check of wording: {override})" if override else ""
            return f"{entry.by} told the public {status}{about}: {text}{why}"
        case ev.Paged(role=role, contact=contact, channel=channel, why=why):
            return f"Paged {contact} ({role}){f' by {channel}' if channel else ''}: {why}"
        case ev.PageFailed(role=role, why=why):
            return f"Could not page {role}: {why}"
        case ev.ThreadOpened(destination=destination):
            return f"The thread at {destination.rstrip(':')} began"
        case ev.Unacknowledged(responder=responder, why=why):
            return f"{responder} is silent, so it is nobody's again: {why}"
        case ev.Reminded(what=what, to=to, text=text):
            return f"Asked {to} for a yes: {text}" if what.startswith(APPROVAL) else f"Reminded {to}: {text}"
        case ev.PostmortemWritten(path=path, due=due):
            return f"Post-mortem drafted at {path}{f', due {due.isoformat()}' if due else ''}"
        case ev.PostmortemFailed(why=why):
            return f"The post-mortem could not be written: {why}"
        case ev.Imported(origin=origin, head=head):
            return f"Carried over from another installation, where it was {origin} and ended with {head[:12]}"
        case ev.PostmortemRead(path=path, gaps=gaps, items=items, tracked=tracked):
            still = f"{len(gaps)} places are still open" if len(gaps) != 1 else "one place is still open"
            whole = f"{still}, the first: {gaps[0]}" if gaps else "it is whole"
            return f"Read {path} again: {whole}; {tracked} of {items} action items have an owner, a day and a ticket"
        case _:
            assert_never(event)


def notice_name(kind: str, number: int) -> str:
    """A notice in two words: "initial notice", "update 3", "resolution notice"."""
    return f"update {number}" if kind == "update" else f"{kind} notice"


def _by(by: str) -> str:
    return "" if by == ev.SELF else f" (by {by})"


def _value(value: bool | int | float | str | tuple[str, ...]) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return " ".join(value)
        case _:
            return str(value)
