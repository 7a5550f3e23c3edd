"""Accounts as data: who I am, and for admins everybody and the record of every use.

Its routes are joined by `app`; roles and scopes are the door's. Makes no token: one gives out no further ones, whosever it is.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.documents.lists.parted import limit_of, number_of, part_of
from firstfive.documents.plain import iso
from firstfive.settings.people import account_name
from firstfive.stores.accounts.model import Account, AuditRow, Invitation, Session, Token, role_named
from firstfive.web import asked
from firstfive.web.accounts.callers import Caller, caller_of
from firstfive.web.accounts.entrance import entrance_of
from firstfive.web.contract.answering import as_json
from firstfive.web.problems import NotAllowed

AT = "/api/v1"


def routes() -> list[Route]:
    """Every route about accounts that programs use."""
    return [
        Route(f"{AT}/account", account),
        Route(f"{AT}/account/sessions/end", end_session, methods=["POST"]),
        Route(f"{AT}/account/tokens/revoke", revoke, methods=["POST"]),
        Route(f"{AT}/people", people, methods=["GET", "POST"]),
        Route(f"{AT}/people/invitations", invitations),
        Route(f"{AT}/people/invitations/revoke", take_back, methods=["POST"]),
        Route(f"{AT}/people/role", role, methods=["POST"]),
        Route(f"{AT}/people/disable", disable, methods=["POST"]),
        Route(f"{AT}/people/audit", audit),
    ]


def _who(request: Request) -> Caller:
    """Whoever asks, by name. Raises NotAllowed for the key of an installation, which is nobody."""
    caller = caller_of(request)
    if caller is None or not caller.name:
        raise NotAllowed(
            "this is for somebody with an account, and nobody is signed in by name",
            remedy="firstfive account invite NAME makes an account; send a token of it",
        )
    return caller


async def account(request: Request) -> Response:
    """Who I am; where I am signed in and what acts in my name for whoever may end it."""
    return _mine(request, _who(request))


def _mine(request: Request, me: Caller) -> Response:
    entrance, now = entrance_of(request), entrance_of(request).clock.now()
    whole = me.scopes is None or "admin" in me.scopes
    told = {
        "name": me.name,
        "role": me.role.word,
        "how": me.how,
        "scopes": sorted(me.scopes) if me.scopes is not None else None,
        "sessions": [_session(one) for one in entrance.accounts.sessions.of(me.name, now)] if whole else [],
        "tokens": [_token(one) for one in entrance.accounts.tokens(now, me.name)] if whole else [],
    }
    return as_json(request, told)


async def end_session(request: Request) -> Response:
    """End one of my sessions."""
    me, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    await asyncio.to_thread(entrance.accounts.sessions.end, asked.text(fields, "session"), me.name)
    await entrance.note(request, me.name, "session ended")
    return _mine(request, me)


async def revoke(request: Request) -> Response:
    """Make one of my tokens void."""
    me, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    token = asked.text(fields, "token")
    await asyncio.to_thread(entrance.accounts.revoke_token, token, me.name)
    await entrance.note(request, me.name, "token revoked", token)
    return _mine(request, me)


async def people(request: Request) -> Response:
    """GET: everybody. POST: a link for somebody."""
    if request.method == "POST":
        return await _invited(request)
    _who(request)
    shown, more = part_of(entrance_of(request).accounts.all(), request.query_params)
    return as_json(request, {"people": [_person(one) for one in shown], "next": more})


async def _invited(request: Request) -> Response:
    who, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    wanted = role_named(asked.text(fields, "role"))
    name = account_name(asked.text(fields, "name"), entrance.people)
    secret = await asyncio.to_thread(entrance.accounts.invite, name, wanted, entrance.clock.now())
    await entrance.note(request, who.name, "invited", f"{name}, {wanted.word}")
    site = entrance.address or entrance.site(request).origin
    return as_json(request, {"name": name, "role": wanted.word, "link": f"{site}/welcome/{secret}"}, status=201)


async def invitations(request: Request) -> Response:
    """Who was invited and has not come yet."""
    _who(request)
    return _waiting(request)


def _waiting(request: Request) -> Response:
    entrance = entrance_of(request)
    shown, more = part_of(entrance.accounts.invitations.open(entrance.clock.now()), request.query_params)
    return as_json(request, {"invitations": [_invitation(one) for one in shown], "next": more})


async def take_back(request: Request) -> Response:
    """Make an invitation void before somebody uses it."""
    who, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    void, named = entrance.accounts.invitations.take_back, asked.text(fields, "invitation")
    name = await asyncio.to_thread(void, named, entrance.clock.now())
    await entrance.note(request, who.name, "invitation revoked", name)
    return _waiting(request)


async def role(request: Request) -> Response:
    """Another role for somebody."""
    who, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    wanted = role_named(asked.text(fields, "role"))
    mine = await asyncio.to_thread(entrance.accounts.set_role, asked.text(fields, "name"), wanted)
    await entrance.note(request, who.name, "role changed", f"{mine.name}, {wanted.word}")
    return as_json(request, _person(mine))


async def disable(request: Request) -> Response:
    """Shut somebody out, or let them in again."""
    who, fields, entrance = _who(request), await asked.json_fields(request), entrance_of(request)
    shut, change = fields["disabled"] is True, entrance.accounts.disable
    mine = await asyncio.to_thread(lambda: change(asked.text(fields, "name"), disabled=shut))
    await entrance.note(request, who.name, "disabled" if shut else "enabled", mine.name)
    return as_json(request, _person(mine))


async def audit(request: Request) -> Response:
    """The record, newest first; the cursor is the number of the last row that was shown."""
    _who(request)
    limit, before = limit_of(request.query_params), number_of(request.query_params, "cursor", 0)
    found = entrance_of(request).accounts.audit(limit + 1, before or None)
    more = str(found[limit - 1].id) if len(found) > limit else None
    return as_json(request, {"audit": [_use(one) for one in found[:limit]], "next": more})


def _session(one: Session) -> dict[str, Any]:
    return {
        "id": one.id,
        "how": one.how,
        "source": one.source,
        "made_at": iso(one.made_at),
        "seen_at": iso(one.seen_at),
        "until": iso(one.until),
    }


def _token(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": one.label,
        "scopes": list(one.scopes),
        "made_at": iso(one.made_at),
        "until": iso(one.until),
        "used_at": iso(one.used_at),
    }


def _invitation(one: Invitation) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "role": one.role.word, "until": iso(one.until)}


def _person(one: Account) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role.word,
        "disabled": one.disabled,
        "made_at": iso(one.made_at),
        "has_password": one.has_password,
        "passkeys": one.passkeys,
    }


def _use(one: AuditRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": iso(one.at),
        "who": one.who,
        "source": one.source,
        "what": one.what,
        "detail": one.detail,
    }
