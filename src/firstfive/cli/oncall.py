"""`firstfive oncall` and `firstfive oncall-import`: who answers now, who is next, where nobody is; schedules from elsewhere.

Called by the front door. Reads the settings and the calendars that they name, or asks a server elsewhere; needs no journal and no page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.line import View, anywhere, ask, only_there, settings_of, show
from firstfive.errors import Exit, FirstfiveError

if TYPE_CHECKING:
    from firstfive.incident.oncall import Schedule
    from firstfive.settings import Settings

BACK, AHEAD = timedelta(days=14), timedelta(days=90)


@click.command()
@click.option(
    "--at", "moment", help="Ask for another time than now: 2026-01-05T09:00+01:00; without an offset it is UTC."
)
@click.option("--ical", is_flag=True, help="Print the next 90 days as a calendar (iCalendar) instead.")
@click.option("--person", help="In the calendar, the turns of this person alone.")
@anywhere
def oncall(
    moment: str | None, ical: bool, person: str | None, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Who is on call now, until when, who is next, and when nobody is in the next 14 days."""
    if person and not ical:
        raise FirstfiveError("--person belongs to --ical", remedy="add --ical", exit_code=Exit.USAGE)
    from firstfive.app.shelf.rota import schedules, strangers

    settings = settings_of(vault, config)
    if settings.server:
        for option, given in (("--at", moment), ("--ical", ical)):
            if given:
                only_there(settings, option, "it is reckoned from the schedules in the settings")
        show(ask(settings, "GET", "/oncall"), as_json=as_json, text=_told)
        return
    at = _moment(moment)
    found, remarks = schedules(settings, at - BACK, at + AHEAD)
    if ical:
        written = _calendar(settings, found, at, person)
        for remark in remarks:
            click.echo(f"note: {remark}", err=True)
        show({"calendar": written}, as_json=as_json, text=lambda answer: str(answer["calendar"]).rstrip("\r\n"))
        return
    from firstfive.documents.oncall import view

    unreachable = strangers(settings, found)
    answer = {
        "at": at.isoformat(),
        "schedules": [view(one, at) for one in found],
        "notes": [*remarks, *unreachable],
    }
    show(answer, as_json=as_json, text=_told)


def _moment(words: str | None) -> datetime:
    if words is None:
        from firstfive.engine.clock import SystemClock

        return SystemClock().now().replace(microsecond=0)
    from firstfive.settings.oncall.schedules import YEARS

    try:
        found = datetime.fromisoformat(words)
        if found.year not in YEARS:
            raise ValueError("no schedule reaches there")  # noqa: TRY301 - refused like any word that is no time
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:
        raise FirstfiveError(
            f"--at {words!r} is no time of the years 1970 to 2199",
            remedy="write it as 2026-01-05T09:00+01:00",
            exit_code=Exit.USAGE,
        ) from None


def _calendar(settings: Settings, found: list[Schedule], at: datetime, named: str | None) -> str:
    from firstfive.documents.oncall import calendar
    from firstfive.incident.oncall import Person, turns
    from firstfive.settings.people import known_as

    wanted = None
    if named is not None:
        known = known_as(named, settings.people)
        wanted = Person(name=known.name if known else named)
        everybody = {person for one in found for person in one.people}
        if wanted not in everybody:
            raise FirstfiveError(
                f"{named} is in no schedule",
                remedy=f"there are {', '.join(sorted(person.name for person in everybody)) or 'none: write [oncall.primary]'}",
                exit_code=Exit.USAGE,
            )
    whole = [(one.name, turn) for one in found for turn in turns(one, at, at + AHEAD)]
    return calendar(whole, stamp=at, person=wanted)


def _told(answer: View) -> str:
    if not answer["schedules"]:
        return "No on-call schedule is set. Write [oncall.primary] with people, zone and from into the settings."
    lines: list[str] = []
    for one in answer["schedules"]:
        lines += [f"{one['schedule']}: {_stretch(one['now'])}", f"  {one['now']['why']}"]
        if one["next"]:
            lines.append(f"  next: {_stretch(one['next'])}, from {_time(one['next']['since'])}")
        lines += [f"  NOBODY from {_time(gap['since'])} to {_time(gap['until'])}" for gap in one["gaps"]]
    return "\n".join([*lines, *(f"note: {note}" for note in answer["notes"])])


def _stretch(said: dict[str, Any]) -> str:
    until = f", until {_time(said['until'])}" if said["until"] else ""
    return f"{said['person'] or 'NOBODY'}{until}"


def _time(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%a %Y-%m-%d %H:%M} UTC"


@click.command("oncall-import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def oncall_import(file: Path, as_json: bool) -> None:
    """Print the schedules in another program's export as tables for the settings; what cannot be carried over is listed."""
    from firstfive.settings.oncall.imports import imported, toml

    found = imported(file)
    answer = {
        "source": found.source,
        "schedules": [one.name for one in found.schedules],
        "left": list(found.left),
        "toml": toml(found),
    }
    show(answer, as_json=as_json, text=lambda shown: str(shown["toml"]).rstrip())
