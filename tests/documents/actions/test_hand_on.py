"""Action items chosen by day and person, and handed to other programs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import icalendar

from firstfive.documents.actions import (
    ActionItem,
    as_ical,
    as_json,
    by_owner,
    due_by,
    github_issue,
    gitlab_issue,
    in_order,
    listing,
    overdue,
)

TODAY = date(2026, 6, 1)
LATE = ActionItem(
    text="Add a probe; quickly, please",
    owner="@ana",
    due=date(2026, 5, 30),
    ticket="OPS-1",
    done=False,
    file="postmortems/x.md",
    line=40,
    incident="INC-7",
)
NOW = replace(LATE, text="Write the step", due=TODAY, owner="ben, ana", ticket="", line=41)
SOME_DAY = replace(LATE, text="Think", due=None, owner="", line=42)
DONE = replace(LATE, text="Rotate", done=True, line=43)
ALL = (DONE, SOME_DAY, NOW, LATE)


def test_the_latest_promise_comes_first_and_what_is_done_last() -> None:
    assert in_order(ALL) == (LATE, NOW, SOME_DAY, DONE)


def test_what_is_due_today_is_not_late() -> None:
    assert overdue(ALL, TODAY) == (LATE,)
    assert due_by(ALL, TODAY) == (LATE, NOW)


def test_an_owner_is_found_in_any_spelling_and_among_others() -> None:
    assert by_owner(ALL, "Ana") == (LATE, NOW, DONE)
    assert by_owner(ALL, "@ben") == (NOW,)
    assert by_owner(ALL, "") == (SOME_DAY,)
    assert by_owner(ALL, "an") == ()


def test_a_listing_says_state_day_owner_and_place() -> None:
    assert listing(in_order(ALL), TODAY).splitlines() == [
        "2 d late   2026-05-30  @ana      Add a probe; quickly, please [OPS-1]  (postmortems/x.md:40)",
        "due today  2026-06-01  ben, ana  Write the step  (postmortems/x.md:41)",
        "open       no day      nobody    Think [OPS-1]  (postmortems/x.md:42)",
        "done       2026-05-30  @ana      Rotate [OPS-1]  (postmortems/x.md:43)",
    ]
    assert listing((), TODAY) == "No action item."


def test_json_counts_the_days() -> None:
    assert [as_json(item, TODAY)["days_late"] for item in (LATE, NOW, SOME_DAY, DONE)] == [2, 0, 0, 0]
    assert as_json(SOME_DAY, TODAY)["due"] is None


def test_a_calendar_program_reads_the_to_dos() -> None:
    long = replace(LATE, text="Prüfe " + "ä" * 90, line=50)
    text = as_ical((*ALL, long), datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    assert all(len(row.encode()) <= 75 for row in text.split("\r\n"))
    todos = icalendar.Calendar.from_ical(text).walk("VTODO")
    assert [str(todo["SUMMARY"]) for todo in todos] == [item.text for item in (*ALL, long)]
    assert [todo["DUE"].dt if "DUE" in todo else None for todo in todos] == [item.due for item in (*ALL, long)]
    assert [str(todo["STATUS"]) for todo in todos] == ["COMPLETED", *["NEEDS-ACTION"] * 4]
    assert len({str(todo["UID"]) for todo in todos}) == 5


def test_a_moved_day_keeps_the_identity_of_the_to_do() -> None:
    stamp = datetime(2026, 6, 1, tzinfo=UTC)
    one, other = (
        icalendar.Calendar.from_ical(as_ical((item,), stamp)).walk("VTODO")[0]["UID"]
        for item in (LATE, replace(LATE, due=TODAY, line=99))
    )
    assert one == other


def test_issue_bodies_are_json_that_the_forges_take() -> None:
    assert json.loads(json.dumps(github_issue(LATE))) == {
        "title": "Add a probe; quickly, please",
        "body": "Add a probe; quickly, please\n\n- Owner: @ana\n- Due: 2026-05-30\n- Incident: INC-7\n- Tracked as: OPS-1\n"
        "- From: postmortems/x.md, line 40\n",
        "labels": ["incident-follow-up"],
        "assignees": ["ana"],
    }
    assert "assignees" not in github_issue(NOW), "a name without @ is no account"
    assert gitlab_issue(LATE)["due_date"] == "2026-05-30"
    assert gitlab_issue(LATE, labels=("a", "b"))["labels"] == "a,b"
    assert "due_date" not in gitlab_issue(SOME_DAY)
