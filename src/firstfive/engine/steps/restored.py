"""A journal that was put back may have forgotten what ran: open incidents are paused, and the hosts asked what they know of them.

Called by `app` when it begins and while it runs, by `obey`, and by `steps` before anything is changed. It changes nothing on a host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstfive.engine.advance import advance
from firstfive.engine.closing import close
from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.incident.orders import AskHosts
from firstfive.incident.timeline import Incident
from firstfive.ports import Epoch, Remembering, Transaction, Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

SHOWN = 50


def stands(state: Incident, epoch: Epoch | None) -> bool:
    """Whether an incident knows of the newest epoch: it was told, or it began after it."""
    if epoch is None or state.epoch >= epoch.number:
        return True
    number = state.id.rpartition("-")[2]
    return number.isdigit() and int(number) >= epoch.first


async def pause(engine: Engine) -> tuple[str, ...]:
    """Tell every open incident of the newest epoch; those that were not told yet. Raises JournalError."""
    epoch = await engine.journal.read(lambda tx: tx.epoch())
    if epoch is None:
        return ()
    told: list[str] = []
    for state in await engine.open_incidents():
        if not stands(state, epoch):
            await engine.write(lambda tx, name=state.id: _paused(engine, tx, name, epoch))  # type: ignore[misc]
            told.append(state.id)
    return tuple(told)


def _paused(engine: Engine, tx: Transaction, name: str, epoch: Epoch) -> Incident:
    state = engine.rules.load(tx, name)
    if stands(state, epoch):
        return state
    event = ev.JournalRestored(epoch=epoch.number, why=epoch.why)
    return advance(tx, engine.rules, name, (event,), by=ev.SELF, now=engine.clock.now())


async def ask_hosts(engine: Engine, row: Work, deed: AskHosts) -> None:
    """Ask every target which runs of the incident it knows; what the timeline does not know goes onto it."""
    state = await engine.incident(row.incident)
    found: list[str] = []
    silent: list[str] = []
    for name, target in engine.tools.targets.items():
        if not isinstance(target, Remembering):
            silent.append(name)
            continue
        try:
            known = await target.remembered(row.incident)
        except FirstfiveError as problem:
            engine.complain(problem)
            silent.append(name)
            continue
        found += [f"{run} on {name}: {how}" for run, how in known.items() if not _is_known(state, run)]
    more = (f"and {len(found) - SHOWN} more",) if len(found) > SHOWN else ()
    told = tuple(engine.tools.redactor.line(one) for one in (*found[:SHOWN], *more))
    await close(engine, row, (ev.HostsAsked(epoch=deed.epoch, found=told, silent=tuple(silent)),))


def _is_known(state: Incident, run: str) -> bool:
    """Whether the timeline knows that this run began."""
    attempt = state.attempts.get(run)
    return attempt is not None and attempt.state in ("started", "finished", "unknown")
