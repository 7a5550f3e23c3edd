"""Signing in and out: a passkey first, a password where there is none, and the code for when nothing else is left.

Its routes are joined by `app`. Every try is written down; who tries too often waits. The password form works without scripts.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.documents.plain import line
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.incident.safety import plain_name
from firstfive.stores.accounts.model import LONGEST_NAME, Role
from firstfive.web import asked, paper
from firstfive.web.accounts.callers import caller_of, client_of
from firstfive.web.accounts.entrance import Entrance, entrance_of
from firstfive.web.accounts.passkeys import credential_of
from firstfive.web.pages.remedies import in_the_room
from firstfive.web.problems import body_of

LONGEST_PASSWORD = 1000


def routes() -> list[Route]:
    """The form, what it sends, and the way out."""
    return [
        Route("/sign-in", page),
        Route("/sign-in", with_password, methods=["POST"]),
        Route("/sign-in/break-glass", with_code, methods=["POST"]),
        Route("/sign-in/passkey/options", options, methods=["POST"]),
        Route("/sign-in/passkey", with_passkey, methods=["POST"]),
        Route("/sign-out", out, methods=["POST"]),
    ]


def local(path: str) -> str:
    """The path itself when it leads to a page of this server and to nothing that a browser could take for another one, else /."""
    plain = path.startswith("/") and path[1:2] not in ("/", "\\") and "\\" not in path and len(path) < 1000
    return quote(path, safe="/?&=%-._~:@!$'()*+,;#") if plain and path.isprintable() and path.isascii() else "/"


def shown(request: Request, refused: FirstfiveError | None = None, *, status: int = 200, to: str = "") -> Response:
    """The page to sign in on, with the reason why a try failed."""
    entrance = entrance_of(request)
    values = {
        "refused": refused,
        "to": local(to or request.query_params.get("to", "/")),
        "provider": entrance.oidc.label if entrance.oidc else "",
    }
    return paper.page("sign_in.html", values, status=status)


async def page(request: Request) -> Response:
    """Where people sign in; who is signed in goes on."""
    entrance = entrance_of(request)
    if caller_of(request) is not None or not await entrance.asks():
        return RedirectResponse(local(request.query_params.get("to", "/")), status_code=303)
    return shown(request)


class TooMany(Refused):
    """Tries that come too fast; come again in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__("too many tries to sign in", remedy=f"wait {wait} seconds", exit_code=Exit.NOT_AUTHORISED)
        self.wait = wait


async def held(request: Request, *names: str) -> TooMany | None:
    """Why this try must wait; None when it may go on. The first one refused in a minute is written down."""
    entrance = entrance_of(request)
    told = entrance.throttle.tried(
        f"address {client_of(request)}", *(f"name {plain_name(name)[:100]}" for name in names if name)
    )
    if told is None:
        return None
    if told.first:
        await entrance.note(request, names[0] if names else "", "held back", "too many tries to sign in")
    return TooMany(told.wait)


def waiting(answer: Response, told: TooMany) -> Response:
    """The same answer with when to come again."""
    answer.headers["Retry-After"] = str(told.wait)
    return answer


async def with_password(request: Request) -> Response:
    """The form's name and password."""
    entrance = entrance_of(request)
    fields = await asked.form_fields(request)
    name, password, to = (str(fields.get(key, "")) for key in ("name", "password", "to"))
    if (wait := await held(request, name)) is not None:
        return waiting(shown(request, wait, status=429, to=to), wait)
    known = entrance.accounts.password_of(name)
    if not await entrance.passwords.fits(known[1] if known else None, password) or known is None:
        await entrance.note(request, name, "sign-in refused", "password")
        wrong = Refused("name and password do not fit", remedy="try again", exit_code=Exit.NOT_AUTHORISED)
        return shown(request, wrong, status=401, to=to)
    return await admitted(request, known[0], "password", to)


