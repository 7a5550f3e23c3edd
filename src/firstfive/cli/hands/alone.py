"""Steps on a broken day: a look when no server runs, the printed page and its bundle, and steps from a bundle when nothing else is left.

Called by the front door. What changes something runs only after a person has seen the exact bytes and said yes; all of it is written to
a sealed log that `firstfive merge` takes in later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.incident import BY, INCIDENT, by
from firstfive.cli.line import View, anywhere, ask, options, server_of, settings_of, show
from firstfive.engine.clock import SystemClock
from firstfive.errors import Exit, FirstfiveError, JournalError, Refused
from firstfive.handbook.model import Mode

if TYPE_CHECKING:
    from firstfive.app.offline.bundle import Bundle
    from firstfive.engine.redact import Redactor
    from firstfive.engine.steps.break_glass import Wanted
    from firstfive.handbook.model import Handbook, Step
    from firstfive.incident.records import Run
    from firstfive.ports import Output
    from firstfive.settings import Settings

PROVING = timedelta(seconds=20)
KEPT, SHOWN = 64 * 1024, 1024 * 1024  # characters of an output in the log, as on a timeline, and on the screen
HTML, BUNDLE, LOG = "firstfive-page.html", "firstfive-bundle.json", "firstfive-break-glass.log"


def look(settings: Settings, incident: str, step_id: str) -> View | None:
    """A step that only looks, run by this process because no server is there; None for a step that changes something.

    Reads the journal beside whoever owns it, or the vault when there is no journal that can be read.
    """
    from firstfive.app import read_handbook

    handbook = read_handbook(settings)
    step = _step(handbook, step_id)
    if step.mode is not Mode.AUTO or step.parameters:
        return None
    with suppress(JournalError):
        ask(settings, "GET", f"/incidents/{incident}")
    from firstfive.app import target_of

    name = step.on or settings.default_target
    target = target_of(name, settings.targets[name], settings)
    click.echo(f"note: no server runs, so this process looks on {name}; nothing is written down", err=True)
    output = asyncio.run(_looked(target, step))
    return {
        "incident": incident,
        "step": step.id,
        "target": name,
        "exit_code": output.exit_code,
        "output": _clean(settings, output),
        "timed_out": output.timed_out,
        "why": _over(output, step.timeout),
    }


def said(answer: View) -> str:
    """What a look found, for a person."""
    why = f" ({answer['why']})" if answer["why"] else ""
    return f"{answer['step']} on {answer['target']}: exit {answer['exit_code']}{why}\n{answer['output']}".rstrip()


def _over(output: Output, limit: timedelta) -> str:
    from firstfive.engine.steps.running import over

    return over(output, limit) if output.timed_out else ""


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write to.")
@options
def pack(out: Path, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Write the page for paper, and a break-glass bundle that runs its steps without a server."""
    from firstfive.app.offline.bundle import made, opened
    from firstfive.documents.paper.handbook import printed
    from firstfive.stores.files.key import write_private

    settings = settings_of(vault, config)
    now = SystemClock().now()
    out.mkdir(parents=True, exist_ok=True)
    kept = _put_aside(out)
    write_private(out / BUNDLE, json.dumps(made(settings, now), ensure_ascii=False, indent=1))
    bundle = opened(out / BUNDLE, settings)
    (out / HTML).write_text(printed(bundle.handbook, now), encoding="utf-8")
    answer: View = {"id": bundle.id, "page": str(out / HTML), "bundle": str(out / BUNDLE), "kept": kept or None}
    show(answer, as_json=as_json, text=_packed)


def _put_aside(out: Path) -> str:
    """The log that the bundle before wrote to is kept under that bundle's name, since it can only be added to with its key; its path."""
    log = out / LOG
    if not log.exists():
        return ""
    try:
        with log.open(encoding="utf-8") as rows:
            of = str(json.loads(rows.readline())["bundle"])
    except (ValueError, KeyError, TypeError):
        of = "unknown"
    aside = log.with_name(f"firstfive-break-glass-{of.replace('/', '-')}.log")
    if aside.exists():
        raise FileExistsError(17, "a file is there already", str(aside))
    log.rename(aside)
    return str(aside)


