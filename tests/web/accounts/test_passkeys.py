"""Passkeys with real keys and signatures: made, used, and every answer that must not get in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from firstfive.stores.accounts import Role
from web.accounts.authenticator import Authenticator, b64, unb64
from web.accounts.house import Browser, House
from web.client import Answer

# A passkey is bound to a name; an address such as 127.0.0.1 is none.
HERE = "localhost:8455"
OPTIONS, ANSWER = "/sign-in/passkey/options", "/sign-in/passkey"


def device(**changes: Any) -> Authenticator:
    return Authenticator(**{"origin": f"http://{HERE}", "site": "localhost", **changes})


def welcomed(home: House, name: str = "ann", role: Role = Role.ADMIN) -> Authenticator:
    """Somebody who made a passkey through an invitation."""
    made, browser = device(), home.browser(HERE)
    secret = home.entrance.accounts.invite(name, role, home.clock.now())
    asked = browser.json(f"/welcome/{secret}/options").json()
    assert (asked["rp"]["id"], asked["authenticatorSelection"]["userVerification"]) == ("localhost", "required")
    assert browser.json(f"/welcome/{secret}/passkey", made.make(asked)).status == 200
    assert browser.get("/people").status == 200
    return made


def asked(browser: Browser) -> dict[str, Any]:
    told: dict[str, Any] = browser.json(OPTIONS).json()
    return told


def test_a_passkey_signs_in_without_a_name_typed(home: House) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    answer = browser.json(f"{ANSWER}?to=/signals", mine.sign(asked(browser)))
    assert (answer.status, answer.json()) == (200, {"to": "/signals"})
    assert browser.get("/people").status == 200
    assert [row.what for row in home.entrance.accounts.audit()][:1] == ["signed in"]


def refused(home: House, browser: Browser, answer: dict[str, Any], why: str) -> None:
    told: Answer = browser.json(ANSWER, answer)
    assert told.status == 401
    assert why in told.json()["what"], told.text
    assert browser.cookies == {}
    newest = home.entrance.accounts.audit()[0]
    assert (newest.what, why in newest.detail) == ("sign-in refused", True)


def test_the_same_answer_does_not_sign_in_twice(home: House) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    answer = mine.sign(asked(browser))
    assert browser.json(ANSWER, answer).status == 200
    refused(home, home.browser(HERE), answer, "not asked")


def test_a_question_is_too_old_after_five_minutes(home: House) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    told = asked(browser)
    home.clock.at += timedelta(minutes=5, seconds=1)
    refused(home, browser, mine.sign(told), "not asked")


def test_a_counter_that_goes_back_is_a_copy(home: House) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    assert browser.json(ANSWER, mine.sign(asked(browser), count=9)).status == 200
    for count in (9, 3):
        other = home.browser(HERE)
        refused(home, other, mine.sign(asked(other), count=count), "sign count")


def flipped(answer: dict[str, Any]) -> dict[str, Any]:
    signature = bytearray(unb64(answer["response"]["signature"]))
    signature[-1] ^= 1
    return {**answer, "response": {**answer["response"], "signature": b64(bytes(signature))}}


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("a page of another site", {"origin": "https://evil.example"}, "origin"),
    ("this host at another port", {"origin": "http://localhost:1"}, "origin"),
    ("a passkey of another site", {"site": "evil.example"}, "RP ID"),
    ("nobody looked who it is", {"verified": False}, "verified"),
]


@pytest.mark.parametrize(("reason", "change", "why"), CHANGES, ids=[row[0] for row in CHANGES])
def test_an_answer_from_the_wrong_place_or_person_is_refused(
    home: House, reason: str, change: dict[str, Any], why: str
) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    for name, value in change.items():
        setattr(mine, name, value)
    refused(home, browser, mine.sign(asked(browser)), why)


def test_another_key_under_the_same_id_is_refused(home: House) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    refused(home, browser, device(id=mine.id).sign(asked(browser), count=5), "signature")
    other = home.browser(HERE)
    refused(home, other, flipped(mine.sign(asked(other))), "signature")


def test_a_passkey_that_nobody_here_has_is_refused(home: House) -> None:
    welcomed(home)
    browser = home.browser(HERE)
    refused(home, browser, device().sign(asked(browser)), "nobody here")


BROKEN: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("an empty object", lambda answer: {}),
    ("a list", lambda answer: [answer]),
    ("no response", lambda answer: {**answer, "response": None}),
    ("no id", lambda answer: {**answer, "rawId": 7}),
    ("a broken id", lambda answer: {**answer, "rawId": "\u00e9"}),
    ("no signature", lambda answer: {**answer, "response": {**answer["response"], "signature": None}}),
    ("half of its data", lambda answer: {**answer, "response": {**answer["response"], "authenticatorData": "AAAA"}}),
    ("data that is no text", lambda answer: {**answer, "response": {**answer["response"], "clientDataJSON": "_w"}}),
]


@pytest.mark.parametrize(("reason", "change"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_answer_is_refused_and_never_a_bug(
    home: House, reason: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    mine, browser = welcomed(home), home.browser(HERE)
    told = browser.json(ANSWER, change(mine.sign(asked(browser))))
    assert (told.status, browser.cookies) == (401, {}), told.text


def test_a_disabled_persons_passkey_opens_nothing(home: House) -> None:
    home.person("ben", Role.ADMIN)
    mine, browser = welcomed(home), home.browser(HERE)
    home.entrance.accounts.disable("ann")
    refused(home, browser, mine.sign(asked(browser)), "nobody here")


def test_an_answer_for_one_invitation_does_not_open_another(home: House) -> None:
    browser, book, now = home.browser(HERE), home.entrance.accounts, home.clock.now()
    mine, theirs = book.invite("ann", Role.VIEWER, now), book.invite("root", Role.ADMIN, now)
    answer = device().make(browser.json(f"/welcome/{mine}/options").json())
    assert browser.json(f"/welcome/{theirs}/passkey", answer).status == 403
    assert not book.required()


def test_a_passkey_made_without_looking_who_it_is_makes_no_account(home: House) -> None:
    browser = home.browser(HERE)
    secret = home.entrance.accounts.invite("ann", Role.ADMIN, home.clock.now())
    made = device(verified=False).make(browser.json(f"/welcome/{secret}/options").json())
    assert browser.json(f"/welcome/{secret}/passkey", made).status == 403
    assert home.entrance.accounts.all() == ()


def test_the_sixth_passkey_in_a_minute_waits(home: House) -> None:
    welcomed(home)
    browser = home.browser(HERE)
    for _ in range(5):
        assert browser.json(ANSWER, {}).status == 401
    held = browser.json(ANSWER, {})
    assert held.status == 429
    assert int(held.headers["retry-after"]) > 0


def test_questions_that_nobody_answers_do_not_fill_the_memory(home: House) -> None:
    passkeys, site = home.entrance.passkeys, home.entrance.site
    assert site is not None
    from firstfive.web.accounts.passkeys import MOST, Site

    here = Site(name="localhost", origin="http://localhost")
    for _ in range(MOST + 50):
        passkeys.ask_to_sign_in(here, home.clock.now())
    assert len(passkeys.asked) == MOST
