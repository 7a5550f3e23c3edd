"""`firstfive drill`: break a lab on purpose, see what the page and the team make of it, and get a scorecard.

Called by the front door. Harms only a target that settings and its own mark call a lab; refuses while a real incident is open.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from firstfive.cli.line import View, options, server_of, settings_of, show
from firstfive.errors import Exit, FirstfiveError

if TYPE_CHECKING:
    from firstfive.app.practice import Practice
    from firstfive.documents.drill import Card, Turn
    from firstfive.faults import Fault
    from firstfive.settings import Settings

T = TypeVar("T")


@click.group()
def drill() -> None:
    """Break a lab on purpose and score the answer."""


@drill.command("list")
@options
def listed(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Every fault, the runbook that it belongs to, and when it was last proven."""
    from firstfive.app import read_handbook
    from firstfive.app.practice import history
    from firstfive.faults import FAULTS, named_on

    settings = settings_of(vault, config)
    handbook = read_handbook(settings)
    proven = {one.fault: one.at[:10] for one in history(settings) if one.passed}
    rows = [
        {
            "fault": fault.name,
            "what": fault.what,
            "level": fault.level,
            "runbooks": [f"{r.number} {r.title}".strip() for r in handbook.runbooks if fault.fits(r.title)],
            "proven": proven.get(fault.name),
            "mends": fault.mends,
        }
        for fault in FAULTS
    ]
    named = [name for source in handbook.sources for name in named_on(source.text)]
    unknown = [name for name in named if name not in {fault.name for fault in FAULTS}]
    show({"faults": rows, "named_on_page": named, "unknown": unknown}, as_json=as_json, text=_list)


def _list(answer: View) -> str:
    lines = []
    for row in answer["faults"]:
        about = ", ".join(row["runbooks"]) or "no runbook of the page"
        proven = f"proven on {row['proven']}" if row["proven"] else "not proven yet"
        lines += [f"{row['fault']:<26} SEV-{row['level']}  {about}; {proven}", f"{'':<26} {row['what']}"]
    lines += [f"The page names the drill {name}, which nobody knows." for name in answer["unknown"]]
    return "\n".join(lines)


