"""The `room` command: one incident followed and worked on in a terminal, over ssh too.

Takes the whole screen where there is one and the extra is installed, else lines. Loads no screen library before it is asked for one.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstfive.cli.incident import BY, by
from firstfive.cli.line import View, anywhere, settings_of
from firstfive.cli.quick import line
from firstfive.errors import Exit, Refused

if TYPE_CHECKING:
    from firstfive.cli.terminal.reach import Reach

EXTRA = "the whole screen needs the package textual: pip install 'firstfive[room]'; this is the line mode"


@click.command()
@click.argument("incident", metavar="[INC-N]", required=False)
@click.option("--plain", is_flag=True, help="Line by line, for pipes, screen readers and plain terminals.")
@BY
@anywhere
def room(
    incident: str | None, plain: bool, named: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> int:
    """Follow an incident in this terminal and act on it: the whole screen, or line by line."""
    from firstfive.cli.terminal.plain import in_lines
    from firstfive.cli.terminal.reach import Reach

    settings = settings_of(vault, config)
    reach = Reach(settings=settings, by=by(settings, named))
    chosen = incident or choose(reach)
    seen, _ = reach.seen(chosen)
    if as_json or plain or not whole_screen():
        return in_lines(reach, chosen, seen, as_json=as_json)
    from firstfive.cli.terminal.whole.screen import on_screen

    return on_screen(reach, chosen, seen)


def whole_screen() -> bool:
    """Whether the whole screen can be taken; says how to get it where only the extra is missing."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)) or terminal() in (
        "",
        "dumb",
        "unknown",
    ):
        return False
    if find_spec("textual") is None:
        click.echo(f"note: {EXTRA}", err=True)
        return False
    return True


def terminal() -> str:
    """What kind of terminal this is, as the terminal itself says."""
    return os.environ.get("TERM", "")  # noqa: TID251 - the terminal's own word for itself, not a setting


def choose(reach: Reach) -> str:
    """The open incident; where there are several a person says which. Raises Refused when there is none, or nobody to ask."""
    rows: list[View] = reach.open_incidents()
    if not rows:
        raise Refused("no incident is open", remedy="firstfive room INC-N opens one that is over")
    names = [str(row["id"]) for row in rows]
    if len(rows) == 1:
        return names[0]
    for row in rows:
        click.echo(line(row), err=True)
    if not sys.stdin.isatty():
        raise Refused(f"{len(rows)} incidents are open", remedy=f"name one: {', '.join(names)}", exit_code=Exit.USAGE)
    return str(click.prompt("Which one?", type=click.Choice(names), default=names[0], show_choices=False, err=True))