def _packed(answer: View) -> str:
    kept = (
        f"The log of the bundle before is now {answer['kept']}: firstfive merge takes it in.\n"
        if answer["kept"]
        else ""
    )
    return (
        f"{kept}print {answer['page']}; keep {answer['bundle']} where only responders can read it.\n"
        f"With it alone: firstfive break-glass {answer['bundle']} STEP"
    )


@click.command("break-glass")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("step", required=False)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A value for a <placeholder> of the step.")
@click.option("--on", metavar="TARGET", default="", help="The target (default: the step's, or the bundle's).")
@click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), help="The sealed log (default: beside the bundle)."
)
@click.option(
    "--yes", is_flag=True, help="Do not ask back after showing what will run; never enough for what destroys."
)
@click.option(
    "--confirm", default="", metavar="WORD", help="The target's name, typed, for a step that destroys something."
)
@click.option("--done-first", is_flag=True, help="What the page wants done before is done.")
@BY
@options
def break_glass(
    bundle: Path,
    step: str | None,
    values: tuple[str, ...],
    on: str,
    log: Path | None,
    yes: bool,
    confirm: str,
    done_first: bool,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Run a step of a bundle with no server and no journal: shown first, confirmed by you, written to a sealed log."""
    from firstfive.app.offline.bundle import opened
    from firstfive.engine.steps.break_glass import agreed

    settings = settings_of(vault, config, vaultless=True)
    opened_bundle = opened(bundle, settings)
    if step is None:
        show({"id": opened_bundle.id, "steps": _listing(opened_bundle)}, as_json=as_json, text=_listed)
        return int(Exit.OK)
    given = given_values(values)
    place, who = log or bundle.resolve().parent / LOG, by(settings, named)
    asked = _wanted(opened_bundle, step, on, given, place)
    run = asked.run
    click.echo(_shown(asked), err=True)
    agreed(asked, by=who, confirm=confirm, done_first=done_first)
    if run.changing and not yes and not confirmed():
        raise Refused("nothing was run", remedy="answer y, or give --yes", exit_code=Exit.NEEDS_APPROVAL)
    output = _ran(opened_bundle, run, place, who)
    answer: View = {
        "step": run.step,
        "target": run.target,
        "run": run.id,
        "exit_code": output.exit_code,
        "why": _over(output, run.timeout),
        "output": _clean(opened_bundle.settings, output),
        "log": str(place),
    }
    show(answer, as_json=as_json, text=lambda a: f"{said(a)}\nwritten to {a['log']}")
    return int(Exit.FAILED if output.exit_code else Exit.OK)


@click.command()
@click.argument("log", type=click.Path(path_type=Path, dir_okay=False))
@INCIDENT
@BY
@anywhere
def merge(log: Path, incident: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Take the sealed log of a break-glass bundle into an incident's timeline, once, after proving it."""
    from firstfive.app.offline.merging import merged, read

    settings = settings_of(vault, config)
    who = by(settings, named)
    if server_of(settings) is not None:
        answer = ask(settings, "POST", f"/incidents/{incident}/merge", {"by": who, "log": read(log)})
    else:
        answer = asyncio.run(merged(settings, log, incident, who))
    show(
        answer,
        as_json=as_json,
        text=lambda a: f"{a['merged']} of {a['rows']} rows of {a['bundle']} are new in {a['incident']}",
    )


# ------------------------------------------------------------------------------------------------------------ pieces


def confirmed() -> bool:
    """A person's yes; where nobody can answer it is a no, and Ctrl-C still ends the command."""
    try:
        return click.confirm("Run exactly this?", err=True)
    except click.Abort as problem:
        if isinstance(problem.__context__, EOFError):
            click.echo(err=True)
            return False
        raise


def _step(handbook: Handbook, words: str) -> Step:
    from firstfive.engine.steps.meant import meant

    return meant(handbook, words)[1]


def _clean(settings: Settings, output: Output) -> str:
    """What a person sees of it: all that the target handed over, and what it did not."""
    return _redactor(settings).output(output.text, cap=SHOWN, dropped=output.dropped)[0]


def _redactor(settings: Settings) -> Redactor:
    from firstfive.app.hands import secrets
    from firstfive.engine.redact import Redactor

    return Redactor(secrets(settings))


async def _looked(target: Any, step: Step) -> Output:
    output: Output = await target.look(step.bound, timeout=step.timeout)
    await _let_go(target)
    return output


async def _let_go(target: Any) -> None:
    close = getattr(target, "close", None)
    if close is not None:
        await close()


def _listing(bundle: Bundle) -> list[View]:
    return [
        {"step": step.id, "title": step.title, "mode": str(step.mode), "verdict": str(step.verdict)}
        for runbook in bundle.handbook.runbooks
        for step in runbook.steps
        if step.script
    ]


def _listed(answer: View) -> str:
    rows = [f"{row['step']:<32} {row['verdict']:<12} {row['title']}" for row in answer["steps"]]
    return "\n".join((f"bundle {answer['id']}", *rows))


def given_values(pairs: tuple[str, ...]) -> Mapping[str, str]:
    """Values by the name of their placeholder. Raises Refused for words that are not NAME=VALUE."""
    found = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise Refused(
                f"{pair!r} is not NAME=VALUE", remedy="write --set 'previous-version=1.4.1'", exit_code=Exit.USAGE
            )
        found[name] = value
    return found


def _wanted(bundle: Bundle, step: str, on: str, values: Mapping[str, str], log: Path) -> Wanted:
    from firstfive.engine.steps.break_glass import wanted
    from firstfive.stores.files.broken_glass import read

    found = _step(bundle.handbook, step)
    where = on or found.on or bundle.settings.default_target
    number = 1 + (len(read(log, bundle.key)) if log.exists() else 0)
    place = bundle.settings.targets.get(where)
    return wanted(
        bundle.handbook,
        found.id,
        target=where,
        values=values,
        run_id=f"BG-{bundle.id}.{found.id.replace('#', '.')}.{number}",
        lab=place.lab if place else False,
    )


def _shown(asked: Wanted) -> str:
    run, step = asked.run, asked.step
    lines = [f"{step.id} ({step.title}) on {run.target}, {step.verdict}:"]
    lines += [f"  $ {line}" for line in run.script.strip().splitlines()]
    lines += [f"  with {name}={value}" for name, value in run.environment]
    lines += [f"  first: {first.text}  (--done-first says that it is done)" for first in asked.needs.first]
    lines += ["  takes two people: ask a second one, nobody can prove it here"] if asked.needs.people > 1 else []
    return "\n".join(lines + ([f"  to undo it: {run.undo.strip()}"] if run.undo else []))


def _ran(bundle: Bundle, run: Run, log: Path, who: str) -> Output:
    """Intent in the log before, outcome after."""
    from firstfive.stores.files.broken_glass import append

    wanted = {**asdict(run), "timeout": run.timeout.total_seconds(), "environment": [list(p) for p in run.environment]}
    row = {"bundle": bundle.id, "by": who, "at": SystemClock().now().isoformat(), "kind": "started", "run": wanted}
    append(log, bundle.key, row)
    ending = {"bundle": bundle.id, "by": who, "run": {"id": run.id, "step": run.step}}
    try:
        output = asyncio.run(_executed(bundle.target(run.target), run))
    except FirstfiveError as problem:
        kind = "unknown" if problem.exit_code is Exit.OUTCOME_UNKNOWN else "not begun"
        at = SystemClock().now().isoformat()
        append(log, bundle.key, {**ending, "at": at, "kind": kind, "why": str(problem)[:2000]})
        raise
    kept, missing = _redactor(bundle.settings).output(output.text, cap=KEPT, dropped=output.dropped)
    append(
        log,
        bundle.key,
        {
            **ending,
            "at": SystemClock().now().isoformat(),
            "kind": "finished",
            "exit_code": output.exit_code,
            "output": kept,
            "dropped": missing,
            "took": output.took.total_seconds(),
        },
    )
    return output


async def _executed(target: Any, run: Run) -> Output:
    from firstfive.ports import OutcomeLost

    try:
        for probe in run.first:
            if (await target.look(probe, timeout=PROVING)).exit_code != 0:
                raise Refused(
                    f"nothing was run: what the page wants first does not hold on {run.target} ({probe} answers no)",
                    remedy="do that first",
                )
        if run.changing:
            output: Output = await target.run(run)
        else:
            output = await target.look(run.script, timeout=run.timeout, environment=dict(run.environment))
    except OutcomeLost as lost:
        raise FirstfiveError(
            str(lost), remedy="find out on the target whether it ran, and note it", exit_code=Exit.OUTCOME_UNKNOWN
        ) from None
    finally:
        await _let_go(target)
    return output
