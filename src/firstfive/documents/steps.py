"""The steps of an incident's runbooks as they stand: what each would send, where it is, and what came of it.

Called by `view`; for what a run said also by `web` and `cli`. Shows the exact bytes that an approval covers; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstfive.documents.plain import iso, visible
from firstfive.documents.sentence import step_of_run
from firstfive.errors import Refused
from firstfive.handbook.model import Handbook, Mode, Runbook, Step
from firstfive.incident import events as ev
from firstfive.incident.packs.offered import VERIFY
from firstfive.incident.policy import Policy
from firstfive.incident.records import Run
from firstfive.incident.recover import page_step
from firstfive.incident.respond import planned, run_of, standing, value_of
from firstfive.incident.safety import ALONE_AFTER
from firstfive.incident.timeline import Attempt, Incident, undoable

Row = dict[str, object]


def led_by(handbook: Handbook, incident: Incident) -> tuple[Runbook, ...]:
    """Runbooks that are in use: the leading one, ties with it, the roll-back's, and any of which a step was asked for or ran."""
    best = [r.runbook for r in incident.ranking if r.score == incident.ranking[0].score]
    used = [*incident.requested, *(a.run.step for a in incident.attempts.values())]
    if incident.rollback is not None:
        used.append(incident.rollback.step)
    touched = {found[0].id for step in used if (found := handbook.step(step)) is not None}
    leading = [r for r in handbook.runbooks if r.id in best]
    leading.sort(key=lambda r: best.index(r.id))
    return (*leading, *(r for r in handbook.runbooks if r.id in touched and r not in leading))


def step_rows(handbook: Handbook, policy: Policy, incident: Incident) -> list[Row]:
    """Every step of the runbooks in use, in the order of the page."""
    outcomes = {e.event.run: e.event for e in incident.entries if isinstance(e.event, ev.StepFinished)}
    return [
        _row(policy, incident, runbook, step, outcomes)
        for runbook in led_by(handbook, incident)
        for step in runbook.steps
    ]


def _row(
    policy: Policy, incident: Incident, runbook: Runbook, step: Step, outcomes: Mapping[str, ev.StepFinished]
) -> Row:
    attempts = incident.of_step(step.id)
    last = attempts[-1] if attempts else None
    fresh = run_of(policy, incident, step, len(attempts) + 1)
    shown = last.run if last is not None else fresh
    finished = outcomes.get(last.run.id) if last is not None else None
    missing = last.missing if last and last.state == "asked" else _missing(incident, step)
    back = undoable(incident)
    held, reason = standing(incident, step)
    return {
        **_written(incident, runbook, step),
        "bound": shown.script,
        "environment": [list(pair) for pair in shown.environment],
        "target": shown.target,
        "condition_holds": str(held),
        "condition_why": reason,
        "state": state_of(incident, step, last),
        "tries": len(attempts),
        "run": last.run.id if last else None,
        "sha256": shown.sha256,
        "at": iso(last.at) if last else None,
        "why": last.why if last else incident.skipped.get(step.id, ""),
        "doubts": list(last.doubts) if last else [],
        "missing": list(missing),
        "approved_by": last.approved_by if last else "",
        "undo": shown.undo or step.undo,
        "can_undo": bool(back is not None and last is not None and back.run.id == last.run.id),
        "exit_code": last.exit_code if last else None,
        "met": last.met if last and last.state == "finished" else None,
        "output": visible(finished.output) if finished else "",
        "dropped": _not_kept(finished) if finished else 0,
        "attached": finished.attached if finished else "",
        "took_ms": round(finished.took.total_seconds() * 1000) if finished else None,
    }


def _not_kept(finished: ev.StepFinished) -> int:
    """Bytes of an output that were kept nowhere."""
    return finished.lost if finished.attached else finished.dropped


def _written(incident: Incident, runbook: Runbook, step: Step) -> Row:
    """What the page says of the step, and the values its placeholders have now."""
    return {
        "step": step.id,
        "number": step.number,
        "title": step.title,
        "runbook": runbook.id,
        "runbook_number": runbook.number,
        "runbook_title": runbook.title,
        "mode": str(step.mode),
        "verdict": str(step.verdict),
        "changing": step.mode is not Mode.AUTO,
        "purpose": str(step.purpose),
        "reasons": [f"{c.text}: {c.reason}" for c in step.commands],
        "script": step.script,
        "condition": step.phrase,
        "placeholders": [
            {"name": p.name, "kind": p.kind, "variable": p.variable, "value": value_of(incident, step, p.name)}
            for p in step.parameters
        ],
        "notes": list(step.notes),
        "causes": [{"text": c.text, "see": c.see} for c in step.causes],
        "branches": [{"phrase": b.phrase, "action": b.action} for b in step.branches],
        "place": str(step.place),
    }


def _missing(incident: Incident, step: Step) -> tuple[str, ...]:
    if planned(incident, step):
        return ()
    return tuple(p.name for p in step.parameters if not p.undo_only and value_of(incident, step, p.name) is None)


def state_of(incident: Incident, step: Step, last: Attempt | None) -> str:
    """One word: the state of its last run; "skipped", "by hand" or "not begun" when there is none."""
    if last is not None:
        return last.state
    if step.id in incident.skipped:
        return "skipped"
    return "by hand" if step.mode is Mode.MANUAL else "not begun"


