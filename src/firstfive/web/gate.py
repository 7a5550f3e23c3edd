"""The door: which names the server answers to, who has the key, which posts come from our own pages, and the headers of every answer.

Put around every route by `app`. Knows no incident; compares the key in constant time and never echoes it. Where there are accounts it
asks `accounts.roles` what the route takes and puts who was recognised on the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firstfive.errors import Exit, FirstfiveError
from firstfive.intake.signatures import same
from firstfive.web.accounts.callers import KEPT, Caller
from firstfive.web.accounts.entrance import Entrance, at_this_machine
from firstfive.web.accounts.roles import Need, need_of
from firstfive.web.asked import LARGEST_BODY

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
STRICT, STRICT_FOR = "Strict-Transport-Security", 365 * 24 * 3600
OPEN = ("/static/", "/health")
SEALED = "/act/"  # the address itself is the proof: a sealed link
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN = "/sign-in"
INCLUDES = {"act": {"act", "read", "report"}, "admin": {"admin", "act", "read", "report"}}
COOKIE_LIVES = 7 * 24 * 3600

Refuse = Callable[[Request, int, FirstfiveError], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What opens: the key, the cookie that carries it, the names the server answers to, and how a refusal is shown.

    `public` is a path below which everybody may read under any name, since a status page stands behind a proxy; empty for none.
    `form` is the path below it that takes a form, and `form_origin` where a browser sees that form.
    `entrance` knows the accounts; None where there are none.
    """

    key: str
    cookie: str
    hosts: frozenset[str]
    refuse: Refuse
    public: str = ""
    form: str = ""
    form_origin: str = ""
    entrance: Entrance | None = None


def door(
    *,
    key: str,
    host: str,
    port: int,
    refuse: Refuse,
    also: str = "",
    public: str = "",
    form: tuple[str, str] = ("", ""),
    entrance: Entrance | None = None,
) -> Door:
    """The door of a server that listens on host and port and is reached as `also` too; `form` is the path and the address of a public one.

    The cookie carries the port, since cookies of one host share ports.
    """
    named = f"[{host}]" if ":" in host and not host.startswith("[") else host
    names = {named.lower(), also.lower()} - {""}
    cookie = f"firstfive-key-{port}"
    seen_at = urlsplit(form[1])
    origin = f"{seen_at.scheme}://{seen_at.netloc}".lower() if form[1] else ""
    return Door(
        key=key,
        cookie=cookie,
        hosts=LOOPBACK | names,
        refuse=refuse,
        public=public,
        form=form[0],
        form_origin=origin,
        entrance=entrance,
    )


def with_headers(app: ASGIApp, *, entrance: Entrance | None = None) -> ASGIApp:
    """Every answer with the headers that keep a page to itself; nothing is stored unless the answer says so.

    Over TLS and under a name of its own a browser is told to come back over TLS only (RFC 6797); a name of loopback never is, since
    other programs of the machine share it.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                dress(headers)
                if scope["type"] == "http" and entrance is not None and _always_secure(Request(scope), entrance):
                    headers.setdefault(STRICT, f"max-age={STRICT_FOR}")
            await send(message)

        await app(scope, receive, headed)

    return answer


def _always_secure(request: Request, entrance: Entrance) -> bool:
    return _name_of(request.headers.get("host", "")) not in LOOPBACK and entrance.secure(request)


def dress(headers: MutableHeaders) -> None:
    """Add what every answer carries."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")


