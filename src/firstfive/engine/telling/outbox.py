"""The outbox: one row of work for each message and destination, written with what caused it, kept until it is taken or given up.

`post` is called inside the transaction that puts a message into words; `deliver` by `obey` for each row. A message counts as sent when
the first destination took it, and as failed when none will. Nothing is said on the timeline before one of the two is so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from firstfive.engine.advance import advance, deed_of
from firstfive.engine.telling import offered
from firstfive.engine.telling.pace import Pace, Waiting, keep, pace_of
from firstfive.engine.telling.routes import Destination
from firstfive.incident import events as ev
from firstfive.incident import orders as od
from firstfive.incident.timeline import Incident
from firstfive.ports import Delivered, GaveUp, Message, Receipt, Retry, Transaction, Work

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

KIND = "deliver"
SECOND_WAY = timedelta(seconds=45)
PATIENCE = timedelta(hours=24)
URGENT_PATIENCE = timedelta(minutes=3)
LONGEST_PAUSE = timedelta(minutes=5)
TURN = timedelta(seconds=1)
LANE = 8  # messages that are being handed to one notifier at once
WAITS = "it waits for the first message of its thread"
_RESULT = {Delivered: "sent", Retry: "retry", GaveUp: "gave up"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One destination of a message, how long to wait before it is tried, and whether it is only for when nobody took it before.

    `own` marks an address of the one person that the message is for: only there does it carry buttons, since a button acts in that
    person's name for whoever can read it.
    """

    to: Destination
    wait: timedelta = timedelta(0)
    spare: bool = False
    own: bool = False


def post(tx: Transaction, made: od.Deliver, ways: Sequence[Way], key: str, incident: str) -> None:
    """Put a message into the outbox: one row a way. Posting the same key again changes nothing."""
    mark = "!" if made.urgent else ">"  # a page waits for no thread, and no thread waits for a page
    keys = tuple(f"{key}{mark}{way.to}" for way in ways)
    for way, mine in zip(ways, keys, strict=True):
        row = replace(
            made, notifier=way.to.notifier, address=way.to.address, siblings=keys, spare=way.spare, own=way.own
        )
        tx.enqueue(key=mine, incident=incident, kind=KIND, due=made.since + way.wait, data=msgspec.json.encode(row))


async def deliver(engine: Engine, row: Work, made: od.Deliver) -> None:
    """Hand one message to one destination, unless it is no longer wanted; what came of it is written with the closing of the row.

    A channel that hangs holds up its own messages only: beyond a few at once they wait, and leave room for the others.
    """
    if engine.lanes[made.notifier] >= LANE:
        later = engine.clock.now() + (TURN if made.urgent else TURN * 3)
        await engine.journal.write(lambda tx: tx.put_off(row, later, "its channel is busy", tried=False))
        return
    engine.lanes[made.notifier] += 1
    try:
        await _delivered(engine, row, made)
    finally:
        engine.lanes[made.notifier] -= 1


async def _delivered(engine: Engine, row: Work, made: od.Deliver) -> None:
    if not row.incident:
        await _alone(engine, row, made)
        return
    state = await engine.incident(row.incident)
    if over(state, made):
        await engine.write(lambda tx: _closed(engine, tx, row, (), "done"))
        return
    where = f"{made.notifier}:{made.address}"
    root = state.threads.get(where, "")
    if not root and not made.urgent and await engine.journal.read(lambda tx: tx.open_before(row, f">{where}")):
        later = engine.clock.now() + TURN
        await engine.journal.write(lambda tx: tx.put_off(row, later, WAITS, tried=False))
        return
    others: Mapping[str, Waiting] = {}
    if made.paged is not None:
        turn = await engine.write(lambda tx: _paced(engine, tx, row, made))
        if turn is None or isinstance(turn, Incident):
            return
        others = turn
    receipt = await _handed(engine, row, made, state, root, others)
    engine.vitals.handed(made.notifier, _RESULT[type(receipt)])
    match receipt:
        case Delivered(reference=reference):
            opened = (
                ()
                if root or made.urgent or not reference
                else (ev.ThreadOpened(destination=where, reference=reference),)
            )
            await engine.write(lambda tx: _taken(engine, tx, row, made, opened, others))
        case Retry(after=after, why=why):
            await _later(engine, row, made, after, why)
        case GaveUp(why=why):
            await engine.write(lambda tx: _dead(engine, tx, row, made, why))


