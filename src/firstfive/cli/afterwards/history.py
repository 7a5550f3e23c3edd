"""`firstfive history` and `firstfive search`: every incident that ever was, and every word that was written down in one.

Called by the front door. Reads beside a running server or without one; keeps an index beside the journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from firstfive.cli.line import View, anywhere, ask, settings_of, show

MOST = 1000


def filters(command: Any) -> Any:
    """The options that choose incidents, the same on both commands."""
    for option in reversed(
        [
            click.option(
                "--severity", type=click.IntRange(1, 9), help="Only incidents that were as grave as this at worst."
            ),
            click.option("--runbook", default="", help="Only incidents of this runbook, by its id."),
            click.option(
                "--since", default="", help="Only incidents that began on that day or later, UTC: 2026-01-01."
            ),
            click.option("--until", default="", help="Only incidents that began before that day, UTC."),
            click.option("--open", "only_open", is_flag=True, help="Only incidents that are not resolved."),
            click.option(
                "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many to show."
            ),
        ]
    ):
        command = option(command)
    return command


@click.command()
@filters
@click.option(
    "--before", default="", metavar="INC-N", help="Only incidents older than this one: the next part of a long list."
)
@anywhere
def history(
    severity: int | None, runbook: str, since: str, until: str, only_open: bool, limit: int, before: str,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Every incident, newest first."""
    asked = _query(severity, runbook, since, until, limit, only_open=only_open) | ({"before": before} if before else {})
    show(_told(vault, config, "history", asked), as_json=as_json, text=_listing)


@click.command()
@click.argument("words", nargs=-1, required=True)
@filters
@anywhere
def search(
    words: tuple[str, ...], severity: int | None, runbook: str, since: str, until: str, only_open: bool, limit: int,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Find sentences of timelines and post-mortems that hold every one of WORDS; a "phrase" and the begin* of a word count as one."""
    asked = _query(severity, runbook, since, until, limit, only_open=only_open) | {"q": " ".join(words)}
    show(_told(vault, config, "search", asked), as_json=as_json, text=_hits)


def _query(
    severity: int | None, runbook: str, since: str, until: str, limit: int, *, only_open: bool
) -> dict[str, str]:
    given = {"runbook": runbook, "since": since, "until": until, "open": "yes" if only_open else ""}
    given |= {"severity": str(severity or ""), "limit": str(limit)}
    return {name: value for name, value in given.items() if value}


def _told(vault: Path | None, config: Path | None, what: str, asked: dict[str, str]) -> View:
    """The answer of a server elsewhere, else of the index beside the journal."""
    settings = settings_of(vault, config)
    if settings.server:
        return ask(settings, "GET", f"/{what}?{urlencode(asked)}")
    from firstfive.app.history import Archive

    archive = Archive(settings=settings, told=lambda text: click.echo(f"note: {text}", err=True))
    return archive.listed(asked) if what == "history" else archive.found(asked)


def _listing(answer: View) -> str:
    rows = [
        f"{one['id']:<8} {one['began'][:16].replace('T', ' ')}  SEV-{one['level']}  {one['status']:<13} {one['title']}"
        f"{'  (drill)' if one['drill'] else ''}"
        for one in answer["incidents"]
    ]
    more = [f"There may be older ones: --before {answer['before']}"] if answer["before"] else []
    return "\n".join([*rows, *more]) or "No incident."


def _hits(answer: View) -> str:
    rows = []
    for hit in answer["hits"]:
        where = (
            f"{hit['incident']} #{hit['seq']} {hit['at'][:16].replace('T', ' ')}" if hit["incident"] else hit["file"]
        )
        rows.append(f"{where}  {hit['title']}".rstrip())
        rows += [f"  {line}" for line in str(hit["text"]).splitlines()[:3]]
    return "\n".join(rows) or "Nothing holds all of these words."