def guarded(app: ASGIApp, *, door: Door) -> ASGIApp:
    """Let through what names this server, has the key and, when it changes something, comes from our own pages."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request = Request(scope)
        try:
            refusal = await _refusal(request, door) or _too_large(request, door)
        except Exception as problem:
            told = door.entrance.in_words(problem) if door.entrance is not None else None
            if told is None:
                raise
            refusal = door.refuse(request, 503, told)
        await (refusal or app)(scope, receive, send)

    return answer


async def _refusal(request: Request, door: Door) -> Response | None:
    if door.public and request.method in SAFE and _below(request.scope["path"], door.public):
        return None
    if door.form and request.method == "POST" and request.scope["path"] == door.form:
        return _from_the_form(request, door)
    if _name_of(request.headers.get("host", "")) not in door.hosts:
        return PlainTextResponse("This server does not answer to that name. Use its own address.\n", status_code=421)
    if request.url.path.startswith(OPEN[0]) or request.url.path == OPEN[1]:
        return None
    if request.url.path.startswith(SEALED):
        return None if by_a_program(request.headers) else _stranger(request, door)
    if door.entrance is not None:
        if await door.entrance.asks():
            return await _by_name(request, door, door.entrance)
        need = need_of(request.scope["path"], request.method)
        if need is not None and need.open:
            return _stranger(request, door)
    return _by_key(request, door)


def _too_large(request: Request, door: Door) -> Response | None:
    """A body that says of itself that it is too large. One that does not say so is cut off where it is read."""
    said = request.headers.get("content-length", "")
    if not said.isdigit() or int(said) <= LARGEST_BODY:
        return None
    what, remedy = "the request is larger than 1 MiB", "send less; attach nothing"
    return door.refuse(request, 413, FirstfiveError(what, remedy=remedy, exit_code=Exit.USAGE))


def _stranger(request: Request, door: Door) -> Response | None:
    """What stands open: reading it, and sending its own forms."""
    return None if request.method in SAFE or from_our_pages(request.headers) else door.refuse(request, 403, _foreign())


def _from_the_form(request: Request, door: Door) -> Response | None:
    """The public form may be sent by itself alone, whatever name it is reached under. The words are for whoever uses the product."""
    if from_our_pages(request.headers) or request.headers.get("origin", "").lower() == door.form_origin:
        return None
    return PlainTextResponse(
        "This did not come from our form, so nothing was sent. Open the form and try again.\n", 403
    )


def _by_key(request: Request, door: Door) -> Response | None:
    if _bearer(request.headers, door):
        return None
    if request.method == "GET" and "key" in request.query_params:
        return _signed_in(request, door)
    if not same(request.cookies.get(door.cookie, ""), door.key):
        return door.refuse(request, 401, _no_key())
    if request.method not in SAFE and not from_our_pages(request.headers):
        return door.refuse(request, 403, _foreign())
    return None


async def _by_name(request: Request, door: Door, entrance: Entrance) -> Response | None:
    need = need_of(request.scope["path"], request.method)
    caller = at_this_machine() if _bearer(request.headers, door) else await entrance.caller(request)
    if caller is not None:
        request.scope[KEPT] = caller
    if need is not None and need.open:
        return _stranger(request, door)
    if caller is None:
        return _to_sign_in(request, door)
    if caller.session and request.method not in SAFE and not from_our_pages(request.headers):
        return door.refuse(request, 403, _foreign())
    if need is None:
        return door.refuse(request, 404, _nothing())
    return None if _allows(caller, need) else door.refuse(request, 403, _too_little(caller, need))


def _to_sign_in(request: Request, door: Door) -> Response:
    """A person who opens a page is led to the form and back; everything else is told."""
    path = request.scope["path"]
    if request.method != "GET" or path.startswith("/api/") or path == "/metrics" or "hx-request" in request.headers:
        return door.refuse(request, 401, _nobody())
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'to': path})}", status_code=303)


def _allows(caller: Caller, need: Need) -> bool:
    if caller.scopes is not None and not any(need.scope in INCLUDES.get(held, {held}) for held in caller.scopes):
        return False
    return caller.role >= need.role


def _nobody() -> FirstfiveError:
    return FirstfiveError(
        "you are not signed in",
        remedy="sign in at /sign-in, or send a token of `firstfive token new` as a bearer token",
        exit_code=Exit.NOT_AUTHORISED,
    )


def _nothing() -> FirstfiveError:
    return FirstfiveError(
        "there is nothing at this address",
        remedy="start from / (the room) or see the list of routes in the reference",
        exit_code=Exit.USAGE,
    )


def _too_little(caller: Caller, need: Need) -> FirstfiveError:
    who = caller.name or "the key of this machine"
    if caller.scopes is not None and caller.role >= need.role:
        what = f"this takes a token with the scope {need.scope}; this one has {', '.join(sorted(caller.scopes))}"
    else:
        what = f"this takes the role {need.role.word}; {who} is {caller.role.word}"
    return FirstfiveError(what, remedy="ask somebody who has it, or an admin for it", exit_code=Exit.NOT_AUTHORISED)


def _below(path: str, public: str) -> bool:
    """Whether this is the public path or below it. It is the path that routes are found by: one taken out of an address could hold part
    of the Host header.
    """
    return path == public or path.startswith(f"{public}/")


def _name_of(host: str) -> str:
    """The name in a Host header, without its port, in lower case; empty when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        return ""
    name = (parts.hostname or "").rstrip(".")
    if not port_is_a_number or parts.username is not None or parts.path or parts.query or parts.fragment:
        return ""
    return f"[{name}]" if ":" in name else name


def _bearer(headers: Headers, door: Door) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and same(given.strip(), door.key)


def _signed_in(request: Request, door: Door) -> Response:
    if not same(request.query_params["key"], door.key):
        return door.refuse(request, 401, _no_key())
    kept = [(name, value) for name, value in parse_qsl(request.url.query) if name != "key"]
    path = "/" + request.url.path.lstrip("/\\")
    clean = RedirectResponse(f"{path}?{urlencode(kept)}" if kept else path, status_code=303)
    clean.set_cookie(door.cookie, door.key, max_age=COOKIE_LIVES, path="/", httponly=True, samesite="strict")
    return clean


def _no_key() -> FirstfiveError:
    return FirstfiveError(
        "you are not signed in",
        remedy="open the sign-in address that `firstfive serve` printed, or send its key as a bearer token",
        exit_code=Exit.NOT_AUTHORISED,
    )


def by_a_program(headers: Headers) -> bool:
    """Whether no browser sent this: a browser says with every form where it comes from. The button of a phone's notification does not."""
    return not any(name in headers for name in ("sec-fetch-site", "origin", "referer"))


def _foreign() -> FirstfiveError:
    return FirstfiveError(
        "this request was sent by another site, so nothing was done",
        remedy="open the room itself and do it there",
        exit_code=Exit.NOT_AUTHORISED,
    )


def from_our_pages(headers: Headers) -> bool:
    """Whether a request that changes something was sent by a page of this server, as far as the browser tells.

    Browsers that send `Sec-Fetch-Site` are taken at their word; else Origin, else Referer, must name this very host. A request that
    tells nothing is refused.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    try:
        parts = urlsplit(headers.get("origin") or headers.get("referer") or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == headers.get("host", "").lower()
