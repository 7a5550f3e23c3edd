"""The public report form: open to everybody where settings name it, the way of every other report, and nothing of the inside on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp

from documents.story import OPENING
from firstfive.documents.public.files import files_of
from firstfive.documents.public.from_incidents import status_page
from firstfive.documents.public.wording import internal_words
from firstfive.web.app import build
from firstfive.web.public.reports import FROM_ALL, FROM_ONE, LARGEST, Fields
from incident.builders import handbook
from web.client import KEY, PORT, Answer, ask
from web.public.said import ABOUT, Said, front_of
from web.room import Room
from web.test_pages import HOSTILE

ELSEWHERE = {"Host": "status.example.com"}
OURS = {**ELSEWHERE, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
Told = list[tuple[Fields, str]]


def app(told: Told, *, status: int = 202) -> ASGIApp:
    room = Room()
    room.tell("INC-1", OPENING)
    return build(room, key=KEY, host="127.0.0.1", port=PORT, status_page=Said(), front=front_of(told, status=status))


def send(to: ASGIApp, fields: Mapping[str, str], *, client: str = "", **headers: str) -> Answer:
    async def from_there(scope, receive, send):  # type: ignore[no-untyped-def]
        await to({**scope, "client": (client or "127.0.0.1", 1)}, receive, send)

    return ask(from_there, "POST", "/status/report", headers={**OURS, **headers}, body=urlencode(fields).encode())


def test_anybody_opens_it_under_any_name_and_it_holds_nothing_of_the_inside() -> None:
    answer = ask(app([]), "GET", "/status/report", headers=ELSEWHERE)
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert "script" not in answer.headers["content-security-policy"]
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    body = re.sub(r"<style>.*?</style>", "", answer.text, flags=re.S)
    shown = re.sub(r"<[^>]+>", " ", body)
    assert "INC-" not in shown
    assert not internal_words(shown)
    assert all(runbook.title not in shown for runbook in handbook().runbooks)
    assert not re.findall(r'(?:src|href)="(?!https://status\.example\.com|\.\./)', body), "nothing is fetched"


def test_without_the_setting_there_is_none() -> None:
    shut = build(Room(), key=KEY, host="127.0.0.1", port=PORT, status_page=Said())
    assert ask(shut, "GET", "/status/report", headers=ELSEWHERE).status == 404
    assert ask(shut, "POST", "/status/report", headers=OURS, body=b"text=x").status == 421


def test_what_is_chosen_and_said_is_one_report_and_is_thanked_for() -> None:
    told: Told = []
    form = app(told)
    page = ask(form, "GET", "/status/report", headers=ELSEWHERE).text
    choices = re.findall(r'name="seen" value="([^"]+)"', page)
    once = re.findall(r'name="once" value="([^"]+)"', page)[0]
    answer = send(form, {"once": once, "seen": choices[0], "part": "Checkout", "text": "since noon"})
    assert (answer.status, answer.headers["location"]) == (303, "report/thanks")
    want = {"text": f"{choices[0]}: since noon", "reporter": "somebody outside", "feature": "Checkout"}
    assert told == [(want, once)]
    thanks = ask(form, "GET", "/status/report/thanks", headers=ELSEWHERE)
    assert "What happens next" in thanks.text


def test_a_form_that_is_sent_twice_carries_the_same_word_and_two_people_do_not() -> None:
    pages = [ask(app([]), "GET", "/status/report", headers=ELSEWHERE).text for _ in range(2)]
    assert len({re.findall(r'name="once" value="([^"]+)"', page)[0] for page in pages}) == 2
    told: Told = []
    form = app(told)
    send(form, {"text": "a", "once": "<script>"})
    send(form, {"text": "b", "once": "x" * 999})
    assert all(re.fullmatch(r"[\w-]{16,40}", once) for _, once in told)


@pytest.mark.parametrize("fields", [{}, {"seen": "else"}, {"text": " \u200b\n"}, {"seen": "DROP", "part": "x"}])
def test_what_says_nothing_is_asked_again(fields: dict[str, str]) -> None:
    told: Told = []
    answer = send(app(told), fields)
    assert (answer.status, told) == (422, [])
    assert "Please say what does not work." in answer.text


def test_only_what_was_offered_can_be_chosen() -> None:
    told: Told = []
    send(app(told), {"seen": "Backend down", "part": "shop-redis", "text": "help"})
    assert [fields for fields, _ in told] == [{"text": "help", "reporter": "somebody outside"}]


FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_site_cannot_send_it(headers: dict[str, str]) -> None:
    told: Told = []
    answer = send(app(told), {"text": "x"}, **headers)
    assert (answer.status, told) == (403, [])
    assert "Open the form" in answer.text


def test_an_old_browser_behind_a_proxy_that_hides_the_name_is_known_by_its_origin() -> None:
    told: Told = []
    form = app(told)
    old = {k: v for k, v in OURS.items() if k != "Sec-Fetch-Site"} | {"Host": "127.0.0.1:8455"}
    sent = urlencode({"text": "x"}).encode()
    assert ask(form, "POST", "/status/report", headers=old, body=sent).status == 403
    named = {**old, "Origin": "https://status.example.com"}
    assert ask(form, "POST", "/status/report", headers=named, body=sent).status == 303
    assert len(told) == 1


def test_a_machine_that_fills_in_everything_is_thanked_and_not_heard() -> None:
    told: Told = []
    answer = send(app(told), {"text": "buy", "homepage": "https://evil.example"})
    assert (answer.status, told) == (303, [])


def test_one_address_is_heard_a_few_times_and_keeps_nobody_else_out() -> None:
    told: Told = []
    form = app(told)
    answers = [send(form, {"text": f"t{n}"}, client="198.51.100.7") for n in range(FROM_ONE + 1)]
    assert [a.status for a in answers] == [303] * FROM_ONE + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 600
    assert ">t3</textarea>" in answers[-1].text, "what was written is not lost"
    assert send(form, {"text": "x"}, client="198.51.100.8").status == 303
    same_house = [send(form, {"text": "x"}, client=f"2001:db8:0:7::{n}").status for n in range(FROM_ONE + 1)]
    assert same_house[-1] == 429
    assert send(form, {"text": "x"}, client="2001:db8:0:8::1").status == 303


def test_a_flood_is_turned_away_and_said_once_inside() -> None:
    told: Told = []
    form = app(told)
    answers = [send(form, {"text": f"t{n}"}).status for n in range(FROM_ALL + 5)]
    assert answers == [303] * FROM_ALL + [429] * 5
    assert len(told) == FROM_ALL + 1
    assert "are turned away" in told[-1][0]["text"]


def test_it_is_not_thanked_for_before_it_is_kept() -> None:
    answer = send(app([], status=503), {"text": "it burns"})
    assert answer.status == 503
    assert "send it again in a minute" in answer.text
    assert ">it burns</textarea>" in answer.text


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(words: str) -> None:
    told: Told = []
    form = app(told)
    shown = send(form, {"text": words, "seen": words, "part": words, "once": words}, **{"Content-Type": "text/plain"})
    assert shown.status in (303, 422)
    again = send(app([], status=503), {"text": words}).text
    assert not re.search(r"<(?:script|img|svg|iframe|a [^>]*javascript)", again.replace('<a href="https', ""), re.I)
    assert all(c.isprintable() or c in "\n\t" for fields, _ in told for c in fields["text"])


def test_what_is_too_large_or_no_form_is_no_trouble() -> None:
    told: Told = []
    form = app(told)
    assert send(form, {"text": "x" * LARGEST}).status == 413
    assert ask(form, "POST", "/status/report", headers=OURS, body=b"\xff\x00&&&=%%%").status == 422
    assert ask(form, "POST", "/status/report", headers=OURS, body=b"&".join([b"a=1"] * 50)).status == 413
    assert told == []


def test_the_status_page_leads_there_where_there_is_one() -> None:
    said = Said()
    plain = files_of(status_page(said.about, said.incidents, said.now))["index.html"]
    assert b"Tell us" not in plain
    led = files_of(status_page(replace(ABOUT, report="https://r.example/f"), said.incidents, said.now))["index.html"]
    assert b'<a href="https://r.example/f">' in led
