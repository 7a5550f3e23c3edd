"""The `fmt` command: small mends of a page as a diff, and written on request as exactly these bytes.

Called by the front door. Writes nothing without `--write`, and nothing over a page that changed since it was read.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.line import options, settings_of
from firstfive.cli.page.plain import say
from firstfive.cli.page.written import replaced

if TYPE_CHECKING:
    from firstfive.handbook.edits import Edit, Plan


@click.command()
@click.argument("page", type=click.Path(path_type=Path), required=False)
@click.option("--write", is_flag=True, help="Make the edits; without it they are only shown.")
@click.option("--links", is_flag=True, help="Mend links in prose, too, where only one heading can be meant.")
@options
def fmt(page: Path | None, write: bool, links: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Show small mends of a page as a diff: spelling of #: lines, and what a problem's help can do by itself."""
    from firstfive.cli.page.vault import read_vault
    from firstfive.handbook.edits import plan

    read = read_vault(settings_of(page or vault, config, here=True))
    made = plan(read.pages, read.page, main=read.main, options=read.options, links=links)
    if write and made.edits:
        replaced(read.folder / read.page, made.before, made.after)
    if as_json:
        say(_plain(made, written=write and bool(made.edits)))
    else:
        click.echo(_worded(made, written=write), nl=False)


def _worded(made: Plan, *, written: bool) -> str:
    lines = [f"{made.page}:{edit.line}: {_code(edit)}{edit.why}" for edit in made.edits]
    lines += [f"{made.page}:{edit.line}: not done: {_code(edit)}{_shown(edit)}: {why}" for edit, why in made.left]
    count = len(made.edits)
    if not count:
        lines.append("Nothing to do.")
    else:
        did = "made" if written else "to make; --write makes"
        lines.append(f"{count} edit{'' if count == 1 else 's'} {did}" + ("" if written else " them"))
    return ("" if written else _diff(made)) + "\n".join(lines) + "\n"


def _code(edit: Edit) -> str:
    return f"{edit.code} " if edit.code else ""


def _shown(edit: Edit) -> str:
    return f"“{edit.old.decode(errors='replace')}” to “{edit.text.decode(errors='replace')}”"


def _diff(made: Plan) -> str:
    """A unified diff; line ends other than newline stand in it as they are, so that `patch` can take it."""
    old, new = (
        [line.decode(errors="replace") for line in side.splitlines(keepends=True)] for side in (made.before, made.after)
    )
    lines = []
    for line in difflib.unified_diff(old, new, fromfile=f"a/{made.page}", tofile=f"b/{made.page}"):
        lines.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _plain(made: Plan, *, written: bool) -> dict[str, Any]:
    return {
        "page": made.page,
        "written": written,
        "edits": [_edit(edit) for edit in made.edits],
        "left": [{**_edit(edit), "reason": why} for edit, why in made.left],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "code": edit.code,
        "line": edit.line,
        "start": edit.start,
        "end": edit.end,
        "old": edit.old.decode(errors="replace"),
        "new": edit.text.decode(errors="replace"),
        "why": edit.why,
    }
