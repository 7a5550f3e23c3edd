"""Who stands around an incident, who would be paged, and how the program itself does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from documents.story import OPENING, WHOLE
from firstfive.documents.duty import crew, on_duty, own_health, unfilled
from firstfive.documents.metrics import OwnState
from firstfive.incident.timeline import fold
from incident.builders import POLICY, T0, contact, entries, handbook


def test_who_has_it_comes_first_then_who_spoke_then_who_was_paged() -> None:
    page = replace(handbook(), contacts=(contact("On-call engineer", "ana"), contact("Payments", "cleo")))
    said = [*WHOLE, (800, "ben", WHOLE[-1][-1])]
    rows = crew(fold("INC-1", entries(said, "INC-1")), page, POLICY, T0)
    assert [row["name"] for row in rows] == ["ana", "ben", "cleo"]
    assert (rows[0]["has_it"], rows[0]["roles"]) == (True, ["On-call engineer"])
    assert rows[0]["paged_at"] is not None
    assert (rows[2]["heard_at"], rows[2]["paged_at"]) == (None, None)


def test_one_person_under_two_spellings_is_one() -> None:
    page = replace(handbook(), contacts=(contact("On-call engineer", "Ana"),))
    assert len(crew(fold("INC-1", entries(OPENING, "INC-1")), page, POLICY, T0)) == 1


def test_nobody_on_duty_is_said_by_an_empty_list_and_the_roles_without_a_name() -> None:
    page = replace(handbook(), contacts=(contact("Lead", "<name>"),))
    assert on_duty(page, replace(POLICY, rota=()), T0) == []
    assert unfilled(page) == ["Lead"]


@pytest.mark.parametrize(
    ("own", "what", "ok", "found"),
    [
        (OwnState(), "it looks around", None, "not yet"),
        (OwnState(watchdog=T0 - timedelta(seconds=3)), "it looks around", True, "last at 02:59:57 UTC"),
        (OwnState(watchdog=T0 - timedelta(minutes=5)), "it looks around", False, "last at 02:55:00 UTC"),
        (OwnState(oldest_notice=0.0), "messages go out", True, "none waits"),
        (OwnState(oldest_notice=90.0), "messages go out", False, "one waits since 90 s"),
        (OwnState(update_overdue=200.0), "promised updates", False, "late by 3 min"),
        (OwnState(page_compiles=False), "the page", False, "does not compile; the last good one rules"),
        (OwnState(), "the page", None, "not read again yet"),
    ],
)
def test_what_is_late_is_trouble_and_what_nobody_measured_is_unknown(
    own: OwnState, what: str, ok: bool | None, found: str
) -> None:
    row = next(row for row in own_health(own, T0) if row["what"] == what)
    assert (row["ok"], row["found"]) == (ok, found)
