"""Who is on call: turns, windows, overrides and gaps, over nights when the clock is moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.incident.oncall import (
    Gap,
    Layer,
    OnCall,
    Override,
    Person,
    Rotation,
    Schedule,
    Unit,
    Window,
    gaps,
    shifts,
    turns,
    who,
)

ANN, BOB, CY = Person(name="ann"), Person(name="bob"), Person(name="cy")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "UTC")
WORKDAYS = frozenset(range(5))


def rotation(*members: Person, zone: str = "Europe/Berlin", unit: Unit = Unit.WEEK, **more: object) -> Rotation:
    given_: dict[str, object] = {"anchor": date(2026, 1, 5), **more}
    return Rotation(members=members, unit=unit, zone=ZoneInfo(zone), **given_)  # type: ignore[arg-type]


def schedule(*layers: Layer, overrides: tuple[Override, ...] = ()) -> Schedule:
    return Schedule(name="primary", layers=layers, overrides=overrides)


def layer(turn: Rotation, *windows: Window, name: str = "all", **more: datetime) -> Layer:
    return Layer(name=name, rotation=turn, windows=windows, **more)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def name_at(plan: Schedule, text: str) -> str:
    found = who(plan, utc(text))
    return found.person.name if isinstance(found, OnCall) else "nobody"


# --------------------------------------------------------------------------------------------------------------- turns


def test_a_week_begins_at_nine_on_the_wall_in_winter_and_in_summer() -> None:
    plan = schedule(layer(rotation(ANN, BOB, CY)))
    hand_offs = [one.until for one in turns(plan, utc("2026-03-10"), utc("2026-11-10")) if one.until]
    assert {at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%a %H:%M") for at in hand_offs} == {"Mon 09:00"}
    assert {at.strftime("%H:%M") for at in hand_offs} == {"08:00", "07:00"}


@pytest.mark.parametrize(
    ("at", "name", "reason"),
    [
        ("2026-01-05T07:59", "cy", "before the anchor the order holds as well"),
        ("2026-01-05T08:00", "ann", "the first member takes over on the anchor, at nine in Berlin"),
        ("2026-01-12T07:59", "ann", "up to the hand-off"),
        ("2026-01-12T08:00", "bob", "a hand-off belongs to the one who takes over"),
        ("2026-01-26T08:00", "ann", "after the last comes the first"),
        ("2026-03-30T07:00", "ann", "the first hand-off of summer time is an hour earlier in UTC"),
    ],
)
def test_turns(at: str, name: str, reason: str) -> None:
    assert name_at(schedule(layer(rotation(ANN, BOB, CY))), at) == name, reason


def test_a_hand_off_that_the_clock_skips_is_at_the_next_minute_that_exists_and_says_so() -> None:
    plan = schedule(layer(rotation(ANN, BOB, unit=Unit.DAY, anchor=date(2026, 3, 28), hand_off=time(2, 30))))
    before, after = who(plan, utc("2026-03-29T00:59")), who(plan, utc("2026-03-29T01:00"))
    assert isinstance(before, OnCall)
    assert isinstance(after, OnCall)
    assert (before.person, after.person) == (ANN, BOB)
    assert before.until == after.since == utc("2026-03-29T01:00")
    assert "02:30 does not exist in Europe/Berlin on 2026-03-29, so it is at 03:00" in before.why
    assert "does not exist" in after.why
    tomorrow = who(plan, utc("2026-03-31T12:00"))
    assert "does not exist" not in tomorrow.why


def test_a_hand_off_that_comes_twice_is_the_first_of_the_two() -> None:
    plan = schedule(layer(rotation(ANN, BOB, unit=Unit.DAY, anchor=date(2026, 10, 24), hand_off=time(2, 30))))
    found = who(plan, utc("2026-10-25T00:30"))
    assert isinstance(found, OnCall)
    assert (found.person, found.since) == (BOB, utc("2026-10-25T00:30"))


def test_half_an_hour_is_skipped_on_lord_howe() -> None:
    turn = rotation(ANN, BOB, zone="Australia/Lord_Howe", unit=Unit.DAY, anchor=date(2026, 10, 3), hand_off=time(2, 15))
    found = who(schedule(layer(turn)), utc("2026-10-03T15:30"))
    assert isinstance(found, OnCall)
    assert (found.person, found.since) == (BOB, utc("2026-10-03T15:30"))
    assert "so it is at 02:30" in found.why


def test_tehran_moves_no_clock() -> None:
    plan = schedule(layer(rotation(ANN, BOB, zone="Asia/Tehran")))
    ends = [one.until for one in turns(plan, utc("2026-01-10"), utc("2026-12-10")) if one.until]
    assert {later - earlier for earlier, later in pairwise(ends)} == {timedelta(days=7)}


def test_twelve_hours_stay_at_nine_and_nine() -> None:
    plan = schedule(layer(rotation(ANN, BOB, unit=Unit.HOUR, every=12, anchor=date(2026, 3, 28))))
    found = turns(plan, utc("2026-03-28T12:00"), utc("2026-03-30T12:00"))
    assert [one.until - one.since for one in found if one.until and one.since] == [
        timedelta(hours=12),
        timedelta(hours=11),
        *[timedelta(hours=12)] * 3,
    ]


# -------------------------------------------------------------------------------------------- layers, windows, overrides

OFFICE = Window(days=WORKDAYS, start=time(9), lasts=timedelta(hours=8))
NIGHTS = Window(days=frozenset(range(7)), start=time(22), lasts=timedelta(hours=8))
WEEKEND = Window(days=frozenset({4}), start=time(17), lasts=timedelta(hours=64))


@pytest.mark.parametrize(
    ("at", "name", "reason"),
    [
        ("2026-01-07T10:00", "bob", "the later layer wins within its window"),
        ("2026-01-07T07:59", "ann", "before the window the layer below answers"),
        ("2026-01-07T16:00", "ann", "a window ends before its last minute"),
        ("2026-01-10T10:00", "ann", "Saturday is no workday"),
        ("2026-01-07T12:00", "cy", "an override wins over all"),
        ("2026-01-07T12:30", "bob", "of two overrides the later wins"),
        ("2026-01-07T13:00", "bob", "an override ends before its end"),
    ],
)
def test_the_later_layer_wins_and_an_override_wins_over_all(at: str, name: str, reason: str) -> None:
    first = Override(person=CY, start=utc("2026-01-07T12:00"), end=utc("2026-01-07T13:00"), note="dentist")
    second = Override(person=BOB, start=utc("2026-01-07T12:30"), end=utc("2026-01-07T13:00"))
    plan = schedule(layer(rotation(ANN)), layer(rotation(BOB), OFFICE), overrides=(first, second))
    assert name_at(plan, at) == name, reason


def test_the_reason_names_the_layer_or_the_override() -> None:
    swap = Override(person=CY, start=utc("2026-01-07T12:00"), end=utc("2026-01-07T13:00"), note="dentist")
    plan = schedule(layer(rotation(ANN, BOB), name="round the clock"), overrides=(swap,))
    assert who(plan, utc("2026-01-07T12:10")).why == "override: dentist"
    assert who(plan, utc("2026-01-07T11:59")).why == (
        "layer round the clock: turn 1 of 2, every week on Monday at 09:00 Europe/Berlin"
    )


def test_a_turn_is_cut_where_something_stronger_begins() -> None:
    swap = Override(person=CY, start=utc("2026-01-07T12:00"), end=utc("2026-01-07T13:00"))
    plan = schedule(layer(rotation(ANN, BOB)), overrides=(swap,))
    found = who(plan, utc("2026-01-06T12:00"))
    assert (found.since, found.until) == (utc("2026-01-05T08:00"), swap.start)
    found = who(plan, utc("2026-01-08T12:00"))
    assert (found.since, found.until) == (swap.end, utc("2026-01-12T08:00"))


@pytest.mark.parametrize(
    ("window", "inside", "since", "until"),
    [
        (NIGHTS, "2026-01-08T02:00", "2026-01-07T21:00", "2026-01-08T05:00"),
        (WEEKEND, "2026-01-10T12:00", "2026-01-09T16:00", "2026-01-12T08:00"),
        (WEEKEND, "2026-03-29T12:00", "2026-03-27T16:00", "2026-03-30T07:00"),
        (Window(days=frozenset({5, 6})), "2026-01-10T12:00", "2026-01-09T23:00", "2026-01-11T23:00"),
    ],
)
def test_windows_reach_over_midnight_and_over_the_moved_clock(
    window: Window, inside: str, since: str, until: str
) -> None:
    plan = schedule(layer(rotation(ANN, unit=Unit.WEEK, every=50), window))
    found = who(plan, utc(inside))
    assert (found.since, found.until) == (utc(since), utc(until))


def test_windows_that_fill_the_week_are_none() -> None:
    days = tuple(Window(days=frozenset({day})) for day in range(7))
    free, split = schedule(layer(rotation(ANN, BOB))), schedule(layer(rotation(ANN, BOB), *days))
    assert who(free, utc("2026-01-07")) == who(split, utc("2026-01-07"))


def test_a_layer_begins_and_ends() -> None:
    begins, ends = utc("2026-02-01"), utc("2026-03-01")
    plan = schedule(layer(rotation(ANN), begins=begins, ends=ends))
    assert [name_at(plan, at) for at in ("2026-01-31T23:59", "2026-02-01", "2026-02-28T23:59", "2026-03-01")] == [
        "nobody",
        "ann",
        "ann",
        "nobody",
    ]


# ---------------------------------------------------------------------------------------------------------------- gaps


def test_nights_without_anybody_are_gaps() -> None:
    plan = schedule(layer(rotation(ANN, BOB), OFFICE))
    found = gaps(plan, utc("2026-01-07T12:00"), utc("2026-01-12T12:00"))
    assert [(one.since, one.until) for one in found] == [
        (utc("2026-01-07T16:00"), utc("2026-01-08T08:00")),
        (utc("2026-01-08T16:00"), utc("2026-01-09T08:00")),
        (utc("2026-01-09T16:00"), utc("2026-01-12T08:00")),
    ]


def test_a_gap_is_told_whole_although_a_layer_begins_in_it() -> None:
    plan = schedule(layer(rotation(ANN, BOB), OFFICE, begins=utc("2026-01-10T12:00")))
    found = who(plan, utc("2026-01-11"))
    assert found == who(plan, utc("2026-01-10"))
    assert (found.since, found.until) == (None, utc("2026-01-12T08:00"))


def test_a_schedule_without_anybody_is_one_gap_without_end() -> None:
    assert who(schedule(), utc("2026-01-07")) == Gap(since=None, until=None, why="the schedule holds nobody")


@pytest.mark.parametrize(
    "made",
    [
        rotation,
        lambda: rotation(ANN, every=0),
        lambda: Window(days=frozenset()),
        lambda: Window(days=frozenset({7})),
        lambda: Window(days=WORKDAYS, lasts=timedelta(0)),
        lambda: Window(days=WORKDAYS, lasts=timedelta(days=8)),
        lambda: Override(person=ANN, start=utc("2026-01-02"), end=utc("2026-01-02")),
    ],
)
def test_what_makes_no_sense_is_no_value(made: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"has|least|lasts|ends"):
        made()


def test_a_layer_that_ends_before_it_begins_cuts_nobody_short() -> None:
    never = Layer(name="never", rotation=rotation(BOB), begins=utc("2026-02-01"), ends=utc("2026-01-01"))
    plan = Schedule(name="primary", layers=(Layer(name="all", rotation=rotation(ANN)), never))
    alone = Schedule(name="primary", layers=plan.layers[:1])
    assert who(plan, utc("2026-01-31T23:30")) == who(alone, utc("2026-01-31T23:30"))


# ---------------------------------------------------------------------------------------------------------- properties

instants = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
walls = st.times().map(lambda t: t.replace(microsecond=0, second=0))
people = st.sampled_from((ANN, BOB, CY))
windows = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=walls,
    lasts=st.integers(1, 7 * 24 * 4).map(lambda quarters: timedelta(minutes=15 * quarters)),
)
rotations = st.builds(
    Rotation,
    members=st.lists(people, min_size=1, max_size=4).map(tuple),
    unit=st.sampled_from(Unit),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    anchor=st.dates(date(2023, 1, 1), date(2030, 1, 1)),
    every=st.integers(1, 30),
    hand_off=walls,
)
edges = st.one_of(st.none(), instants)
layers = st.builds(
    Layer,
    name=st.just("one"),
    rotation=rotations,
    windows=st.lists(windows, max_size=3).map(tuple),
    begins=edges,
    ends=edges,
)
overrides = st.builds(
    lambda person, start, hours: Override(person=person, start=start, end=start + timedelta(hours=hours)),
    people,
    instants,
    st.integers(1, 200),
)
plans = st.builds(
    Schedule,
    name=st.just("primary"),
    layers=st.lists(layers, max_size=3).map(tuple),
    overrides=st.lists(overrides, max_size=3).map(tuple),
)


@given(plan=plans, at=instants)
@settings(max_examples=150, deadline=None)
def test_every_instant_has_one_answer_that_holds_as_long_as_it_says(plan: Schedule, at: datetime) -> None:
    found = who(plan, at)
    assert found.since is None or found.since <= at
    assert found.until is None or at < found.until
    inside = [found.since or at, at, (found.until or at + timedelta(days=1)) - timedelta(microseconds=1)]
    assert [who(plan, moment) for moment in inside] == [found] * 3
    if found.until is not None:
        assert who(plan, found.until) != found


@given(plan=plans, start=instants, hours=st.integers(1, 24 * 20))
@settings(max_examples=80, deadline=None)
def test_shifts_and_gaps_tile_the_range(plan: Schedule, start: datetime, hours: int) -> None:
    end = start + timedelta(hours=hours)
    found = shifts(plan, start, end)
    assert (found[0].since, found[-1].until) == (start, end)
    assert all(earlier.until == later.since for earlier, later in pairwise(found))
    assert not any(isinstance(a, Gap) and isinstance(b, Gap) for a, b in pairwise(found))


@given(plan=plans, past=instants, later=st.integers(1, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_later_look_does_not_change_the_past(plan: Schedule, past: datetime, later: int) -> None:
    seen = shifts(plan, past, past + timedelta(days=1))
    who(plan, past + timedelta(minutes=later))
    assert shifts(plan, past, past + timedelta(days=1)) == seen
    longer = shifts(plan, past - timedelta(days=3), past + timedelta(days=1))
    assert [one.until for one in longer if one.until and one.until > past] == [one.until for one in seen]


@given(turn=rotations, at=instants)
@settings(max_examples=150, deadline=None)
def test_a_hand_off_is_at_its_time_on_the_wall_or_says_why_not(turn: Rotation, at: datetime) -> None:
    found = who(schedule(layer(turn)), at)
    assert found.since is not None
    shown = found.since.astimezone(turn.zone).replace(tzinfo=None)
    off = shown - datetime.combine(turn.anchor, turn.hand_off)
    assert off % turn.period == timedelta(0) or "does not exist" in found.why
