"""What to do next: run what only looks, ask before what changes, verify after, and say when it is over.

Called by `decide`. The safety rules live here: a changing step runs only on a live approval of its exact bytes, a condition
over a fact nobody has collected asks, and an unknown outcome stops everything after it until a person settles it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from firstfive.handbook.model import Handbook, Mode, Purpose, Runbook, Step
from firstfive.handbook.steps.hazards import warned
from firstfive.incident import events as ev
from firstfive.incident import safety
from firstfive.incident.orders import Order, PlanRollback, Record, RunStep, WakeAt
from firstfive.incident.policy import Policy
from firstfive.incident.records import Run
from firstfive.incident.recover import UNDO, last_change, page_step, verifying
from firstfive.incident.timeline import Attempt, Incident
from firstfive.shell.conditions import Outcome
from firstfive.shell.risk import Verdict

UNVERIFIED = "the page has no step that looks afterwards whether it worked: look for yourself"
_LIVE = ("asked", "approved", "started", "unknown")

# Facts that may fill a placeholder of this name without a person typing it; the person still sees and approves the value.
PROPOSALS = {"previous-version": "deploy.previous", "previous version": "deploy.previous", "ip": "top.first"}


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """The next moves of the runbook that leads the ranking, of a proposed roll-back and of steps that a person asked for."""
    yield from _approved(incident, now)
    if incident.resolved_at is None:
        waits: Step | None = None
        for runbook, step in _wanted(handbook, incident):
            held = waits is not None and not _looks_before(handbook, incident, waits, step)
            if (
                held and step.id not in incident.requested
            ):  # whoever asks has seen what waits, and looks before saying yes
                continue
            yield from _move(handbook, policy, incident, runbook, step)
            if waits is None and _blocks(incident, step):
                waits = step
        yield from _undoing(handbook, policy, incident)


def _wanted(handbook: Handbook, incident: Incident) -> Iterator[tuple[Runbook, Step]]:
    """Steps in the order they should happen: asked for by a person, the roll-back, then the leading runbook from its top."""
    named = [*incident.requested]
    if incident.rollback is not None:
        named.append(incident.rollback.step)
    given: set[str] = set()
    for step_id in named:
        found = handbook.step(step_id)
        if found is not None and step_id not in given:
            given.add(step_id)
            if incident.mitigated_at is None or step_id in incident.requested or incident.of_step(step_id):
                yield found
    leading = handbook.runbook(incident.ranking[0].runbook) if incident.ranking else None
    if leading is not None:
        yield from ((book, step) for book, step in path(handbook, incident, leading) if step.id not in given)
    changed = handbook.step(page_step(last_change(incident).run)) if incident.changed_seq else None
    if changed is not None and changed[0] is not leading:
        yield from ((changed[0], step) for step in verifying(changed[0]) if step.id not in given)


def path(handbook: Handbook, incident: Incident, leading: Runbook) -> Iterator[tuple[Runbook, Step]]:
    """The steps of the leading runbook in order, along the `goto` of those that ran with success: to a later step of the same
    runbook, leaving out what lies between, or into another runbook, once.
    """
    been: set[str] = set()
    runbook, skip_to = leading, ""
    while True:
        been.add(runbook.id)
        onward: Runbook | None = None
        for step in runbook.steps:
            if skip_to and step.id != skip_to:
                continue
            skip_to = ""
            yield runbook, step
            if not step.goto or not any(a.met and a.state == "finished" for a in incident.of_step(step.id)):
                continue
            onward = handbook.runbook(step.goto)
            if onward is not None:
                break
            later = [s.id for s in runbook.steps if s.number > step.number]
            skip_to = step.goto if step.goto in later else ""
        if onward is None or onward.id in been:
            return
        runbook, skip_to = onward, ""


def _blocks(incident: Incident, step: Step) -> bool:
    """Whether later steps wait for this one: a change under way or undecided does, unless it is only offered in doubt."""
    if step.mode is not Mode.APPROVE:
        return False
    return any(a.state in _LIVE and not a.doubts for a in incident.of_step(step.id))


def _looks_before(handbook: Handbook, incident: Incident, waits: Step, step: Step) -> bool:
    """Whether a step may go on although `waits` is undecided: it only looks, and the page puts it before what waits."""
    if step.mode is not Mode.AUTO or any(a.state in ("started", "unknown") for a in incident.of_step(waits.id)):
        return False
    here, there = handbook.step(waits.id), handbook.step(step.id)
    return here is not None and there is not None and here[0] is there[0] and step.number < waits.number


def _move(handbook: Handbook, policy: Policy, incident: Incident, runbook: Runbook, step: Step) -> Iterator[Order]:
    if step.mode is Mode.MANUAL:
        yield from _guided(handbook, policy, incident, runbook, step)
        return
    if step.id in incident.skipped and standing(incident, step)[0] is Outcome.FALSE:
        return
    if step.id not in incident.requested and not _ready(incident, runbook, step):
        return
    attempts = incident.of_step(step.id)
    if any(a.state in _LIVE for a in attempts):
        yield from _renewed(policy, incident, step, attempts[-1])
        return
    if not _due(incident, runbook, step, attempts):
        return
    outcome, reason = standing(incident, step)
    asked_for = step.id in incident.requested
    proposed = incident.rollback is not None and incident.rollback.step == step.id
    if outcome is Outcome.FALSE and not asked_for and not proposed:
        yield Record(event=ev.StepSkipped(step=step.id, why=f"its condition does not hold: {reason}"))
        return
    if proposed and _plan_is_due(policy, incident):
        yield PlanRollback(step=step.id)
        return
    missing = _missing(incident, step)
    run = run_of(policy, incident, step, len(attempts) + 1)
    if step.mode is Mode.AUTO and not missing and (outcome is not Outcome.UNKNOWN or asked_for):
        yield RunStep(run=run)
        return
    if step.mode is Mode.AUTO:
        return
    if incident.mitigated_at is not None and not asked_for:
        return
    never = safety.forbidden(handbook, runbook, text_of(run), changes=run.changing, lab=run.target in policy.labs)
    if never:
        if incident.skipped.get(step.id) != never:
            yield Record(event=ev.StepSkipped(step=step.id, why=never))
        return
    doubts = (f"{step.phrase or step.title}: {reason}",) if outcome is Outcome.UNKNOWN and not proposed else ()
    yield Record(event=_asking(handbook, incident, runbook, step, run, doubts=doubts, missing=missing))


def _guided(handbook: Handbook, policy: Policy, incident: Incident, runbook: Runbook, step: Step) -> Iterator[Order]:
    """What a person who asked for work that is theirs has to know, said once."""
    if step.id not in incident.requested:
        return
    lab = (step.on or incident.host or policy.target) in policy.labs
    text = safety.by_hand(handbook, runbook, step, lab=lab)
    if not any(isinstance(e.event, ev.Noted) and e.event.text == text for e in incident.entries):
        yield Record(event=ev.Noted(text=text))


def _missing(incident: Incident, step: Step) -> tuple[str, ...]:
    if planned(incident, step):
        return ()
    return tuple(p.name for p in step.parameters if not p.undo_only and value_of(incident, step, p.name) is None)


def no_way_back(incident: Incident, step: Step) -> tuple[str, ...]:
    """Placeholders that only the step's undo holds and that have no value yet: run like this, it cannot be taken back."""
    if planned(incident, step) or not step.undo:
        return ()
    return tuple(p.name for p in step.parameters if p.undo_only and value_of(incident, step, p.name) is None)