@drill.command("run")
@click.argument("fault", required=False)
@click.option("--all", "everything", is_flag=True, help="Every fault, one after the other.")
@click.option("--due", is_flag=True, help="What the schedule has for today or earlier; for a timer.")
@click.option("--every", type=click.IntRange(1, 3650), default=90, help="With --due: days in which each comes round.")
@click.option(
    "--mode",
    type=click.Choice(["auto", "hands-on", "tabletop"]),
    default="auto",
    help="auto: approvals are scripted; hands-on: you answer in the room; tabletop: a recording, and you say what it is.",
)
@click.option("--within", type=click.IntRange(10, 3600), help="Seconds until the fault is taken out anyway.")
@options
def run(
    fault: str | None,
    everything: bool,
    due: bool,
    every: int,
    mode: str,
    within: int | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Put FAULT into the lab, watch the running server answer, heal, and score."""
    from firstfive.app.practice import keep
    from firstfive.documents.drill import table
    from firstfive.faults import FAULTS, by_name

    if sum((bool(fault), everything, due)) != 1:
        raise FirstfiveError("name one fault, or --all, or --due", remedy="firstfive drill list", exit_code=Exit.USAGE)
    settings = settings_of(vault, config)
    names = _due(settings, every) if due else [fault or ""]
    chosen = sorted(FAULTS, key=lambda one: one.deploys) if everything else [by_name(name) for name in names]
    if not chosen:
        show({"drills": []}, as_json=as_json, text=lambda _: "no drill is due today")
        return
    if mode == "tabletop" and not fault:
        raise FirstfiveError("a tabletop plays one fault", remedy="name it", exit_code=Exit.USAGE)
    if mode == "tabletop":
        _at_the_table(settings, chosen[0], as_json=as_json)
        return
    practice = _practice(settings, scripted=mode == "auto", within=within, quiet=as_json)

    async def all_of_them() -> list[Card]:
        stop = asyncio.current_task()
        assert stop is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.cancel)
        made = []
        for one in chosen:
            if not as_json:
                click.echo(f"== {one.name}")
            made.append(await practice.run(one))
            keep(settings, made[-1], practice.seen)
        return made

    cards = _alone(settings, all_of_them)
    show({"drills": [one.to_json() for one in cards]}, as_json=as_json, text=lambda _: _told(cards, table(cards)))
    if not all(one.passed for one in cards):
        raise click.exceptions.Exit(int(Exit.FAILED))


def _at_the_table(settings: Settings, fault: Fault, *, as_json: bool) -> None:
    from firstfive.app.practice import keep
    from firstfive.cli.practice.tabletop import play
    from firstfive.documents.drill import markdown

    one = play(settings, fault)
    keep(settings, one)
    show({"drills": [one.to_json()]}, as_json=as_json, text=lambda _: markdown(one))
    if not one.passed:
        raise click.exceptions.Exit(int(Exit.FAILED))


def _told(cards: list[Card], table: str) -> str:
    if len(cards) != 1:
        return table
    from firstfive.documents.drill import markdown

    return markdown(cards[0])


def _practice(settings: Settings, *, scripted: bool = True, within: int | None = None, quiet: bool = True) -> Practice:
    from firstfive.app import read_handbook
    from firstfive.app.practice import PLAYED_WITHIN, Practice, lab_of, needs_server
    from firstfive.app.shelf.drills import lacks, proposed_for

    if server_of(settings) is None:
        raise needs_server()
    handbook = read_handbook(settings)
    return Practice(
        settings=settings,
        lab=lab_of(settings),
        propose=lambda fault: proposed_for(handbook, fault),
        lacks=lambda raw: lacks(handbook, raw),
        ask=lambda method, path, body: _served(settings, method, path, body),
        say=lambda text: None if quiet else click.echo(f"   {text}"),
        page=handbook.digest[:12],
        scripted=scripted,
        patience=float(within) if within else (PLAYED_WITHIN if scripted else 900.0),
    )


def _served(settings: Settings, method: str, path: str, body: View | None) -> View:
    """One call of the server that the drill is about; nobody else answers for it once it is gone."""
    from firstfive.app.practice import needs_server
    from firstfive.cli.line import over_http

    server = server_of(settings)
    if server is None:
        raise needs_server()
    return over_http(server, method, path, body, token=settings.token)


def _alone(settings: Settings, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    from firstfive.app.practice import alone

    with alone(settings):
        try:
            return asyncio.run(work())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


@drill.command("heal")
@options
def heal(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Take out what a drill that was killed has left in the lab."""
    from firstfive.app.practice import Practice, lab_of

    settings = settings_of(vault, config)
    practice = Practice(
        settings=settings,
        lab=lab_of(settings),
        ask=lambda method, path, body: _served(settings, method, path, body),
        say=lambda _: None,
        page="",
    )
    left = _alone(settings, practice.heal)
    show(
        {"healed": left.name if left else None},
        as_json=as_json,
        text=lambda a: f"healed {a['healed']}" if a["healed"] else "nothing was left in place",
    )


@drill.command("history")
@options
def past(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Every drill that was kept, and how each fault went over time."""
    from firstfive.app.practice import history
    from firstfive.documents.drill import trend

    cards = history(settings_of(vault, config))
    show({"drills": [one.to_json() for one in cards]}, as_json=as_json, text=lambda _: trend(cards))


@drill.command("schedule")
@click.option("--every", type=click.IntRange(1, 3650), default=90, help="Days in which every fault comes round.")
@click.option("--ical", is_flag=True, help="A calendar to import.")
@options
def scheduled(every: int, ical: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Which fault is to be drilled on which day: what failed first, then what nobody ever tried."""
    from firstfive.documents.drill import as_ical
    from firstfive.engine.clock import SystemClock

    turns = _turns(settings_of(vault, config), every)
    if ical:
        click.echo(as_ical(turns, SystemClock().now()), nl=False)
        return
    rows = [{"day": turn.day.isoformat(), "fault": turn.fault, "why": turn.why} for turn in turns]
    show({"schedule": rows}, as_json=as_json, text=_days)


def _days(answer: View) -> str:
    if not answer["schedule"]:
        return "No fault fits a runbook of this page."
    return "\n".join(f"{row['day']}  {row['fault']:<26} {row['why']}" for row in answer["schedule"])


def _turns(settings: Settings, every: int) -> tuple[Turn, ...]:
    """Turns of the faults that fit a runbook of the page."""
    from datetime import timedelta

    from firstfive.app import read_handbook
    from firstfive.app.shelf.drills import turns
    from firstfive.engine.clock import SystemClock

    return turns(settings, read_handbook(settings), SystemClock().now().date(), timedelta(days=every))


def _due(settings: Settings, every: int) -> list[str]:
    from firstfive.engine.clock import SystemClock

    today = SystemClock().now().date()
    return [turn.fault for turn in _turns(settings, every) if turn.day <= today]
