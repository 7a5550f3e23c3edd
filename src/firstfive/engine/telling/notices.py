"""Notices, pages and reminders: put into words, put into the outbox, and what came of it written down.

Called by `obey`. Tells nobody what a person has to say first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from firstfive.documents.notice import fill
from firstfive.engine.advance import advance
from firstfive.engine.closing import close
from firstfive.engine.telling.outbox import SECOND_WAY, Way, failed, post
from firstfive.engine.telling.routes import Destination
from firstfive.handbook.model import TemplateKind
from firstfive.incident import communicate
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.timeline import Incident
from firstfive.ports import Transaction, Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine


async def notice(engine: Engine, row: Work, order: od.SendNotice) -> None:
    """Fill the page's template and put it into the outbox of its channel, once."""
    state = await engine.incident(row.incident)
    if any(n.kind == order.kind and n.number == order.number and n.channel == order.channel for n, _ in state.notices):
        await close(engine, row, ())
        return
    if order.kind == TemplateKind.CUSTOMER:
        await _to_customers(engine, row, order, state)
        return
    handbook = engine.handbook_for(state)
    template = handbook.template(TemplateKind(order.kind))
    now = engine.clock.now()
    next_at = None
    if state.resolved_at is None:
        next_at = now + communicate.update_interval(handbook, engine.policy)
    draft = fill(template, state, handbook, kind=order.kind, number=order.number, now=now, next_update_at=next_at)
    text = engine.tools.redactor.clean(draft.text)[0]
    told = ev.NoticeSent(
        kind=order.kind, number=order.number, channel=order.channel, text=text, unfilled=draft.unfilled, since=now
    )
    made = od.Deliver(channel=order.channel, title=draft.title, text=text, since=now, notice=told)
    await _posted(engine, row, made, _ways(engine, engine.tools.channel(order.channel)))


async def _to_customers(engine: Engine, row: Work, order: od.SendNotice, state: Incident) -> None:
    """What a person told the public, word for word, to whoever speaks to customers."""
    said = state.public[order.number - 1][0]
    now = engine.clock.now()
    told = ev.NoticeSent(kind=order.kind, number=order.number, channel=order.channel, text=said.text, since=now)
    title = f"{row.incident} told the public: {said.status}"
    made = od.Deliver(channel=order.channel, title=title, text=said.text, since=now, notice=told)
    await _posted(engine, row, made, _ways(engine, engine.tools.channel(order.channel)))


async def remind(engine: Engine, row: Work, order: od.Remind) -> None:
    """Remind a channel or a person of what is owed, once."""
    text = engine.tools.redactor.clean(order.text)[0]
    reminded = ev.Reminded(what=order.what, number=order.number, to=order.person or order.to, text=text)
    title = f"{row.incident} waits for your yes" if order.run else f"{row.incident} reminder: {order.what}"
    made = od.Deliver(
        channel=order.to,
        title=title,
        text=text,
        since=engine.clock.now(),
        reminded=reminded,
        person=order.person,
        run=order.run,
    )
    to, own = engine.tools.person(order.person, order.to)
    await _posted(engine, row, made, _ways(engine, to, own=own))


async def page(engine: Engine, row: Work, order: od.Page) -> None:
    """Wake a person, unless somebody took it meanwhile: by the first way at once, by each further one 45 seconds later."""
    state = await engine.incident(row.incident)
    if state.acknowledged_by or state.resolved_at is not None or len(state.pages) >= order.number:
        await close(engine, row, ())
        return
    title = state.declared.title if state.declared else row.incident
    made = od.Deliver(
        channel=order.channel,
        title=f"PAGE {row.incident} {title}",
        text=f"{order.contact} ({order.role}): {order.why}.\nAcknowledge: firstfive ack {row.incident}",
        since=engine.clock.now(),
        urgent=True,
        paged=ev.Paged(
            number=order.number, role=order.role, contact=order.contact, channel=order.channel, why=order.why
        ),
        person=order.contact,
    )
    to, own = engine.tools.person(order.contact, order.channel)
    await _posted(engine, row, made, [Way(to=one, wait=SECOND_WAY * place, own=own) for place, one in enumerate(to)])


def _ways(engine: Engine, to: tuple[Destination, ...], *, own: bool = False) -> list[Way]:
    """Every destination at once, and the fallback for when nobody took it."""
    spare = [Way(to=one, wait=SECOND_WAY, spare=True) for one in engine.tools.routes.fallback if one not in to]
    return [*(Way(to=one, own=own) for one in to), *spare]


async def _posted(engine: Engine, row: Work, made: od.Deliver, ways: Sequence[Way]) -> None:
    """The message in the outbox and its order closed, in one transaction; a message that has no way anywhere has failed."""

    def write(tx: Transaction) -> Incident:
        tx.close(row)
        post(tx, made, ways, row.key, row.incident)
        events = () if ways else failed(made, "no notifier is configured")
        return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=engine.clock.now())

    await engine.write(write)
