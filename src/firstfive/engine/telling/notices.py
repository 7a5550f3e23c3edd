"""Notices, pages and the post-mortem: filled, told, and what came of it written down.

Called by `obey`. Tells nobody what a person has to say first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from firstfive.documents import postmortem
from firstfive.documents.notice import fill
from firstfive.engine.closing import close
from firstfive.errors import FirstfiveError, JournalError
from firstfive.handbook.model import TemplateKind
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.ports import Delivered, GaveUp, Message, Retry, Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

TRIES = 12


async def notice(engine: Engine, row: Work, order: od.SendNotice) -> None:
    """Fill the page's template and tell its channel, once."""
    state = await engine.incident(row.incident)
    if any(n.kind == order.kind and n.number == order.number and n.channel == order.channel for n, _ in state.notices):
        await close(engine, row, ())
        return
    handbook = engine.handbook_for(state)
    template = handbook.template(TemplateKind(order.kind))
    now = engine.clock.now()
    next_at = None
    if state.resolved_at is None:
        next_at = now + communicate.update_interval(handbook, engine.policy)
    draft = fill(template, state, handbook, kind=order.kind, number=order.number, now=now, next_update_at=next_at)
    text = engine.tools.redactor.clean(draft.text)[0]
    message = Message(key=row.key, thread=row.incident, channel=order.channel, title=draft.title, text=text)
    failed = await _told(engine, row, message)
    if failed is None:
        return
    if failed:
        events: tuple[ev.Event, ...] = (
            ev.NoticeFailed(kind=order.kind, number=order.number, channel=order.channel, why=failed),
        )
    else:
        events = (
            ev.NoticeSent(
                kind=order.kind, number=order.number, channel=order.channel, text=text, unfilled=draft.unfilled
            ),
        )
    await close(engine, row, events)


async def remind(engine: Engine, row: Work, order: od.Remind) -> None:
    """Remind a channel of what is owed, once."""
    title = f"{row.incident} reminder: {order.what}"
    message = Message(key=row.key, thread=row.incident, channel=order.to, title=title, text=order.text)
    failed = await _told(engine, row, message)
    if failed is None:
        return
    text = order.text if not failed else f"{order.text} (could not be told: {failed})"
    await close(engine, row, (ev.Reminded(what=order.what, number=order.number, to=order.to, text=text),))


async def page(engine: Engine, row: Work, order: od.Page) -> None:
    """Wake a person, unless somebody took it meanwhile."""
    state = await engine.incident(row.incident)
    if state.acknowledged_by or state.resolved_at is not None or len(state.pages) >= order.number:
        await close(engine, row, ())
        return
    title = state.declared.title if state.declared else row.incident
    text = f"{order.contact} ({order.role}): {order.why}.\nAcknowledge: firstfive ack {row.incident}"
    message = Message(
        key=row.key,
        thread=row.incident,
        channel=order.channel,
        title=f"PAGE {row.incident} {title}",
        text=text,
        urgent=True,
    )
    failed = await _told(engine, row, message)
    if failed is None:
        return
    if failed:
        await close(engine, row, (ev.PageFailed(number=order.number, role=order.role, why=failed),))
        return
    paged = ev.Paged(number=order.number, role=order.role, contact=order.contact, channel=order.channel, why=order.why)
    await close(engine, row, (paged,))


async def _told(engine: Engine, row: Work, message: Message) -> str | None:
    """ "" when some notifier delivered, a reason when all gave up for good, None when it was put off."""
    reasons: list[str] = []
    later: timedelta | None = None
    for notifier in engine.tools.notifiers:
        match await notifier.send(message):
            case Delivered():
                return ""
            case Retry(after=after, why=why):
                later = after if later is None else min(later, after)
                reasons.append(f"{notifier.name}: {why}")
            case GaveUp(why=why):
                reasons.append(f"{notifier.name}: {why}")
    why = "; ".join(reasons) or "no notifier is configured"
    if later is None or row.tries >= TRIES:
        return why
    due = engine.clock.now() + later
    await engine.journal.write(lambda tx: tx.put_off(row, due, why))
    return None


async def write_up(engine: Engine, row: Work, order: od.WritePostmortem) -> None:
    """Write the post-mortem into the vault, once."""
    state = await engine.incident(row.incident)
    if state.postmortem is not None:
        await close(engine, row, ())
        return
    text = postmortem.write_postmortem(engine.handbook_for(state), state, due=order.due)
    try:
        path = engine.tools.vault.write_new(order.path, text)
    except FirstfiveError as problem:
        if isinstance(problem, JournalError):
            raise
        await close(engine, row, (ev.PostmortemFailed(why=str(problem)),))
        return
    await close(engine, row, (ev.PostmortemWritten(path=path, sha256=postmortem.digest(text), due=order.due),))
