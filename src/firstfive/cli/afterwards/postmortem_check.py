"""`firstfive postmortem-check`: what a reader of a post-mortem will miss. It remarks; it refuses nothing unless asked to.

Called by the front door. Reads files; needs no server and no journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.line import View, options, settings_of, show
from firstfive.errors import Exit, PageError

if TYPE_CHECKING:
    from firstfive.handbook.model import PostmortemForm


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit 1 when there is a remark.")
@options
def postmortem_check(
    files: tuple[Path, ...], strict: bool, vault: Path | None, config: Path | None, as_json: bool
) -> int:
    """What a reader of these post-mortems will miss; without FILES, of every one in the vault's folder."""
    from firstfive.app.shelf.notes import form_of, read_notes

    settings = settings_of(vault, config, here=True, vaultless=bool(files))
    if files:
        form, remark = form_of(settings)
        found = {str(file): _remarks(str(file), file.read_bytes(), form) for file in files}
    else:
        notes = read_notes(settings)
        form, remark = notes.form, notes.remark
        found = {name: _remarks_or_why(name, raw, form) for name, raw in notes.files.items()}
    if remark:
        click.echo(f"note: {remark}; a plain form is taken", err=True)
    answer = {"files": [{"file": name, "remarks": remarks} for name, remarks in found.items()]}
    show(answer, as_json=as_json, text=_worded)
    return int(Exit.FAILED if strict and any(found.values()) else Exit.OK)


def _remarks(name: str, raw: bytes, form: PostmortemForm | None) -> list[View]:
    from firstfive.documents.postmortem.check import check_postmortem

    return [
        {"line": r.line, "column": r.column, "code": r.code, "what": r.what, "suggestion": r.suggestion}
        for r in check_postmortem(name, raw, form)
    ]


def _remarks_or_why(name: str, raw: bytes, form: PostmortemForm | None) -> list[View]:
    """One unreadable file among many is said in its place, and the others are still looked at."""
    try:
        return _remarks(name, raw, form)
    except PageError as problem:
        return [{"line": 1, "column": 1, "code": problem.code, "what": problem.what, "suggestion": problem.remedy}]


def _worded(answer: dict[str, Any]) -> str:
    lines = [
        f"{one['file']}:{r['line']}:{r['column']}: {r['code']} {r['what']}\n    {r['suggestion']}"
        for one in answer["files"]
        for r in one["remarks"]
    ]
    count, files = len(lines), len(answer["files"])
    if not files:
        return "There is no post-mortem yet."
    among = "1 post-mortem" if files == 1 else f"{files} post-mortems"
    lines.append(f"{among}: {'nothing to remark' if not count else '1 remark' if count == 1 else f'{count} remarks'}")
    return "\n".join(lines)
