"""Commands about an incident: see it, declare it, take it, say what is known, end it.

Each is one call of the API, answered with the incident as it then stands.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli import words
from firstfive.cli.line import View, anywhere, ask, server_of, settings_of, show
from firstfive.cli.quick import UNWATCHED
from firstfive.settings import Settings


def known_as(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """The id as it is written: `inc-1` is INC-1."""
    return name.upper() if name and name.lower().startswith("inc-") else name


INCIDENT = click.argument("incident", metavar="INC-N", callback=known_as)


def by(settings: Settings, named: str | None) -> str:
    """Who speaks: the name given, else the account's."""
    return named or settings.person


BY = click.option("--by", "named", help="Who says so (default: $FIRSTFIVE_USER or the account).")


@click.command()
@click.argument("incident", required=False, callback=known_as)
@click.option("--all", "everything", is_flag=True, help="Finished incidents too.")
@anywhere
def status(incident: str | None, everything: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Open incidents, or one in full."""
    settings = settings_of(vault, config)
    if incident:
        show(ask(settings, "GET", f"/incidents/{incident}"), as_json=as_json, text=words.incident)
    else:
        found = words.rows(ask(settings, "GET", f"/incidents{'?all=1' if everything else ''}"))
        show(found, as_json=as_json, text=words.listing)
    if not as_json and server_of(settings) is None and settings.database.startswith("sqlite"):
        click.echo(UNWATCHED, nl=False, err=True)


@click.command()
@click.argument("title")
@click.option("--severity", "level", type=int, help="Level of the page's matrix (default: the worst, said so).")
@click.option("--why", default="", help="Why this severity.")
@BY
@anywhere
def declare(
    title: str, level: int | None, why: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Declare an incident."""
    settings = settings_of(vault, config)
    body: View = {"by": by(settings, named), "title": title, "why": why}
    if level is not None:
        body["level"] = level
    show(ask(settings, "POST", "/incidents", body), as_json=as_json, text=words.incident)


@click.command()
@click.argument("text")
@click.option("--incident", help="The incident it is about (default: the newest open one).")
@BY
@anywhere
def report(
    text: str, incident: str | None, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Report that something does not work."""
    settings = settings_of(vault, config)
    body: View = {"by": by(settings, named), "text": text}
    if incident:
        body["incident"] = incident
    show(ask(settings, "POST", "/reports", body), as_json=as_json, text=words.incident)


def say(
    verb: str, incident: str, fields: View, *, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """One verb on one incident."""
    settings = settings_of(vault, config)
    body = {"by": by(settings, named), **fields}
    show(ask(settings, "POST", f"/incidents/{incident}/{verb}", body), as_json=as_json, text=words.incident)


@click.command()
@INCIDENT
@BY
@anywhere
def ack(incident: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Acknowledge: you have taken it."""
    say("ack", incident, {}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("text")
@BY
@anywhere
def hypothesis(
    incident: str, text: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Say what you think it is; stops the roll-back clock."""
    say("hypothesis", incident, {"text": text}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("text")
@BY
@anywhere
def note(incident: str, text: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Put a remark on the timeline."""
    say("note", incident, {"text": text}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("text")
@BY
@anywhere
def update(incident: str, text: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Send an update now, saying TEXT under what is known."""
    say("update", incident, {"text": text}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.argument("level", type=int)
@click.argument("why")
@BY
@anywhere
def severity(
    incident: str, level: int, why: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Grade it anew, with the reason."""
    say("severity", incident, {"level": level, "why": why}, named=named, vault=vault, config=config, as_json=as_json)


@click.command()
@INCIDENT
@click.option("--cause", default="", help="Root cause in one sentence.")
@click.option("--why", default="", help="Why it is over.")
@BY
@anywhere
def resolve(
    incident: str, cause: str, why: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Declare it over, with the root cause in one sentence."""
    say(
        "resolve", incident, {"root_cause": cause, "why": why}, named=named, vault=vault, config=config, as_json=as_json
    )
