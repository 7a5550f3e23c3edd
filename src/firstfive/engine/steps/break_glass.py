"""A step out of a bundle: exactly what would run, what it takes, and what its sealed log means for a timeline.

Used by `cli` and `app` when there is no journal to decide against. Holds the page's rules as far as one person alone can keep them:
what it forbids, who may say yes, what comes first, a typed confirmation. Two different people cannot be proved here. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from firstfive.engine.steps.meant import meant
from firstfive.errors import Exit, Refused
from firstfive.handbook.model import Handbook, Mode, Step
from firstfive.incident import events as ev
from firstfive.incident import safety
from firstfive.incident.records import Run
from firstfive.incident.respond import digest_of, text_of
from firstfive.incident.timeline import Incident
from firstfive.shell.bind import ParamType, check_value
from firstfive.shell.risk import Verdict

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A step as it would run, and what a yes to it takes."""

    step: Step
    run: Run
    needs: safety.Needs


def wanted(
    handbook: Handbook, step_id: str, *, target: str, values: Mapping[str, str], run_id: str, lab: bool
) -> Wanted:
    """The step with these values on that target. Raises Refused for one that the page does not have, leaves to a person, forbids, or
    that lacks a value; FirstfiveError for a value of the wrong type.
    """
    runbook, step = meant(handbook, step_id)
    if not step.script or step.mode is Mode.MANUAL:
        raise Refused(f"step {step.id} is work for a person", remedy="; ".join(step.notes) or "read the printed page")
    missing = [p.name for p in step.parameters if p.name not in values and not p.undo_only]
    if missing:
        raise Refused(
            f"step {step.id} needs a value for {', '.join(f'<{name}>' for name in missing)}",
            remedy="give it with --set NAME=VALUE",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    given = [p for p in step.parameters if p.name in values]
    bound = tuple((p.variable, check_value(ParamType(p.kind), values[p.name])) for p in given)
    needs = safety.needs(handbook, runbook, step, target)
    run = Run(
        id=run_id,
        step=step.id,
        target=target,
        script=step.bound,
        environment=bound,
        sha256=digest_of(target, step.bound, bound),
        changing=step.mode is not Mode.AUTO,
        timeout=step.timeout,
        destructive=step.verdict is Verdict.DESTRUCTIVE,
        first=tuple(first.probe for first in needs.first if first.probe),
        undo=step.undo if len(given) == len(step.parameters) else "",
    )
    never = safety.forbidden(handbook, runbook, text_of(run), changes=run.changing, lab=lab)
    if never:
        raise Refused(
            f"step {step.id} is never run: {never}", remedy="take another way; a lab is marked with lab = true"
        )
    return Wanted(step=step, run=run, needs=needs)


def agreed(asked: Wanted, *, by: str, confirm: str, done_first: bool) -> None:
    """Whether this person may say yes now. Raises Refused with what is missing. A step that only looks needs nothing."""
    needs, run = asked.needs, asked.run
    if not run.changing:
        return
    if needs.who and safety.plain_name(by) not in needs.who:
        raise Refused(
            f"the page lets {' or '.join(needs.who)} approve step {run.step}, not {by}",
            remedy="ask one of them; who may is what the page says behind approve=",
            exit_code=Exit.NOT_AUTHORISED,
        )
    if needs.confirm and confirm.strip() != needs.confirm:
        raise Refused(
            f"step {run.step} destroys something on {run.target}, so its name has to be typed",
            remedy=f"when you have asked a second person: --confirm {needs.confirm}",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    if needs.first and not done_first:
        raise Refused(
            f"the page wants something done first: {'; '.join(first.text for first in needs.first)}",
            remedy="do it, then say so with --done-first",
            exit_code=Exit.NEEDS_APPROVAL,
        )


def told(rows: Sequence[Row], state: Incident) -> tuple[ev.Event, ...]:
    """What a proved log says that the timeline does not hold yet. A run that was never begun is left out."""
    begun = set(state.attempts)
    ended = {run for run, attempt in state.attempts.items() if attempt.state in ("finished", "unknown")}
    idle = {row["run"]["id"] for row in rows if row["kind"] == "not begun"}
    found: list[ev.Event] = []
    for row in rows:
        run = row["run"]
        match row["kind"]:
            case "started" if run["id"] not in begun | idle:
                found.append(ev.StepStarted(run=_run(run), approved_by=row["by"]))
            case "finished" if run["id"] not in ended:
                found.append(_finished(row))
            case "unknown" if run["id"] not in ended:
                found.append(ev.OutcomeUnknown(run=run["id"], step=run["step"], why=row["why"]))
    return tuple(found)


def _run(row: Row) -> Run:
    given = {**row, "timeout": timedelta(seconds=row["timeout"])}
    given["environment"] = tuple((name, value) for name, value in row["environment"])
    given["first"] = tuple(row["first"])
    return Run(**given)


def _finished(row: Row) -> ev.StepFinished:
    return ev.StepFinished(
        run=row["run"]["id"],
        step=row["run"]["step"],
        exit_code=row["exit_code"],
        output=row["output"],
        dropped=row["dropped"],
        took=timedelta(seconds=row["took"]),
        met=row["exit_code"] == 0,
        why=f"with break-glass by {row['by']}, over at {row['at'][:19]}Z",
    )
