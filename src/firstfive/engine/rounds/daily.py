"""The daily round: at nine in the morning (UTC) what is due is put into the outbox, each word once.

Run by `app` beside the engine. What goes wrong here is logged and tried again in ten minutes; it holds nothing up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from firstfive.documents.actions import ActionItem
from firstfive.engine.rounds.words import REACH, Word, holes, promises, tests
from firstfive.engine.telling.outbox import Way, post
from firstfive.engine.telling.routes import Destination
from firstfive.errors import FirstfiveError
from firstfive.incident import communicate
from firstfive.incident import orders as od
from firstfive.ports import Reached, Transaction

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

MORNING, NIGHT = time(9, 0), time(2, 0)
LOOK = 600.0


@dataclass(slots=True, kw_only=True)
class Rounds:
    """`promised` reads the action items of the vault; `people` are those whose own addresses are tested, nobody when the room has no
    address that they could press a button at. `copy` keeps a copy of everything and says what came of it; it is asked once a night.
    """

    engine: Engine
    promised: Callable[[], Sequence[ActionItem]]
    people: Mapping[str, Sequence[Destination]] = field(default_factory=dict)
    copy: Callable[[datetime], str] | None = None
    _done: date | None = None
    _copied: date | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Go round every morning until `stop` is set."""
        while not stop.is_set():
            try:
                await self.once()
                await self.nightly()
            except FirstfiveError as problem:
                self.engine.complain(problem)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK)

    async def once(self) -> int:
        """Today's round, unless it was made or the morning has not come; how many words were due."""
        now = self.engine.clock.now()
        if now.time() < MORNING or self._done == now.date():
            return 0
        due = await self._due(now)
        await self.engine.journal.write(lambda tx: self._post(tx, due, now))
        self._done = now.date()
        return len(due)

    async def nightly(self) -> None:
        """Tonight's copy, unless it was made."""
        now = self.engine.clock.now()
        if self.copy is None or now.time() < NIGHT or self._copied == now.date():
            return
        said = await asyncio.to_thread(self.copy, now)
        self._copied = now.date()
        if said:
            self.engine.tools.log(said)

    async def _due(self, now: datetime) -> tuple[Word, ...]:
        policy = self.engine.policy
        found = (*holes(policy.rota, now), *tests(self.people, now, policy.working_days))
        if not policy.working_days.includes(now.date()):
            return found
        items = await asyncio.to_thread(self.promised)
        return (*promises(items, now.date()), *found)

    def _post(self, tx: Transaction, due: Sequence[Word], now: datetime) -> None:
        tools = self.engine.tools
        channel = communicate.channel_of(self.engine.handbook, self.engine.policy)
        for word in due:
            to, own = ((word.to,), True) if word.to is not None else tools.person(word.person, channel)
            ways = [Way(to=one, own=own) for one in to]
            text = tools.redactor.clean(word.text)[0]
            made = od.Deliver(
                channel=channel,
                title=tools.redactor.line(word.title),
                text=text,
                since=now,
                person=word.person,
                run=REACH if word.to is not None else "",
            )
            post(tx, made, ways, word.key, "")
            if word.to is not None:
                tx.reached(Reached(person=word.person, way=word.to.notifier, asked_at=now))
