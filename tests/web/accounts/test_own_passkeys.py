"""One's own passkeys: a second one, only soon after signing in, never on the same device twice, and never without a way back in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from firstfive.stores.accounts import Role
from web.accounts.authenticator import b64
from web.accounts.house import Browser, House
from web.accounts.test_passkeys import ANSWER, HERE, asked, device, welcomed
from web.client import ask

ASK, ADD, REMOVE = "/account/passkeys/options", "/account/passkeys", "/account/passkeys/remove"


def signed_in(home: House, name: str = "ann") -> tuple[Browser, Any]:
    mine, browser = welcomed(home, name), home.browser(HERE)
    assert browser.json(ANSWER, mine.sign(asked(browser))).status == 200
    return browser, mine


def test_a_second_passkey_signs_in_as_the_same_person(home: House) -> None:
    browser, first = signed_in(home)
    second, question = device(), browser.json(ASK).json()
    assert [one["id"] for one in question["excludeCredentials"]] == [b64(first.id)]
    assert browser.json(ADD, second.make(question)).json() == {"to": "/account"}
    assert "Passkeys (2)" in browser.get("/account").text
    later = home.browser(HERE)
    assert later.json(ANSWER, second.sign(asked(later))).status == 200
    assert "signed in by passkey" in later.get("/account").text
    assert [row.what for row in home.entrance.accounts.audit()][:2] == ["signed in", "passkey added"]


def test_a_browser_that_was_left_open_gives_nobody_a_way_in_that_lasts(home: House) -> None:
    browser, _ = signed_in(home)
    question = browser.json(ASK).json()
    home.clock.at += timedelta(minutes=15, seconds=1)
    for path, body in ((ASK, None), (ADD, device().make(question))):
        answer = browser.json(path, body)
        assert (answer.status, answer.json()["what"]) == (403, "you signed in more than 15 minutes ago")
    assert len(home.entrance.accounts.passkeys_of("ann")) == 1
    assert "within 15 minutes of signing in" in browser.get("/account").text


def test_the_answer_to_one_session_adds_nothing_in_another(home: House) -> None:
    browser, _ = signed_in(home)
    other, _ = signed_in(home, "eve")
    answer = other.json(ADD, device().make(browser.json(ASK).json()))
    assert (answer.status, "not asked" in answer.json()["what"]) == (403, True)
    assert len(home.entrance.accounts.passkeys_of("eve")) == 1


def test_one_can_be_taken_away_but_never_the_last_way_in(home: House) -> None:
    browser, first = signed_in(home)
    book = home.entrance.accounts
    (kept,) = book.passkeys_of("ann")
    alone = browser.form(REMOVE, passkey=kept.short)
    assert (alone.status, "this is the last way in" in alone.text) == (409, True)
    browser.json(ADD, device().make(browser.json(ASK).json()))
    assert browser.form(REMOVE, passkey=kept.short).status == 303
    later = home.browser(HERE)
    assert later.json(ANSWER, first.sign(asked(later))).status == 401
    assert len(book.passkeys_of("ann")) == 1


def test_nobody_takes_away_another_s(home: House) -> None:
    signed_in(home)
    other, _ = signed_in(home, "eve")
    (of_ann,) = home.entrance.accounts.passkeys_of("ann")
    answer = other.form(REMOVE, passkey=of_ann.short)
    assert (answer.status, "you have no such passkey" in answer.text) == (409, True)
    assert len(home.entrance.accounts.passkeys_of("ann")) == 1


def test_a_password_is_a_way_in_too(home: House) -> None:
    browser = home.as_one("ben", Role.VIEWER)
    browser.host = HERE
    assert browser.json(ADD, device().make(browser.json(ASK).json())).status == 200
    (only,) = home.entrance.accounts.passkeys_of("ben")
    assert browser.form(REMOVE, passkey=only.short).status == 303


def test_a_token_and_another_site_make_no_passkey(home: House) -> None:
    browser, _ = signed_in(home)
    token = home.entrance.accounts.make_token("ann", "ci", ["admin"], timedelta(hours=1), home.clock.now())
    by_token = ask(home.app, "POST", ASK, headers={"Authorization": f"Bearer {token}"})
    assert by_token.status == 403
    browser.site = "cross-site"
    assert browser.json(ASK).status == 403
