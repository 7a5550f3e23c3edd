"""Invitations: a one-time link opens here, and whoever holds it makes a passkey or chooses a password.

Its routes are joined by `app`. Opening the link uses nothing up, since messages are read by machines too.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.errors import FirstfiveError, Refused
from firstfive.stores.accounts.model import Passkey
from firstfive.web import asked, paper
from firstfive.web.accounts import signing
from firstfive.web.accounts.entrance import entrance_of
from firstfive.web.problems import status_of


def routes() -> list[Route]:
    """The page of an invitation and its two ways."""
    return [
        Route("/welcome/{secret}", page),
        Route("/welcome/{secret}", with_password, methods=["POST"]),
        Route("/welcome/{secret}/options", options, methods=["POST"]),
        Route("/welcome/{secret}/passkey", with_passkey, methods=["POST"]),
    ]


def _secret(request: Request) -> str:
    secret: str = request.path_params["secret"]
    return secret


async def page(request: Request) -> Response:
    """What the link is for."""
    return _page(request, None, 200)


def _page(request: Request, refused: FirstfiveError | None, status: int) -> Response:
    entrance = entrance_of(request)
    try:
        told = entrance.accounts.invitation(_secret(request), entrance.clock.now())
    except Refused as void:
        return paper.page("welcome.html", {"refused": void, "invited": None, "at": ""}, status=403)
    values = {"refused": refused, "invited": told, "at": f"/welcome/{_secret(request)}"}
    return paper.page("welcome.html", values, status=status)


async def with_password(request: Request) -> Response:
    """A password was chosen."""
    entrance = entrance_of(request)
    fields = await asked.form_fields(request)
    try:
        if (wait := await signing.held(request)) is not None:
            return signing.waiting(_page(request, wait, 429), wait)
        told = entrance.accounts.invitation(_secret(request), entrance.clock.now())
        if fields.get("password") != fields.get("again"):
            raise asked.wrong("the two passwords are not the same", "type it twice")
        hashed = await entrance.passwords.hashed(str(fields.get("password", "")))
        accept, now = entrance.accounts.accept, entrance.clock.now()
        mine = await asyncio.to_thread(lambda: accept(_secret(request), now, password=hashed))
    except Refused as refused:
        return _page(request, refused, status_of(refused))
    await entrance.note(request, mine.name, "invitation used", f"password, {told.role.word}")
    return await signing.admitted(request, mine.name, "password", "/")


async def options(request: Request) -> Response:
    """What to ask the browser for."""
    entrance = entrance_of(request)
    now = entrance.clock.now()
    try:
        told = entrance.accounts.invitation(_secret(request), now)
    except Refused as void:
        return signing.refusal(void, 403)
    return signing.data(entrance.passkeys.ask_to_make(entrance.site(request), told.name, _secret(request), now))


async def with_passkey(request: Request) -> Response:
    """The browser made a passkey: the account, and signed in."""
    entrance = entrance_of(request)
    now = entrance.clock.now()
    try:
        told = entrance.accounts.invitation(_secret(request), now)
        answer = await signing.answer_of(request)
        made: Passkey = entrance.passkeys.made(entrance.site(request), told.name, _secret(request), answer, now)
        mine = await asyncio.to_thread(lambda: entrance.accounts.accept(_secret(request), now, passkey=made))
    except Refused as refused:
        await entrance.note(request, "", "invitation refused", refused.what)
        return signing.refusal(refused, 403)
    await entrance.note(request, mine.name, "invitation used", f"passkey, {told.role.word}")
    return entrance.admit(request, signing.data({"to": "/"}), await signing.began(request, mine.name, "passkey"))
