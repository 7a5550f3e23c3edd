"""`firstfive nodes` and `firstfive migrate`: who writes the journal, and how it gets into another database.

They read and write the journal themselves; `nodes` alone asks a server elsewhere when it is told to.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from firstfive.cli.line import View, anywhere, ask, only_there, settings_of, show
from firstfive.errors import Exit, FirstfiveError

ALONE = "One process owns this journal, a file."


@click.group(invoke_without_command=True)
@anywhere
@click.pass_context
def nodes(context: click.Context, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Which nodes share the journal, what each looks after, and when it was last heard."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(vault, config)
    if settings.server:
        told = ask(settings, "GET", "/nodes")
        show(told, as_json=as_json, text=_shown if told["shared"] else lambda _: ALONE)
        return
    if settings.database.startswith("sqlite"):
        show({"nodes": [], "shared": False}, as_json=as_json, text=lambda _: ALONE)
        return
    show({"nodes": _known(settings.database), "shared": True}, as_json=as_json, text=_shown)


@nodes.command()
@click.option("--why", required=True, help="What was restored, and from when: it stands on every open timeline.")
@anywhere
def restored(why: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Say that the journal was put back to an earlier moment: changes of open incidents then wait for a person.

    Nodes notice it by themselves where they can; say it where nobody could.
    """
    from firstfive.engine.clock import SystemClock
    from firstfive.stores.restored import declared

    settings = settings_of(vault, config)
    only_there(settings, "nodes restored", "it writes into the database itself")
    said = " ".join(why.split())
    if not said:
        raise FirstfiveError("say what was restored", remedy='give it with --why "..."', exit_code=Exit.USAGE)
    epoch = declared(settings.database, said, SystemClock().now())
    show(
        {"epoch": epoch.number, "at": epoch.at.isoformat(), "why": epoch.why, "first": epoch.first},
        as_json=as_json,
        text=lambda a: (
            f"Changes of open incidents wait until a person looked (firstfive resume INC-N).\n"
            f"New incidents begin at INC-{a['first']}, since up to a hundred may have been forgotten."
        ),
    )


def _known(database: str) -> list[View]:
    from firstfive.stores import known_nodes

    return [{**asdict(one), "beat": one.beat.isoformat(), "looks": list(one.looks)} for one in known_nodes(database)]


def _shown(answer: View) -> str:
    lines = []
    for one in answer["nodes"]:
        state = "alive" if one["alive"] else "GONE "
        page = f"page {one['page'][:12]}" if one["page"] else "no page yet"
        lines.append(
            f"{one['boot'][:8]}  {state}  {one['host']} process {one['process']}, {one['version']}, {page}, "
            f"heard {one['beat'][:19]}Z, {one['rows']} rows of work"
        )
        lines += [f"  looks after {name}" for name in one["looks"]]
        if one["behind"]:
            lines.append("  is behind: an open incident holds what only a newer version can read")
    pages = {one["page"] for one in answer["nodes"] if one["alive"] and one["page"]}
    if len(pages) > 1:
        lines.append("The nodes follow different pages: give all of them the same vault.")
    return "\n".join(lines) or "No node was ever here."


@click.command()
@click.option("--from", "given", required=True, help="The journal as it is: sqlite:///PATH or postgresql://...")
@click.option("--to", "wanted", required=True, help="An empty database: postgresql://... or sqlite:///PATH.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def migrate(given: str, wanted: str, as_json: bool) -> None:
    """Move the journal to another database, open incidents and all; every chain is proved on both sides."""
    for url in (given, wanted):
        if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise FirstfiveError(
                f"{url.partition('://')[0]} is no kind of journal that is known here",
                remedy="write sqlite:///PATH or postgresql://USER@HOST/NAME",
                exit_code=Exit.USAGE,
            )
    try:
        from firstfive.stores.postgres.moving import move
    except ImportError:
        raise FirstfiveError(
            "the driver for PostgreSQL is not installed", remedy='pip install "firstfive[postgres]"'
        ) from None
    moved = move(given, wanted)
    show(
        asdict(moved),
        as_json=as_json,
        text=lambda a: (
            f"{a['incidents']} incidents and {a['entries']} entries moved, {a['open']} still open; every chain holds.\n"
            "Set database to the new address and start the server."
        ),
    )
