"""Signing in through an identity provider: whom it lets in, as what, and every answer that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey

from firstfive.settings.model import OidcSettings
from firstfive.stores.accounts import Role
from incident.builders import T0
from web.accounts.house import Browser, House
from web.accounts.provider import SECRET, Provider, providing
from web.client import Answer


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(Provider(now=(T0 + timedelta(seconds=90)).timestamp)) as one:
        yield one


@pytest.fixture
def home(build_house: Callable[..., House], provider: Provider) -> House:
    roles = {"ops": "responder", "leads": "commander"}
    oidc = OidcSettings(
        issuer=provider.issuer, client_id="firstfive", client_secret=SECRET, roles=roles, label="id.example"
    )
    made = build_house(oidc=oidc)
    made.person("root-admin", Role.ADMIN)
    return made


def sent(browser: Browser, to: str = "/signals") -> str:
    """The provider's address that this browser is sent to."""
    answer = browser.get(f"/sign-in/provider?to={to}")
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def come_back(home: House, provider: Provider, browser: Browser | None = None) -> tuple[Browser, Answer]:
    browser = browser or home.browser()
    return browser, browser.get(provider.authorize(sent(browser)))


def refused(home: House, browser: Browser, answer: Answer, why: str) -> None:
    assert answer.status == 401, answer.headers
    assert why in answer.text, answer.text
    assert browser.get("/").status == 303
    assert home.entrance.accounts.audit()[0].what == "sign-in refused"


def test_the_form_offers_the_provider_by_its_name(home: House) -> None:
    assert "Sign in through id.example" in home.browser().get("/sign-in").text


def test_a_person_of_the_provider_gets_in_with_the_highest_role_that_settings_give(
    home: House, provider: Provider
) -> None:
    provider.claims["groups"] = ["staff", "ops", "leads"]
    browser, answer = come_back(home, provider)
    assert (answer.status, answer.headers["location"]) == (303, "/signals")
    assert browser.get("/").status == 200
    assert home.entrance.accounts.get("ann").role is Role.COMMANDER
    assert home.entrance.accounts.audit()[0].detail == "oidc"


LIES: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("another issuer", lambda c: {**c, "iss": "https://evil.example"}),
    ("for another program", lambda c: {**c, "aud": "another"}),
    ("made for another, shown to us", lambda c: {**c, "aud": ["firstfive", "other"], "azp": "other"}),
    ("of another sign-in", lambda c: {**c, "nonce": "old"}),
    ("no nonce", lambda c: {k: v for k, v in c.items() if k != "nonce"}),
    ("too old", lambda c: {**c, "exp": c["exp"] - 1000}),
    ("never ends", lambda c: {k: v for k, v in c.items() if k != "exp"}),
    ("of nobody", lambda c: {k: v for k, v in c.items() if k != "sub"}),
    ("without a name", lambda c: {**c, "preferred_username": ""}),
    ("a name that is a list", lambda c: {**c, "preferred_username": ["ann"]}),
    ("in no group that counts", lambda c: {**c, "groups": ["staff"]}),
    ("groups that are none", lambda c: {**c, "groups": [7, None]}),
]


@pytest.mark.parametrize(("reason", "lie"), LIES, ids=[row[0] for row in LIES])
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    home: House, provider: Provider, reason: str, lie: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    provider.lie = lie
    refused(home, *come_back(home, provider), "did not get you in")


def test_a_token_signed_by_somebody_else_is_refused(home: House, provider: Provider) -> None:
    provider.signed_with = RSAKey.generate_key(2048, {"kid": "k1"})
    refused(home, *come_back(home, provider), "BadSignature")


def test_a_provider_that_calls_itself_otherwise_is_refused(home: House, provider: Provider) -> None:
    provider.called = "https://evil.example"
    browser = home.browser()
    refused(home, browser, browser.get("/sign-in/provider"), "another name")


def test_an_answer_does_not_work_twice_nor_in_another_browser(home: House, provider: Provider) -> None:
    browser = home.browser()
    back = provider.authorize(sent(browser))
    other = home.browser()
    refused(home, other, other.get(back), "another browser")
    kept = dict(browser.cookies)
    assert browser.get(back).status == 303
    again = Browser(house=home, cookies=kept)
    refused(home, again, again.get(back), "not begun here")


def test_an_answer_that_comes_too_late_is_refused(home: House, provider: Provider) -> None:
    browser = home.browser()
    back = provider.authorize(sent(browser))
    home.clock.at += timedelta(minutes=10)
    refused(home, browser, browser.get(back), "too long ago")


def test_a_no_of_the_provider_is_told_without_its_markup(home: House) -> None:
    browser = home.browser()
    state = urlsplit(sent(browser)).query.partition("state=")[2].partition("&")[0]
    answer = browser.get(f"/sign-in/provider/back?error=%3Cscript%3E&state={state}")
    refused(home, browser, answer, "&lt;script&gt;")


def test_a_disabled_account_stays_out_whatever_the_provider_says(home: House, provider: Provider) -> None:
    come_back(home, provider)
    home.entrance.accounts.disable("ann")
    refused(home, *come_back(home, provider), "disabled")


def test_a_provider_that_is_down_costs_nobody_the_other_ways(build_house: Callable[..., House]) -> None:
    home = build_house(oidc=OidcSettings(issuer="http://127.0.0.1:9", client_id="firstfive"))
    home.person("ann", Role.ADMIN)
    browser = home.browser()
    answer = browser.get("/sign-in/provider")
    refused(home, browser, answer, "did not get you in")
    assert 'action="/sign-in"' in answer.text
