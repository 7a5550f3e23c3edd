"""Which change of what runs is a suspect: a new release is, what ran well before is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firstfive.engine.sort import back_again
from firstfive.incident.signals import Deploy

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def change(minutes: float, image: str, *, first: bool = False, subject: str = "shop") -> Deploy:
    at = T0 + timedelta(minutes=minutes)
    return Deploy(subject=subject, version=image, previous="", at=at, source="docker", image_id=image, first=first)


LEDGERS = [
    # the ledger, oldest first; whether its newest went back; why this row
    ([change(0, "A", first=True), change(5, "B")], False, "a new release"),
    ([change(0, "A", first=True), change(5, "B"), change(7, "A")], True, "a roll-back to what ran at first"),
    ([change(0, "A"), change(40, "B"), change(42, "A")], True, "a roll-back to what ran for half an hour"),
    (
        [change(0, "A", first=True), change(5, "B"), change(7, "A"), change(9, "B")],
        False,
        "the bad release once more: it ran for two minutes",
    ),
    ([change(0, "A", first=True, subject="pay"), change(5, "A")], False, "another subject's image"),
]


@pytest.mark.parametrize(("ledger", "back", "because"), LEDGERS, ids=[row[2] for row in LEDGERS])
def test_what_ran_well_before_is_no_new_release(ledger: list[Deploy], back: bool, because: str) -> None:
    *_, newest = ledger
    assert bool(back_again(newest, ledger[::-1])) is back, because
