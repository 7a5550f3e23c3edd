"""Commands about the page: make settings for it, compile it, explain it, judge a script. They need no server and no journal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from firstfive.cli.line import options, settings_of
from firstfive.errors import Exit, FirstfiveError, SettingsError
from firstfive.settings import FILE


@click.command()
@click.argument("vault", type=click.Path(path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def init(vault: Path, as_json: bool) -> None:
    """Make a settings file beside a vault's page; never overwrites one."""
    from firstfive.cli.starter import starter

    folder = vault.parent if vault.is_file() else vault
    if not folder.is_dir():
        raise SettingsError(f"there is no folder {folder}", remedy="give the folder of the vault")
    file = folder / FILE
    if file.exists():
        raise FirstfiveError(f"{file} is there already", remedy="edit it, or remove it first", exit_code=Exit.CONFLICT)
    page, text = starter(folder, vault.name if vault.is_file() else "")
    file.write_text(text, encoding="utf-8")
    state = folder / ".firstfive"
    state.mkdir(mode=0o700, exist_ok=True)
    (state / ".gitignore").write_text("*\n", encoding="utf-8")
    if as_json:
        _json({"settings": str(file), "page": page})
    else:
        click.echo(f"made {file} for the page {page}\nnext: firstfive check, then firstfive serve")


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
        _json(report.to_json(handbook))
    else:
        click.echo(report.understood(handbook))
        problems = report.render_problems(handbook)
        click.echo(f"\n{problems}" if problems else "\nNo problem was found.")
    bad = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    return int(Exit.DOES_NOT_COMPILE if any(p.level in bad for p in handbook.problems) else Exit.OK)


@click.command()
@click.argument("runbook")
@options
def explain(runbook: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Show a runbook (3.1, its id or title) step by step: exact script, verdicts and reasons, who moves it."""
    from firstfive.app import read_handbook
    from firstfive.cli.explain import explained
    from firstfive.handbook import report

    handbook = read_handbook(settings_of(vault, config))
    found = handbook.runbook(runbook)
    if found is None:
        known = ", ".join(f"{r.number or r.id}" for r in handbook.runbooks)
        raise FirstfiveError(f"the page has no runbook {runbook}", remedy=f"it has {known}", exit_code=Exit.USAGE)
    if as_json:
        whole = report.to_json(handbook)["runbooks"]
        _json(next(r for r in whole if r["id"] == found.id))
    else:
        click.echo(explained(found))


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-c", "command", help="Judge this text instead of files.")
@click.option("--json", "as_json", is_flag=True, help="One object a line per input, in order.")
def risk(files: tuple[Path, ...], command: str | None, as_json: bool) -> int:
    """Say what each shell script does: read-only, unknown, changing or destructive, with the reasons."""
    from firstfive.cli.verdicts import inputs, told

    if command is None and not files:
        raise click.UsageError("give files, - for standard input, or -c 'COMMAND'")
    worst = int(Exit.OK)
    for name, text in inputs(files, command):
        line, code = told(name, text, as_json=as_json)
        click.echo(line)
        worst = max(worst, code)
    return worst


def _json(value: dict[str, Any]) -> None:
    import json

    sys.stdout.write(json.dumps({"schema": "firstfive/1", **value}, ensure_ascii=False) + "\n")
