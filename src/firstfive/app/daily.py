"""The daily round of one program: where promises are read, and whose own addresses are tested.

Part of `app`. Reads the vault when it is asked to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from firstfive.app.mouth import routes_of
from firstfive.app.pages import vault_of
from firstfive.documents.actions import ActionItem, read_actions
from firstfive.engine.loop import Engine
from firstfive.engine.rounds.daily import Rounds
from firstfive.engine.telling.routes import Destination
from firstfive.errors import PageError
from firstfive.incident.safety import plain_name
from firstfive.settings import Settings
from firstfive.stores.backup import make, newest, prune
from firstfive.stores.backup.archive import SETTINGS, SUFFIX


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

    tested = people_tested(settings, engine) if settings.notify.reach_test else {}
    folder = settings.backup.folder
    return Rounds(
        engine=engine,
        promised=promised,
        people=tested,
        copy=(lambda now: nightly_copy(settings, folder, now)) if folder is not None else None,
    )


def nightly_copy(settings: Settings, folder: Path, now: datetime) -> str:
    """A copy of the journal in the folder, unless one was made today, and the oldest ones removed; what was done, in words.

    Raises JournalError when it could not be made; what was there stays.
    """
    scheme, _, journal = settings.database.partition(":///")
    latest = newest(folder)
    if scheme != "sqlite" or (latest is not None and latest.name.startswith(f"{now:%Y-%m-%d}")):
        return ""
    beside = {SETTINGS: settings.file} if settings.file is not None else {}
    made = make(Path(journal), folder / f"{now:%Y-%m-%dT%H%M%SZ}{SUFFIX}", now, beside=beside)
    prune(folder, settings.backup.keep)
    return f"copied {made.proved.incidents} incidents to {made.path}"


def people_reached(settings: Settings, engine: Engine) -> Mapping[str, Sequence[Destination]]:
    """Each person of the settings with their own addresses, in the order to try."""
    routes = routes_of(settings, engine.tools.notifiers)
    known = {person.name: routes.people.get(plain_name(person.name), ()) for person in settings.people.values()}
    return {name: ways for name, ways in known.items() if ways}


def people_tested(settings: Settings, engine: Engine) -> Mapping[str, Sequence[Destination]]:
    """The same, without the ways by which nobody could answer: a link needs an address of ours, a button in a chat does not."""
    answering = engine.tools.routes.answering
    known = people_reached(settings, engine)
    can = {name: [way for way in ways if settings.address or way.notifier in answering] for name, ways in known.items()}
    return {name: ways for name, ways in can.items() if ways}
