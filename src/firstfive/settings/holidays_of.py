"""The working days of a country or a part of it, from the `holidays` package, which is loaded only here.

Called by whoever states a due date, with the years that the date can fall into.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import version
from typing import TYPE_CHECKING

from firstfive.errors import SettingsError
from firstfive.incident.business_days import MONDAY_TO_FRIDAY, WorkingDays
from firstfive.settings.model import HolidaySettings

if TYPE_CHECKING:
    from holidays import HolidayBase


def working_days(wanted: HolidaySettings, years: Iterable[int], *, at: str = "") -> WorkingDays:
    """The holidays of `years`, the weekend and the weekends that are worked; Monday to Friday when no country is set.

    Raises SettingsError, with the nearest names, when the country or its part is not known.
    """
    if not wanted.country:
        return MONDAY_TO_FRIDAY
    listed = _listed(wanted, sorted(set(years)), at)
    place = f"{wanted.country}-{wanted.subdivision}" if wanted.subdivision else wanted.country
    return WorkingDays(
        holidays=frozenset(listed),
        weekend=frozenset(listed.weekend),
        worked=frozenset(listed.weekend_workdays),
        source=f"holidays {version('holidays')}, {place}",
    )


def _listed(wanted: HolidaySettings, years: list[int], at: str) -> HolidayBase:
    import holidays

    known = holidays.list_supported_countries(include_aliases=True)
    if wanted.country not in known:
        near = _near(wanted.country, _countries())
        raise SettingsError(
            f"holidays.country {wanted.country!r} is not known",
            where=at,
            remedy=f"near it are {near}" if near else 'write its ISO code: country = "DE"',
        )
    if wanted.subdivision and wanted.subdivision not in known[wanted.country]:
        whole = {code: code for code in known[wanted.country]}
        near = _near(wanted.subdivision, whole) or ", ".join(whole)
        raise SettingsError(
            f"holidays.subdivision {wanted.subdivision!r} is not known in {wanted.country}",
            where=at,
            remedy=f"there are {near}" if near else f"{wanted.country} has none: leave it out",
        )
    return holidays.country_holidays(wanted.country, subdiv=wanted.subdivision or None, years=years)


def _countries() -> dict[str, str]:
    """What a country may be called, and its code."""
    from holidays.registry import COUNTRIES

    found: dict[str, str] = {}
    for module, (_, short, *others) in COUNTRIES.items():
        found |= dict.fromkeys((module.replace("_", " "), short.lower(), others[0].lower()), short)
    return found


def _near(name: str, known: dict[str, str]) -> str:
    lower = {word.lower(): code for word, code in known.items()}
    found = get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
    return ", ".join(dict.fromkeys(f'"{lower[word]}"' for word in found))
