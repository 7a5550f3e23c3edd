"""Working days: the same rule for "next business day" and "within 5 business days"."""

from __future__ import annotations

from datetime import date

import pytest

from firstfive.incident import communicate
from firstfive.incident.business_days import WorkingDays, business_day, next_business_day

CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)})


@pytest.mark.parametrize(
    ("start", "days", "calendar", "expected", "reason"),
    [
        (date(2026, 12, 24), 5, WorkingDays(), date(2026, 12, 31), "without holidays: Friday and four days"),
        (
            date(2026, 12, 24),
            5,
            WorkingDays(holidays=CHRISTMAS),
            date(2027, 1, 4),
            "Christmas and New Year are left out",
        ),
        (date(2026, 11, 20), 1, WorkingDays(), date(2026, 11, 23), "after Friday comes Monday"),
        (date(2026, 11, 19), 1, WorkingDays(weekend=frozenset({4})), date(2026, 11, 21), "a weekend of Friday alone"),
        (date(2026, 11, 21), 0, WorkingDays(), date(2026, 11, 21), "no day later is the same day"),
        (
            date(2026, 11, 21),
            1,
            WorkingDays(worked=frozenset({date(2026, 11, 22)})),
            date(2026, 11, 22),
            "a Sunday worked",
        ),
    ],
)
def test_days_later(start: date, days: int, calendar: WorkingDays, expected: date, reason: str) -> None:
    assert business_day(start, days, calendar) == expected, reason


def test_the_next_one_is_never_the_same_day() -> None:
    assert next_business_day(date(2026, 11, 23)) == date(2026, 11, 24)


def test_a_week_of_weekends_is_refused() -> None:
    with pytest.raises(ValueError, match="working day"):
        WorkingDays(weekend=frozenset(range(7)))


def test_notices_use_the_same_rule() -> None:
    assert communicate.business_day is business_day
