"""Not more than one page to a person within two minutes, and what went out within one needs none of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firstfive.engine.telling.pace import APART, LOOK, Pace, Waiting

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TWO = Waiting(key="INC-2:page:1:sam!chat:@sam", title="payments are down")


def test_the_second_waits_goes_within_the_next_and_the_first_is_not_held_up() -> None:
    pace = Pace()
    assert pace.paged("Sam", "INC-1", NOW) == {}
    assert pace.free_at("@sam", "INC-1", TWO, NOW) == NOW, "another way of the same page"
    assert pace.free_at("@sam", "INC-2", TWO, NOW) == NOW + LOOK
    later = NOW + APART
    assert pace.free_at("sam", "INC-3", TWO, later) == later
    assert pace.paged("sam", "INC-3", later) == {"INC-2": TWO}


def test_one_that_went_out_within_another_while_it_was_in_hand_is_not_told_again() -> None:
    pace = Pace()
    pace.paged("sam", "INC-1", NOW)
    pace.free_at("sam", "INC-2", TWO, NOW)
    later = NOW + APART
    others = pace.paged("sam", "INC-3", later)
    pace.arrived("sam", others)
    pace.told_within(TWO)
    pace.free_at("sam", "INC-2", TWO, later)  # whoever had it in hand looks once more
    assert pace.told_already("sam", "INC-2", TWO.key)
    assert not pace.told_already("sam", "INC-2", TWO.key), "said once"
    assert pace.paged("sam", "INC-4", later + timedelta(minutes=5)) == {}, "it waits for no other page"
