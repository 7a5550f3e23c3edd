"""`firstfive history` and `firstfive search`: every incident that ever was, and every word that was written down in one.

Called by the front door. Reads beside a running server or without one; keeps an index beside the journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.afterwards.metrics import day_of
from firstfive.cli.line import View, options, settings_of, show
from firstfive.errors import Exit, FirstfiveError

if TYPE_CHECKING:
    from firstfive.settings import Settings
    from firstfive.stores.history import Index

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
@options
def history(
    severity: int | None, runbook: str, since: str, until: str, only_open: bool, limit: int, before: str,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Every incident, newest first."""
    from firstfive.app.shelf.listing import row, wanted_by

    wanted = wanted_by(
        severity or 0,
        runbook,
        day_of("--since", since),
        day_of("--until", until),
        only_open=only_open,
        before=_number(before),
    )
    index = _index(settings_of(vault, config))
    try:
        found = index.listed(wanted, limit)
    finally:
        index.close()
    more = found[-1].id if len(found) == limit else None
    answer = {"incidents": [row(one) for one in found], "before": more}
    show(answer, as_json=as_json, text=_listing)


@click.command()
@click.argument("words", nargs=-1, required=True)
@filters
@options
def search(
    words: tuple[str, ...], severity: int | None, runbook: str, since: str, until: str, only_open: bool, limit: int,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Find sentences of timelines and post-mortems that hold every one of WORDS; a "phrase" and the begin* of a word count as one."""
    from firstfive.app.shelf.listing import instant, wanted_by

    began, ended = day_of("--since", since), day_of("--until", until)
    wanted = wanted_by(severity or 0, runbook, began, ended, only_open=only_open)
    index = _index(settings_of(vault, config))
    try:
        hits = index.search(" ".join(words), wanted, limit)
        titles = index.titles(hit.source for hit in hits)
    finally:
        index.close()
    rows: list[View] = [
        {
            "incident": hit.source if hit.source in titles else None,
            "file": None if hit.source in titles else hit.source,
            "title": titles[hit.source].title if hit.source in titles else "",
            "seq": hit.seq or None,
            "at": instant(hit.at) if hit.at else None,
            "text": hit.text,
        }
        for hit in hits
    ]
    show({"hits": rows}, as_json=as_json, text=_hits)


def _number(before: str) -> int | None:
    number = before.upper().removeprefix("INC-")
    if before and not number.isdigit():
        raise FirstfiveError(f"--before {before!r} is no incident", remedy="write INC-7", exit_code=Exit.USAGE)
    return int(number) if before else None


def _index(settings: Settings) -> Index:
    from firstfive.app.history import History

    return History(settings=settings, told=lambda text: click.echo(f"note: {text}", err=True)).open()


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
