"""Events as JSON: every kind comes back as it was, and what a newer version wrote is said to be that."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.errors import JournalError
from firstfive.incident import events as ev
from firstfive.incident.records import Fact
from firstfive.incident.signals import Signal
from firstfive.stores import codec
from firstfive.stores.tables import instant, ticks

# What UTF-8 can carry; the rest has a test of its own in the contract.
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
AT = st.integers(0, ticks(datetime(2200, 1, 1, tzinfo=UTC))).map(instant)
PLAIN: dict[object, st.SearchStrategy] = {
    str: TEXT,
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: AT,
    date: st.dates(min_value=date(1970, 1, 1)),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=400)),
}


def any_of(hint: object) -> st.SearchStrategy:
    """Values of a type as events use them; fails on a type that nobody has thought about yet."""
    parts = get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is UnionType:
        return st.one_of([any_of(part) for part in parts])
    if get_origin(hint) is tuple and parts[-1] is Ellipsis:
        return st.lists(any_of(parts[0]), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*(any_of(part) for part in parts))
    assert isinstance(hint, type)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return st.builds(hint, **{name: any_of(inner) for name, inner in get_type_hints(hint).items()})


KINDS = {kind.__name__: kind for kind in get_args(ev.Event)}


@pytest.mark.parametrize("name", sorted(KINDS))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_kind_of_event_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    event = data.draw(any_of(KINDS[name]))
    tag, stored = codec.pack(event)
    assert tag == name
    assert codec.unpack(tag, stored) == event
    assert codec.pack(codec.unpack(tag, stored)) == (tag, stored), "stored once, stored the same for ever"
    flat = json.loads(json.dumps(codec.plain(event)))
    assert flat["type"] == name
    assert codec.event_of(flat) == event


@given(any_of(Signal))
@settings(max_examples=50, deadline=None)
def test_a_signal_comes_back_as_it_was(signal: Signal) -> None:
    assert codec.unpack_signal(codec.pack_signal(signal)) == signal


@given(AT)
@settings(max_examples=50)
def test_an_instant_comes_back_to_the_microsecond(at: datetime) -> None:
    assert instant(ticks(at)) == at
    assert datetime.fromisoformat(codec.stamp(at)) == at
    assert len(codec.stamp(at)) == len("2026-11-23T05:33:00.000000Z")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ("Ü\u2028\x7f\n", '"Ü\u2028\x7f\\n"'),
        (1e16, "1e+16"),
        (0.1, "0.1"),
    ],
    ids=["sorted and compact", "no escape but the necessary", "numbers as Python writes them", "shortest"],
)
def test_canonical_json_is_spelled_one_way(value: object, text: str) -> None:
    assert codec.canonical(value) == text


@pytest.mark.parametrize(
    ("tag", "data"),
    [("Teleported", "{}"), ("Noted", '{"text":"x","mood":"good"}'), ("", "{}")],
    ids=["a kind", "a field", "no kind"],
)
def test_what_is_unknown_was_written_by_a_newer_version(tag: str, data: str) -> None:
    with pytest.raises(JournalError, match="newer version") as caught:
        codec.unpack(tag, data)
    assert caught.value.remedy


def test_a_known_event_that_does_not_fit_is_no_newer_version() -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        codec.unpack("Noted", '{"text":7}')


def test_a_row_of_before_a_field_was_added_reads_with_its_default() -> None:
    stored = '{"how":"x","kind":"resolution"}'
    with pytest.raises(JournalError):
        codec.unpack("NoticeSent", stored)
    old = '{"channel":"ops","kind":"update","number":1,"text":"x"}'
    assert codec.unpack("NoticeSent", old) == ev.NoticeSent(
        kind="update", number=1, channel="ops", text="x", unfilled=()
    )


def test_a_retired_tag_is_read_through_its_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.UPGRADES, "Remarked", lambda flat: {"type": "Noted", "text": flat["remark"]})
    assert codec.unpack("Remarked", '{"remark":"x"}') == ev.Noted(text="x")


def test_what_json_cannot_hold_is_refused_when_written() -> None:
    nan = ev.FactsFound(facts=(Fact(name="x", kind="double", value=float("nan")),), source="x")
    with pytest.raises(JournalError, match="FactsFound"):
        codec.pack(nan)