def planned(incident: Incident, step: Step) -> ev.RollbackPlanned | None:
    """The way back by the ledger that stands in for this step, if one is known."""
    return incident.plan if incident.plan is not None and incident.plan.step == step.id else None


def _plan_is_due(policy: Policy, incident: Incident) -> bool:
    return policy.ledger and incident.plan is None and not incident.plan_why_not


def text_of(run: Run) -> str:
    """Everything that a run would bring to its target, for rules that look for a word in it."""
    return "\n".join((run.script, *(f"{name}={value}" for name, value in run.environment)))


def _asking(
    handbook: Handbook,
    incident: Incident,
    runbook: Runbook,
    step: Step,
    run: Run,
    *,
    doubts: tuple[str, ...],
    missing: tuple[str, ...],
) -> ev.ApprovalAsked:
    """The request for approval, with everything that the page and the safety rules want of it."""
    wants = safety.needs(handbook, runbook, step, run.target)
    proposed = incident.rollback is not None and incident.rollback.step == step.id
    why = (
        incident.rollback.why
        if proposed and incident.rollback
        else f"{runbook.number} step {step.number}: {step.title}"
    )
    plan = planned(incident, step)
    return ev.ApprovalAsked(
        run=replace(run, first=tuple(f.probe for f in wants.first if f.probe)),
        why=f"{why}; {plan.why}" if plan else why,
        doubts=doubts,
        missing=missing,
        people=wants.people,
        who=wants.who,
        confirm=wants.confirm,
        first=tuple(f.text for f in wants.first),
        warnings=(
            *(() if plan else warned(run.script)),
            *(f"without a value for <{name}> it cannot be taken back" for name in no_way_back(incident, step)),
            *(() if verifying(runbook) or plan else (UNVERIFIED,)),
        ),
    )


