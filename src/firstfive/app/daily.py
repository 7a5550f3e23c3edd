"""The daily round of one program: where promises are read, and whose own addresses are tested.

Part of `app`. Reads the vault when it is asked to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firstfive.app.mouth import routes_of
from firstfive.app.pages import vault_of
from firstfive.documents.actions import ActionItem, read_actions
from firstfive.engine.loop import Engine
from firstfive.engine.rounds.daily import Rounds
from firstfive.engine.telling.routes import Destination
from firstfive.errors import PageError
from firstfive.incident.safety import plain_name
from firstfive.settings import Settings


def rounds_of(settings: Settings, engine: Engine) -> Rounds:
    """The round of this program. Nobody is tested without an address of the room, since the answer is a button that leads there."""

    def promised() -> Sequence[ActionItem]:
        form = engine.handbook.postmortem
        vault = vault_of(settings, form.folder if form is not None else "")
        found: list[ActionItem] = []
        for path, raw in vault.pages().items():
            if path.startswith(f"{vault.postmortem_folder.strip('/')}/"):
                try:
                    found += read_actions(path, raw).items
                except PageError as problem:
                    engine.tools.log(f"action items: {problem}")
        return found

    tested = people_reached(settings, engine) if settings.address and settings.notify.reach_test else {}
    return Rounds(engine=engine, promised=promised, people=tested)


def people_reached(settings: Settings, engine: Engine) -> Mapping[str, Sequence[Destination]]:
    """Each person of the settings with their own addresses, in the order to try."""
    routes = routes_of(settings, engine.tools.notifiers)
    known = {person.name: routes.people.get(plain_name(person.name), ()) for person in settings.people.values()}
    return {name: ways for name, ways in known.items() if ways}
