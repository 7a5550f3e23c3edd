"""Signing in by password, code, invitation and session cookie: who gets in, who does not, what is written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from firstfive.stores.accounts import Role
from firstfive.web.accounts.signing import local
from web.accounts.house import PASSWORD, Browser, House
from web.client import BEARER, COOKIE, HOST, KEY, PORT, Answer, ask

SESSION = f"firstfive-session-{PORT}"


def uses(home: House) -> list[tuple[str, str]]:
    return [(row.who, row.what) for row in reversed(home.entrance.accounts.audit())]


def test_without_an_account_the_key_signs_in_as_ever(home: House) -> None:
    assert ask(home.app, "GET", "/", headers={"Cookie": COOKIE}).status == 200
    assert not (home.entrance.state / "accounts.db").exists()


def test_from_the_first_account_on_the_key_in_a_browser_opens_nothing(home: House) -> None:
    home.person("ann", Role.ADMIN)
    assert ask(home.app, "GET", "/", headers={"Cookie": COOKIE}).status == 303
    answer = ask(home.app, "GET", f"/?key={KEY}")
    assert (answer.status, answer.cookies()) == (303, {})
    assert answer.headers["location"] == "/sign-in?to=%2F"


def test_the_command_line_of_this_machine_goes_on_as_a_responder(home: House) -> None:
    home.person("ann", Role.ADMIN)
    headers = {**BEARER, "Content-Type": "application/json"}
    assert ask(home.app, "GET", "/api/v1/incidents", headers=headers).status == 200
    said = ask(home.app, "POST", "/api/v1/incidents/INC-1/note", headers=headers, body=b'{"by":"cy","text":"x"}')
    assert said.json()["timeline"][-1]["by"] == "cy"
    told = ask(home.app, "POST", "/people", headers=headers)
    assert (told.status, "the key of this machine is responder" in told.text) == (403, True)


def test_a_password_signs_in_and_the_cookie_is_for_the_server_alone(home: House) -> None:
    home.person("Ann", Role.RESPONDER)
    browser = home.browser()
    answer = browser.form("/sign-in", name="ann", password=PASSWORD, to="/incidents/INC-1")
    assert (answer.status, answer.headers["location"]) == (303, "/incidents/INC-1")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=43200" in cookie
    assert browser.get("/").status == 200
    assert uses(home) == [("Ann", "signed in")]


def test_over_tls_the_cookie_is_bound_to_this_host_and_no_other_name_of_it_counts(
    build_house: Callable[..., House],
) -> None:
    home = build_house(address="https://ops.example")
    home.person("ann", Role.RESPONDER)
    secret = home.entrance.accounts.sessions.begin("ann", "passkey", "x", home.clock.now())
    headers = {"Host": "ops.example", "Sec-Fetch-Site": "same-origin"}
    body = f"name=ann&password={quote(PASSWORD)}".encode()
    cookie = ask(home.app, "POST", "/sign-in", headers=headers, body=body).headers["set-cookie"]
    assert cookie.startswith("__Host-firstfive=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert "domain" not in cookie.lower()
    for name, status in (("__Host-firstfive", 200), (SESSION, 303)):
        assert ask(home.app, "GET", "/", headers={"Host": "ops.example", "Cookie": f"{name}={secret}"}).status == status


def test_a_wrong_password_an_unknown_name_and_a_disabled_account_are_told_the_same(home: House) -> None:
    home.person("ann", Role.ADMIN)
    home.person("ben", Role.RESPONDER)
    home.entrance.accounts.disable("ben")
    told = {
        home.browser().form("/sign-in", name=name, password=password).text
        for name, password in (("ann", "wrong password"), ("nobody", PASSWORD), ("ben", PASSWORD))
    }
    assert len(told) == 1
    assert "do not fit" in told.pop()
    assert [what for _, what in uses(home)] == ["sign-in refused"] * 3


def test_the_sixth_try_in_a_minute_waits_and_is_written_down_once(home: House) -> None:
    home.person("ann", Role.RESPONDER)
    answers = [home.browser().form("/sign-in", name="ann", password="no") for _ in range(5)]
    assert {answer.status for answer in answers} == {401}
    for _ in range(3):
        held = home.browser().form("/sign-in", name="ann", password=PASSWORD)
        assert held.status == 429
        assert 1 <= int(held.headers["retry-after"]) <= 60
    assert [what for _, what in uses(home)].count("held back") == 1


def test_the_way_in_is_the_same_for_a_form_of_another_site(home: House) -> None:
    home.person("ann", Role.RESPONDER)
    elsewhere = Browser(house=home, site="cross-site")
    assert elsewhere.form("/sign-in", name="ann", password=PASSWORD).status == 403
    assert elsewhere.cookies == {}


TAMPERED = [
    ("one letter more", lambda secret: secret + "A"),
    ("one letter less", lambda secret: secret[:-1]),
    ("nothing", lambda secret: ""),
    ("the beginning that pages show", lambda secret: secret[:16]),
    ("something long", lambda secret: "A" * 5000),
]


@pytest.mark.parametrize(("reason", "change"), TAMPERED, ids=[row[0] for row in TAMPERED])
def test_a_tampered_cookie_opens_nothing(home: House, reason: str, change: Callable[[str], str]) -> None:
    mine = home.as_one("ann", Role.ADMIN)
    assert mine.get("/").status == 200
    mine.cookies[SESSION] = change(mine.cookies[SESSION])
    assert mine.get("/").status == 303


def test_a_session_ends_after_twelve_hours_when_it_is_revoked_and_when_its_person_signs_out(home: House) -> None:
    first, second = home.as_one("ann", Role.ADMIN), home.as_one("ann", Role.ADMIN)
    mine = home.entrance.accounts.sessions.find(second.cookies[SESSION], home.clock.now())
    assert mine is not None
    assert first.form("/account/sessions/end", session=mine.id).status == 303
    assert second.get("/").status == 303
    stolen = dict(first.cookies)
    assert first.form("/sign-out").status == 303
    assert Browser(house=home, cookies=stolen).get("/").status == 303
    third = home.as_one("ann", Role.ADMIN)
    home.clock.at += timedelta(hours=12)
    assert third.get("/").status == 303


def test_nobody_ends_the_session_of_another(home: House) -> None:
    ann, ben = home.as_one("ann", Role.ADMIN), home.as_one("ben", Role.RESPONDER)
    mine = home.entrance.accounts.sessions.find(ann.cookies[SESSION], home.clock.now())
    assert mine is not None
    assert ben.form("/account/sessions/end", session=mine.id).status == 409
    assert ann.get("/").status == 200


TARGETS = [
    ("/incidents/INC-1", "/incidents/INC-1"),
    ("/signals?limit=3", "/signals?limit=3"),
    ("//evil.example", "/"),
    ("/\\evil.example", "/"),
    ("https://evil.example", "/"),
    ("javascript:alert(1)", "/"),
    ("/\t/evil.example", "/"),
    ("/ok\r\nSet-Cookie: a=b", "/"),
    ("", "/"),
    ("evil.example", "/"),
]


@pytest.mark.parametrize(("asked", "led"), TARGETS)
def test_signing_in_leads_to_a_page_of_this_server_only(home: House, asked: str, led: str) -> None:
    assert local(asked) == led
    home.person("ann", Role.RESPONDER)
    assert home.browser().form("/sign-in", name="ann", password=PASSWORD, to=asked).headers["location"] == led


# ---------------------------------------------------------------------------------------------------------- invitations


def test_the_first_account_is_made_through_a_link_before_anybody_has_one(home: House) -> None:
    secret = home.entrance.accounts.invite("ann", Role.ADMIN, home.clock.now())
    browser = home.browser()
    for _ in range(2):
        assert "Welcome, ann" in browser.get(f"/welcome/{secret}").text
    answer = browser.form(f"/welcome/{secret}", password=PASSWORD, again=PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert browser.get("/people").status == 200
    assert home.browser().get(f"/welcome/{secret}").status == 403
    assert home.browser().form(f"/welcome/{secret}", password=PASSWORD, again=PASSWORD).status == 403
    assert uses(home)[:2] == [("ann", "invitation used"), ("ann", "signed in")]


CHOSEN = [("short", "short", 422), (PASSWORD, "another one entirely", 422), ("x" * 201, "x" * 201, 422)]


@pytest.mark.parametrize(("password", "again", "status"), CHOSEN)
def test_a_password_that_will_not_do_leaves_the_invitation_open(
    home: House, password: str, again: str, status: int
) -> None:
    secret = home.entrance.accounts.invite("ann", Role.ADMIN, home.clock.now())
    assert home.browser().form(f"/welcome/{secret}", password=password, again=again).status == status
    assert home.entrance.accounts.invitation(secret, home.clock.now()).name == "ann"


# ---------------------------------------------------------------------------------------------------------- break-glass


def test_the_break_glass_code_opens_for_an_hour_and_is_loud(home: House) -> None:
    home.person("ann", Role.ADMIN)
    code = home.entrance.accounts.make_glass(home.clock.now())
    browser = home.browser()
    assert browser.form("/sign-in/break-glass", name="ben", code=code).status == 303
    assert browser.get("/people").status == 200
    browser.form("/incidents/INC-1/note", text="I am in")
    assert home.room.lines["INC-1"][-1][1] == "break-glass: ben"
    assert ["BREAK-GLASS" in line for line in home.logged] == [True]
    assert uses(home) == [("break-glass: ben", "signed in")]
    assert home.browser().form("/sign-in/break-glass", name="ben", code=code).status == 401
    home.clock.at += timedelta(hours=1)
    assert browser.get("/people").status == 303


# ------------------------------------------------------------------------------------------------------------ who speaks


def test_the_name_of_the_account_stands_on_the_timeline_whatever_was_typed(home: House) -> None:
    ben = home.as_one("ben", Role.RESPONDER)
    ben.form("/incidents/INC-1/note", by="ann", text="by a form")
    assert home.room.lines["INC-1"][-1][1] == "ben"
    ben.json("/api/v1/incidents/INC-1/note", {"by": "ann", "text": "by the API"})
    assert home.room.lines["INC-1"][-1][1] == "ben"
    assert ben.json("/api/v1/incidents/INC-1/note", {"text": "without a name"}).status == 200
    ben.cookies["firstfive-name"] = "ann"
    ben.form("/incidents/INC-1/note", text="with a remembered name")
    assert home.room.lines["INC-1"][-1][1] == "ben"


HURTFUL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 70707*7 }}{% raw %}",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "\u202eevil",
]


@pytest.mark.parametrize("name", HURTFUL)
def test_a_name_that_would_hurt_a_page_is_only_text_on_every_page(home: House, name: str) -> None:
    ann = home.as_one("ann", Role.ADMIN)
    home.person(name, Role.VIEWER)
    home.browser().form("/sign-in", name=name, password="no")
    secret = home.entrance.accounts.invite(name, Role.VIEWER, home.clock.now())
    mine = home.as_one(name, Role.VIEWER)
    ann.form("/account/tokens", label=name, read="yes", days="1")
    pages = [ann.get("/people"), ann.get("/people/audit"), ann.get("/account"), mine.get("/account"), mine.get("/")]
    pages.append(home.browser().get(f"/welcome/{secret}"))
    pages.append(home.browser().get(f"/sign-in?to={quote(name)}"))
    for page in pages:
        assert page.status == 200
        for mark in ("<script>", "<img", "<svg", " onmouseover='", "\u202e", "494949"):
            assert mark not in page.text, page.text


# ---------------------------------------------------------------------------------------------------------------- admins


def test_an_admin_invites_gives_roles_and_shuts_out_and_it_is_written_down(home: House) -> None:
    ann, ben = home.as_one("ann", Role.ADMIN), home.as_one("ben", Role.RESPONDER)
    link = ann.form("/people", name="cy", role="viewer")
    assert f"http://{HOST}/welcome/" in link.text
    assert ann.form("/people/role", name="ben", role="commander").status == 303
    assert home.entrance.accounts.get("ben").role is Role.COMMANDER
    assert ann.form("/people/disable", name="ben", disabled="yes").status == 303
    assert ben.get("/").status == 303
    assert ann.form("/people/disable", name="ann", disabled="yes").status == 409
    assert ann.form("/people/role", name="ann", role="emperor").status == 422
    assert [what for _, what in uses(home)] == ["invited", "role changed", "disabled"]


def test_an_admin_sees_who_was_invited_and_takes_it_back(home: House) -> None:
    ann = home.as_one("ann", Role.ADMIN)
    link = ann.form("/people", name="cy", role="viewer").text
    secret = link.partition("/welcome/")[2].partition("<")[0]
    page = ann.get("/people").text
    assert "Invited, not here yet (1)" in page
    assert "cy: viewer" in page
    assert secret not in page
    (open_one,) = home.entrance.accounts.invitations.open(home.clock.now())
    assert home.as_one("ben", Role.COMMANDER).form("/people/invitations/revoke", invitation=open_one.id).status == 403
    assert ann.form("/people/invitations/revoke", invitation=open_one.id).status == 303
    assert "Invited, not here yet" not in ann.get("/people").text
    assert home.browser().form(f"/welcome/{secret}", password=PASSWORD, again=PASSWORD).status in (403, 409)
    assert ann.form("/people/invitations/revoke", invitation=open_one.id).status == 409
    assert [what for _, what in uses(home)][:2] == ["invited", "invitation revoked"]


def test_a_token_is_shown_once(home: House) -> None:
    ann = home.as_one("ann", Role.RESPONDER)
    made = ann.form("/account/tokens", label="ci", read="yes", days="30")
    secret = next(word for word in made.text.replace("<", " ").replace(">", " ").split() if word.startswith("fft_"))
    assert secret not in ann.get("/account").text

    def seen() -> Answer:
        return ask(home.app, "GET", "/api/v1/incidents", headers={"Authorization": f"Bearer {secret}"})

    assert seen().status == 200
    (token,) = home.entrance.accounts.tokens(home.clock.now())
    assert ann.form("/account/tokens/revoke", token=token.id).status == 303
    assert seen().status == 401
    for days in ("0", "367", "x", ""):
        assert ann.form("/account/tokens", label="ci", read="yes", days=days).status in (303, 200, 422)
    assert ann.form("/account/tokens", label="ci", read="yes", days="367").status == 422
