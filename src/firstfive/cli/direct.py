"""The same calls as the server's API, answered by this process straight on the journal: the way on a broken day.

Called by `line` when no server runs. Records what is said; starts no step, probes nothing, sends nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote

from firstfive.app import Program, open_program
from firstfive.documents.steps import finished, output_row
from firstfive.documents.summary import summary
from firstfive.documents.view import view
from firstfive.engine import requests
from firstfive.engine.outsiders import asked as outsiders
from firstfive.errors import Exit, FirstfiveError, JournalError
from firstfive.incident.timeline import Incident
from firstfive.settings import Settings

View = dict[str, Any]


async def answer(settings: Settings, method: str, path: str, body: View) -> View:
    """Open the program without running it, answer one call, close it. What only asks leaves a journal that is there as it was."""
    program = await _opened(settings, asks=method == "GET")
    try:
        parts = [part for part in path.split("?")[0].split("/") if part]
        match method, parts:
            case "GET", ["incidents"]:
                return {"incidents": [_row(program, i) for i in await _listed(program, everything="all=1" in path)]}
            case "GET", ["incidents", incident_id]:
                return _view(program, await program.engine.incident(incident_id))
            case "GET", ["incidents", incident_id, "output", run]:
                state = await program.engine.incident(incident_id)
                end, at = finished(state, unquote(run))
                return output_row(state, end, at, await program.engine.attached(incident_id, end.run))
            case "POST", ["incidents"]:
                level = body.get("level")
                declared = await program.engine.declare(body["by"], body["title"], level, body.get("why", ""))
                return _view(program, declared)
            case "POST", ["reports"]:
                return _view(program, await program.engine.report(body["by"], body["text"], body.get("incident")))
            case "POST", ["incidents", incident_id, "offer"]:
                fields = {name: value for name, value in body.items() if name not in ("by", "pack")}
                return _view(program, await program.engine.offer(incident_id, body["by"], body["pack"], fields))
            case "POST", ["incidents", incident_id, "look-back"]:
                return _view(program, await program.engine.look_back(incident_id))
            case "POST", ["incidents", incident_id, verb]:
                event = requests.event_of(verb, body)
                return _view(program, await program.engine.say(incident_id, body["by"], event))
            case _, [noun, *_] if noun in outsiders.ANSWERED:
                query = dict(parse_qsl(path.partition("?")[2]))
                return await outsiders.answer(program.engine.outside, method, parts, query, body, program.understood)
            case _:
                raise FirstfiveError(f"nothing answers {method} {path}", exit_code=Exit.USAGE)
    finally:
        with suppress(FirstfiveError):
            await program.close()


async def _opened(settings: Settings, *, asks: bool) -> Program:
    if asks:
        with suppress(JournalError):  # none yet, or of an older version: opening it to write makes it one of ours
            return await open_program(settings, notifiers=(), log=lambda _: None, read_only=True)
    return await open_program(settings, notifiers=(), log=lambda _: None)


async def _listed(program: Program, *, everything: bool) -> tuple[Incident, ...]:
    if not everything:
        return await program.engine.open_incidents()
    return tuple([await program.engine.incident(i) for i in await program.engine.recent_ids()])


def _row(program: Program, incident: Incident) -> View:
    engine = program.engine
    return summary(incident, engine.handbook_for(incident), engine.policy)


def _view(program: Program, incident: Incident) -> View:
    engine = program.engine
    return dict(view(incident, engine.handbook_for(incident), engine.policy, engine.clock.now()))
