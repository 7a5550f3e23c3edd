"""Working days: which day comes n of them later, with the weekend and the holidays of wherever the team is.

Called by `communicate` and by whoever states a due date. Knows no country: `settings.holidays_of` makes the sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY_AND_SUNDAY = frozenset({5, 6})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """Which days are worked: all but `holidays` and the weekdays of `weekend` (0 is Monday), and `worked` in any case.

    `source` says where the dates come from, for the record: lists of holidays change from year to year.
    """

    holidays: frozenset[date] = frozenset()
    weekend: frozenset[int] = SATURDAY_AND_SUNDAY
    worked: frozenset[date] = frozenset()
    source: str = "Monday to Friday, no holidays"

    def __post_init__(self) -> None:
        if self.weekend >= frozenset(range(7)):
            raise ValueError("a week has a working day")

    def includes(self, day: date) -> bool:
        """Whether this day is worked."""
        return day in self.worked or (day.weekday() not in self.weekend and day not in self.holidays)


MONDAY_TO_FRIDAY = WorkingDays()


def business_day(start: date, days: int, calendar: WorkingDays = MONDAY_TO_FRIDAY) -> date:
    """The day `days` working days after `start`; `start` itself when `days` is 0."""
    day, left = start, days
    while left > 0:
        day += timedelta(days=1)
        left -= calendar.includes(day)
    return day


def next_business_day(after: date, calendar: WorkingDays = MONDAY_TO_FRIDAY) -> date:
    """The first working day after `after`."""
    return business_day(after, 1, calendar)
