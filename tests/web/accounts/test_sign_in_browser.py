"""Signing in with a real Chromium: a passkey of a virtual authenticator, a password without scripts, pages for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from documents.story import OPENING
from firstfive.settings.model import OidcSettings
from firstfive.stores.accounts import Role
from firstfive.web.accounts.entrance import Entrance
from web.accounts.house import PASSWORD, cheap
from web.accounts.provider import SECRET, Provider, providing
from web.browsing import PHONE
from web.room import Room
from web.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


Visit = Callable[..., Page]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(Provider(now=Room().clock.now().timestamp)) as one:
        yield one


@pytest.fixture
def served(tmp_path: Path, provider: Provider) -> Iterator[tuple[Served, Entrance]]:
    room, made = Room(), []  # type: ignore[var-annotated]
    room.tell("INC-1", OPENING)
    provider.now = lambda: room.clock.now().timestamp()
    roles = {"ops": "responder"}
    oidc = OidcSettings(
        issuer=provider.issuer, client_id="firstfive", client_secret=SECRET, roles=roles, label="id.example"
    )

    def entrance(port: int) -> Entrance:
        made.append(Entrance(state=tmp_path, clock=room.clock, port=port, oidc=oidc))
        return made[0]

    with serving(room, entrance=entrance) as one:
        yield one, made[0]


@pytest.fixture
def visit(chromium: Browser, served: tuple[Served, Entrance]) -> Iterator[Visit]:
    """Open a page at localhost, since a passkey is bound to a name; an error of a script fails the test."""
    wrong: list[str] = []
    with ExitStack() as contexts:

        def opened(path: str, *, context: BrowserContext | None = None, **options: Any) -> Page:
            mine = context or chromium.new_context(viewport=PHONE, reduced_motion="reduce", **options)
            if context is None:
                contexts.callback(mine.close)
            page = mine.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(f"http://localhost:{served[0].port}{path}")
            return page

        yield opened
    assert wrong == []


def with_authenticator(page: Page, *, verified: bool = True) -> Callable[[], None]:
    """A built-in authenticator that looks (or does not look) who it is; called, what is returned takes it away."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    made = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": verified, "automaticPresenceSimulation": True}},
    )
    return lambda: (
        devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": made["authenticatorId"]}) and None
    )


def test_an_invitation_a_passkey_out_and_in_again(served: tuple[Served, Entrance], visit: Visit) -> None:
    _, entrance = served
    secret = entrance.accounts.invite("ann", Role.ADMIN, entrance.clock.now())
    page = visit(f"/welcome/{secret}")
    with_authenticator(page)
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_role("link", name="ann", exact=True)).to_be_visible()
    page.get_by_role("link", name="ann", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(page.url.replace("/sign-in", "/incidents/INC-1"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Next")).to_be_visible()
    assert page.url.endswith("/incidents/INC-1")
    assert entrance.accounts.audit()[0].detail == "passkey"


def test_a_second_passkey_on_another_device_signs_in_when_the_first_is_lost(
    served: tuple[Served, Entrance], visit: Visit
) -> None:
    _, entrance = served
    secret = entrance.accounts.invite("ann", Role.ADMIN, entrance.clock.now())
    page = visit(f"/welcome/{secret}")
    lost = with_authenticator(page)
    page.get_by_role("button", name="Make a passkey on this device").click()
    page.get_by_role("link", name="ann", exact=True).click()
    expect(page.get_by_text("a second passkey, on another device, keeps you in")).to_be_visible()
    page.get_by_role("button", name="Make another passkey").click()
    expect(page.get_by_role("status")).not_to_be_empty()  # this device has one already
    lost()
    with_authenticator(page)
    page.reload()
    page.get_by_role("button", name="Make another passkey").click()
    expect(page.get_by_role("heading", name="Passkeys (2)")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="ann", exact=True)).to_be_visible()
    page.goto(page.url.rstrip("/") + "/account")
    page.get_by_role("button", name="Remove it").first.click()
    expect(page.get_by_role("heading", name="Passkeys (1)")).to_be_visible()


def test_an_authenticator_that_does_not_know_its_person_gets_the_reason(
    served: tuple[Served, Entrance], visit: Visit
) -> None:
    _, entrance = served
    secret = entrance.accounts.invite("ann", Role.ADMIN, entrance.clock.now())
    page = visit(f"/welcome/{secret}")
    with_authenticator(page, verified=False)
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_role("status")).not_to_be_empty()
    assert entrance.accounts.all() == ()


def test_without_scripts_the_password_form_signs_in_and_a_person_approves_under_their_own_name(
    served: tuple[Served, Entrance], visit: Visit
) -> None:
    server, entrance = served
    book, now = entrance.accounts, entrance.clock.now()
    book.accept(book.invite("ben", Role.RESPONDER, now), now, password=cheap())
    page = visit("/incidents/INC-1", java_script_enabled=False)
    page.get_by_label("Name", exact=True).fill("ben")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.url.endswith("/incidents/INC-1")
    assert page.get_by_label("Your name, for the timeline").count() == 0
    page.get_by_role("button", name="I have taken it").click()
    line = server.within(lambda: [one for one in server.room.lines["INC-1"] if len(one) == 3][-1])
    assert line[1] == "ben"


def test_through_the_provider_s_own_page_and_back_to_where_one_was_going(
    served: tuple[Served, Entrance], visit: Visit, provider: Provider
) -> None:
    _, entrance = served
    now = entrance.clock.now()
    entrance.accounts.accept(entrance.accounts.invite("root", Role.ADMIN, now), now, password=cheap())
    page = visit("/incidents/INC-1")
    page.get_by_role("link", name="Sign in through id.example").click()
    assert page.url.startswith(provider.issuer)
    page.get_by_role("button", name="It is me").click()
    expect(page.get_by_role("heading", name="Next")).to_be_visible()
    assert page.url.endswith("/incidents/INC-1")
    expect(page.get_by_role("link", name="ann", exact=True)).to_be_visible()
    assert (entrance.accounts.get("ann").role, entrance.accounts.audit()[0].detail) == (Role.RESPONDER, "oidc")
    page.goto(page.url.replace("/incidents/INC-1", "/account"))
    page.get_by_role("button", name="Sign out").click()
    provider.claims["groups"] = ["staff"]
    page.get_by_role("link", name="Sign in through id.example").click()
    page.get_by_role("button", name="It is me").click()
    expect(page.get_by_role("alert")).to_contain_text("the identity provider did not get you in")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
