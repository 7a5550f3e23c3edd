"""Commands that ask for a change out of a pack: block an address, keep evidence, disable an account, let WebSockets through.

Each is one call of the API; what it makes is shown and waits for `firstfive approve`.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli import words
from firstfive.cli.incident import BY, INCIDENT, by
from firstfive.cli.line import View, anywhere, ask, settings_of, show
from firstfive.settings import Settings, reading

ON = click.option("--on", metavar="TARGET", default="", help="The target (default: that of the settings).")


def _offer(settings: Settings, incident: str, pack: str, fields: View, named: str | None, *, as_json: bool) -> None:
    body = {"by": by(settings, named), "pack": pack, **{name: value for name, value in fields.items() if value}}
    show(ask(settings, "POST", f"/incidents/{incident}/offer", body), as_json=as_json, text=words.incident)


@click.command()
@INCIDENT
@click.argument("address")
@click.option("--for", "lasts", default="1h", help="How long: 30m, 1h, 7d (default 1h); the host itself ends it.")
@click.option("--how", default="", help="nftables, docker-user, ufw or cloudflare (default: that of the settings).")
@ON
@BY
@anywhere
def block(
    incident: str,
    address: str,
    lasts: str,
    how: str,
    on: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Ask to drop what an address sends, for a while. Never your own address, a private one or a proxy."""
    settings = settings_of(vault, config)
    seconds = int(reading.span({"--for": lasts}, "--for", "", shown="").total_seconds())
    mine = "".join(settings.variables.get("SSH_CLIENT", "").split()[:1])
    fields: View = {"address": address, "seconds": seconds, "how": how, "mine": mine, "on": on}
    _offer(settings, incident, "block", fields, named, as_json=as_json)


@click.command()
@INCIDENT
@click.option("--container", "containers", multiple=True, help="A container (default: those that the page names).")
@click.option("--file", "files", multiple=True, help="An absolute path on the target.")
@click.option("--journal", is_flag=True, help="The host's journal too.")
@ON
@BY
@anywhere
def evidence(
    incident: str,
    containers: tuple[str, ...],
    files: tuple[str, ...],
    journal: bool,
    on: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Ask to copy logs and states to /var/incidents with a manifest, before the mending destroys them."""
    fields: View = {"containers": "\n".join(containers), "files": "\n".join(files), "journal": journal, "on": on}
    _offer(settings_of(vault, config), incident, "evidence", fields, named, as_json=as_json)


@click.command("disable-account")
@INCIDENT
@click.argument("value")
@click.option("--container", required=True, help="The container of MongoDB.")
@click.option("--database", required=True, help="Its database.")
@click.option("--collection", default="", help="Where accounts are kept (default users).")
@click.option("--where", default="", help="The field that VALUE stands in (default email).")
@click.option("--field", default="", help="The field that is set to true (default disabled).")
@ON
@BY
@anywhere
def disable_account(
    incident: str,
    value: str,
    container: str,
    database: str,
    collection: str,
    where: str,
    field: str,
    on: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Ask to disable the one account that VALUE names; with none or several nothing is changed."""
    fields: View = {"value": value, "container": container, "database": database, "on": on}
    fields |= {"collection": collection, "by_field": where, "field": field}
    _offer(settings_of(vault, config), incident, "disable-account", fields, named, as_json=as_json)


@click.command("mend-websocket")
@INCIDENT
@click.option("--path", default="", help="The WebSocket's path (default /socket.io/).")
@ON
@BY
@anywhere
def mend_websocket(
    incident: str, path: str, on: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Ask to let WebSockets through nginx, when its configuration lacks what they need; shows the diff."""
    _offer(settings_of(vault, config), incident, "mend-websocket", {"path": path, "on": on}, named, as_json=as_json)


@click.command("resume-updater")
@INCIDENT
@ON
@BY
@anywhere
def resume_updater(
    incident: str, on: str, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Ask to start the updater again that a roll-back stopped."""
    _offer(settings_of(vault, config), incident, "resume-updater", {"on": on}, named, as_json=as_json)
