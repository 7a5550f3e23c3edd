"""Parts of a week in words."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.incident.oncall import Window
from firstfive.incident.oncall.walls import week_of
from firstfive.settings.oncall.windows import window, written

ALL, WORKDAYS = frozenset(range(7)), frozenset(range(5))


@pytest.mark.parametrize(
    ("words", "days", "start", "hours"),
    [
        ("Mon-Fri 09:00-17:00", WORKDAYS, time(9), 8),
        ("mon-fri  09:00 - 17:00", WORKDAYS, time(9), 8),
        ("22:00-06:00", ALL, time(22), 8),
        ("Sat,Sun", frozenset({5, 6}), time(0), 24),
        ("Sat-Sun 00:00-24:00", frozenset({5, 6}), time(0), 24),
        ("Fri-Mon 10:00-10:00", frozenset({4, 5, 6, 0}), time(10), 24),
        ("Fri 17:00 - Mon 09:00", frozenset({4}), time(17), 64),
        ("Mon 09:00 - Mon 09:00", frozenset({0}), time(9), 168),
        ("Sun 20:00 - Sun 22:00", frozenset({6}), time(20), 2),
    ],
)
def test_words(words: str, days: frozenset[int], start: time, hours: int) -> None:
    assert window(words) == Window(days=days, start=start, lasts=timedelta(hours=hours))


@pytest.mark.parametrize(
    "words", ["", "weekdays", "Mon-", "9-17", "25:00-26:00", "24:30-06:00", "24:00-06:00", "Mon 09:00", "Mon-Fri-Sun"]
)
def test_what_is_no_part_of_a_week(words: str) -> None:
    with pytest.raises(ValueError, match=r"week|clock|24:00"):
        window(words)


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
windows = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=minutes,
    lasts=st.integers(1, 7 * 24 * 60).map(lambda n: timedelta(minutes=n)),
)


@given(windows)
def test_what_is_written_is_read_as_the_same_time(part: Window) -> None:
    again = tuple(window(words) for words in written(part))
    assert week_of(again) == week_of((part,))


@pytest.mark.parametrize(
    "part",
    [Window(days=ALL, start=time(9, 0, 30)), Window(days=ALL, lasts=timedelta(seconds=90))],
)
def test_seconds_cannot_be_written(part: Window) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        written(part)
