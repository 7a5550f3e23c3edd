"""A sealed link does what it was made for, for whom it was made, until its time is over; whatever was changed in it opens nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.story import OPENING, ROLL_BACK
from firstfive.engine.telling.links import ACK, ACK_LIVES, APPROVE, Links, act_of, spent
from firstfive.errors import Refused
from firstfive.incident import events as ev
from firstfive.incident.timeline import fold
from incident.builders import T0, entries

KEY = "a-key-that-nobody-else-has-0001"
LINKS = Links(key=KEY, base="https://ops.example")
OPEN = fold("INC-1", entries(list(OPENING), "INC-1"))


def token(address: str) -> str:
    assert address.startswith("https://ops.example/act/")
    return address.removeprefix("https://ops.example/act/")


def taken(*lines: tuple[float, str, ev.Event]) -> object:
    return fold("INC-1", entries([*OPENING, *lines], "INC-1"))


def test_a_link_opens_as_it_was_made() -> None:
    link = LINKS.open(token(LINKS.decide(OPEN, ROLL_BACK.id, APPROVE, "ana", T0)), T0 + timedelta(minutes=9))
    assert (link.act, link.by, link.run, link.sha256) == (APPROVE, "ana", ROLL_BACK.id, ROLL_BACK.sha256)
    assert act_of(link) == ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256)


@pytest.mark.parametrize(
    ("address", "later"),
    [
        (LINKS.decide(OPEN, ROLL_BACK.id, APPROVE, "ana", T0), timedelta(minutes=10)),
        (LINKS.acknowledge(OPEN, "ana", T0), ACK_LIVES),
    ],
    ids=["an approval ends with its ten minutes", "an acknowledgement after a day"],
)
def test_a_link_whose_time_is_over_opens_nothing(address: str, later: timedelta) -> None:
    assert LINKS.open(token(address), T0 + later - timedelta(seconds=1))
    with pytest.raises(Refused, match="time of this link is over"):
        LINKS.open(token(address), T0 + later)


@given(st.integers(0, 400), st.characters(codec="ascii", categories=("L", "N")))
def test_one_changed_letter_opens_nothing(place: int, letter: str) -> None:
    good = token(LINKS.decide(OPEN, ROLL_BACK.id, APPROVE, "ana", T0))
    at = place % len(good)
    changed = good[:at] + letter + good[at + 1 :]
    if changed != good:
        with pytest.raises(Refused, match="not one of ours"):
            LINKS.open(changed, T0)


@given(st.text(max_size=3000))
def test_no_text_of_another_opens_anything(text: str) -> None:
    with pytest.raises(Refused):
        LINKS.open(text, T0)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Refused):
        Links(key="b" * 32, base=LINKS.base).open(token(LINKS.acknowledge(OPEN, "ana", T0)), T0)


def test_without_an_address_of_the_room_no_links_are_made() -> None:
    assert Links(key=KEY).acknowledge(OPEN, "ana", T0) == ""


def test_what_was_done_is_not_done_again() -> None:
    ack = LINKS.open(token(LINKS.acknowledge(OPEN, "ana", T0)), T0)
    yes = LINKS.open(token(LINKS.decide(OPEN, ROLL_BACK.id, APPROVE, "ana", T0)), T0)
    assert (spent(ack, OPEN), spent(yes, OPEN)) == ("", "")
    assert spent(ack, taken((91, "ben", ev.Acknowledged(responder="ben")))) == "ben has taken it"
    approved = taken((91, "ana", ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256)))
    assert spent(yes, approved) == "ana has approved it"
    assert spent(yes, taken((91, "ben", ev.Declined(run=ROLL_BACK.id, why="no")))) == "it is declined"


def test_only_those_three_acts_can_be_in_a_link() -> None:
    assert isinstance(act_of(LINKS.open(token(LINKS.acknowledge(OPEN, "ana", T0)), T0)), ev.Acknowledged)
    assert LINKS.open(token(LINKS.acknowledge(OPEN, "ana", T0)), T0).act == ACK
