"""A sealed word does what it was made for until its time is over, fits every chat, and whatever was changed in it does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.story import OPENING, ROLL_BACK
from firstfive.engine.telling.buttons import LONGEST, Buttons, taken_apart
from firstfive.engine.telling.links import ACK, ACK_LIVES, APPROVE, DECLINE, REACH
from firstfive.errors import Refused
from firstfive.incident.timeline import Incident, fold
from incident.builders import T0, entries

BUTTONS = Buttons(key="a-key-that-nobody-else-has-0001")
OPEN = fold("INC-1", entries(list(OPENING), "INC-1"))
MINUTE = timedelta(minutes=1)


def yes(state: Incident = OPEN) -> str:
    return BUTTONS.decide(state, ROLL_BACK.id, APPROVE, T0)


def test_a_word_opens_as_it_was_made() -> None:
    button = taken_apart(yes())
    assert (button.act, button.incident) == (APPROVE, "INC-1")
    attempt = BUTTONS.hold(button, OPEN, T0 + 9 * MINUTE)
    assert attempt is OPEN.attempts[ROLL_BACK.id]
    taking = taken_apart(BUTTONS.acknowledge(OPEN, T0))
    assert (taking.act, taking.what) == (ACK, str(OPEN.seq))
    assert BUTTONS.hold(taking, OPEN, T0) is None
    proof = taken_apart(BUTTONS.reach(T0))
    assert (proof.act, proof.incident) == (REACH, "")
    assert BUTTONS.hold(proof, None, T0) is None


def test_every_word_fits_into_what_the_narrowest_chat_carries() -> None:
    large = replace(OPEN, id="INC-1234567", seq=99999)
    far = T0 + timedelta(days=365 * 30)
    words = [BUTTONS.acknowledge(large, far), BUTTONS.decide(large, ROLL_BACK.id, DECLINE, far), BUTTONS.reach(far)]
    assert all(0 < len(word.encode()) <= LONGEST for word in words)


def test_an_approval_ends_with_its_ten_minutes_and_an_acknowledgement_after_a_day() -> None:
    for word, later in ((yes(), 10 * MINUTE), (BUTTONS.acknowledge(OPEN, T0), ACK_LIVES)):
        button = taken_apart(word)
        BUTTONS.hold(button, OPEN, T0 + later - timedelta(seconds=1))
        with pytest.raises(Refused, match="time of this button is over"):
            BUTTONS.hold(button, OPEN, T0 + later)


def test_a_yes_holds_only_over_the_very_bytes_that_it_was_made_for() -> None:
    attempt = OPEN.attempts[ROLL_BACK.id]
    other = replace(attempt, run=replace(attempt.run, sha256="0" * 64))
    changed = replace(OPEN, attempts={**OPEN.attempts, ROLL_BACK.id: other})
    with pytest.raises(Refused, match="the command has changed since"):
        BUTTONS.hold(taken_apart(yes()), changed, T0)


def test_a_word_of_another_key_or_another_incident_is_not_ours() -> None:
    with pytest.raises(Refused, match="not one of ours"):
        Buttons(key="another").hold(taken_apart(yes()), OPEN, T0)
    elsewhere = taken_apart(yes().replace("INC-1", "INC-2"))
    with pytest.raises(Refused, match="not one of ours"):
        BUTTONS.hold(elsewhere, replace(OPEN, id="INC-2"), T0)


@given(st.integers(0, 60), st.characters(codec="ascii"))
def test_one_changed_letter_does_nothing(place: int, letter: str) -> None:
    good = yes()
    at = place % len(good)
    changed = good[:at] + letter + good[at + 1 :]
    if changed != good:
        with pytest.raises(Refused, match="not one of ours"):
            BUTTONS.hold(taken_apart(changed), OPEN, T0)


@given(st.text(max_size=80))
def test_no_word_whatever_makes_it_stumble(word: str) -> None:
    with pytest.raises(Refused, match="not one of ours"):
        BUTTONS.hold(taken_apart(word), OPEN, T0)
