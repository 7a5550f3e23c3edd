"""`firstfive export` and `firstfive import`: incidents carried to another installation, proved on the way.

Called by the front door. The first reads beside a running server, the second refuses while one runs.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from firstfive.cli.line import View, options, settings_of, show
from firstfive.errors import FirstfiveError, JournalError


@click.command()
@click.argument("incidents", nargs=-1, metavar="[INC-N]...")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@options
def export(incidents: tuple[str, ...], out: Path, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Write timelines with the pages they are pinned to, one JSON object a line; all of them when none is named."""
    from firstfive.app.offline.carrying import lines, proved
    from firstfive.engine.clock import SystemClock

    settings = settings_of(vault, config)
    rows = list(asyncio.run(lines(settings, incidents, SystemClock().now())))
    try:
        proved(rows, str(out))
    except FirstfiveError as altered:
        raise JournalError(
            altered.what, remedy="firstfive verify proves every timeline; export those that hold by their names"
        ) from None
    with out.open("x", encoding="utf-8") as file:
        for row in rows:
            file.write(row + "\n")
    show({"file": str(out), "lines": len(rows)}, as_json=as_json, text=lambda a: f"{a['lines']} lines in {a['file']}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def import_(file: Path, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Take the resolved incidents of an export in, under new numbers, after proving every chain; what is here already is left out."""
    from firstfive.app.offline.carrying import LONGEST_LINE, proved, taken_in

    settings = settings_of(vault, config)
    with file.open(encoding="utf-8") as rows:
        try:
            books, carried = proved(iter(lambda: rows.readline(LONGEST_LINE), ""), str(file))
        except UnicodeDecodeError:
            raise FirstfiveError(
                "this is no text", where=str(file), remedy="give a file of `firstfive export`"
            ) from None
    answer: View = asyncio.run(taken_in(settings, books, carried))
    show(answer, as_json=as_json, text=_told)


def _told(answer: View) -> str:
    rows = [f"{origin} is now {here}" for origin, here in answer["new"].items()]
    rows += [f"{origin} is here already as {here}" for origin, here in answer["known"].items()]
    rows += [f"{origin} was left out: {why}" for origin, why in answer["left"].items()]
    return "\n".join(rows) or "There was nothing in it."
