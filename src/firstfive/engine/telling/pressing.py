"""What somebody answered in a chat: the incident taken, a change approved or declined, a way of reaching them proved.

Called by the listeners of chats that say who pressed. A stranger to the settings may take an incident by a button, since waking people
is what it ends, and never decides about a change; an account that is disabled, or whose role is too low, decides as little here as in the
room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstfive.engine.telling.buttons import Button, Buttons, taken_apart
from firstfive.engine.telling.links import ACK, APPROVE, REACH
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.incident import events as ev
from firstfive.incident.safety import plain_name
from firstfive.incident.timeline import Attempt, Incident
from firstfive.notifiers.answers.press import Press, Pressed

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

# Why a person may not do this, empty when they may: the name, and the run that they would approve (None: none).
Barred = Callable[[str, Attempt | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressing:
    """Answers for one notifier. `way` is its name, `known` gives the person behind the chat's own id of a user, empty for a stranger."""

    engine: Engine
    way: str
    known: Callable[[str], str]
    barred: Barred

    async def heard(self, press: Press) -> Pressed:
        """Do it, or say why not. Raises FirstfiveError only when the journal cannot be written: then it is worth another try."""
        person = self.known(press.user)
        try:
            return await (self._written(press, person) if press.takes else self._pressed(press, person))
        except Refused as refused:
            return Pressed(text=" · ".join(part for part in (refused.what, refused.remedy) if part))

    async def _written(self, press: Press, person: str) -> Pressed:
        """Words are taken from people of the settings only: anybody may write to a bot."""
        if not person:
            raise _stranger(press, self.way)
        self._refuse_barred(person, None)
        state = await self.engine.incident(press.takes.upper())
        return await self._taken(state, person)

    async def _pressed(self, press: Press, person: str) -> Pressed:
        button = taken_apart(press.sealed)
        buttons, now = Buttons(key=self.engine.links.key), self.engine.clock.now()
        if button.act == REACH:
            buttons.hold(button, None, now)
            return await self._reaches(press, person)
        state = await self.engine.incident(button.incident)
        attempt = buttons.hold(button, state, now)
        if button.act == ACK:
            if person:
                self._refuse_barred(person, None)
            since = [e.event for e in state.entries[int(button.what) :] if isinstance(e.event, ev.Acknowledged)]
            if since:
                return Pressed(text=f"{since[-1].responder} has taken {state.id} already", settled=True)
            return await self._taken(state, person or _called(press, self.way))
        if not person:
            raise _stranger(press, self.way)
        return await self._decided(state, button, attempt, person)

    async def _reaches(self, press: Press, person: str) -> Pressed:
        if not person:
            raise _stranger(press, self.way)
        await self.engine.reached(person, self.way)
        return Pressed(text=f"Thank you. Messages reach {person} here.", done=True, settled=True)

    async def _taken(self, state: Incident, person: str) -> Pressed:
        await self.engine.say(state.id, person, ev.Acknowledged(responder=person))
        if self.engine.tools.routes.own(person):
            await self.engine.reached(person, self.way)
        at = self.engine.clock.now()
        return Pressed(text=f"{person} has {state.id}, {at:%H:%M} UTC", done=True, settled=True)

    async def _decided(self, state: Incident, button: Button, attempt: Attempt | None, person: str) -> Pressed:
        if attempt is None:  # cannot be: the seal held over its bytes
            raise Refused(f"there is no such run in {state.id}")
        run = attempt.run
        if attempt.state != "asked":
            return Pressed(text=f"{run.step} is {attempt.state} already", settled=True)
        if any(plain_name(who) == plain_name(person) for who, _ in attempt.approvals) and button.act == APPROVE:
            return Pressed(text=f"{person} has approved it; another person has to as well")
        self._refuse_barred(person, attempt if button.act == APPROVE else None)
        if button.act == APPROVE:
            said: ev.Event = ev.Approved(run=run.id, sha256=run.sha256)
        else:
            said = ev.Declined(run=run.id, why=f"declined in {self.way}")
        after = await self.engine.say(state.id, person, said)
        word, at = "approved" if button.act == APPROVE else "declined", self.engine.clock.now()
        left = after.attempts[run.id].state == "asked"
        more = "; another person has to as well" if left else ""
        return Pressed(text=f"{person} {word} {run.step}, {at:%H:%M} UTC{more}", done=True, settled=not left)

    def _refuse_barred(self, person: str, attempt: Attempt | None) -> None:
        why = self.barred(person, attempt)
        if why:
            raise Refused(why, remedy="ask an admin, or somebody who may", exit_code=Exit.NOT_AUTHORISED)


def _called(press: Press, way: str) -> str:
    """A stranger on the timeline: the chat and its own id first, since the name there is anybody's choice."""
    name = " ".join("".join(c for c in press.called if c.isprintable()).split())[:40]
    return f"{way}:{press.user[:40]}" + (f" ({name})" if name else "")


def _stranger(press: Press, way: str) -> FirstfiveError:
    return Refused(
        f"no person of the settings is {press.user[:40]} in {way}, so this is not done",
        remedy="an operator adds the id to [people.NAME]",
        exit_code=Exit.NOT_AUTHORISED,
    )
