"""Who gets in: the key, the names the server answers to, and where a post may come from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from documents.story import OPENING
from firstfive.web.app import build
from firstfive.web.gate import CSP, HEADERS
from web.client import BEARER, COOKIE, HOST, KEY, PORT, app_of, ask, get
from web.room import Room

OPEN = {"/health", "/static/{name}"}
SEALED = {"/act/{token}"}  # the address is the proof; one that is not ours opens nothing


def opened() -> Starlette:
    room = Room()
    room.tell("INC-1", OPENING)
    return build(room, key=KEY, host="127.0.0.1", port=PORT)


def every_route() -> Iterator[tuple[str, str]]:
    for route in opened().routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path


@pytest.mark.parametrize(("method", "path"), sorted(every_route()))
def test_no_route_but_the_open_ones_answers_without_the_key(method: str, path: str) -> None:
    answer = ask(opened(), method, path.replace("{id}", "INC-1").replace("{name}", "room.css"))
    if path in SEALED:
        assert answer.status == 403
        return
    assert (answer.status == 200) if path in OPEN else (answer.status == 401)


def test_an_address_that_is_no_route_does_not_tell_so_without_the_key() -> None:
    assert ask(opened(), "GET", "/api/v1/nothing").status == 401


@pytest.mark.parametrize(("method", "path"), sorted(every_route()))
def test_every_answer_carries_the_headers_that_keep_it_to_itself(method: str, path: str) -> None:
    endless = path.endswith("/live")
    for headers in ({},) if endless else ({}, BEARER):
        answer = ask(opened(), method, path.replace("{id}", "INC-1").replace("{name}", "room.css"), headers=headers)
        assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
        assert answer.headers["cache-control"] in ("no-store", "no-cache")


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    assert "unsafe" not in CSP
    assert {part.split()[-1] for part in CSP.split("; ")} == {"'none'", "'self'"}


KEYS = [
    ("the cookie opens", {"Cookie": COOKIE}, 200),
    ("the bearer token opens", BEARER, 200),
    ("its scheme has no case", {"Authorization": f"bearer {KEY}"}, 200),
    ("another key does not", {"Authorization": f"Bearer {KEY}x"}, 401),
    ("a part of the key does not", {"Authorization": f"Bearer {KEY[:-1]}"}, 401),
    ("no key does not", {"Authorization": "Bearer"}, 401),
    ("the key as a password does not", {"Authorization": f"Basic {KEY}"}, 401),
    ("the cookie of another port does not", {"Cookie": f"firstfive-key-1={KEY}"}, 401),
    ("letters beyond ASCII are no error", {"Cookie": f"firstfive-key-{PORT}=%C3%A4\u00e4"}, 401),
]


@pytest.mark.parametrize(("reason", "headers", "status"), KEYS, ids=[row[0] for row in KEYS])
def test_only_the_key_opens(reason: str, headers: dict[str, str], status: int) -> None:
    assert ask(opened(), "GET", "/", headers=headers).status == status, reason


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get_and_cleans_the_address() -> None:
    answer = ask(opened(), "GET", f"/incidents/INC-1?key={KEY}&after=3")
    assert (answer.status, answer.headers["location"]) == (303, "/incidents/INC-1?after=3")
    told = answer.headers["set-cookie"].lower()
    assert f"firstfive-key-{PORT}={KEY}" in answer.headers["set-cookie"]
    assert "httponly" in told
    assert "samesite=strict" in told


def test_a_wrong_key_in_the_address_signs_nobody_in_and_is_not_shown_again() -> None:
    answer = ask(opened(), "GET", "/?key=guess-of-a-stranger")
    assert (answer.status, answer.cookies()) == (401, {})
    assert "guess-of-a-stranger" not in answer.text


def test_signing_in_never_leads_to_another_site() -> None:
    answer = ask(opened(), "GET", f"http://{HOST}//evil.example?key={KEY}")
    assert (answer.status, answer.headers["location"]) == (303, "/evil.example")


def test_the_page_without_the_key_says_how_to_get_in_and_programs_are_told_in_json() -> None:
    page = ask(opened(), "GET", "/incidents/INC-1")
    assert "firstfive serve" in page.text
    told = ask(opened(), "GET", "/api/v1/incidents").json()
    assert (told["status"], told["exit_code"]) == (401, 6)
    assert "bearer" in told["remedy"]


HOSTS = [
    (HOST, 200, "the address it listens on"),
    ("localhost", 200, "a loopback name"),
    ("LOCALHOST:9000", 200, "through a forwarded port"),
    ("[::1]:8455", 200, "loopback in IPv6"),
    ("127.0.0.1.", 200, "with the dot of a full name"),
    ("rebound.example", 421, "a name that was pointed at loopback"),
    ("rebound.example:8455", 421, "with our port"),
    ("127.0.0.1.rebound.example", 421, "that begins like ours"),
    ("localhost@rebound.example", 421, "that hides behind a user name"),
    ("127.0.0.1:8455@rebound.example", 421, "or behind a port"),
    ("rebound.example#localhost", 421, "or before a fragment"),
    ("", 421, "no name"),
    ("[::1", 421, "half a name"),
    ("localhost:port", 421, "a port that is none"),
]


@pytest.mark.parametrize(("host", "status", "reason"), HOSTS, ids=[row[2] for row in HOSTS])
def test_the_server_answers_to_its_own_names_only(host: str, status: int, reason: str) -> None:
    assert ask(opened(), "GET", "/", headers={**BEARER, "Host": host}).status == status, reason
    assert ask(opened(), "GET", "/health", headers={"Host": host}).status == status, reason


def test_a_name_given_in_settings_is_its_own_too() -> None:
    app = build(Room(), key=KEY, host="box.lan", port=PORT)
    assert ask(app, "GET", "/health", headers={"Host": "box.lan:8455"}).status == 200
    assert ask(app, "GET", "/health", headers={"Host": "other.lan:8455"}).status == 421


OURS = f"http://{HOST}"
POSTS = [
    ("our own page", {"Sec-Fetch-Site": "same-origin"}, 303),
    ("typed by the person", {"Sec-Fetch-Site": "none"}, 303),
    ("another site", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("a neighbour of the same site", {"Sec-Fetch-Site": "same-site"}, 403),
    ("another site that also claims our origin", {"Sec-Fetch-Site": "cross-site", "Origin": OURS}, 403),
    ("an older browser on our page", {"Origin": OURS}, 303),
    ("one that sends only a referer", {"Referer": f"{OURS}/incidents/INC-1"}, 303),
    ("an older browser elsewhere", {"Origin": "http://evil.example"}, 403),
    ("our name with another port", {"Origin": "http://127.0.0.1:1"}, 403),
    ("a name that begins like ours", {"Origin": f"{OURS}.evil.example"}, 403),
    ("a page without an origin", {"Origin": "null"}, 403),
    ("a referer that only mentions us", {"Referer": f"http://evil.example/?{OURS}"}, 403),
    ("a referer that is none", {"Referer": "http://[evil"}, 403),
    ("nothing to go by", {}, 403),
]


@pytest.mark.parametrize(("reason", "headers", "status"), POSTS, ids=[row[0] for row in POSTS])
def test_a_post_with_the_cookie_must_come_from_our_own_pages(reason: str, headers: dict[str, str], status: int) -> None:
    room = Room()
    room.tell("INC-1", OPENING)
    before = len(room.lines["INC-1"])
    answer = ask(
        app_of(room), "POST", "/incidents/INC-1/note", headers={**headers, "Cookie": COOKIE}, body=b"by=a&text=b"
    )
    assert answer.status == status, reason
    assert (len(room.lines["INC-1"]) > before) is (status == 303)


def test_a_bearer_token_needs_no_origin_since_no_browser_sends_it_unasked() -> None:
    headers = {**BEARER, "Sec-Fetch-Site": "cross-site"}
    assert ask(opened(), "POST", "/incidents/INC-1/note", headers=headers, body=b"by=a&text=b").status == 303


def test_the_key_stands_on_no_page() -> None:
    for path in ("/", "/incidents/INC-1", "/handbook"):
        assert KEY not in get(opened(), path).text
