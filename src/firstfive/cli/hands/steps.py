"""Commands about steps: ask for one, approve it, decline it, settle what became of it.

Approving shows exactly what will run and sends the hash of what was shown: bytes that changed meanwhile are refused.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli import words
from firstfive.cli.hands import alone as alone_
from firstfive.cli.hands.alone import confirmed, given_values
from firstfive.cli.hands.tried import with_values
from firstfive.cli.incident import BY, INCIDENT, by, say
from firstfive.cli.line import View, anywhere, ask, server_of, settings_of, show
from firstfive.errors import Exit, Refused


@click.command()
@INCIDENT
@click.argument("step")
@BY
@anywhere
def run(incident: str, step: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Ask for a step of a runbook (its id, such as backend-down#4); a changing one still needs approval."""
    settings = settings_of(vault, config)
    if server_of(settings) is None:
        seen = alone_.look(settings, incident, step)
        if seen is not None:
            show(seen, as_json=as_json, text=alone_.said)
            return
    say("run", incident, {"step": step}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("step", required=False)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A value for a <placeholder> of the step.")
@click.option("--yes", is_flag=True, help="Do not ask back after showing what will run.")
@click.option("--dry-run", is_flag=True, help="Only show what would run.")
@click.option("--confirm", metavar="WORD", default="", help="The word that a destructive step wants typed.")
@click.option("--done-first", is_flag=True, help="What the page wants done before is done.")
@click.option("--alone", metavar="REASON", default="", help="Why one person is enough where two are asked for.")
@BY
@anywhere
def approve(
    incident: str,
    step: str | None,
    values: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    confirm: str,
    done_first: bool,
    alone: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Approve a waiting step (default: the one that waits): exactly these bytes, once, within ten minutes from now."""
    settings = settings_of(vault, config)
    who = by(settings, named)
    seen = ask(settings, "GET", f"/incidents/{incident}")
    chosen, given = waiting(seen, step, served=server_of(settings) is not None), given_values(values)
    if given and dry_run:
        chosen = with_values(seen, chosen, given)
    elif given:
        for name, value in given.items():
            body: View = {"by": who, "step": chosen["step"], "name": name, "value": value}
            seen = ask(settings, "POST", f"/incidents/{incident}/set", body)
        chosen = waiting(seen, step)
    click.echo(words.run(chosen), err=True)
    if dry_run:
        show(chosen, as_json=as_json, text=lambda _: "nothing was run")
        return
    if not yes and not confirmed():
        raise Refused("not approved", remedy="answer y, or give --yes", exit_code=Exit.NEEDS_APPROVAL)
    _refuse_again(chosen, who)
    body = {"by": who, "run": chosen["run"], "sha256": chosen["sha256"]}
    body |= {name: value for name, value in (("confirm", confirm), ("affirmed", done_first), ("alone", alone)) if value}
    show(ask(settings, "POST", f"/incidents/{incident}/approve", body), as_json=as_json, text=words.incident)


def _refuse_again(chosen: View, who: str) -> None:
    """Raise Refused where two people are asked for and this one has said yes already: a second yes of theirs counts for nothing."""
    said = [" ".join(str(one["by"]).split()).casefold() for one in chosen.get("approvals", [])]
    if chosen.get("people", 1) > 1 and " ".join(who.split()).casefold() in said:
        raise Refused(
            f"{who} has approved {chosen['step']} already; it takes one more person",
            remedy="ask a second one to approve it, in their own name",
            exit_code=Exit.NEEDS_APPROVAL,
        )


def waiting(seen: View, step: str | None, *, served: bool = True) -> View:
    """The waiting run that is meant; Refused when there is none, or more than one and none was named. `served`: a server runs, so
    that what was asked for comes to wait.
    """
    runs: list[View] = [r for r in seen.get("waiting", []) if step in (None, r["step"], r["run"], str(r.get("number")))]
    if not runs:
        raise Refused(
            f"nothing waits for approval in {seen.get('id')}" + (f" under {step}" if step else ""),
            remedy=f"firstfive run {seen.get('id')} STEP asks for one; firstfive explain RUNBOOK shows them"
            if served
            else "no server runs: firstfive serve takes up what was asked for; firstfive break-glass runs a step without one",
        )
    clear = [r for r in runs if not r.get("doubts")] or runs
    if len(clear) > 1:
        names = ", ".join(str(r["step"]) for r in clear)
        raise Refused(f"{len(clear)} steps wait for approval", remedy=f"name one: {names}", exit_code=Exit.USAGE)
    return clear[0]


@click.command()
@INCIDENT
@click.argument("step", required=False)
@click.option("--why", default="declined", help="Why not.")
@BY
@anywhere
def decline(
    incident: str, step: str | None, why: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Say no to a waiting step."""
    settings = settings_of(vault, config)
    seen = ask(settings, "GET", f"/incidents/{incident}")
    fields = {"run": waiting(seen, step, served=server_of(settings) is not None)["run"], "why": why}
    say("decline", incident, fields, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("run_id", metavar="[RUN]", required=False)
@BY
@anywhere
def undo(
    incident: str, run_id: str | None, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Ask for the newest change to be taken back; the undo is shown and needs approval itself."""
    seen = ask(settings_of(vault, config), "GET", f"/incidents/{incident}")
    rows = (*seen["steps"], *seen.get("offered", ()))
    newest = next((str(row["run"]) for row in rows if row.get("can_undo")), "")
    if not (run_id or newest):
        raise Refused(
            f"there is nothing to take back in {incident}",
            remedy="only a change that ran and names its undo can be taken back",
        )
    say("undo", incident, {"run": run_id or newest}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.option("--note", required=True, help="What you found: which changes ran, and what the state is now.")
@BY
@anywhere
def resume(
    incident: str, note: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Let changes go on after the journal was restored, once you looked at what the hosts know."""
    say("resume", incident, {"note": note}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("run_id", metavar="RUN")
@click.option("--ran/--did-not-run", default=None, help="What you found out.")
@click.option("--note", default="", help="How you know.")
@BY
@anywhere
def settle(
    incident: str,
    run_id: str,
    ran: bool | None,
    note: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Say whether a step of unknown outcome ran."""
    if ran is None:
        raise click.UsageError("say what you found out: --ran or --did-not-run")
    fields = {"run": run_id, "ran": ran, "note": note}
    say("settle", incident, fields, named=named, vault=vault, config=config, as_json=as_json)
