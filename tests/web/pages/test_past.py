"""Pages about the past: lists that go on, words that are found, figures with their definitions; hostile text stays text."""

from __future__ import annotations

import pytest

from web.client import Answer, app_of, get
from web.past import Archive, numbers, row
from web.room import Room

HOSTILE = "<script>alert(1)</script>\"'&"


def seen(path: str, archive: Archive | None = None) -> Answer:
    return get(app_of(Room(), past_of=archive or Archive()), path)


def test_before_the_first_incident_each_page_says_so() -> None:
    assert "No incident yet." in seen("/history").text
    assert "No incident to count yet." in seen("/figures").text


def test_a_list_goes_on_with_what_was_asked_for() -> None:
    archive = Archive(incidents=[row(n, f"shop {n}") for n in (9, 8, 7, 6)])
    text = seen("/history?severity=1", archive).text
    assert 'href="/incidents/INC-9"' in text
    assert "/history?before=INC-6&amp;severity=1" in text


def test_words_lead_to_the_entry_that_holds_them() -> None:
    archive = Archive(incidents=[row(2, "payments hang"), row(1, "shop down")])
    text = seen("/history?q=payments", archive).text
    assert 'href="/incidents/INC-2#e-1"' in text
    assert "INC-1" not in text
    assert "Nothing holds all of these words" in seen("/history?q=zebra", archive).text


@pytest.mark.parametrize("path", ["/history", "/history?q=script"])
def test_hostile_words_stay_words(path: str) -> None:
    text = seen(path, Archive(incidents=[row(1, HOSTILE, runbook=HOSTILE, status=HOSTILE)])).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in seen(f"/history?q={HOSTILE}").text


def test_what_means_nothing_is_said_on_the_page() -> None:
    answer = seen("/history?since=ever")
    assert (answer.status, "is no day" in answer.text) == (422, True)
    assert seen("/figures?by=moon").status == 422
    assert seen("/api/v1/history?since=ever").status == 422


def test_each_figure_stands_with_its_definition_and_its_dots() -> None:
    archive = Archive(numbers=[numbers(n, n * 7.0) for n in range(1, 9)] + [numbers(10, None)])
    text = seen("/figures?by=severity", archive).text
    assert text.count("<svg ") == 2, "a chart without a dot is not drawn"
    assert text.count("<table>") == 4
    assert "to every symptom gone" in text
    assert " style=" not in text, "the content policy allows none"
    told = seen("/api/v1/metrics?by=runbook", archive).json()
    assert (told["by"], told["groups"][0]["incidents"]) == ("runbook", 9)
    assert seen("/api/v1/metrics?format=csv", archive).text.count("\n") == 10


def test_the_same_is_there_as_data() -> None:
    archive = Archive(incidents=[row(1, "shop down")])
    assert seen("/api/v1/history", archive).json()["incidents"][0]["id"] == "INC-1"
    assert seen("/api/v1/search?q=shop", archive).json()["hits"][0]["incident"] == "INC-1"
