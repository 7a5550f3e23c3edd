"""The `explain` command: a runbook step by step, for somebody who wants to know beforehand what would happen.

Called by the front door. Shows the exact text that would be sent; runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from firstfive.cli.line import anywhere, ask, settings_of
from firstfive.cli.page import watched
from firstfive.cli.page.plain import say
from firstfive.errors import Exit, FirstfiveError
from firstfive.handbook.model import Mode, Runbook, Step
from firstfive.shell.risk import Verdict

WHO = {
    Mode.AUTO: "runs by itself",
    Mode.APPROVE: "runs when a responder approves exactly these bytes",
    Mode.MANUAL: "a person does it",
}
PAIR = "runs when two responders approve exactly these bytes and each types the name of the target"


@click.command()
@click.argument("runbook", required=False)
@click.option(
    "--diff", is_flag=True, help="Without RUNBOOK: the wider words of families, proposed as a diff of the page."
)
@click.option("--incident", metavar="INC-N", help="Conditions with the facts that this incident has collected.")
@anywhere
def explain(
    runbook: str | None, diff: bool, incident: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Show a runbook (3.1, its id or title) step by step, or without one what watches each symptom of the page."""
    from firstfive.app import read_handbook
    from firstfive.app.eyes import plan_of
    from firstfive.handbook import report

    settings = settings_of(vault, config)
    handbook = read_handbook(settings)
    if runbook is None:
        watched.show(settings, handbook, diff=diff, as_json=as_json)
        return
    found = handbook.runbook(runbook)
    if found is None:
        known = ", ".join(f"{r.number or r.id}" for r in handbook.runbooks)
        remedy = f"it has {known}" if known else "it has none; firstfive check says what was not understood"
        raise FirstfiveError(f"the page has no runbook {runbook}", remedy=remedy, exit_code=Exit.USAGE)
    if as_json:
        whole = report.to_json(handbook)["runbooks"]
        say(next(r for r in whole if r["id"] == found.id))
    else:
        seen = ask(settings, "GET", f"/incidents/{incident}")["steps"] if incident else []
        present = {str(row["step"]): str(row["condition_why"]) for row in seen}
        click.echo(explained(found, target=settings.default_target, present=present))
        click.echo("\n" + watched.listed(plan_of(settings, handbook), only=found.id))


def explained(runbook: Runbook, *, target: str = "", present: Mapping[str, str] | None = None) -> str:
    """Symptoms, then every step: who moves it, what is sent, what each command does and why we think so.

    `target` runs steps that name none; `present` maps a step to its condition with the values of an incident.
    """
    parts = [f"{runbook.number} {runbook.title}  ({runbook.place})"]
    if runbook.severity is not None:
        parts.append(f"  severity {runbook.severity}, in the page's own words")
    parts += [f"  symptom {s.id}: {s.text}" for s in runbook.symptoms]
    parts += [f"  duty ({d.kind}, {d.place}): {d.text}" for d in runbook.duties]
    for step in runbook.steps:
        parts += ["", *_step(step, step.on or target, (present or {}).get(step.id, ""))]
    return "\n".join(parts)


def _step(step: Step, target: str, present: str) -> Iterator[str]:
    yield f"step {step.number}  {step.title or '(no title)'}  [{step.id}]  {step.place}"
    pair = step.mode is Mode.APPROVE and step.verdict is Verdict.DESTRUCTIVE
    yield f"  {step.verdict}; {PAIR if pair else WHO[step.mode]}" + (
        f"; on {target}" if target and step.mode is not Mode.MANUAL else ""
    )
    if step.approve:
        yield f"  approved by: {step.approve}"
    if step.phrase:
        known = f"when {step.when.text}" if step.when is not None else "asks: no fact is bound to it"
        yield f"  if {step.phrase}: {known}"
    if step.when is not None:
        yield f"  now: {present or step.when.explain({})}"
    yield from (f"  $ {line}" for line in step.bound.strip().splitlines())
    for p in step.parameters:
        offered = " or ".join(
            part for part in (p.source and f"the fact {p.source}", p.default and f"“{p.default}”") if part
        )
        yield f"  <{p.name}> is a {p.kind}, carried in ${p.variable}" + (f"; proposed: {offered}" if offered else "")
    for command in step.commands:
        tags = f" [{', '.join(sorted(command.tags))}]" if command.tags else ""
        yield f"  {command.place.line}:{command.place.column} {command.verdict}: {command.reason}{tags}"
    if step.facts:
        yield f"  tells: {', '.join(step.facts)}"
    if step.expect_output:
        yield f"  expects “{step.expect_output}” in the output"
    if step.expect is not None:
        yield f"  expects {step.expect.text}"
    if step.undo:
        yield f"  undo: {step.undo}"
    if step.goto:
        yield f"  then: {step.goto}, once this has run with success"
    yield from (f"  cause: {c.text}" + (f" (see {c.see})" if c.see else "") for c in step.causes)
    yield from (f"  if {b.phrase}: {b.action}" for b in step.branches)
    yield from (f"  note: {note}" for note in step.notes)
