"""Takes the sealed log of a break-glass bundle into an incident's timeline.

Called by `firstfive merge`, and by the shelf where a server runs. Proves the whole log first; a row that the timeline holds already is
left out, so merging twice is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firstfive.app.offline.bundle import key_of
from firstfive.app.program import open_program
from firstfive.engine.advance import advance
from firstfive.engine.loop import Engine
from firstfive.engine.steps.break_glass import told
from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.ports import Transaction
from firstfive.settings import Settings
from firstfive.stores.files.broken_glass import LARGEST, rows_of

Rows = tuple[Mapping[str, Any], ...]


async def merged(settings: Settings, log: Path, incident_id: str, by: str) -> dict[str, Any]:
    """How many rows there were, and how many were new, into a journal that no server has open."""
    rows = proved(settings, read(log), where=str(log))
    program = await open_program(settings, notifiers=(), log=lambda _: None)
    try:
        return await taken_in(program.engine, rows, incident_id, by)
    finally:
        await program.close()


def read(log: Path) -> str:
    """The text of a log. Raises FirstfiveError for a file that cannot be read or is too large to be one."""
    try:
        if log.stat().st_size > LARGEST:
            raise FirstfiveError("this log is too large", where=str(log), remedy="give the log that break-glass wrote")
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise FirstfiveError(
            f"the log cannot be read: {problem.strerror}", where=str(log), remedy="check the path and its rights"
        ) from None


def proved(settings: Settings, log: str, *, where: str = "the log") -> Rows:
    """Every row of a log of this installation. Raises FirstfiveError naming the first line that is not as it was written."""
    return rows_of(log, key_of(settings, _bundle(log)), where=where)


async def taken_in(engine: Engine, rows: Rows, incident_id: str, by: str) -> dict[str, Any]:
    """How many rows there were, and how many were new to the timeline."""
    await engine.incident(incident_id)

    def write(tx: Transaction) -> int:
        state = engine.rules.load(tx, incident_id)
        events = told(rows, state)
        if events:
            proof = f"{len(rows)} rows of the break-glass log of {rows[0]['bundle']} were proved and taken in"
            advance(tx, engine.rules, incident_id, (ev.Noted(text=proof), *events), by=by, now=engine.clock.now())
        return len(events)

    count = await engine.journal.write(write)
    return {"incident": incident_id, "bundle": rows[0]["bundle"], "rows": len(rows), "merged": count}


def _bundle(log: str) -> str:
    """The bundle that a log names; whether it is really its log is for the seals to prove."""
    try:
        return str(json.loads(log.partition("\n")[0])["bundle"])
    except (ValueError, KeyError, TypeError):
        raise FirstfiveError(
            "this is no log of a break-glass bundle", remedy="give the file that break-glass named"
        ) from None
