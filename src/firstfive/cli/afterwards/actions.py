"""`firstfive actions`: what was promised in the vault's post-mortems, who promised it, and what is late.

Called by the front door. Reads the vault's files, or asks a server elsewhere for what it read there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstfive.cli.line import View, anywhere, only_there, rows_of, settings_of, show
from firstfive.errors import Exit, FirstfiveError

if TYPE_CHECKING:
    from firstfive.documents.actions import ActionItem
    from firstfive.settings import Settings


@click.command()
@click.option("--overdue", is_flag=True, help="Only open ones whose day has passed.")
@click.option("--owner", help="Only those of this person, with or without @; an empty name: those that nobody owns.")
@click.option("--all", "everything", is_flag=True, help="Also those that are done.")
@click.option("--on", "day", help="Judge by this day instead of today: 2026-06-01.")
@click.option("--ical", is_flag=True, help="Print them as calendar to-dos (iCalendar) instead.")
@click.option("--issues", type=click.Choice(["github", "gitlab"]), help="Bodies of issues for those without a ticket.")
@click.option(
    "--file", "file_them", is_flag=True, help="File those without a ticket as issues, by the settings' [forge]."
)
@anywhere
def actions(
    overdue: bool, owner: str | None, everything: bool, day: str | None, ical: bool, issues: str | None, file_them: bool,
    vault: Path | None, config: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Action items of the vault's post-mortems: open ones by the day they are due, late ones first."""
    from firstfive.documents import actions as promised
    from firstfive.engine.clock import SystemClock

    now = SystemClock().now()
    today = _day(day) if day else now.date()
    settings = settings_of(vault, config)
    if file_them:
        only_there(settings, "--file", "it files issues by the settings' [forge], with the tokens of that machine")
    found, unread, folder = _read(settings)
    chosen = promised.overdue(found, today) if overdue else promised.in_order(found)
    chosen = promised.by_owner(chosen, owner) if owner is not None else chosen
    chosen = chosen if everything else tuple(item for item in chosen if not item.done)
    for row in unread if not as_json else ():
        click.echo(f"note: {row['file']}:{row['line']}: {row['what']} (help: {row['remedy']})", err=True)
    if ical:
        written = {"calendar": promised.as_ical(chosen, now), "unread": unread}
        show(written, as_json=as_json, text=lambda answer: str(answer["calendar"]).rstrip("\r\n"))
    elif file_them:
        _file(settings, chosen, as_json=as_json)
    elif issues:
        _show_issues(chosen, issues, as_json=as_json)
    else:
        rows = [promised.as_json(item, today) for item in chosen]
        answer = {"on": today.isoformat(), "folder": folder, "actions": rows, "unread": unread}
        show(answer, as_json=as_json, text=lambda _: promised.listing(chosen, today))


def _read(settings: Settings) -> tuple[tuple[ActionItem, ...], list[View], str]:
    """Every promise, what could not be read, and the folder of the post-mortems; a server elsewhere does not say that."""
    from firstfive.app.shelf.notes import promises_of, read_notes
    from firstfive.documents.actions import ActionItem

    if not settings.server:
        notes = read_notes(settings)
        found, unread = promises_of(notes)
        return tuple(found), list(unread), notes.folder
    told = rows_of(settings, "/actions?all=1&limit=1000", "actions")
    names = ("text", "owner", "ticket", "done", "file", "line", "incident")
    items = tuple(
        ActionItem(**{name: row[name] for name in names}, due=date.fromisoformat(row["due"]) if row["due"] else None)
        for row in told["actions"]
    )
    return items, told["unread"], ""


def _show_issues(items: tuple[ActionItem, ...], forge: str, *, as_json: bool) -> None:
    import json

    from firstfive.documents.actions import github_issue, gitlab_issue

    make = github_issue if forge == "github" else gitlab_issue
    bodies = [make(item) for item in items if not item.ticket and not item.done]
    show({"forge": forge, "issues": bodies}, as_json=as_json, text=lambda a: json.dumps(a["issues"], indent=2))


def _file(settings: Settings, items: tuple[ActionItem, ...], *, as_json: bool) -> None:
    import asyncio

    from firstfive.app.forge import filed

    rows = asyncio.run(filed(settings, items))
    show({"filed": rows}, as_json=as_json, text=_filed)


def _filed(answer: View) -> str:
    rows = [
        f"{one['file']}:{one['line']}: {one['text']}\n  {one['ticket']} {one['url']}{'' if one['new'] else ' (filed before)'}"
        for one in answer["filed"]
    ]
    return "\n".join([*rows, "Write the number into the table's ticket column."]) if rows else "Nothing to file."


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FirstfiveError(f"--on {text!r} is no day", remedy="write 2026-06-01", exit_code=Exit.USAGE) from None
