"""For admins: who has an account, which role, who was invited, and the record of every use.

Its routes are joined by `app`; `roles` opens them to admins only. An invitation's link is shown once, in the answer that makes it.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.errors import FirstfiveError, Refused
from firstfive.settings.people import account_name
from firstfive.stores.accounts.model import Role, role_named
from firstfive.web import asked, paper
from firstfive.web.accounts.callers import caller_of
from firstfive.web.accounts.entrance import entrance_of
from firstfive.web.accounts.passkeys import account_words
from firstfive.web.problems import NotAllowed, status_of
from firstfive.web.room import everywhere

AT = "/people"


def routes() -> list[Route]:
    """The page, its forms, and the record."""
    return [
        Route(AT, page),
        Route(AT, invite, methods=["POST"]),
        Route(f"{AT}/role", role, methods=["POST"]),
        Route(f"{AT}/disable", disable, methods=["POST"]),
        Route(f"{AT}/invitations/revoke", revoke, methods=["POST"]),
        Route(f"{AT}/audit", audit),
    ]


def _who(request: Request) -> str:
    """Which admin asks. Raises NotAllowed for the key of an installation without accounts, which is nobody."""
    caller = caller_of(request)
    if caller is None or not caller.name:
        raise NotAllowed("there is no account yet", remedy="firstfive account invite NAME --role admin makes the first")
    return caller.name


async def page(request: Request) -> Response:
    """Everybody."""
    _who(request)
    return _page(request)


def _page(request: Request, *, refused: FirstfiveError | None = None, link: str = "") -> Response:
    entrance = entrance_of(request)
    values = {
        **everywhere(request, refused),
        "accounts": [(one, account_words(one)) for one in entrance.accounts.all()],
        "invitations": entrance.accounts.invitations.open(entrance.clock.now()),
        "roles": [one.word for one in Role],
        "link": link,
    }
    return paper.page("people.html", values, status=status_of(refused) if refused else 200)


async def invite(request: Request) -> Response:
    """A link for somebody."""
    who, fields, entrance = _who(request), await asked.form_fields(request), entrance_of(request)
    try:
        wanted = role_named(asked.text(fields, "role"))
        name = account_name(asked.text(fields, "name"), entrance.people)
        secret = await asyncio.to_thread(entrance.accounts.invite, name, wanted, entrance.clock.now())
    except Refused as refused:
        return _page(request, refused=refused)
    await entrance.note(request, who, "invited", f"{name}, {wanted.word}")
    site = entrance.address or entrance.site(request).origin
    return _page(request, link=f"{site}/welcome/{secret}")


async def role(request: Request) -> Response:
    """Another role for somebody."""
    who, fields, entrance = _who(request), await asked.form_fields(request), entrance_of(request)
    try:
        wanted = role_named(asked.text(fields, "role"))
        mine = await asyncio.to_thread(entrance.accounts.set_role, asked.text(fields, "name"), wanted)
    except Refused as refused:
        return _page(request, refused=refused)
    await entrance.note(request, who, "role changed", f"{mine.name}, {wanted.word}")
    return RedirectResponse(AT, status_code=303)


async def disable(request: Request) -> Response:
    """Shut somebody out, or let them in again."""
    who, fields, entrance = _who(request), await asked.form_fields(request), entrance_of(request)
    shut = fields.get("disabled") == "yes"
    try:
        change = entrance.accounts.disable
        mine = await asyncio.to_thread(lambda: change(asked.text(fields, "name"), disabled=shut))
    except Refused as refused:
        return _page(request, refused=refused)
    await entrance.note(request, who, "disabled" if shut else "enabled", mine.name)
    return RedirectResponse(AT, status_code=303)


async def revoke(request: Request) -> Response:
    """Make an invitation void before somebody uses it."""
    who, fields, entrance = _who(request), await asked.form_fields(request), entrance_of(request)
    try:
        void = entrance.accounts.invitations.take_back
        name = await asyncio.to_thread(void, asked.text(fields, "invitation"), entrance.clock.now())
    except Refused as refused:
        return _page(request, refused=refused)
    await entrance.note(request, who, "invitation revoked", name)
    return RedirectResponse(AT, status_code=303)


async def audit(request: Request) -> Response:
    """The record, newest first."""
    _who(request)
    values = {**everywhere(request, None), "rows": entrance_of(request).accounts.audit()}
    return paper.page("audit.html", values)
