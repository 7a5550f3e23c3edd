"""Every route has a row; nobody gets in without one, and nobody above their role."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from firstfive.stores.accounts import Role
from firstfive.web.accounts.roles import ROUTES, need_of
from web.accounts.house import House
from web.client import ask

SAMPLE = {"{id}": "INC-1", "{number}": "1", "{silence}": "s", "{token}": "t", "{secret}": "x", "{name}": "room.css"}
SAMPLE |= {"{card}": "c", "{run}": "r", "{runbook}": "down"}


def path_of(route: Route) -> str:
    path = route.path.replace("{file:path}", "index.html")
    for name, value in SAMPLE.items():
        path = path.replace(name, value)
    return path


def routes(home: House) -> list[tuple[str, str, str]]:
    """(method, path with values, path as it is written) of the whole application."""
    found = []
    for route in home.app.routes:
        assert isinstance(route, Route), "a mount would hide routes from this walk"
        found += [(m, path_of(route), route.path) for m in sorted(route.methods or ()) if m != "HEAD"]
    return found


def test_every_route_has_a_row_and_every_row_a_route(home: House) -> None:
    walked = routes(home)
    for method, _, written in walked:
        assert method in ROUTES.get(written, {}), f"{method} {written} has no row in web/accounts/roles.py"
    assert {(m, p) for p, row in ROUTES.items() for m in row} == {(m, w) for m, _, w in walked}


def test_the_row_that_is_found_is_the_row_of_the_route(home: House) -> None:
    for method, path, written in routes(home):
        need, told = need_of(path, method), ROUTES[written][method]
        assert need is not None, path
        assert (need.open, need.role) == (told is None, told or Role.VIEWER), path


def test_nobody_gets_through_any_closed_route_and_nothing_is_done(home: House) -> None:
    home.person("ann", Role.ADMIN)
    before = dict(home.room.lines), len(home.room.lines["INC-1"])
    for method, path, written in routes(home):
        answer = ask(home.app, method, path, headers={"Sec-Fetch-Site": "same-origin"})
        if ROUTES[written][method] is None:
            assert "you are not signed in" not in answer.text.lower(), path
            assert answer.status < 500, path
        elif method == "GET" and not path.startswith(("/api/", "/metrics")):
            assert (answer.status, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        else:
            assert answer.status == 401, path
    assert (dict(home.room.lines), len(home.room.lines["INC-1"])) == before


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.word)
def test_a_role_opens_its_own_rows_and_none_above(home: House, role: Role) -> None:
    for method, path, written in routes(home):
        told = ROUTES[written][method]
        if told is None or path == "/sign-out" or path.endswith("/live") or path == "/live":
            continue  # open to all; ends the session; never ends
        mine = home.as_one("ben", role)
        answer = mine.get(path) if method == "GET" else mine.json(path)
        refused = answer.status == 403 and "takes the role" in answer.text
        assert refused is (role < told), f"{method} {path}: {answer.status} for {role.word}"


def test_a_path_without_a_row_opens_for_nobody(home: House) -> None:
    assert need_of("/secret-door", "GET") is None
    admin = home.as_one("ann", Role.ADMIN)
    assert admin.get("/secret-door").status == 404
    assert home.browser().json("/api/v1/secret-door").status == 401


SCOPES = [
    ("read", "GET", "/api/v1/incidents", True),
    ("read", "POST", "/api/v1/reports", False),
    ("read", "POST", "/api/v1/incidents/INC-1/note", False),
    ("report", "POST", "/api/v1/reports", True),
    ("report", "GET", "/api/v1/incidents", False),
    ("act", "GET", "/api/v1/incidents", True),
    ("act", "POST", "/api/v1/reports", True),
    ("act", "POST", "/api/v1/incidents/INC-1/note", True),
    ("act", "POST", "/account/tokens", False),
    ("act", "GET", "/people", False),
    ("admin", "GET", "/people", True),
    ("admin", "POST", "/api/v1/incidents/INC-1/note", True),
]


@pytest.mark.parametrize(("scope", "method", "path", "opens"), SCOPES)
def test_a_token_opens_what_its_scope_says(home: House, scope: str, method: str, path: str, opens: bool) -> None:
    from datetime import timedelta

    home.person("ann", Role.ADMIN)
    token = home.entrance.accounts.make_token("ann", "ci", [scope], timedelta(hours=1), home.clock.now())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"by": "somebody else", "text": "hello"}' if method == "POST" else b""
    answer = ask(home.app, method, path, headers=headers, body=body)
    assert (answer.status == 200) is opens, answer.text
    assert opens or (answer.status == 403 and scope in answer.text)