async def _alone(engine: Engine, row: Work, made: od.Deliver) -> None:
    """A message that belongs to no incident: no thread, no timeline, the same patience."""
    receipt = await _sent_by(engine, made, _alone_message(engine, row, made))
    engine.vitals.handed(made.notifier, _RESULT[type(receipt)])
    match receipt:
        case Delivered():
            await engine.journal.write(lambda tx: tx.close(row))
        case Retry(after=after, why=why) if _patient(engine, row, made, after):
            due = engine.clock.now() + pause(row.key, row.tries, after)
            await engine.journal.write(lambda tx: tx.put_off(row, due, engine.tools.redactor.line(why)))
        case Retry(why=why) | GaveUp(why=why):
            await engine.journal.write(lambda tx: tx.give_up(row, engine.tools.redactor.line(why)))


def _alone_message(engine: Engine, row: Work, made: od.Deliver) -> Message:
    return Message(
        key=row.key,
        thread=row.key,
        channel=made.channel,
        title=made.title,
        text=made.text,
        address=made.address,
        actions=offered.reach(engine, made),
    )


def _patient(engine: Engine, row: Work, made: od.Deliver, after: timedelta) -> bool:
    return engine.clock.now() + pause(row.key, row.tries, after) - made.since <= PATIENCE


def _paced(engine: Engine, tx: Transaction, row: Work, made: od.Deliver) -> Mapping[str, Waiting] | Incident | None:
    """What goes out within this page, by incident; the incident when it went out within another, None when it waits for its turn."""
    now, pace, turn = engine.clock.now(), pace_of(tx, made.person), None
    if pace.told_already(row.incident, row.key):
        keep(tx, made.person, pace)
        return _closed(engine, tx, row, _unsaid(engine.rules.load(tx, row.incident), made), "done")
    free = pace.free_at(row.incident, Waiting(key=row.key, title=made.title), now)
    if free > now:
        tx.put_off(row, free, f"{made.person} was paged a moment ago", tried=False)
    else:
        turn = pace.paged(row.incident, now)
    keep(tx, made.person, pace)
    return turn


def _missed(tx: Transaction, row: Work, made: od.Deliver) -> None:
    """A page that did not arrive holds up no other."""
    if made.paged is not None:
        pace = pace_of(tx, made.person)
        pace.missed(row.incident, Waiting(key=row.key, title=made.title))
        keep(tx, made.person, pace)


def over(state: Incident, made: od.Deliver) -> bool:
    """Whether this message has nothing to do any more: a page that was answered, or a spare way of what arrived already."""
    if made.paged is not None and (state.acknowledged_by or state.resolved_at is not None):
        return True
    return made.spare and _recorded(state, made)


async def _handed(
    engine: Engine, row: Work, made: od.Deliver, state: Incident, root: str, others: Mapping[str, Waiting]
) -> Receipt:
    message = Message(
        key=row.key,
        thread=row.incident,
        channel=made.channel,
        title=made.title,
        text=_with(made.text, others),
        urgent=made.urgent,
        address=made.address,
        root=root,
        actions=(*offered.below(engine, made, state), *await offered.others(engine, made, others)),
        drill=state.declared.drill if state.declared else False,
    )
    return await _sent_by(engine, made, message)


async def _sent_by(engine: Engine, made: od.Deliver, message: Message) -> Receipt:
    notifier = next((n for n in engine.tools.notifiers if n.name == made.notifier), None)
    if notifier is None:
        known = ", ".join(n.name for n in engine.tools.notifiers) or "none"
        return GaveUp(why=f"settings name no notifier {made.notifier} (known: {known})")
    return await notifier.send(message)


def _with(text: str, others: Mapping[str, Waiting]) -> str:
    """A page's text with the pages of other incidents that wait for the same person."""
    rows = [f"{one.title}\nAcknowledge: firstfive ack {incident}" for incident, one in others.items()]
    return "\n\n".join((text, *rows))


