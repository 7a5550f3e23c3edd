"""The `check` command: the page compiled, and what was understood and what was not; on request, held against the host.

Called by the front door. Changes nothing; runs something only with `--host`, and then only what reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstfive.cli.line import options, settings_of
from firstfive.cli.page.plain import say
from firstfive.errors import Exit, PageError

if TYPE_CHECKING:
    from firstfive.handbook.model import Handbook
    from firstfive.settings import Settings


@click.command()
@click.argument("page", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--sarif", "as_sarif", is_flag=True, help="A SARIF 2.1.0 log instead of text.")
@click.option("--host", "on_host", is_flag=True, help="Ask the host whether what the page names is there; only looks.")
@options
def check(
    page: Path | None,
    strict: bool,
    as_sarif: bool,
    on_host: bool,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Compile a page and say what was understood and what was not."""
    from firstfive.handbook.model import Level

    if as_sarif and (as_json or on_host):
        raise click.UsageError("--sarif stands alone: give it without --json and --host")
    settings = settings_of(page or vault, config, here=True)
    if not on_host and not as_sarif:
        return _told(settings, strict=strict, as_json=as_json)
    handbook = _compiled(settings, as_sarif=as_sarif)
    if on_host:
        return _hold(settings, handbook, strict=strict, as_json=as_json)
    _sarif(settings, handbook)
    levels = [problem.level for problem in handbook.problems]
    return _code(levels.count(Level.ERROR), levels.count(Level.WARNING), strict=strict)


def _code(errors: int, warnings: int, *, strict: bool) -> int:
    return int(Exit.DOES_NOT_COMPILE if errors or (strict and warnings) else Exit.OK)


def _told(settings: Settings, *, strict: bool, as_json: bool) -> int:
    """Say what the page holds; what was said of exactly these bytes before is said again without compiling."""
    from firstfive.cli import remembered

    key = remembered.key_of(settings, as_json=as_json)
    said = remembered.recall(settings, key)
    if said is None:
        handbook = _compiled(settings, as_sarif=False)
        levels = [str(problem.level) for problem in handbook.problems]
        text = _rendered(handbook, as_json=as_json)
        said = {"text": text, "errors": levels.count("error"), "warnings": levels.count("warning")}
        remembered.keep(settings, key, said)
    click.echo(said["text"])
    return _code(said["errors"], said["warnings"], strict=strict)


def _compiled(settings: Settings, *, as_sarif: bool) -> Handbook:
    """The handbook. When nothing compiles, a log says so as well before the error does: what takes the log wants one in any case."""
    from firstfive.app import read_handbook
    from firstfive.cli.page.vault import problem_of
    from firstfive.handbook.model import Handbook

    try:
        return read_handbook(settings)
    except PageError as problem:
        if as_sarif:
            name, suffix, _ = problem.where.partition(".md")
            page = settings.page or (name + suffix if suffix and not name.startswith("/") else ".")
            _sarif(settings, Handbook(title="", digest="", sources=(), problems=(problem_of(problem, page),)))
        raise


def _rendered(handbook: Handbook, *, as_json: bool) -> str:
    import json

    from firstfive.handbook import report

    if as_json:
        return json.dumps({"schema": "firstfive/1", **report.to_json(handbook)}, ensure_ascii=False)
    problems = report.render_problems(handbook)
    return (
        f"{report.understood(handbook)}\n{problems}"
        if problems
        else f"{report.understood(handbook)}\nNo problem was found."
    )


def _sarif(settings: Settings, handbook: Handbook) -> None:
    """Pages are named from the current folder when the vault is below it, since that is where a pipeline stands."""
    import json

    from firstfive import __version__
    from firstfive.documents.sarif import sarif

    here = Path.cwd()
    folder = settings.vault.relative_to(here).as_posix() if settings.vault.is_relative_to(here) else ""
    log = sarif(handbook, version=__version__, folder="" if folder == "." else folder)
    click.echo(json.dumps(log, ensure_ascii=False, indent=1))


def _hold(settings: Settings, handbook: Handbook, *, strict: bool, as_json: bool) -> int:
    """Hold the page against the host that its commands run on by default; what is missing fails, with `strict` the unknown, too."""
    import asyncio

    from firstfive.app import target_of
    from firstfive.cli.page import host

    name = settings.default_target
    target = target_of(name, settings.targets[name], settings)
    findings = asyncio.run(host.held(handbook, settings, target))
    if as_json:
        say(host.plain(findings))
    else:
        click.echo(host.worded(findings))
    bad = {host.MEND, host.UNKNOWN} if strict else {host.MEND}
    return int(Exit.FAILED if any(finding.state in bad for finding in findings) else Exit.OK)
