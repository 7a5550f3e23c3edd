"""Takes the sealed log of a break-glass bundle into an incident's timeline.

Called by `firstfive merge`. Proves the whole log first; a row that the timeline holds already is left out, so merging twice is harmless.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from firstfive.app.offline.bundle import key_of
from firstfive.app.program import open_program
from firstfive.engine.advance import advance
from firstfive.engine.steps.break_glass import told
from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident
from firstfive.ports import Transaction
from firstfive.settings import Settings
from firstfive.stores.files.broken_glass import read


async def merged(settings: Settings, log: Path, incident_id: str, by: str) -> dict[str, Any]:
    """How many rows there were, and how many were new. Raises FirstfiveError for a log that is not as it was written."""
    rows = read(log, key_of(settings, _bundle(log)))
    program = await open_program(settings, notifiers=(), log=lambda _: None)
    try:
        engine = program.engine
        await engine.incident(incident_id)

        def write(tx: Transaction) -> tuple[Incident, int]:
            state = engine.rules.load(tx, incident_id)
            events = told(rows, state)
            if events:
                proved = f"{len(rows)} rows of the break-glass log of {rows[0]['bundle']} were proved and taken in"
                events = (ev.Noted(text=proved), *events)
            return advance(tx, engine.rules, incident_id, events, by=by, now=engine.clock.now()), max(
                0, len(events) - 1
            )

        _, count = await engine.journal.write(write)
        return {"incident": incident_id, "bundle": rows[0]["bundle"], "rows": len(rows), "merged": count}
    finally:
        await program.close()


def _bundle(log: Path) -> str:
    """The bundle that a log names; whether it is really its log is for the seals to prove."""
    try:
        with log.open(encoding="utf-8") as lines:
            return str(json.loads(lines.readline())["bundle"])
    except OSError as problem:
        raise FirstfiveError(
            f"the log cannot be read: {problem.strerror}", where=str(log), remedy="check the path and its rights"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise FirstfiveError(
            "this is no log of a break-glass bundle", where=str(log), remedy="give the file that break-glass named"
        ) from None
