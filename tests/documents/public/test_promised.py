"""A promise to customers is one that can still be kept: tables of sentences, read at one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from firstfive.documents.public.promised import past_promise

NOW = datetime(2026, 11, 23, 14, 45, 20, tzinfo=UTC)

OVER = [
    ("We'll post the next update by 14:30 UTC.", "14:30 UTC is past: it is 14:45 UTC now"),
    ("Next update: 2026-11-23 14:30 UTC", "14:30 UTC is past: it is 14:45 UTC now"),
    ("Next update by 2026-11-22 14:50 UTC.", "2026-11-22 14:50 UTC is past: it is 14:45 UTC now"),
    ("Next update by 14.30.", "14:30 UTC is past: it is 14:45 UTC now"),
    ("Next update by 2:30 pm UTC.", "14:30 UTC is past: it is 14:45 UTC now"),
    ("Next update at 2pm.", "14:00 UTC is past: it is 14:45 UTC now"),
    ("By 14:30 UTC you will find another update here.", "14:30 UTC is past: it is 14:45 UTC now"),
    ("Next update by 14:45 utc!", "14:45 UTC is past: it is 14:45 UTC now"),
    ("Update 2 at 14:00 UTC. Chat fails. Next update by 14:30 UTC.", "14:30 UTC is past: it is 14:45 UTC now"),
]

KEPT = [
    "We'll post the next update by 15:00 UTC.",
    "Next update: 2026-11-23 14:50 UTC",
    "Next update by 00:10 UTC.",
    "Next update by 2:46 pm UTC.",
    "Next update in 20 minutes.",
    "Next update within the hour.",
    "Next update at noon.",
    "Next update by 14:30 CET.",
    "Next update by 14:30 (EST).",
    "Next update by 14:30 -05:00.",
    "Next update by 09:00 tomorrow.",
    "Next update on Monday at 09:00 UTC.",
    "Next update at 09:00 UTC on 24 November.",
    "Next update by 14:99 UTC.",
    "Next update by 2026-13-45 14:30 UTC.",
    "Update 2 at 14:30 UTC. Chat fails. Next update by 15:00 UTC.",
    "An update came at 14:00, the next update by 15:00 UTC.",
    "Card payments failed at 14:30 UTC.",
    "",
]


@pytest.mark.parametrize(("said", "why"), OVER)
def test_a_promise_that_is_over_is_pointed_at(said: str, why: str) -> None:
    found = past_promise(said, NOW)
    assert found is not None
    assert found.why == why
    assert found.rewrite == "promise a time after 14:45 UTC, with its day when that is not today"
    assert found.phrase == said[slice(*found.span)] != ""


@pytest.mark.parametrize("said", KEPT)
def test_what_can_still_be_kept_or_is_not_read_goes_out(said: str) -> None:
    assert past_promise(said, NOW) is None


def test_midnight_is_no_wall() -> None:
    late = datetime(2026, 11, 23, 23, 50, tzinfo=UTC)
    assert past_promise("Next update by 00:10 UTC.", late) is None
    assert past_promise("Next update by 23:40 UTC.", late) is not None
    assert past_promise("Next update by 23:40 UTC.", late + timedelta(minutes=20)) is not None


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    found = past_promise("Next update by 14:30 UTC.", there)
    assert found is not None
    assert found.why == "14:30 UTC is past: it is 14:45 UTC now"
