"""The part of a post-mortem that nobody has to write: what ran and what changed, the deploy, what was told, the chain's head.

Called by `postmortem`. Shows every script byte for byte and every output as captured, inside fences that nothing can leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstfive.documents.plain import brief, clock, day_and_time
from firstfive.documents.postmortem.escape import code, fence, prose
from firstfive.documents.sentence import notice_name, step_name
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt, Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of a step: its attempt, when it began (None: it never did) and its outcome (None: there is none)."""

    attempt: Attempt
    began: ev.Entry | None
    finished: ev.StepFinished | None


def runs(incident: Incident) -> tuple[Ran, ...]:
    """Every run, in the order in which they began; one that never did stands where it was last moved."""
    began: dict[str, ev.Entry] = {}
    finished: dict[str, ev.StepFinished] = {}
    for entry in incident.entries:
        match entry.event:
            case ev.StepStarted(run=run):
                began.setdefault(run.id, entry)
            case ev.StepFinished(run=run_id):
                finished[run_id] = entry.event
            case _:
                pass
    every = [Ran(attempt=a, began=began.get(i), finished=finished.get(i)) for i, a in incident.attempts.items()]
    return tuple(sorted(every, key=lambda ran: ran.began.seq if ran.began is not None else ran.attempt.seq))


def sections(handbook: Handbook, incident: Incident) -> list[str]:
    """The sections in their order; what did not happen has none, but what ran and the head of the chain are always there."""
    made = [_what_ran(handbook, incident), _deploys(incident), _told(incident)]
    last = incident.entries[-1] if incident.entries else None
    head = (
        f"{last.seq} entries up to {day_and_time(last.at)}, head of their hash chain {code(last.hash)}"
        if last
        else "No entries"
    )
    return [part for part in (*made, f"## Record\n\n{head}.") if part]


def _what_ran(handbook: Handbook, incident: Incident) -> str:
    title = "## What ran and what changed"
    all_runs = runs(incident)
    if not all_runs:
        return f"{title}\n\nNo step of a runbook ran."
    head = "| # | Began | Step | On | Verdict | Outcome | Exit | Approved by |\n|---|---|---|---|---|---|---|---|"
    rows = [f"| {n} | {_cells(handbook, ran)} |" for n, ran in enumerate(all_runs, 1)]
    seen: set[tuple[str, str]] = set()
    shown: list[str] = []
    for n, ran in enumerate(all_runs, 1):
        if ran.began is not None and (ran.attempt.run.changing or _key(ran) not in seen):
            shown += _shown(handbook, n, ran)
        seen.add(_key(ran))
    return "\n\n".join((title, "\n".join((head, *rows)), *shown))


def _key(ran: Ran) -> tuple[str, str]:
    """A look that saw again what an earlier one saw stands in the table only."""
    return ran.attempt.run.sha256, ran.finished.output.strip() if ran.finished else ""


def _cells(handbook: Handbook, ran: Ran) -> str:
    attempt, run = ran.attempt, ran.attempt.run
    began = clock(ran.began.at) if ran.began else "never"
    code_cell = str(attempt.exit_code) if attempt.exit_code is not None else "-"
    cells = (
        began,
        step_name(run.step, handbook),
        run.target,
        verdict_of(handbook, attempt),
        outcome_of(ran),
        code_cell,
    )
    return " | ".join((*(prose(cell, 160) for cell in cells), prose(attempt.approved_by or "-")))


def verdict_of(handbook: Handbook, attempt: Attempt) -> str:
    """What the step's commands do, as judged when the page was compiled; "unknown" for a step that the page does not have."""
    found = handbook.step(attempt.run.step)
    return str(found[1].verdict) if found else "unknown"


def outcome_of(ran: Ran) -> str:
    """What became of a run, in a few words."""
    attempt = ran.attempt
    match attempt.state:
        case "finished":
            took = f" in {brief(ran.finished.took)}" if ran.finished else ""
            return f"{'as expected' if attempt.met else 'not as expected'}{took}"
        case "declined":
            return f"declined: {attempt.why}"
        case "expired":
            return "withdrawn"
        case "unknown":
            return f"unknown: {attempt.why}"
        case "failed":
            return f"could not begin: {attempt.why}"
        case "started":
            return "running"
        case waiting:
            return f"{waiting}, not begun"


def _shown(handbook: Handbook, number: int, ran: Ran) -> Iterator[str]:
    run = ran.attempt.run
    yield f"### Run {number}: {prose(step_name(run.step, handbook))}"
    yield fence(run.script, "bash")
    if run.environment:
        yield "\n".join(f"- {code(name)} = {code(value)}" for name, value in run.environment)
    if ran.finished is not None and ran.finished.output.strip():
        cut = _cut(ran.finished)
        yield f"It printed{cut}:"
        yield fence(ran.finished.output, "text")


def _cut(end: ev.StepFinished) -> str:
    """What is missing of an output here, and where it lies."""
    if end.attached:
        lost = f"; {end.lost} bytes were not kept" if end.lost else ""
        return f" (its middle is kept beside the timeline, SHA-256 {end.attached}{lost})"
    return f" ({end.dropped} bytes were not kept)" if end.dropped else ""


def _deploys(incident: Incident) -> str:
    rows = [
        f"- {day_and_time(d.deployed_at)} — {prose(d.subject)} from {code(d.previous or 'unknown')} to {code(d.version)}"
        f" (known from {prose(d.source)})"
        for d in (entry.event for entry in incident.entries)
        if isinstance(d, ev.DeployNoticed)
    ]
    return "## Deploys noticed\n\n" + "\n".join(dict.fromkeys(rows)) if rows else ""


def _told(incident: Incident) -> str:
    rows: list[str] = []
    for entry in incident.entries:
        match entry.event:
            case ev.NoticeSent(kind=kind, number=number, channel=channel, unfilled=unfilled):
                gaps = f", open: {prose(', '.join(unfilled))}" if unfilled else ""
                rows.append(f"- {clock(entry.at)} — {prose(notice_name(kind, number))} to {prose(channel)}{gaps}")
            case ev.NoticeFailed(kind=kind, number=number, channel=channel, why=why):
                rows.append(
                    f"- {clock(entry.at)} — {prose(notice_name(kind, number))} did not reach {prose(channel)}: {prose(why)}"
                )
            case ev.Paged(role=role, contact=contact):
                rows.append(f"- {clock(entry.at)} — paged {prose(contact)} ({prose(role)})")
            case _:
                pass
    return "## Notices and pages\n\n" + "\n".join(rows) if rows else ""