def _undoing(handbook: Handbook, policy: Policy, incident: Incident) -> Iterator[Order]:
    """A request for each change that a person wants taken back; the undo is a change of its own."""
    for run_id in dict.fromkeys(incident.undo_asked):
        change = incident.attempts.get(run_id)
        tried = tuple(a for a in incident.attempts.values() if a.run.undoes == run_id)
        refused = sum(a.state == "declined" for a in tried)
        settled = any(a.state != "declined" and a.state != "expired" for a in tried)
        if change is None or not change.run.undo or settled or refused >= incident.undo_asked.count(run_id):
            continue
        found = handbook.step(change.run.step)
        target = change.run.target
        environment = change.run.environment
        wants = safety.needs_to_undo(handbook, found[1], target) if found else safety.Needs()
        run = replace(
            change.run,
            id=f"{run_id}.undo.{counted(incident, len(tried) + 1)}",
            step=f"{change.run.step}{UNDO}",
            script=change.run.undo,
            sha256=digest_of(target, change.run.undo, environment),
            destructive=wants.people > 1,
            first=(),
            undo="",
            undoes=run_id,
        )
        if found and safety.forbidden(handbook, found[0], text_of(run), changes=True, lab=target in policy.labs):
            continue
        asked = ev.ApprovalAsked(
            run=run, why=f"takes back {run_id}", people=wants.people, who=wants.who, confirm=wants.confirm
        )
        yield Record(event=asked)


def _ready(incident: Incident, runbook: Runbook, step: Step) -> bool:
    """Whether every step that this one needs has run well; a need that names no step of the runbook is never met, only asked for."""
    named = {s.name: s for s in runbook.steps if s.name}
    needed = [named.get(name) for name in step.needs]
    return all(s is not None and any(a.met for a in incident.of_step(s.id)) for s in needed)


def _due(incident: Incident, runbook: Runbook, step: Step, attempts: tuple[Attempt, ...]) -> bool:
    """A step is due when it never ran, when a person asked again, or when it only looks and has to look again.

    A look that verifies a change waits for one, and looks after each. When it came out badly it is taken once more as the symptoms
    stop, since it may have looked too early. The other looks are only taken again after a change that did not help.
    """
    verifies = step in verifying(runbook)
    if not attempts:
        waits = verifies or (step.purpose is Purpose.VERIFY and step.mode is Mode.APPROVE)
        return not waits or incident.changed_seq > 0
    last = attempts[-1]
    if incident.requested.get(step.id, 0) > last.seq:
        return True
    if last.state in ("declined", "expired"):
        return last.state == "expired"
    if step.mode is not Mode.AUTO or last.state not in ("finished", "failed"):
        return False
    looked_before = last.started_seq < incident.changed_seq
    if not verifies:
        return looked_before and _did_not_help(incident, runbook)
    still_bad = not last.met and incident.changed_seq > 0
    return looked_before or (still_bad and incident.mitigated_at is not None and last.at < incident.mitigated_at)


def _did_not_help(incident: Incident, runbook: Runbook) -> bool:
    """Whether a look after the last change came out badly; without such a step the other looks have to tell."""
    checks = verifying(runbook)
    tried = [a for s in checks for a in incident.of_step(s.id) if a.started_seq > incident.changed_seq]
    return not checks or any(a.state == "finished" and not a.met for a in tried)


