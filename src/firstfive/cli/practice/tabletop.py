"""A drill at the table: what a drill in the lab showed, played to people who say what it is. No host, no server, no harm.

Called by `drill`. Reads what an earlier drill has kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from firstfive.documents.drill import Card
    from firstfive.faults import Fault
    from firstfive.settings import Settings


def play(settings: Settings, fault: Fault) -> Card:
    """Show the recording, ask three things, and score the answers. Raises FirstfiveError when nothing was recorded."""
    from firstfive.app.practice import recording
    from firstfive.documents.drill import Card, Mark
    from firstfive.engine.clock import SystemClock

    seen, clock = recording(settings, fault), SystemClock()
    began = clock.now()
    click.echo("\n".join(shown(seen)))
    level = click.prompt("Which severity", type=int)
    graded = (clock.now() - began).total_seconds()
    click.echo("\n".join(f"  {row['number']} {row['title']}" for row in seen["runbooks"]))
    number = click.prompt("Which runbook (its number)", type=str).strip()
    chosen = (clock.now() - began).total_seconds()
    first = click.prompt("What do you do first", type=str)
    right = [f"{row['number']} {row['title']}" for row in seen["runbooks"] if fault.fits(row["title"])]
    fits = any(row["number"] == number and fault.fits(row["title"]) for row in seen["runbooks"])
    marks = (
        Mark(
            name="severity",
            met=level == seen["level"],
            seconds=round(graded, 1),
            why=f"SEV-{level}, the page gives SEV-{seen['level']}",
        ),
        Mark(name="right runbook", met=fits, seconds=round(chosen, 1), why=f"{number}; right is {' or '.join(right)}"),
        Mark(name="first deed", met=None, why=f"{first}; in the lab it was: {fault.mends}"),
    )
    at = began.isoformat(timespec="seconds")
    return Card(
        fault=fault.name,
        what=fault.what,
        at=at,
        hurt=at,
        mode="tabletop",
        page="",
        incident=str(seen["id"]),
        mended="nothing: it was played at the table",
        marks=marks,
    )


def shown(seen: dict[str, Any]) -> list[str]:
    """What people get to see: the signals in order, and the answers of the first five."""
    lines = ["What is seen:"]
    for signal in sorted(seen["signals"], key=lambda one: str(one["at"])):
        lines.append(
            f"  {str(signal['at'])[11:19]}  {signal['subject']}: {' '.join(str(signal['text']).split())[:160]}"
        )
    lines.append("The first five minutes:")
    for check in seen["checks"]:
        evidence = (str(check["evidence"]).splitlines() or [""])[0][:120]
        lines.append(f"  {check['answer']:<8} {check['title']} {evidence}")
    return lines
