"""A listener for each chat that can answer, who is behind a user of that chat, and who is told what became of an incident.

Part of `app`. What a chat lets its users choose, such as a display name, never makes anybody a person of the settings.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from firstfive.app.answers.allowed import barred
from firstfive.engine.loop import Engine
from firstfive.engine.telling.following import Following
from firstfive.engine.telling.listening import Listening
from firstfive.engine.telling.pressing import Pressing
from firstfive.notifiers.answers.slack import SlackAnswers
from firstfive.notifiers.answers.telegram import TelegramAnswers
from firstfive.notifiers.matrix import Matrix
from firstfive.notifiers.pagerduty import PagerDuty
from firstfive.notifiers.slack import Slack
from firstfive.notifiers.telegram import Telegram
from firstfive.settings import PersonSettings, Settings
from firstfive.settings.people import known_as

AGAIN = 60.0


class Listener(Protocol):
    """Something that listens until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Runs a listener, and again a minute after a fault of its own: what a chat does must not end the program."""

    listener: Listener
    log: Callable[[str], None]

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            try:
                await self.listener.run(stop)
            except Exception as fault:
                self.log(f"{type(self.listener).__name__} ended and begins anew: {type(fault).__name__}")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), AGAIN)


def listeners(settings: Settings, engine: Engine) -> Iterable[Listener]:
    """All of them, for the notifiers that the engine has."""
    return (Kept(listener=one, log=engine.tools.log) for one in _listeners(settings, engine))


def _listeners(settings: Settings, engine: Engine) -> Iterable[Listener]:
    log, people = engine.tools.log, settings.people
    for one in engine.tools.notifiers:
        answering = one.name in engine.tools.routes.answering
        may = partial(barred, settings.state, settings.database)
        match one:
            case Matrix():
                known = partial(_called, people=people)
                yield Listening(
                    matrix=one,
                    known=known,
                    say=engine.say,
                    log=log,
                    barred=partial(_barred, settings.state, settings.database),
                )
            case Slack() if answering:
                pressing = Pressing(engine=engine, way=one.name, known=partial(slack_person, people), barred=may)
                yield SlackAnswers(slack=one, heard=pressing.heard, log=log)
            case Telegram() if answering:
                pressing = Pressing(engine=engine, way=one.name, known=partial(telegram_person, people), barred=may)
                yield TelegramAnswers(telegram=one, heard=pressing.heard, log=log, now=engine.clock.now)
            case PagerDuty():
                yield Following(engine=engine, pager=one, log=log)
            case _:
                continue


def _barred(state: Path, database: str, person: str) -> str:
    return barred(state, database, person, None)


def slack_person(people: Mapping[str, PersonSettings], user: str) -> str:
    """The person with this Slack member id as their address or an alias; empty for nobody, and for two."""
    return _only(one.name for one in people.values() if user and user in (one.slack, *one.aliases))


def telegram_person(people: Mapping[str, PersonSettings], user: str) -> str:
    """The person with this Telegram user id: it is also the id of a chat with them alone. Empty for nobody, and for two."""
    return _only(one.name for one in people.values() if user and user in (one.telegram, *one.aliases))


def _only(names: Iterable[str]) -> str:
    found = list(names)
    return found[0] if len(found) == 1 else ""


def _called(sender: str, people: Mapping[str, PersonSettings]) -> str:
    person = known_as(sender, people)
    return person.name if person is not None else ""
