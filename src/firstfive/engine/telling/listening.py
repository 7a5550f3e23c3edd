"""Answers that come back through chat: a reaction to a page is an acknowledgement by whoever gave it.

Built by `app` for each chat that can answer, and run beside the loop. Only people whom settings know count; an approval never comes this
way, since it has to name the exact bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from firstfive.errors import FirstfiveError
from firstfive.incident.events import Acknowledged, Event
from firstfive.incident.timeline import Incident
from firstfive.notifiers.matrix import Matrix, Reaction

PAGE = ":page:"
PAUSE = 10.0
SLACK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Follows one homeserver. `known` gives the person behind a chat's user, empty for a stranger; `say` is the engine's. A reaction with
    any sign counts. `barred` is why a person may not, empty when they may.
    """

    matrix: Matrix
    known: Callable[[str], str]
    say: Callable[[str, str, Event], Awaitable[Incident]]
    log: Callable[[str], None]
    barred: Callable[[str], str] = lambda person: ""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A server that is away is asked again; nothing depends on it."""
        since, loop = "", asyncio.get_running_loop()
        began = loop.time()
        ending = asyncio.create_task(stop.wait())
        while not stop.is_set():
            asking = asyncio.create_task(self.matrix.reactions(since))
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                break
            found, following = asking.result()
            listened = timedelta(seconds=loop.time() - began) + SLACK
            for reaction in found:
                if reaction.age <= listened:  # a server may tell again what it told before we asked
                    await self.heard(reaction)
            if following == since:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE)
            since = following
        ending.cancel()

    async def heard(self, reaction: Reaction) -> None:
        """Acknowledge for whoever reacted to a page of ours; anything else is left alone."""
        key = await self.matrix.key_of(reaction.room, reaction.event)
        incident, mark, _ = key.partition(PAGE)
        if not mark:
            return
        person = self.known(reaction.sender)
        if not person:
            self.log(f"{reaction.sender} reacted to a page of {incident}, and [people] does not know them")
            return
        why = self.barred(person)
        if why:
            self.log(f"the reaction of {person} to {incident} was not taken: {why}")
            return
        try:
            await self.say(incident, person, Acknowledged(responder=person))
        except FirstfiveError as problem:
            self.log(f"the reaction of {person} to {incident} was not taken: {problem}")
