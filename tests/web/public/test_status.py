"""The status page is open to everybody, and nothing else is because of it."""

from __future__ import annotations

import json

import pytest
from starlette.types import ASGIApp

from documents.story import OPENING
from firstfive.documents.public.files import files_of
from firstfive.documents.public.from_incidents import status_page
from firstfive.errors import JournalError
from firstfive.web.app import build
from web.client import HOST, KEY, PORT, Answer, ask
from web.public.said import ABOUT, Said
from web.room import Room

ELSEWHERE = {"Host": "status.example.com"}


def app(said: Said | None) -> ASGIApp:
    room = Room()
    room.tell("INC-1", OPENING)
    return build(room, key=KEY, host="127.0.0.1", port=PORT, status_page=said)


def get(path: str, **headers: str) -> Answer:
    return ask(app(Said()), "GET", path, headers={**ELSEWHERE, **headers})


FILES = [
    ("/status/", "text/html; charset=utf-8"),
    ("/status/index.html", "text/html; charset=utf-8"),
    ("/status/incidents/0000000000c1.html", "text/html; charset=utf-8"),
    ("/status/api/v2/summary.json", "application/json"),
    ("/status/banner.json", "application/json"),
    ("/status/history.atom", "application/atom+xml; charset=utf-8"),
]


@pytest.mark.parametrize(("path", "media"), FILES)
def test_everybody_may_read_it_under_any_name(path: str, media: str) -> None:
    answer = get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_what_is_served_is_what_would_be_written() -> None:
    said = Said()
    for name, data in files_of(status_page(said.about, said.incidents, said.now)).items():
        assert get(f"/status/{name}").body == data, name


def test_without_its_slash_it_leads_there_wherever_a_proxy_put_it() -> None:
    answer = get("/status")
    assert (answer.status, answer.headers["location"]) == (308, "status/")


def test_any_shop_may_fetch_the_banner_for_a_short_while() -> None:
    answer = get("/status/banner.json", Origin="https://shop.example.com")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=15"
    assert answer.json() == {
        "show": True,
        "text": "Problem with Checkout (applying fix): We are applying a fix. Next update by 03:30 UTC.",
    }
    assert "access-control-allow-origin" not in get("/status/").headers


def test_whoever_has_it_already_is_told_so() -> None:
    tag = get("/status/banner.json").headers["etag"]
    again = get("/status/banner.json", **{"If-None-Match": tag})
    assert (again.status, again.body, again.headers["access-control-allow-origin"]) == (304, b"", "*")


CLOSED = [
    ("GET", "/", HOST, 401, "the room"),
    ("GET", "/api/v1/incidents", HOST, 401, "the API"),
    ("GET", "/statuses", HOST, 401, "a path that begins like it"),
    ("GET", "/status/../api/v1/incidents", HOST, 404, "a way out of it"),
    ("GET", "/status//api/v1/incidents", HOST, 404, "an empty step"),
    ("GET", "/api/v1/incidents", f"{HOST}/status/x?", 421, "a name that holds the path"),
    ("GET", "/api/v1/incidents", f"{HOST}/status/x#", 421, "and hides the rest"),
    ("GET", "/", "status.example.com", 421, "the room under a public name"),
    ("POST", "/status/", HOST, 401, "writing to it"),
    ("POST", "/api/v1/incidents", "status.example.com", 421, "declaring from there"),
]


@pytest.mark.parametrize(("method", "path", "host", "status", "what"), CLOSED, ids=[row[4] for row in CLOSED])
def test_nothing_else_opens_because_of_it(method: str, path: str, host: str, status: int, what: str) -> None:
    answer = ask(app(Said()), method, path, headers={"Host": host})
    assert answer.status == status, what
    assert "INC-1" not in answer.text
    assert "Shop down" not in answer.text


def test_without_a_status_page_the_path_is_as_shut_as_any_other() -> None:
    assert ask(app(None), "GET", "/status/").status == 401
    assert ask(app(None), "GET", "/status/", headers=ELSEWHERE).status == 421


def test_a_page_that_is_not_there_says_only_that() -> None:
    answer = get("/status/incidents/INC-1.html")
    assert (answer.status, answer.text) == (404, "There is no such page.\n")


def test_trouble_inside_is_told_outside_without_a_detail() -> None:
    broken = Said(broken=JournalError("the disk of db01 is full", where="/srv/journal.db", remedy="free space"))
    answer = ask(app(broken), "GET", "/status/", headers=ELSEWHERE)
    assert answer.status == 503
    assert answer.text == "The status page cannot be shown now. Please try again in a minute.\n"


def test_a_fault_of_ours_is_told_outside_without_a_detail() -> None:
    answer = ask(app(Said(broken=ValueError("secret of the inside"))), "GET", "/status/", headers=ELSEWHERE)
    assert answer.status >= 500
    assert "secret" not in answer.text


def test_its_own_policy_lets_its_own_style_in_and_nothing_else() -> None:
    policy = get("/status/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy


def test_summary_and_page_agree() -> None:
    told = json.loads(get("/status/api/v2/summary.json").body)
    assert [one["name"] for one in told["components"]] == list(ABOUT.components)
    assert told["status"]["description"] in get("/status/").text
