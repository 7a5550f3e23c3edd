"""Post-mortems of before become rows of what they say, and of nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from documents.good_postmortem import GOOD
from firstfive.documents.postmortem.past import Past, read_past

MIN = timedelta(minutes=1)


def read(front: str, file: str = "postmortems/2026-02-03-x.md") -> Past:
    found = read_past(file, f"---\n{front}\n---\n\n# Big\n".encode())
    assert found is not None
    return found


def test_a_whole_front_matter_is_a_whole_row() -> None:
    text = GOOD.replace("duration: 42", "duration: 42\nimpact_start: 2026-06-01T09:58\nincident: INC-9\nrunbook: down")
    assert read_past("postmortems/a.md", text.encode()) == Past(
        file="postmortems/a.md",
        title="checkout was down",
        day=date(2026, 6, 1),
        level=1,
        duration=42 * MIN,
        incident="INC-9",
        runbook="down",
        impact_began=datetime(2026, 6, 1, 9, 58, tzinfo=UTC),
        drill=False,
    )


def test_without_front_matter_the_name_and_the_title_are_left() -> None:
    found = read_past("postmortems/2025-12-24-mail.md", b"# Post-mortem: mail stood still\n\nIt did.\n")
    assert found is not None
    assert (found.title, found.day) == ("mail stood still", date(2025, 12, 24))
    assert (found.level, found.duration, found.incident, found.impact_began) == (0, None, "", None)


@pytest.mark.parametrize("file", ["notes.md", "2026-13-40-x.md"])
def test_without_a_day_there_is_no_row(file: str) -> None:
    assert read_past(file, b"# x\n") is None


@pytest.mark.parametrize(
    ("said", "minutes", "why"),
    [
        ("42", 42, "minutes, as the form asks"),
        ("42 min", 42, "with its unit"),
        ("1h 20m", 80, "two units"),
        ("1.5 hours", 90, "a fraction"),
        ("2 days", 2880, "days"),
        ("~30 minutes", 30, "about"),
        ("<minutes>", None, "still open"),
        ("all night", None, "words"),
        ("3 months", None, "no unit that is known"),
        ("", None, "nothing"),
    ],
)
def test_a_duration_is_read_or_unknown(said: str, minutes: float | None, why: str) -> None:
    assert read(f"duration: {said}").duration == (minutes * MIN if minutes is not None else None), why


@pytest.mark.parametrize(
    ("said", "level"), [("SEV-1", 1), ("Sev 2", 2), ("P3", 3), ("4", 4), ("SEV-X", 0), ("high", 0), ("", 0)]
)
def test_a_severity_is_read_or_unknown(said: str, level: int) -> None:
    assert read(f"severity: {said}").level == level
