"""The buttons below a message: who may get which, and whether as a sealed link or as a word that the chat brings back.

Called by `outbox` as late as can be, since they do not hold for long. A link acts in a person's name for whoever can read it, so it goes
to that person's own address only; where the chat says who pressed, everybody there may have the button.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from firstfive.engine.telling.buttons import Buttons
from firstfive.engine.telling.links import APPROVE, DECLINE
from firstfive.engine.telling.pace import Waiting
from firstfive.incident import orders as od
from firstfive.incident.timeline import Attempt, Incident
from firstfive.ports import Action

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

MOST_OTHERS = 2  # a message carries three buttons at most with some notifiers
SHOWN_WHOLE = 1800  # characters of a text that every chat shows without a cut


def below(engine: Engine, made: od.Deliver, state: Incident) -> tuple[Action, ...]:
    """For a page "I have it", for a change that waits "Approve" and "Decline"."""
    now = engine.clock.now()
    if made.paged is not None:
        return _taking(engine, made, state, "I have it", way=made.notifier)
    attempt = state.attempts.get(made.run)
    if attempt is None or attempt.state != "asked":
        return ()
    pairs = (("Approve", APPROVE), ("Decline", DECLINE))
    if _answers(engine, made) and _shown(engine, made, attempt):
        words = [(label, Buttons(key=engine.links.key).decide(state, made.run, act, now)) for label, act in pairs]
        return tuple(Action(label=label, press=word) for label, word in words if word)
    if not made.person or not made.own:
        return ()
    urls = [(label, engine.links.decide(state, made.run, act, made.person, now)) for label, act in pairs]
    return tuple(Action(label=label, url=url) for label, url in urls if url)


async def others(engine: Engine, made: od.Deliver, waiting: Mapping[str, Waiting]) -> tuple[Action, ...]:
    """A button for each of the first few other incidents that go within this page and that nobody has taken."""
    found: list[Action] = []
    for name in list(waiting)[:MOST_OTHERS]:
        state = await engine.incident(name)
        if not state.acknowledged_by:
            found += _taking(engine, made, state, f"I have {name}")
    return tuple(found)


def reach(engine: Engine, made: od.Deliver) -> tuple[Action, ...]:
    """For the weekly test: whoever presses it is reached by this way."""
    now, label = engine.clock.now(), "It reaches me"
    if not made.run:
        return ()
    if _answers(engine, made):
        return (Action(label=label, press=Buttons(key=engine.links.key).reach(now)),)
    url = engine.links.reach(made.person, made.notifier, now)
    return (Action(label=label, url=url, at_once=True),) if url else ()


def _taking(engine: Engine, made: od.Deliver, state: Incident, label: str, *, way: str = "") -> tuple[Action, ...]:
    now = engine.clock.now()
    if _answers(engine, made):
        word = Buttons(key=engine.links.key).acknowledge(state, now)
        return (Action(label=label, press=word),) if word else ()
    if not made.person or not made.own:
        return ()
    url = engine.links.acknowledge(state, made.person, now, way=way)
    return (Action(label=label, url=url, at_once=True),) if url else ()


def _answers(engine: Engine, made: od.Deliver) -> bool:
    return made.notifier in engine.tools.routes.answering


def _shown(engine: Engine, made: od.Deliver, attempt: Attempt) -> bool:
    """Whether the message itself shows all that a yes stands for, and nothing has to be typed; else it is read and approved in the room."""
    run = attempt.run
    parts = [run.script.strip(), *(f"{name}={value}" for name, value in run.environment)]
    whole = all(part == engine.tools.redactor.clean(part)[0] and part in made.text for part in parts)
    return whole and not attempt.confirm and not attempt.first and len(made.text) <= SHOWN_WHOLE
