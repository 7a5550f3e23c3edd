"""Exports of other programs: what becomes of them, and that nothing is lost without a word."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.errors import SettingsError
from firstfive.incident.oncall import Layer, OnCall, Override, Person, Rotation, Schedule, Unit, Window, who
from firstfive.settings.oncall.imports import Imported, imported, toml
from firstfive.settings.oncall.schedules import schedules
from firstfive.settings.oncall.written import toml_of


def read(folder: Path, data: Any) -> Imported:
    file = folder / "export.json"
    file.write_text(json.dumps(data))
    found = imported(file)
    assert again(toml(found)) == found.schedules, "what is printed is read as the same"
    return found


def again(text: str) -> tuple[Schedule, ...]:
    return tuple(one.schedule for one in schedules(tomllib.loads(text), Path(), {}, "x"))


def names(plan: Schedule, *at: str) -> list[str]:
    answers = [who(plan, datetime.fromisoformat(one).replace(tzinfo=UTC)) for one in at]
    return [one.person.name if isinstance(one, OnCall) else "nobody" for one in answers]


# ----------------------------------------------------------------------------------------------------------- PagerDuty


def pagerduty(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schedule": {
            "id": "PI7",
            "name": "Daily Rotation",
            "time_zone": "America/New_York",
            "schedule_layers": list(layers),
            **more,
        }
    }


def layer(name: str, *users: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "start": "2026-01-05T09:00:00-05:00",
        "end": None,
        "rotation_virtual_start": "2026-01-05T09:00:00-05:00",
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": {"id": f"P{user}", "type": "user_reference", "summary": user}} for user in users],
        "restrictions": [],
        **more,
    }


def test_pagerduty_lists_the_strongest_layer_first(tmp_path: Path) -> None:
    days = {"type": "daily_restriction", "start_time_of_day": "09:00:00", "duration_seconds": 28800}
    found = read(tmp_path, pagerduty(layer("Days", "cy", restrictions=[days]), layer("All", "ann", "bob")))
    assert (found.source, found.left) == ("PagerDuty", ())
    [plan] = found.schedules
    assert plan.name == "daily-rotation"
    assert [one.name for one in plan.layers] == ["All", "Days"]
    times = ("2026-01-05T13:59", "2026-01-05T15:00", "2026-01-05T23:00", "2026-01-13T03:00", "2026-07-14T12:59")
    assert names(plan, *times) == ["nobody", "cy", "ann", "bob", "bob"]


def test_pagerduty_a_weekly_restriction_counts_from_monday_as_one(tmp_path: Path) -> None:
    part = {
        "type": "weekly_restriction",
        "start_day_of_week": 5,
        "start_time_of_day": "17:00:00",
        "duration_seconds": 64 * 3600,
    }
    [plan] = read(tmp_path, pagerduty(layer("Weekend", "ann", restrictions=[part]))).schedules
    assert plan.layers[0].windows == (Window(days=frozenset({4}), start=time(17), lasts=timedelta(hours=64)),)
    assert plan.layers[0].name == plan.name


def test_pagerduty_overrides_are_carried_over(tmp_path: Path) -> None:
    entry = {"user": {"summary": "cy"}, "start": "2026-01-06T09:00:00-05:00", "end": "2026-01-06T10:00:00-05:00"}
    data = pagerduty(layer("All", "ann"), overrides_subschedule={"rendered_schedule_entries": [entry, {"user": None}]})
    found = read(tmp_path, data)
    assert names(found.schedules[0], "2026-01-06T14:30", "2026-01-06T15:00") == ["cy", "ann"]
    assert found.left == ("an override of daily-rotation: it names a user who is not there",)


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"rotation_turn_length_seconds": 5400}, "its turns of 5400 s are no whole hours"),
        ({"rotation_turn_length_seconds": None}, "its rotation_turn_length_seconds is no number that makes sense"),
        ({"users": []}, "it names nobody"),
        ({"rotation_virtual_start": None}, "it has no rotation_virtual_start"),
        ({"rotation_virtual_start": "2026-01-05T09:00:00"}, "its rotation_virtual_start has no offset"),
        ({"end": "0001-01-01T00:00:00Z"}, "its end is in the year 1"),
        ({"start": "soon"}, "Invalid isoformat string: 'soon'"),
        ({"restrictions": [{"type": "monthly"}]}, "it has no start_time_of_day"),
        (
            {"restrictions": [{"type": "x", "start_time_of_day": "09:00", "duration_seconds": 60}]},
            "a restriction of the type 'x' is not known",
        ),
        (
            {"restrictions": [{"type": "daily_restriction", "start_time_of_day": "09:00:30", "duration_seconds": 60}]},
            "its restriction is not in whole minutes",
        ),
    ],
)
def test_pagerduty_a_layer_that_cannot_be_carried_over_is_said(tmp_path: Path, more: dict[str, Any], left: str) -> None:
    found = read(tmp_path, pagerduty(layer("Odd", "ann", **more), layer("All", "bob")))
    assert found.left == (f"layer Odd of daily-rotation: {left}",)
    assert [one.rotation.members for one in found.schedules[0].layers] == [(Person(name="bob"),)]
    assert f"# Not carried over: layer Odd of daily-rotation: {left}" in toml(found)


def test_pagerduty_nothing_left_is_no_schedule(tmp_path: Path) -> None:
    found = read(tmp_path, pagerduty(time_zone="Mars", escalation_policies=[{"summary": "Ops"}]))
    assert found.schedules == ()
    assert found.left == (
        "escalation policy Ops: the page says who is paged after whom",
        "schedule daily-rotation: no layer is left of it",
    )


# ------------------------------------------------------------------------------------------------------------ Opsgenie


def opsgenie(*rotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"id": "1", "name": "Ops Team", "timezone": "Europe/Berlin", "enabled": True, "rotations": list(rotations)}
    return {"data": {**row, **more}, "took": 0.1, "requestId": "r"}


def turns(name: str, *users: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "startDate": "2026-01-05T08:00:00Z",
        "type": "weekly",
        "length": 1,
        "participants": [{"type": "user", "id": user, "username": f"{user}@example.org"} for user in users],
        **more,
    }


def of_day(start: int, end: int) -> dict[str, Any]:
    part = {"startHour": start, "startMin": 0, "endHour": end, "endMin": 0}
    return {"timeRestriction": {"type": "time-of-day", "restriction": part}}


def test_opsgenie_rotations_that_share_the_day_are_one_schedule(tmp_path: Path) -> None:
    found = read(tmp_path, opsgenie(turns("day", "ann", "bob", **of_day(8, 20)), turns("night", "cy", **of_day(20, 8))))
    assert (found.source, found.left) == ("Opsgenie", ())
    [plan] = found.schedules
    assert plan.name == "ops-team"
    assert names(plan, "2026-01-05T12:00", "2026-01-05T20:00", "2026-01-14T12:00") == [
        "ann@example.org",
        "cy@example.org",
        "bob@example.org",
    ]


def test_opsgenie_rotations_that_overlap_are_schedules_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, opsgenie(turns("first", "ann"), turns("second", "bob", **of_day(8, 20))))
    assert [one.name for one in found.schedules] == ["ops-team-first", "ops-team-second"]
    assert "its rotations overlap" in found.left[0]


def test_opsgenie_days_of_the_week(tmp_path: Path) -> None:
    week = {"startDay": "friday", "startHour": 18, "startMin": 0, "endDay": "monday", "endHour": 8, "endMin": 30}
    limits = {"type": "weekday-and-time-of-day", "restrictions": [week]}
    [plan] = read(tmp_path, opsgenie(turns("weekend", "ann", timeRestriction=limits))).schedules
    assert plan.layers[0].windows == (
        Window(days=frozenset({4}), start=time(18), lasts=timedelta(hours=62, minutes=30)),
    )


def test_opsgenie_overrides(tmp_path: Path) -> None:
    user = {"type": "user", "username": "cy@example.org"}
    whole = {"user": user, "startDate": "2026-01-06T08:00:00Z", "endDate": "2026-01-06T09:00:00Z"}
    found = read(tmp_path, opsgenie(turns("all", "ann"), overrides=[whole, {**whole, "rotations": [{"id": "all"}]}]))
    assert names(found.schedules[0], "2026-01-06T08:30") == ["cy@example.org"]
    assert found.left == ("an override of ops-team: it holds for some of its rotations only",)


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"participants": [{"type": "none"}]}, "a participant of the type 'none' is not one person"),
        ({"participants": [{"type": "team", "name": "db"}]}, "a participant of the type 'team' is not one person"),
        ({"type": "monthly"}, "turns of the type 'monthly' are not known"),
        ({"startDate": None}, "it has no startDate"),
        ({"timeRestriction": {"type": "moon"}}, "its timeRestriction is of a type that is not known"),
    ],
)
def test_opsgenie_a_rotation_that_cannot_be_carried_over_is_said(
    tmp_path: Path, more: dict[str, Any], left: str
) -> None:
    found = read(tmp_path, opsgenie(turns("odd", "ann", **more), turns("all", "bob")))
    assert found.left == (f"rotation odd of ops-team: {left}",)
    assert len(found.schedules[0].layers) == 1


def test_opsgenie_a_schedule_that_is_off_is_said(tmp_path: Path) -> None:
    assert "switched off" in read(tmp_path, opsgenie(turns("all", "ann"), enabled=False)).left[0]


# ------------------------------------------------------------------------------------------------------ Grafana OnCall

USERS = [{"id": f"U{name}", "username": name, "email": f"{name}@example.org"} for name in ("ann", "bob", "cy")]


def grafana(*shifts: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"id": "S1", "name": "Web", "type": "web", "time_zone": "Europe/Berlin", "shifts": [s["id"] for s in shifts]}
    return {"schedules": {"results": [{**row, **more}]}, "on_call_shifts": {"results": list(shifts)}, "users": USERS}


def shift(name: str, *users: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": "rolling_users",
        "level": 1,
        "start": "2026-01-05T09:00:00",
        "duration": 604800,
        "frequency": "weekly",
        "interval": 1,
        "rolling_users": [[f"U{user}"] for user in users],
        "start_rotation_from_user_index": 0,
        **more,
    }


def test_grafana_levels_are_layers(tmp_path: Path) -> None:
    office = {"by_day": ["MO", "TU", "WE", "TH", "FR"], "duration": 28800, "level": 2, "week_start": "MO"}
    found = read(tmp_path, grafana(shift("office", "bob", "cy", **office), shift("all", "ann")))
    assert (found.source, found.left) == ("Grafana OnCall", ())
    [plan] = found.schedules
    assert [one.name for one in plan.layers] == ["all", "office"]
    times = ("2026-01-05T08:00", "2026-01-05T17:00", "2026-01-12T08:00", "2026-01-17T08:00", "2026-07-13T07:00")
    assert names(plan, *times) == ["bob", "ann", "cy", "ann", "cy"]


def test_grafana_the_rotation_starts_with_the_user_it_names(tmp_path: Path) -> None:
    found = read(tmp_path, grafana(shift("all", "ann", "bob", "cy", start_rotation_from_user_index=1)))
    assert names(found.schedules[0], "2026-01-06", "2026-01-13", "2026-01-20") == ["bob", "cy", "ann"]


def test_grafana_daily_turns_fill_a_part_of_the_day(tmp_path: Path) -> None:
    found = read(tmp_path, grafana(shift("nights", "ann", "bob", frequency="daily", duration=12 * 3600)))
    assert names(found.schedules[0], "2026-01-05T12:00", "2026-01-05T21:00", "2026-01-06T12:00") == [
        "ann",
        "nobody",
        "bob",
    ]


def test_grafana_single_events_are_overrides(tmp_path: Path) -> None:
    one = {"type": "single_event", "users": ["Ucy"], "duration": 3600, "start": "2026-01-06T09:00:00"}
    found = read(tmp_path, grafana(shift("swap", **one), shift("all", "ann")))
    assert names(found.schedules[0], "2026-01-06T08:30", "2026-01-06T09:00") == ["cy", "ann"]


def test_grafana_begins_ends_and_equal_levels(tmp_path: Path) -> None:
    more = {"rotation_start": "2026-01-07T00:00:00", "until": "2026-02-01T00:00:00"}
    found = read(tmp_path, grafana(shift("one", "ann", **more), shift("two", "bob")))
    assert found.schedules[0].layers[0].begins == datetime(2026, 1, 6, 23, tzinfo=UTC)
    assert found.schedules[0].layers[0].ends == datetime(2026, 2, 1, tzinfo=UTC)
    assert found.left == (
        "schedule web: where shifts of the same level overlap, both are on call there and the later here",
    )


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"frequency": "monthly"}, "the frequency 'monthly' has no counterpart here"),
        ({"by_monthday": [1]}, "its by_monthday has no counterpart here"),
        ({"rolling_users": [["Uann", "Ubob"]]}, "a turn of it is not one person's"),
        ({"type": "recurrent_event", "users": ["Uann", "Ubob"]}, "2 people share it"),
        ({"type": "other"}, "a shift of the type 'other' is not known"),
        ({"interval": 2, "by_day": ["MO"], "duration": 3600}, "it pauses between its turns, or they overlap"),
        ({"frequency": "hourly", "interval": 12, "duration": 3600}, "it pauses between its turns, or they overlap"),
        ({"by_day": ["SU"], "duration": 86400}, "reaches over the start of the week"),
        ({"frequency": "daily", "by_day": ["MO"], "duration": 3600}, "people change daily on some days"),
        ({"by_day": "MO", "duration": 3600}, "its by_day names no days"),
        ({"start": "2026-01-05T09:00:00Z"}, "its start has an offset"),
        ({"time_zone": "Mars"}, "'Mars' is not a time zone"),
    ],
)
def test_grafana_a_shift_that_cannot_be_carried_over_is_said(tmp_path: Path, more: dict[str, Any], left: str) -> None:
    found = read(tmp_path, grafana(shift("odd", "ann", **more), shift("all", "bob", level=2)))
    [said] = found.left
    assert said.startswith("shift odd of web: ")
    assert left in said
    assert len(found.schedules[0].layers) == 1


def test_grafana_without_users_or_with_a_calendar_it_says_so(tmp_path: Path) -> None:
    data = grafana(shift("all", "ann"), ical_url_primary="https://example.org/rota.ics")
    found = read(tmp_path, {**data, "users": []})
    assert [one.split(":")[0] for one in found.left] == ["people", "schedule web"]
    assert found.schedules[0].people == (Person(name="Uann"),)


# ------------------------------------------------------------------------------------------------------------ any file


@pytest.mark.parametrize("content", [None, "nonsense", "[]", "{}", '{"schedule": 1}', "[" * 100_000])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "export.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as refused:
        imported(file)
    assert refused.value.where == str(file)
    assert refused.value.remedy


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a JSON document."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


EXPORTS = (
    pagerduty(
        layer("All", "ann", restrictions=[{"type": "weekly_restriction", "start_day_of_week": 5}]),
        layer("Night", "bob", restrictions=[{"type": "daily_restriction", "start_time_of_day": "20:00:00"}]),
        overrides_subschedule={"rendered_schedule_entries": [{"user": {"summary": "cy"}, "start": "2026-01-06"}]},
    ),
    opsgenie(turns("day", "ann", **of_day(8, 20)), turns("night", "cy", **of_day(20, 8)), overrides=[{"user": {}}]),
    grafana(
        shift("all", "ann", by_day=["MO"], duration=3600), shift("swap", "bob", type="single_event", users=["Ucy"])
    ),
)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", "MO", "2026-01-05T09:00:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "24:00"]
    ),
    st.text(max_size=5),
    st.lists(st.one_of(st.none(), st.integers(), st.lists(st.none(), max_size=1)), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_one_odd_value_anywhere_is_read_or_refused_but_never_an_accident(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(EXPORTS)))
    *way, last = data.draw(st.sampled_from([path for path in places(document) if path]))
    holder = document
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(odd)
    file = tmp_path_factory.getbasetemp() / "odd.json"
    file.write_text(json.dumps(document))
    try:
        found = imported(file)
    except SettingsError:
        return
    assert again(toml(found)) == found.schedules
    assert found.schedules or found.left


def test_somebody_unreadable_in_a_list_is_not_passed_over(tmp_path: Path) -> None:
    one = layer("All", "ann", "bob")
    one["users"].insert(1, "cy")
    found = read(tmp_path, pagerduty(one))
    assert found.left[0] == "layer All of daily-rotation: it holds a list that is none"


def test_schedules_of_one_name_are_told_apart(tmp_path: Path) -> None:
    data = grafana(shift("all", "ann"))
    data["schedules"]["results"] *= 3
    assert [one.name for one in read(tmp_path, data).schedules] == ["web", "web-2", "web-3"]


def test_an_export_without_a_schedule_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, {"schedules": [], "shifts": []}).left == (
        "people: the file holds no users, so their ids stand for their names",
    )
    assert read(tmp_path, {"schedules": [], "shifts": [], "users": USERS}).left == ("the export holds no schedule",)


def test_a_name_writes_no_line_of_its_own(tmp_path: Path) -> None:
    bad = 'x"\n[targets.evil]\nhost = "'
    found = read(tmp_path, pagerduty(layer(bad, bad), layer(bad, bad), layer(bad)))
    assert set(tomllib.loads(toml(found))) == {"oncall"}


# ----------------------------------------------------------------------------------------------------------- round trip

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
rotations = st.builds(
    Rotation,
    members=st.lists(st.builds(Person, name=words), min_size=1, max_size=3).map(tuple),
    unit=st.sampled_from(Unit),
    every=st.integers(1, 9999),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "Asia/Tehran")).map(ZoneInfo),
    anchor=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    hand_off=st.times(),
)
windows = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 1439).map(lambda n: time(n // 60, n % 60)),
    lasts=st.integers(1, 1440).map(lambda n: timedelta(minutes=n)),
)
layers = st.builds(
    Layer,
    name=words,
    rotation=rotations,
    windows=st.lists(windows, max_size=2).map(tuple),
    begins=st.none() | instants,
    ends=st.none() | instants,
)
overrides = st.builds(
    lambda person, start, note: Override(person=person, start=start, end=start + timedelta(hours=1), note=note),
    st.builds(Person, name=words),
    instants,
    st.just("") | words,
)


@given(
    st.builds(
        Schedule,
        name=words,
        layers=st.lists(layers, min_size=1, max_size=3).map(tuple),
        overrides=st.lists(overrides, max_size=2).map(tuple),
    )
)
def test_what_is_written_is_read_as_the_same(plan: Schedule) -> None:
    assert again(toml_of(plan)) == (plan,)