async def _later(engine: Engine, row: Work, made: od.Deliver, after: timedelta, why: str) -> None:
    now = engine.clock.now()
    patience = URGENT_PATIENCE if made.urgent else PATIENCE
    due = now + pause(row.key, row.tries, after)
    why = engine.tools.redactor.line(why)
    if due - made.since > patience:
        await engine.write(lambda tx: _dead(engine, tx, row, made, f"{why}; it was tried for {now - made.since}"))
        return

    def again(tx: Transaction) -> None:
        _missed(tx, row, made)
        tx.put_off(row, due, why)

    await engine.journal.write(again)


def pause(key: str, tries: int, after: timedelta) -> timedelta:
    """How long to wait before try number `tries` + 1: doubling from a second to five minutes, never less than asked for, with up to a
    quarter more, which differs from row to row so that they do not all come back at once.
    """
    doubled = min(timedelta(seconds=2 ** min(tries, 10)), LONGEST_PAUSE)
    spread = int.from_bytes(hashlib.sha256(f"{key} {tries}".encode()).digest()[:2]) / 65536 / 4
    return max(after, doubled) * (1 + spread)


# ---------------------------------------------------------------------------------------------------- in a transaction


def _closed(engine: Engine, tx: Transaction, row: Work, events: tuple[ev.Event, ...], state: str) -> Incident:
    tx.close(row, state=state)
    return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=engine.clock.now())


def _taken(
    engine: Engine,
    tx: Transaction,
    row: Work,
    made: od.Deliver,
    opened: tuple[ev.Event, ...],
    others: Mapping[str, Waiting],
) -> Incident:
    """Told, and with it what went out within it, so that none of it is told again after a crash."""
    pace = pace_of(tx, made.person) if made.paged is not None else Pace()
    pace.arrived(others)
    for waiting in others.values():
        other = tx.take(waiting.key, engine.clock.now())
        if other is None:
            pace.told_within(waiting)  # it is in somebody's hands now, or was taken meanwhile
            continue
        page = deed_of(other.kind, other.data)
        said = () if not isinstance(page, od.Deliver) else _unsaid(engine.rules.load(tx, other.incident), page)
        _closed(engine, tx, other, said, "done")
    if made.paged is not None:
        keep(tx, made.person, pace)
    state = engine.rules.load(tx, row.incident)
    return _closed(engine, tx, row, (*opened, *_unsaid(state, made)), "done")


def _dead(engine: Engine, tx: Transaction, row: Work, made: od.Deliver, why: str) -> Incident:
    """Given up at this destination; the last of them makes it a failure of the whole message."""
    why = engine.tools.redactor.line(why)
    _missed(tx, row, made)
    tx.give_up(row, why)
    state = engine.rules.load(tx, row.incident)
    others = tx.states([key for key in made.siblings if key != row.key])
    events: tuple[ev.Event, ...] = ()
    if all(told == "dead" for told in others.values()) and not _recorded(state, made):
        events = failed(made, f"{made.notifier}: {why}")
    return advance(tx, engine.rules, row.incident, events, by=ev.SELF, now=engine.clock.now())


def _recorded(state: Incident, made: od.Deliver) -> bool:
    """Whether the timeline already holds that this message went out."""
    if made.notice is not None:
        mine = made.notice
        return any((n.kind, n.number, n.channel) == (mine.kind, mine.number, mine.channel) for n, _ in state.notices)
    if made.paged is not None:
        return any(isinstance(page, ev.Paged) and page.number == made.paged.number for page, _ in state.pages)
    if made.reminded is not None:
        mine_too = made.reminded
        return any((r.what, r.number) == (mine_too.what, mine_too.number) for r, _ in state.reminders)
    return False


def _unsaid(state: Incident, made: od.Deliver) -> tuple[ev.Event, ...]:
    """What the timeline gets now that somebody took it, unless it is there already."""
    if _recorded(state, made):
        return ()
    return tuple(event for event in (made.notice, made.paged, made.reminded) if event is not None)


def failed(made: od.Deliver, why: str) -> tuple[ev.Event, ...]:
    """What the timeline gets when nobody will take it."""
    if made.notice is not None:
        told = made.notice
        return (ev.NoticeFailed(kind=told.kind, number=told.number, channel=told.channel, why=why, since=told.since),)
    if made.paged is not None:
        return (ev.PageFailed(number=made.paged.number, role=made.paged.role, why=why),)
    if made.reminded is not None:
        return (replace(made.reminded, text=f"{made.reminded.text} (could not be told: {why})"),)
    return ()
