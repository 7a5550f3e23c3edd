"""`firstfive coverage`: how far the page was ever tried.

Called by the front door. Reads the index of what happened, or asks a server elsewhere; changes nothing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firstfive.cli.line import View, anywhere, ask, settings_of, show
from firstfive.errors import FirstfiveError

if TYPE_CHECKING:
    from firstfive.incident.signals import Deploy
    from firstfive.settings import Settings


@click.command()
@anywhere
def coverage(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """When each runbook last mended something, what is stale or never ran, and what no runbook fitted or no symptom showed."""
    settings = settings_of(vault, config)
    told = ask(settings, "GET", "/coverage") if settings.server else _here(settings)
    show(told, as_json=as_json, text=_shown)


def _here(settings: Settings) -> View:
    from firstfive.app import read_handbook
    from firstfive.app.history import History, proofs
    from firstfive.app.shelf.drills import gaps
    from firstfive.documents.learning import coverage as covered

    handbook = read_handbook(settings)
    index = History(settings=settings, told=lambda text: click.echo(f"note: {text}", err=True)).open()
    try:
        found = covered.coverage(handbook, proofs(index), _deploys(settings))
    finally:
        index.close()
    return {**covered.view(found), "gaps": list(gaps(settings, handbook))}


def _deploys(settings: Settings) -> tuple[Deploy, ...]:
    from firstfive.stores import open_journal

    async def read() -> tuple[Deploy, ...]:
        journal = open_journal(settings.database, read_only=True)
        try:
            return await journal.read(lambda tx: tx.deploys(1000))
        finally:
            await journal.close()

    try:
        return asyncio.run(read())
    except FirstfiveError:
        return ()  # no journal yet


def _shown(answer: View) -> str:
    lines: list[str] = []
    for row in answer["runbooks"]:
        lines.append(f"{row['number']} {row['title']}".strip())
        proven = row["proven"]
        if proven is None:
            lines.append(f"  never proven; ran in {row['used']} incidents" if row["used"] else "  never used")
        else:
            how = "in a drill" if proven["drill"] else "for real"
            who = f" by {proven['by']}" if proven["by"] else ""
            took = f", {proven['minutes']:g} min to mitigate" if proven["minutes"] is not None else ""
            lines.append(
                f"  proven {proven['at'][:10]} {how} ({proven['incident']}){who}{took}, after {proven['step']}"
            )
        lines += [f"  STALE: {row['stale']}"] if row["stale"] else []
        lines += [f"  never ran: {', '.join(row['never'])}"] if row["never"] and row["used"] else []
        lines += [f"  never helped: {', '.join(row['idle'])}"] if row["idle"] else []
    for one in answer["unmatched"]:
        lines.append(f"{one['incident']} fitted no runbook: {'; '.join(one['seen']) or 'declared by a person'}")
    for one in answer["gaps"]:
        lines.append(f"GAP: {one['fault']} was drilled on {one['at'][:10]} and no symptom of the page showed it")
        lines += (
            one["diff"].rstrip("\n").split("\n")
            if one["diff"]
            else ["  the page names a symptom for it by now: drill it again"]
        )
    return "\n".join(lines) or "The page has no runbook."