def _renewed(policy: Policy, incident: Incident, step: Step, last: Attempt) -> Iterator[Order]:
    """A waiting request whose bytes are no longer what would run (a value came in) is withdrawn and asked for again."""
    if last.state != "asked":
        return
    fresh = run_of(policy, incident, step, len(incident.of_step(step.id)))
    missing = _missing(incident, step)
    if fresh.sha256 != last.run.sha256 or missing != last.missing:
        yield Record(event=ev.ApprovalExpired(run=last.run.id))


def standing(incident: Incident, step: Step) -> tuple[Outcome, str]:
    """Whether the step's condition holds on the facts collected so far, and the comparison spelled out.

    A phrase of the page that is bound to no fact is UNKNOWN: only a person can tell.
    """
    if step.when is None:
        if step.phrase:
            return Outcome.UNKNOWN, f"“{step.phrase}” is for a person to judge"
        return Outcome.TRUE, "no condition"
    values = {name: value_from(fact.kind, fact.value) for name, (fact, _) in incident.facts.items()}
    result = step.when.evaluate(values)
    return result.outcome, step.when.explain(values)


def value_from(kind: str, value: object) -> object:
    """A stored fact as the condition language takes it: seconds become timedelta, ISO text becomes datetime."""
    match kind, value:
        case "duration", int() | float() as seconds:
            return timedelta(seconds=seconds)
        case "timestamp", str() as text:
            return datetime.fromisoformat(text)
        case _, tuple() as many:
            return list(many)
        case _:
            return value


def value_of(incident: Incident, step: Step, name: str) -> str | None:
    """The value of a placeholder: what a person set, else the fact that the page or we know to mean it, else the page's default."""
    given = incident.parameters.get((step.id, name))
    if given is not None:
        return given
    asked = next((p for p in step.parameters if p.name == name), None)
    fact = incident.value(asked.source if asked and asked.source else PROPOSALS.get(name.lower(), ""))
    if fact not in (None, ""):
        return str(fact)
    return asked.default if asked and asked.default else None


def run_of(policy: Policy, incident: Incident, step: Step, number: int) -> Run:
    """Exactly what would go out for this step now, as run number `number` of it."""
    plan = planned(incident, step)
    target = plan.target if plan else step.on or incident.host or policy.target
    lacks = no_way_back(incident, step)
    bound = tuple((p.variable, value_of(incident, step, p.name) or "") for p in step.parameters if p.name not in lacks)
    script, environment = (plan.script, plan.environment) if plan else (step.bound, bound)
    return Run(
        id=f"{incident.id}.{step.id.replace('#', '.')}.{counted(incident, number)}",
        step=step.id,
        target=target,
        script=script,
        environment=environment,
        sha256=digest_of(target, script, environment),
        changing=step.mode is not Mode.AUTO,
        timeout=plan.timeout if plan else step.timeout,
        destructive=step.verdict is Verdict.DESTRUCTIVE,
        undo=plan.undo if plan else "" if lacks else step.undo,
    )


def counted(incident: Incident, number: int) -> str:
    """The last word of a run id. After a restore it tells the epoch: a number that was forgotten is never used for something else."""
    return f"{number}r{incident.epoch}" if incident.epoch else str(number)


def digest_of(target: str, script: str, environment: tuple[tuple[str, str], ...]) -> str:
    """What an approval binds to: SHA-256 over target, exact script and bound values, in hex."""
    exact = json.dumps(
        [target, script, [list(pair) for pair in environment]], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(exact.encode()).hexdigest()


def _approved(incident: Incident, now: datetime) -> Iterator[Order]:
    in_question = any(a.state == "unknown" for a in incident.attempts.values())
    for attempt in incident.attempts.values():
        over = incident.resolved_at is not None and not incident.afterwards(attempt.run.step)
        if attempt.state != "approved" or over:
            continue
        until = attempt.lives_until
        if now >= until:
            yield Record(event=ev.ApprovalExpired(run=attempt.run.id))
            continue
        if not in_question:
            yield RunStep(run=attempt.run)
        yield WakeAt(at=until, why="approval")
