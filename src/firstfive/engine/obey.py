"""One order, one deed, its events: written before where it changes something, and after always.

Called by the loop with a claimed work row. Every closing write checks the row's fence, so a late answer of a run that somebody
else took over is refused. A changing step is never started twice: the target's memory is asked first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from firstfive.engine import checks, rollback, steps
from firstfive.engine.advance import deed_of
from firstfive.engine.closing import close, note
from firstfive.engine.steps import mending
from firstfive.engine.telling import notices, outbox, papers
from firstfive.errors import FirstfiveError, JournalError
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.ports import Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine


async def obey(engine: Engine, row: Work) -> None:
    """Do what the row says, once, and close it in the transaction that writes what came of it."""
    deed = deed_of(row.kind, row.data)
    match deed:
        case od.WakeAt():
            await close(engine, row, ())
        case od.RunCheck(check=check_id):
            await _check(engine, row, check_id)
        case od.PlanRollback(step=step):
            await _plan(engine, row, step)
        case od.SeekMends():
            await mending.seek(engine, row)
        case od.RunStep(run=run):
            await steps.step(engine, row, run)
        case od.SendNotice():
            await notices.notice(engine, row, deed)
        case od.Remind():
            await notices.remind(engine, row, deed)
        case od.Deliver():
            await outbox.deliver(engine, row, deed)
        case od.Page():
            await notices.page(engine, row, deed)
        case od.WritePostmortem():
            await papers.write_up(engine, row, deed)
        case od.AskHosts():
            await steps.ask_hosts(engine, row, deed)
        case od.ReadPostmortem():
            await papers.read_back(engine, row, deed)
        case _:
            assert_never(deed)


async def _check(engine: Engine, row: Work, check_id: str) -> None:
    """Answer one item. What is not known at a glance is said to be open at once, and answered when it is known."""
    incident = await engine.incident(row.incident)
    check = next((c for c in engine.handbook_for(incident).checks if c.id == check_id), None)
    if check is None or (check_id in incident.checks and not checks.is_open(incident.checks[check_id])):
        await close(engine, row, ())
        return
    looking = asyncio.ensure_future(checks.answer(engine, incident, check))
    try:
        await asyncio.wait({looking}, timeout=checks.GLANCE.total_seconds())
        if not looking.done() and check_id not in incident.checks:
            await note(engine, row, checks.open_answer(check))
        done, found = await looking
    finally:
        looking.cancel()
    events: tuple[ev.Event, ...] = (done,)
    if found:
        events = (done, ev.FactsFound(facts=found, source=check.script or check.title))
    await close(engine, row, events)


async def _plan(engine: Engine, row: Work, step: str) -> None:
    incident = await engine.incident(row.incident)
    if incident.plan is not None or incident.plan_why_not:
        await close(engine, row, ())
        return
    try:
        found: ev.Event = await rollback.plan(engine, incident, step)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        found = ev.RollbackImpossible(step=step, why=engine.tools.redactor.line(str(problem)))
    await close(engine, row, (found,))
