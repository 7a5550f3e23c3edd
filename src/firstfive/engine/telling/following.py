"""What became of an incident, told to a pager that it was handed to: taken or over, so that it stops waking further people.

Built by `app` for each such pager and run beside the loop. Saying the same again is harmless there, so nothing is kept: after a restart
open incidents are told once more. A pager that is away is asked again; nothing depends on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from firstfive.errors import FirstfiveError
from firstfive.incident import events as ev
from firstfive.incident.timeline import Incident
from firstfive.ports import Delivered, Receipt

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

PAUSE = 30.0
MOST_TRIES = 20


class Pager(Protocol):
    """Holds an incident of its own for one of ours."""

    @property
    def name(self) -> str:
        """The notifier's name."""
        ...

    async def settle(self, thread: str, *, over: bool) -> Receipt:
        """Say that somebody has it, or that it is over."""
        ...


@dataclass(slots=True, kw_only=True)
class Following:
    """Follows the journal for one pager. `log` is told once of each incident that could not be told."""

    engine: Engine
    pager: Pager
    log: Callable[[str], None]
    _changed: dict[str, int] = field(default_factory=dict)  # how often each was tried
    _told: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        leave = self.engine.follow(self._heard)
        ending = asyncio.create_task(stop.wait())
        try:
            with contextlib.suppress(FirstfiveError):
                for state in await self.engine.open_incidents():
                    self._heard(state.id)
            while not stop.is_set():
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait({news, ending}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if stop.is_set():
                    break
                self._news.clear()
                if not await self.turn():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), PAUSE)
                    self._news.set()
        finally:
            leave()
            ending.cancel()

    def _heard(self, incident: str) -> None:
        self._changed[incident] = 0
        self._news.set()

    async def turn(self) -> bool:
        """Tell what changed; False when some of it has to be tried again."""
        for name in list(self._changed):
            tries = self._changed.pop(name)
            try:
                settled = await self._settled(name)
            except FirstfiveError:
                settled = False
            if settled:
                continue
            if tries + 1 >= MOST_TRIES:
                self.log(f"notifier {self.pager.name}: could not be told what became of {name}")
            else:
                self._changed.setdefault(name, tries + 1)
        return not self._changed

    async def _settled(self, name: str) -> bool:
        state = await self.engine.incident(name)
        word = _word(state)
        if not word or self._told.get(name) == word:
            return True
        receipt = await self.pager.settle(name, over=word == "over")
        if isinstance(receipt, Delivered):
            self._told[name] = word
        return isinstance(receipt, Delivered)


def _word(state: Incident) -> str:
    """Taken or over; nothing for an incident that nobody was paged for."""
    if not any(isinstance(page, ev.Paged) for page, _ in state.pages):
        return ""
    return "over" if state.resolved_at is not None else "taken" if state.acknowledged_by else ""
