"""The `check` command: the page compiled, and what was understood and what was not.

Called by the front door. Changes nothing and runs nothing of the page.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.line import options, settings_of
from firstfive.cli.page.plain import say
from firstfive.errors import Exit


@click.command()
@click.argument("page", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@options
def check(page: Path | None, strict: bool, vault: Path | None, config: Path | None, as_json: bool) -> int:
    """Compile a page and say what was understood and what was not."""
    from firstfive.app import read_handbook
    from firstfive.handbook import report
    from firstfive.handbook.model import Level

    handbook = read_handbook(settings_of(page or vault, config))
    if as_json:
        say(report.to_json(handbook))
    else:
        click.echo(report.understood(handbook))
        problems = report.render_problems(handbook)
        click.echo(f"\n{problems}" if problems else "\nNo problem was found.")
    bad = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    return int(Exit.DOES_NOT_COMPILE if any(p.level in bad for p in handbook.problems) else Exit.OK)