async def with_code(request: Request) -> Response:
    """The break-glass code: an hour as admin, said aloud everywhere."""
    entrance = entrance_of(request)
    fields = await asked.form_fields(request)
    name, to = line(str(fields.get("name", "")), LONGEST_NAME - 20).strip(), str(fields.get("to", ""))
    if (wait := await held(request, name)) is not None:
        return waiting(shown(request, wait, status=429, to=to), wait)
    code, now = str(fields.get("code", "")), entrance.clock.now()
    if not name or not await asyncio.to_thread(entrance.accounts.break_glass, code, now):
        await entrance.note(request, name, "sign-in refused", "break-glass code")
        wrong = Refused("this code opens nothing", remedy="it works once", exit_code=Exit.NOT_AUTHORISED)
        return shown(request, wrong, status=401, to=to)
    entrance.log(f"BREAK-GLASS: {name!r} signed in from {client_of(request)} with the break-glass code, for one hour")
    return await admitted(request, f"break-glass: {name}", "break-glass", to, role=Role.ADMIN)


async def admitted(request: Request, name: str, how: str, to: str, *, role: Role | None = None) -> Response:
    """Somebody is signed in: on to where they were going."""
    return entrance_of(request).admit(
        request, RedirectResponse(local(to or "/"), status_code=303), await began(request, name, how, role)
    )


async def began(request: Request, name: str, how: str, role: Role | None = None) -> str:
    """The secret of a new session, written down; one that the browser had before is ended."""
    entrance = entrance_of(request)
    before = caller_of(request)
    if before is not None and before.session:
        await asyncio.to_thread(entrance.accounts.sessions.end, before.session)
    begin, now = entrance.accounts.sessions.begin, entrance.clock.now()
    secret = await asyncio.to_thread(lambda: begin(name, how, client_of(request), now, role=role))
    await entrance.note(request, name, "signed in", how)
    return secret


# ------------------------------------------------------------------------------------------------------------ passkeys


def data(answer: Any, *, status: int = 200) -> Response:
    """JSON for the script of these pages."""
    body = answer.encode() if isinstance(answer, str) else msgspec.json.encode(answer)
    return Response(body, status_code=status, media_type="application/json")


def refusal(told: FirstfiveError, status: int) -> Response:
    """Why not, for the script of these pages."""
    return data({**body_of(status, told), "remedy": in_the_room(told.remedy)}, status=status)


async def answer_of(request: Request) -> dict[str, Any]:
    """What the browser's authenticator said. Raises Refused for anything that is no object."""
    try:
        told = msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise asked.wrong("the answer of the passkey is not understood") from None
    return told


async def options(request: Request) -> Response:
    """What to ask the browser for."""
    entrance = entrance_of(request)
    return data(entrance.passkeys.ask_to_sign_in(entrance.site(request), entrance.clock.now()))


async def with_passkey(request: Request) -> Response:
    """The browser's answer: signed in, or why not."""
    entrance = entrance_of(request)
    if (wait := await held(request)) is not None:
        return waiting(refusal(wait, 429), wait)
    name = ""
    try:
        name = await _proved(request, entrance)
    except _NotProved as told:
        await entrance.note(request, told.where, "sign-in refused", told.what)
        return refusal(told, 401)
    secret = await began(request, name, "passkey")
    return entrance.admit(request, data({"to": local(request.query_params.get("to", "/"))}), secret)


class _NotProved(Refused):
    """A passkey was not accepted; `where` is whose it claims to be."""


async def _proved(request: Request, entrance: Entrance) -> str:
    """The name of the account whose passkey answered."""
    whose = ""
    try:
        answer = await answer_of(request)
        challenge = entrance.passkeys.challenge_of(answer, entrance.clock.now())
        passkey = entrance.accounts.passkey(credential_of(answer))
        if passkey is None:
            raise _NotProved("nobody here has this passkey", remedy="sign in another way")
        whose = passkey.account
        count = entrance.passkeys.proved(entrance.site(request), passkey, answer, challenge)
        if not await asyncio.to_thread(entrance.accounts.used, passkey, count, entrance.clock.now()):
            raise _NotProved("this passkey was used elsewhere in the same moment", remedy="try again")
    except Refused as told:
        wrong = _NotProved(told.what, remedy=told.remedy, exit_code=Exit.NOT_AUTHORISED)
        wrong.where = whose
        raise wrong from None
    return whose


async def out(request: Request) -> Response:
    """End this session."""
    entrance, caller = entrance_of(request), caller_of(request)
    answer = RedirectResponse("/sign-in", status_code=303)
    if caller is not None and caller.session:
        await asyncio.to_thread(entrance.accounts.sessions.end, caller.session)
        await entrance.note(request, caller.name, "signed out")
    return entrance.forget(request, answer)
