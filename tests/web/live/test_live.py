"""A live stream loses no entry, whoever comes late, leaves, or comes back."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from documents.story import CHANGE, OPENING
from firstfive.incident import events as ev
from web.room import Room
from web.served import Served, serving, stream

LIVE = "/incidents/INC-1/live"


def opened() -> Room:
    room = Room()
    room.tell("INC-1", OPENING)
    return room


def length(served: Served) -> int:
    return int(served.within(lambda: len(served.room.lines["INC-1"])))


def test_a_stream_begins_with_a_sign_of_life_and_asks_proxies_not_to_hold_it() -> None:
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after=9999") as live:
        assert live.next()["event"] == "ping"
        assert live.answer.headers["content-type"].startswith("text/event-stream")
        assert live.answer.headers["x-accel-buffering"] == "no"
        assert live.answer.headers["content-encoding"] is None


def test_who_comes_late_gets_every_entry_in_order() -> None:
    with serving(opened()) as served, stream(served.port, LIVE) as live:
        whole = length(served)
        assert [row["seq"] for row in live.entries(whole)] == list(range(1, whole + 1))


def test_who_says_what_they_had_gets_the_rest() -> None:
    with serving(opened()) as served:
        whole = length(served)
        with stream(served.port, f"{LIVE}?after=10") as live:
            assert live.entries(1)[0]["seq"] == 11
        with stream(served.port, f"{LIVE}?after=3", last=str(whole - 1)) as live:
            assert live.entries(1)[0]["seq"] == whole


@pytest.mark.parametrize("had", ["9999", "-1", "x", "1e3", "٣"])
def test_who_says_something_impossible_gets_all(had: str) -> None:
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after={quote(had)}") as live:
        assert live.entries(1)[0]["seq"] == 1


def test_a_new_entry_arrives_at_once_with_its_words() -> None:
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        live.next()
        begun = time.monotonic()
        served.tell((90, "ana", ev.Noted(text="seen")))
        assert live.entries(1)[0]["text"] == "ana notes: seen"
        assert time.monotonic() - begun < 1


def test_what_happened_while_away_is_told_once_on_coming_back() -> None:
    with serving(opened()) as served:
        whole = length(served)
        with stream(served.port, f"{LIVE}?after={whole}") as live:
            live.next()
        served.tell(*CHANGE)
        more = length(served)
        with stream(served.port, LIVE, last=str(whole)) as live:
            assert [row["seq"] for row in live.entries(more - whole)] == list(range(whole + 1, more + 1))
            served.tell((91, "ana", ev.Noted(text="later")))
            assert live.entries(1)[0]["seq"] == more + 1


def test_another_incident_does_not_disturb() -> None:
    with serving(opened()) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        live.next()
        served.tell(*OPENING, incident="INC-2")
        served.tell((92, "ana", ev.Noted(text="mine")))
        assert live.entries(1)[0]["text"] == "ana notes: mine"


def test_who_left_is_forgotten() -> None:
    with serving(opened()) as served:
        with stream(served.port, LIVE) as live:
            live.next()
            assert served.within(lambda: len(served.room.ears)) == 1
        until = time.monotonic() + 5
        while served.within(lambda: len(served.room.ears)) and time.monotonic() < until:
            time.sleep(0.02)
        assert served.within(lambda: len(served.room.ears)) == 0


def test_the_first_page_hears_of_any_change_and_of_none_twice() -> None:
    with serving(opened()) as served, stream(served.port, "/live") as live:
        assert live.next()["event"] == "ping"
        first = live.next()
        served.tell((93, "ana", ev.Noted(text="seen")))
        second = live.next()
        assert (first["event"], second["event"]) == ("change", "change")
        assert first["id"] != second["id"]
        with stream(served.port, "/live", last=second["id"]) as again:
            assert again.next()["event"] == "ping"
            served.tell((94, "ana", ev.Noted(text="more")))
            assert again.next()["id"] not in (first["id"], second["id"])


def test_there_is_no_stream_of_an_unknown_incident() -> None:
    with serving(opened()) as served, stream(served.port, "/incidents/INC-9/live") as live:
        assert live.answer.status == 404


def test_what_a_running_step_says_is_streamed_whole_lines_at_a_time_and_without_secrets() -> None:
    room = opened()
    with serving(room) as served, stream(served.port, f"{LIVE}?after={length(served)}") as live:
        live.next()
        hear = served.within(lambda: room.aloud.begin("INC-1", "INC-1.down.3.1", "down#3"))
        served.within(lambda: hear("pulling 1.4.1\ntoken=hunter2-sec"))
        told = live.next()
        assert (told["event"], "id" in told) == ("output", False)
        assert json.loads(told["data"]) == {"run": "INC-1.down.3.1", "step": "down#3", "text": "pulling 1.4.1\n"}
        served.within(lambda: hear("ret\nup\n"))
        assert json.loads(live.next()["data"])["text"] == "pulling 1.4.1\ntoken=[redacted]\nup\n"
