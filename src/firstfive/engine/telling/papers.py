"""The post-mortem: written into the vault once, and read back later to see how far it is.

Called by `obey`. Never writes over what people wrote.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firstfive.documents import postmortem
from firstfive.documents.actions import read_actions
from firstfive.documents.postmortem.check import check_postmortem
from firstfive.documents.postmortem.remark import Remark
from firstfive.engine.advance import advance
from firstfive.engine.closing import close
from firstfive.errors import FirstfiveError, JournalError
from firstfive.handbook.model import PostmortemForm
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.timeline import Incident
from firstfive.ports import Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

# Remarks that say something is missing; the others are advice.
MISSING = frozenset({"PM001", "PM002", "PM003", "PM009", "PM019", "PM020"})


async def write_up(engine: Engine, row: Work, order: od.WritePostmortem) -> None:
    """Write the post-mortem into the vault, once."""
    state = await engine.incident(row.incident)
    if state.postmortem is not None:
        await close(engine, row, ())
        return
    text = postmortem.write_postmortem(engine.handbook_for(state), state, due=order.due)
    try:
        path = await asyncio.to_thread(engine.tools.vault.write_new, order.path, text)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        await close(engine, row, (ev.PostmortemFailed(why=str(problem)),))
        return
    await close(engine, row, (ev.PostmortemWritten(path=path, sha256=postmortem.digest(text), due=order.due),))


async def read_back(engine: Engine, row: Work, order: od.ReadPostmortem) -> None:
    """Read the post-mortem as people have it now, and say what is missing."""
    state = await engine.incident(row.incident)
    form = engine.handbook_for(state).postmortem
    try:
        raw = engine.tools.vault.pages().get(order.path)
        found = _read(order, raw, form)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        found = _unread(order, engine.tools.redactor.line(str(problem)))
    await close(engine, row, (found,))


async def look_back(engine: Engine, incident_id: str) -> Incident:
    """Read it now because a person asked; noted only when something changed in it. Raises FirstfiveError when the vault cannot be read."""
    state = await engine.incident(incident_id)
    if state.postmortem is None:
        return state
    before = state.postmortem_read
    order = od.ReadPostmortem(path=state.postmortem.path, number=before.number if before else 0)
    found = _read(order, engine.tools.vault.pages().get(order.path), engine.handbook_for(state).postmortem)
    if found == before:
        return state
    now = engine.clock.now()
    return await engine.write(lambda tx: advance(tx, engine.rules, incident_id, (found,), by=ev.SELF, now=now))


def _read(order: od.ReadPostmortem, raw: bytes | None, form: PostmortemForm | None) -> ev.PostmortemRead:
    if raw is None:
        return _unread(order, "the file is not in the vault any more")
    remarks = check_postmortem(order.path, raw, form)
    items = [item for item in read_actions(order.path, raw).items if not _example(remarks, item.line)]
    return ev.PostmortemRead(
        path=order.path,
        number=order.number,
        gaps=tuple(f"line {one.line}: {one.what}" for one in remarks if one.code in MISSING),
        items=len(items),
        tracked=sum(1 for item in items if item.owner and item.due is not None and item.ticket),
    )


def _example(remarks: tuple[Remark, ...], line: int) -> bool:
    """Whether this is a row of the form that nobody replaced."""
    return any(one.code == "PM003" and one.line == line for one in remarks)


def _unread(order: od.ReadPostmortem, why: str) -> ev.PostmortemRead:
    return ev.PostmortemRead(path=order.path, number=order.number, gaps=(why,), items=0, tracked=0)
