"""The public report form: anybody says what does not work, without an account, and it goes the way of every other report.

Its routes are joined by `app` where settings name the form's address. It knows the page's words and nothing of any incident; what is sent
is kept by the senders' door before anybody is thanked. Nothing here needs a script.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.documents.plain import line, visible
from firstfive.documents.public.look import FORM_STYLE, STYLE
from firstfive.documents.public.offered import offered
from firstfive.web import paper
from firstfive.web.accounts.callers import client_of
from firstfive.web.accounts.throttle import Held, Throttle
from firstfive.web.engine_face import room_of

AT = "/status/report"
TRAP = "homepage"
WHO = "somebody outside"
ELSE = "else"
LONGEST, LARGEST = 500, 16 * 1024
WITHIN_MINUTES, FROM_ONE, FROM_ALL = 10, 3, 60
FLOOD = f"more than {FROM_ALL} reports came through the public form within {WITHIN_MINUTES} minutes; further ones are turned away"
LOOK = STYLE + FORM_STYLE
_HASH = base64.b64encode(hashlib.sha256(LOOK.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_ONCE = re.compile(r"[\w-]{16,40}", re.ASCII)

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What the form is about: the team's name for the whole, its parts as customers know them, where the status page is read and where the
    form is. `tell` keeps a report (its fields, and a word that is the same when it is sent twice) and returns an HTTP status.
    """

    name: str
    home: str
    address: str
    tell: Callable[[Fields, str], Awaitable[int]]
    components: tuple[str, ...] = ()
    each: Throttle = field(default_factory=lambda: Throttle(most=FROM_ONE, minutes=WITHIN_MINUTES))
    all: Throttle = field(default_factory=lambda: Throttle(most=FROM_ALL, minutes=WITHIN_MINUTES))


def routes(front: Front) -> list[Route]:
    """The form, what takes it, and the thanks."""

    async def form(request: Request) -> Response:
        return _form(request, front, {}, "", 200)

    async def taken(request: Request) -> Response:
        return await _taken(request, front)

    async def thanks(request: Request) -> Response:
        return _page(front, "thanks", {}, 200)

    return [Route(AT, form), Route(AT, taken, methods=["POST"]), Route(f"{AT}/thanks", thanks)]


async def _taken(request: Request, front: Front) -> Response:
    fields = await _fields(request)
    if fields is None:
        return _form(request, front, {}, "That was too long. Please say it in fewer words.", 413)
    if fields.get(TRAP):
        return _thanked()  # a machine that fills in whatever it finds; it learns nothing
    said = _said(request, front, fields)
    if not said:
        return _form(request, front, fields, "Please say what does not work.", 422)
    held = await _held(request, front)
    if held is not None:
        answer = _form(request, front, fields, _too_many(held), 429)
        answer.headers["Retry-After"] = str(held.wait)
        return answer
    once = fields.get("once", "")
    status = await front.tell(said, once if _ONCE.fullmatch(once) else secrets.token_urlsafe(16))
    if status != 202:
        return _form(request, front, fields, "It could not be taken just now. Please send it again in a minute.", 503)
    return _thanked()


async def _fields(request: Request) -> dict[str, str] | None:
    """What was filled in; None for more than a form of ours can hold."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        return None


def _said(request: Request, front: Front, fields: Fields) -> dict[str, str]:
    """The report as a sender would send it; empty when it says nothing. Choices that were never offered count as none."""
    own = visible(fields.get("text", "")).strip()[:LONGEST]
    chosen = fields.get("seen", "") if fields.get("seen", "") in offered(room_of(request).handbook) else ""
    part = fields.get("part", "") if fields.get("part", "") in front.components else ""
    words = f"{chosen}: {own}" if chosen and own else chosen or own
    if not line(words, LONGEST):
        return {}
    told = {"text": words, "reporter": WHO}
    return {**told, "feature": part} if part else told


async def _held(request: Request, front: Front) -> Held | None:
    """How long this one has to wait, if so. The first that is turned away because of all others together is told inside, once."""
    address = _counted(client_of(request))
    held = front.each.tried(address) if address else None
    if held is not None:
        return held
    held = front.all.tried("all")
    if held is not None and held.first:
        await front.tell({"text": FLOOD, "reporter": "the public form"}, secrets.token_urlsafe(16))
    return held


def _counted(client: str) -> str:
    """What one sender is counted by: the address, of IPv6 its network; nothing for this machine, which is a proxy that does not say whom
    it stands for.
    """
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return ""
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)


def _too_many(held: Held) -> str:
    minutes = -(-held.wait // 60)
    wait = f"{minutes} minutes" if minutes > 1 else "a minute"
    return f"Thank you, we have heard. Many reports came just now, so please wait {wait} before the next."


def _thanked() -> Response:
    return RedirectResponse("report/thanks", status_code=303)


def _form(request: Request, front: Front, fields: Fields, wrong: str, status: int) -> Response:
    seen = offered(room_of(request).handbook)
    values = {
        "seen": seen,
        "components": front.components,
        "chosen": fields.get("seen", "") if fields.get("seen", "") in (*seen, ELSE) else "",
        "part": fields.get("part", "") if fields.get("part", "") in front.components else "",
        "text": visible(fields.get("text", ""))[:LONGEST],
        "once": secrets.token_urlsafe(16),
        "longest": LONGEST,
        "trap": TRAP,
        "something_else": ELSE,
        "wrong": wrong,
    }
    return _page(front, "report", values, status)


def _page(front: Front, template: str, values: Mapping[str, object], status: int) -> Response:
    everywhere = {"name": front.name, "home": front.home, "style": Markup(LOOK)}  # noqa: S704 - our own constant
    answer = paper.page(f"public/{template}.html", {**everywhere, **values}, status=status)
    answer.headers["Content-Security-Policy"] = CSP
    return answer
