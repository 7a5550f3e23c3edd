"""The tables `[people.NAME]`: who there is, what else they are called and where they are reached.

Called by `toml_file`; `known_as` is asked by whoever meets a name in a schedule, a calendar or on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstfive.documents.plain import line
from firstfive.errors import Exit, Refused, SettingsError
from firstfive.settings import reading
from firstfive.settings.model import PersonSettings

ADDRESSES = ("email", "matrix", "slack", "telegram", "ntfy", "pagerduty", "apprise")
LONGEST = 80
KEYS = frozenset({"aliases", *ADDRESSES})


def people(data: Mapping[str, Any], at: str) -> dict[str, PersonSettings]:
    """Everybody by name. Raises SettingsError for an unknown key and for a name that two people answer to."""
    found: dict[str, PersonSettings] = {}
    owners: dict[str, str] = {}
    for name, table in reading.table(data, "people", None, at).items():
        shown = f"people.{name}"
        if not isinstance(table, dict):
            raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
        reading.refuse_unknown(table, set(KEYS), shown, at)
        addresses = {key: reading.text(table, key, "", at) for key in ADDRESSES}
        found[name] = PersonSettings(name=name, aliases=reading.names(table, "aliases", at), **addresses)
        for called in {word.casefold() for word in names_of(found[name])}:
            if called in owners:
                raise SettingsError(
                    f"{owners[called]} and {name} are both called {called!r}",
                    where=at,
                    remedy=f"take it out of [people.{owners[called]}] or of [{shown}]",
                )
            owners[called] = name
    return found


def names_of(person: PersonSettings) -> tuple[str, ...]:
    """Every name that means this person: their own, the aliases and the mail address."""
    return tuple(name for name in (person.name, *person.aliases, person.email) if name)


def known_as(name: str, known: Mapping[str, PersonSettings]) -> PersonSettings | None:
    """The person whom this name means, whatever its case and with or without a leading @; None when nobody is called so."""
    wanted = name.strip().casefold()
    for person in known.values():
        called = {word.casefold() for word in names_of(person)}
        if wanted in called or wanted.removeprefix("@") in called:
            return person
    return None


def account_name(name: str, known: Mapping[str, PersonSettings]) -> str:
    """The name that an account has: a person's own where settings name people, else as it is. Raises Refused for somebody whom
    settings do not name, since approvals and pages go by these names.
    """
    person = known_as(name, known)
    if person is None and known:
        raise Refused(
            f"settings name no person {name!r}",
            remedy=f"add [people.{name.strip()}] to the settings, or invite one of: {', '.join(sorted(known))}",
            exit_code=Exit.USAGE,
        )
    if person is None and line(name, LONGEST) != name.strip():
        raise Refused(
            "this name holds characters that nobody sees, or is too long",
            remedy=f"give at most {LONGEST} characters that can be read",
            exit_code=Exit.USAGE,
        )
    return person.name if person is not None else name.strip()
