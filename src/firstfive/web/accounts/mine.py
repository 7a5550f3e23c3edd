"""My account: my passkeys, where I am signed in, which tokens act in my name.

Its routes are joined by `app`. A token is shown once, in the answer that makes it. A passkey is added and taken away only soon after
signing in, so that a browser that was left open gives nobody a way in that lasts.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.stores.accounts.model import SCOPES
from firstfive.web import asked, paper
from firstfive.web.accounts import signing
from firstfive.web.accounts.callers import Caller, caller_of
from firstfive.web.accounts.entrance import entrance_of
from firstfive.web.problems import NotAllowed, status_of
from firstfive.web.room import everywhere

AT = "/account"
LONGEST_DAYS = 366
FRESH = timedelta(minutes=15)


def routes() -> list[Route]:
    """The page and its forms."""
    return [
        Route(AT, page),
        Route(f"{AT}/sessions/end", end, methods=["POST"]),
        Route(f"{AT}/passkeys/options", options, methods=["POST"]),
        Route(f"{AT}/passkeys", add, methods=["POST"]),
        Route(f"{AT}/passkeys/remove", remove, methods=["POST"]),
        Route(f"{AT}/tokens", make, methods=["POST"]),
        Route(f"{AT}/tokens/revoke", revoke, methods=["POST"]),
    ]


def _me(request: Request) -> Caller:
    caller = caller_of(request)
    if caller is None or not caller.session:
        raise NotAllowed(
            "this page is of somebody who is signed in by name", remedy="firstfive account invite NAME makes an account"
        )
    return caller


async def page(request: Request) -> Response:
    """What is mine."""
    return _page(request, _me(request))


def _page(request: Request, me: Caller, *, refused: FirstfiveError | None = None, made: str = "") -> Response:
    entrance = entrance_of(request)
    now = entrance.clock.now()
    values = {
        **everywhere(request, refused),
        "me": me,
        "sessions": entrance.accounts.sessions.of(me.name, now),
        "passkeys": entrance.accounts.passkeys_of(me.name),
        "fresh": _is_fresh(request, me),
        "known": entrance.accounts.find(me.name) is not None,
        "tokens": entrance.accounts.tokens(now, me.name),
        "scopes": SCOPES,
        "made": made,
    }
    return paper.page("account.html", values, status=status_of(refused) if refused else 200)


async def end(request: Request) -> Response:
    """End one of my sessions."""
    me, fields = _me(request), await asked.form_fields(request)
    try:
        await asyncio.to_thread(entrance_of(request).accounts.sessions.end, asked.text(fields, "session"), me.name)
    except Refused as refused:
        return _page(request, me, refused=refused)
    await entrance_of(request).note(request, me.name, "session ended")
    return RedirectResponse(AT, status_code=303)


# ------------------------------------------------------------------------------------------------------------ passkeys


def _is_fresh(request: Request, me: Caller) -> bool:
    entrance = entrance_of(request)
    now = entrance.clock.now()
    mine = next((one for one in entrance.accounts.sessions.of(me.name, now) if one.id == me.session), None)
    return mine is not None and now - mine.made_at <= FRESH


def _fresh(request: Request, me: Caller) -> Caller:
    if not _is_fresh(request, me):
        raise Refused(
            "you signed in more than 15 minutes ago",
            remedy="sign out and in again, then change your passkeys",
            exit_code=Exit.NOT_AUTHORISED,
        )
    if entrance_of(request).accounts.find(me.name) is None:
        raise Refused("a break-glass session has no passkeys", remedy="sign in as yourself")
    return me


async def options(request: Request) -> Response:
    """What to ask the browser for: a passkey on a device that has none of mine."""
    me, entrance = _me(request), entrance_of(request)
    try:
        _fresh(request, me)
    except Refused as refused:
        return signing.refusal(refused, 403)
    known = await asyncio.to_thread(entrance.accounts.passkeys_of, me.name)
    site, now = entrance.site(request), entrance.clock.now()
    return signing.data(entrance.passkeys.ask_to_make(site, me.name, f"session {me.session}", now, known))


async def add(request: Request) -> Response:
    """The browser made one more passkey for me."""
    me, entrance, now = _me(request), entrance_of(request), entrance_of(request).clock.now()
    try:
        _fresh(request, me)
        answer = await signing.answer_of(request)
        made = entrance.passkeys.made(entrance.site(request), me.name, f"session {me.session}", answer, now)
        await asyncio.to_thread(entrance.accounts.add_passkey, made, now)
    except Refused as refused:
        return signing.refusal(refused, 403)
    await entrance.note(request, me.name, "passkey added", made.short)
    return signing.data({"to": AT})


async def remove(request: Request) -> Response:
    """Take one of my passkeys away."""
    me, fields = _me(request), await asked.form_fields(request)
    try:
        _fresh(request, me)
        short = asked.text(fields, "passkey")
        await asyncio.to_thread(entrance_of(request).accounts.remove_passkey, me.name, short)
    except Refused as refused:
        return _page(request, me, refused=refused)
    await entrance_of(request).note(request, me.name, "passkey removed", short)
    return RedirectResponse(AT, status_code=303)


# -------------------------------------------------------------------------------------------------------------- tokens


async def make(request: Request) -> Response:
    """A token in my name, shown once."""
    me, fields, entrance = _me(request), await asked.form_fields(request), entrance_of(request)
    days = str(fields.get("days", "90"))
    scopes = [scope for scope in SCOPES if fields.get(scope) == "yes"]
    try:
        if not days.isascii() or not days.isdigit() or not 1 <= int(days[:6]) <= LONGEST_DAYS:
            raise asked.wrong("a token lives for 1 to 366 days", "give days as a number")
        lives, now = timedelta(days=int(days)), entrance.clock.now()
        label = asked.text(fields, "label")
        made = await asyncio.to_thread(entrance.accounts.make_token, me.name, label, scopes, lives, now)
    except Refused as refused:
        return _page(request, me, refused=refused)
    await entrance.note(request, me.name, "token made", f"{label} ({', '.join(scopes)})")
    return _page(request, me, made=made)


async def revoke(request: Request) -> Response:
    """Make one of my tokens void."""
    me, fields = _me(request), await asked.form_fields(request)
    try:
        await asyncio.to_thread(entrance_of(request).accounts.revoke_token, asked.text(fields, "token"), me.name)
    except Refused as refused:
        return _page(request, me, refused=refused)
    await entrance_of(request).note(request, me.name, "token revoked", asked.text(fields, "token"))
    return RedirectResponse(AT, status_code=303)
