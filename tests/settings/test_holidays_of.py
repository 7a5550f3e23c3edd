"""Working days of a country."""

from __future__ import annotations

from datetime import date

import pytest

from firstfive.errors import SettingsError
from firstfive.incident.business_days import MONDAY_TO_FRIDAY, business_day
from firstfive.settings import HolidaySettings
from firstfive.settings.holidays_of import working_days


@pytest.mark.parametrize(
    ("country", "subdivision", "start", "expected", "reason"),
    [
        ("DE", "BE", date(2026, 12, 24), date(2027, 1, 4), "Christmas, a weekend and New Year"),
        ("", "", date(2026, 12, 24), date(2026, 12, 31), "no country is Monday to Friday"),
        ("IR", "", date(2026, 11, 18), date(2026, 11, 24), "Friday is the weekend there"),
    ],
)
def test_five_business_days(country: str, subdivision: str, start: date, expected: date, reason: str) -> None:
    calendar = working_days(HolidaySettings(country=country, subdivision=subdivision), (2026, 2027))
    assert business_day(start, 5, calendar) == expected, reason


def test_a_weekend_that_is_worked_counts() -> None:
    assert working_days(HolidaySettings(country="CN"), [2026]).includes(date(2026, 2, 28))


def test_the_source_names_the_list_and_its_version() -> None:
    assert working_days(HolidaySettings(country="DE", subdivision="BE"), [2026]).source.startswith("holidays 0.")
    assert working_days(HolidaySettings(), [2026]) is MONDAY_TO_FRIDAY


@pytest.mark.parametrize(
    ("country", "subdivision", "remedy"),
    [
        ("Germany", "", '"DE"'),
        ("germny", "", '"DE"'),
        ("Iran", "", '"IR"'),
        ("qqqqqq", "", 'country = "DE"'),
        ("DE", "Berlin", "BE"),
        ("AF", "X", "has none"),
    ],
)
def test_an_unknown_place_is_refused_with_near_names(country: str, subdivision: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as refused:
        working_days(HolidaySettings(country=country, subdivision=subdivision), [2026], at="firstfive.toml")
    assert remedy in refused.value.remedy
    assert refused.value.where == "firstfive.toml"
