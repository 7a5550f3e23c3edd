"""What could mend an incident, found on the target by looking, and offered for approval with the evidence.

Called by `obey` for `SeekMends`. Only looks; what it makes waits for a person like any change. A look that fails is said in the log and
spoils no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from firstfive.engine.closing import close
from firstfive.engine.steps.packing import blocking
from firstfive.errors import FirstfiveError, Refused
from firstfive.incident import events as ev
from firstfive.incident import safety
from firstfive.incident.mends import make_room, put_back, rejoin, restore
from firstfive.incident.packs.packed import Packed
from firstfive.incident.timeline import Incident
from firstfive.ports import Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

LOOKING = timedelta(seconds=20)
RECENT = timedelta(hours=1)  # a change of files longer before the first sign is not taken for the cause
SECONDS = 3600  # of a block that is offered
WIDTH = 900

Found = list[tuple[Packed, str]]
Finder = Callable[["Engine", Incident], Awaitable[Found]]


async def seek(engine: Engine, row: Work) -> None:
    """Look once with everything that settings let be offered, and offer what is new.

    Settings describe files, stores and logs of the default target, so nothing is looked for where another host is in trouble.
    """
    state = await engine.incident(row.incident)
    events: list[ev.Event] = []
    here = state.host in ("", engine.policy.target)
    if here and state.mitigated_at is None and state.resolved_at is None:
        finders = [find for name, find in FINDERS.items() if name in engine.policy.offers]
        told = await asyncio.gather(*(find(engine, state) for find in finders), return_exceptions=True)
        for one in told:
            if isinstance(one, FirstfiveError):
                engine.tools.log(f"no evidence of what could mend {state.id}: {one.what}")
            elif isinstance(one, BaseException):
                raise one
            else:
                events += [_offer(engine, state, made, title) for made, title in one if _is_new(state, made, title)]
    await close(engine, row, tuple(events))


def _is_new(state: Incident, made: Packed, title: str) -> bool:
    """Whether nothing of this kind waits or runs, and this very change was not offered before."""
    mine = [offer for offer in state.offered.values() if offer.pack == _pack(made)]
    tried = [attempt for offer in mine for attempt in state.of_step(offer.id)]
    going = any(attempt.state in ("asked", "approved", "started", "unknown") for attempt in tried)
    said = any(offer.script == made.script or (offer.title == title and offer.pack == "block") for offer in mine)
    return not going and len(tried) >= len(mine) and not said


def _pack(made: Packed) -> str:
    return "block" if made.name.startswith("block-") else made.name


def _offer(engine: Engine, state: Incident, made: Packed, title: str) -> ev.ChangeOffered:
    pack, target = _pack(made), engine.policy.target
    number = 1 + sum(offer.pack == pack for offer in state.offered.values())
    two = pack in (make_room.NAME, restore.NAME)  # what they take away does not come back by itself
    first = safety.first_of_all(engine.handbook_for(state), title) if pack == restore.NAME else ()
    first = tuple(
        one for one in first if not one.probe or one.probe not in made.script
    )  # what it does and proves itself
    return ev.ChangeOffered(
        id=f"{pack}.{number}",
        pack=pack,
        title=title,
        target=target,
        script=made.script,
        undo=made.undo,
        verify=made.verify,
        timeout=made.timeout,
        why=engine.tools.redactor.line(made.why, width=WIDTH),
        warnings=made.warnings,
        unasked=True,
        people=2 if two else 1,
        confirm=target if two else "",
        first=tuple(one.text for one in first),
        proofs=tuple(one.probe for one in first if one.probe),
    )


async def _look(engine: Engine, script: str) -> str:
    seen = await engine.tools.target(engine.policy.target).look(script, timeout=LOOKING)
    if seen.exit_code != 0:
        raise FirstfiveError(f"a look ended with {seen.exit_code}: {seen.stderr.strip()[-200:] or 'it said nothing'}")
    return seen.stdout


async def _put_back(engine: Engine, state: Incident) -> Found:
    kept = engine.tools.packs.kept
    if kept is None:
        return []
    found = put_back.changed(kept, await _look(engine, put_back.looking(kept)))
    since = state.started_at or state.declared_at
    ours = [e.at for e in state.entries if isinstance(e.event, ev.StepStarted) and e.event.run.changing]
    if found is None or since is None or found.since < since - RECENT or (ours and found.since >= min(ours)):
        return []  # nothing, too long ago, or our own doing: a roll-back writes such a file too
    names = ", ".join(kept.files[n] for n in found.files)
    return [(put_back.put_back(kept, found), f"put {names} back as it was when all was well")]


async def _block(engine: Engine, state: Incident) -> Found:
    """Who the looks at the access log name. What is never blocked is not offered."""
    made: Found = []
    for address in dict.fromkeys(who for signal in state.firing for who in signal.who):
        try:
            made.append(blocking(engine, {"address": address, "seconds": SECONDS}))
        except Refused as refused:
            engine.tools.log(f"no block is offered for {state.id}: {refused.what}")
    return made[:1]


async def _make_room(engine: Engine, state: Incident) -> Found:
    rules = engine.tools.packs
    found = make_room.filling(await _look(engine, make_room.looking(rules.logs)))
    return [(make_room.make_room(found, folder=rules.folder), "make room on the full disk")] if found else []


async def _restore(engine: Engine, state: Incident) -> Found:
    made: Found = []
    for stored in engine.tools.packs.stores:
        found = restore.damage(await _look(engine, restore.looking(stored)))
        if found is not None:
            title = f"restore {stored.name} from its newest backup"
            first = safety.first_of_all(engine.handbook_for(state), title)
            itself = {one.text: one.probe for one in first if one.probe and safety.stops(one, stored.stop)}
            packed = restore.restore(stored, found, now=state.declared_at or engine.clock.now(), proofs=itself)
            made.append((packed, title))
    return made[:1]


async def _rejoin(engine: Engine, state: Incident) -> Found:
    found = rejoin.lost(await _look(engine, rejoin.LOOKING))
    return [(rejoin.rejoin(found), f"give {found[0].container} its name on the network back")] if found else []


FINDERS: Mapping[str, Finder] = {
    put_back.NAME: _put_back,
    "block": _block,
    make_room.NAME: _make_room,
    restore.NAME: _restore,
    rejoin.NAME: _rejoin,
}