def waiting_rows(handbook: Handbook, incident: Incident) -> list[Row]:
    """Runs that wait for a person, those without doubts and gaps first, then in the order they were asked for."""
    return [_waiting(handbook, incident, attempt) for attempt in waiting_in_order(incident)]


def waiting_in_order(incident: Incident) -> list[Attempt]:
    """The same as attempts."""
    return sorted(incident.waiting(), key=lambda a: (bool(a.doubts), bool(a.missing), a.seq))


def _waiting(handbook: Handbook, incident: Incident, attempt: Attempt) -> Row:
    run = attempt.run
    found = handbook.step(page_step(run)) or step_of_run(run.id, incident.id, handbook)
    runbook, step = found if found else (None, None)
    return {
        "step": run.step,
        "number": step.number if step else None,
        "unasked": run.step in incident.offered and incident.offered[run.step].unasked,
        "title": ("Undo: " if run.undoes else "") + (step.title if step else _offered(incident, run)),
        "runbook": runbook.id if runbook else "",
        "runbook_number": runbook.number if runbook else "",
        "runbook_title": runbook.title if runbook else "",
        "verdict": str(step.verdict) if step else "unknown",
        "undo": run.undo or (step.undo if step and not run.undoes else ""),
        "undoes": run.undoes,
        "people": attempt.people,
        "approvals": [{"by": who, "at": iso(at)} for who, at in attempt.approvals],
        "approved_by": attempt.approved_by,
        "who": list(attempt.who),
        "confirm": attempt.confirm,
        "first": list(attempt.first),
        "warnings": list(attempt.warnings),
        "diff": incident.plan.diff if incident.plan and incident.plan.step == run.step else "",
        "run": run.id,
        "sha256": run.sha256,
        "target": run.target,
        "script": run.script,
        "environment": [list(pair) for pair in run.environment],
        "timeout_s": run.timeout.total_seconds(),
        "why": attempt.why,
        "doubts": list(attempt.doubts),
        "missing": list(attempt.missing),
        "asked_at": iso(attempt.at),
        "alone_from": iso(attempt.at + ALONE_AFTER) if attempt.people > 1 and incident.level == 1 else None,
    }


def _offered(incident: Incident, run: Run) -> str:
    """The name of a change out of a pack."""
    offer = incident.offered.get(page_step(run))
    return offer.title if offer else run.step


def offered_rows(incident: Incident) -> list[Row]:
    """Changes out of packs, the newest first, with what came of each and whether it can be taken back."""
    outcomes = {e.event.run: e.event for e in incident.entries if isinstance(e.event, ev.StepFinished)}
    back = undoable(incident)
    rows: list[Row] = []
    for offer in reversed(tuple(incident.offered.values())):
        tried = incident.of_step(offer.id)
        last = tried[-1] if tried else None
        done = outcomes.get(last.run.id) if last else None
        looks = incident.of_step(offer.id + VERIFY)
        looked = outcomes.get(looks[-1].run.id) if looks else None
        rows.append(
            {
                "id": offer.id,
                "pack": offer.pack,
                "title": offer.title,
                "target": offer.target,
                "unasked": offer.unasked,
                "state": last.state if last else "not begun",
                "run": last.run.id if last else None,
                "met": last.met if last and last.state == "finished" else None,
                "output": visible(done.output) if done else "",
                "verified": looks[-1].met if looks and looks[-1].state == "finished" else None,
                "verify_output": visible(looked.output) if looked else "",
                "can_undo": bool(back and last and back.run.id == last.run.id),
            }
        )
    return rows


def unsettled_rows(handbook: Handbook, incident: Incident) -> list[Row]:
    """Runs whose outcome nobody knows: a person must find out and say so."""
    return [_waiting(handbook, incident, a) for a in incident.attempts.values() if a.state == "unknown"]


def approved_until(incident: Incident) -> Iterator[tuple[str, str | None]]:
    """Run id and the instant its approval ends, for runs that are approved and have not begun."""
    for attempt in incident.attempts.values():
        if attempt.state == "approved":
            yield attempt.run.id, iso(attempt.lives_until)


def finished(incident: Incident, wanted: str) -> tuple[ev.StepFinished, str]:
    """How a run ended, and when (ISO, UTC): the run of that id, else the newest of a step of that id. Raises Refused."""
    ends = [(e.event, iso(e.at) or "") for e in incident.entries if isinstance(e.event, ev.StepFinished)]
    of_run = [end for end in ends if end[0].run == wanted] or [end for end in ends if end[0].step == wanted]
    if not of_run:
        known = ", ".join(dict.fromkeys(end.step for end, _ in ends))
        raise Refused(
            f"{incident.id} has no finished run {wanted[:80]}",
            remedy=f"these ended: {known}" if known else "none has ended yet",
        )
    return of_run[-1]


def output_row(incident: Incident, end: ev.StepFinished, at: str, kept: str | None) -> Row:
    """All of it that there is. `kept` is what lies beside the timeline; without it the entry's own both ends are given.

    `dropped` counts bytes of output that are not in `output`; `sha256` is the one that the entry holds, empty where it holds the output.
    """
    whole = bool(end.attached) and kept is not None
    return {
        "id": incident.id,
        "run": end.run,
        "step": end.step,
        "at": at,
        "exit_code": end.exit_code,
        "met": end.met,
        "why": end.why,
        "output": visible(kept if whole and kept is not None else end.output),
        "dropped": end.lost if whole else end.dropped,
        "sha256": end.attached,
    }
