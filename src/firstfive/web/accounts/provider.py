"""Signing in through an identity provider (OpenID Connect): code flow with PKCE, state bound to the browser, a signed token checked.

Its routes are joined by `app`. A provider that is down costs nothing else: passkeys, passwords and the break-glass code do not ask it.
Facts: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636; RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstfive.errors import Exit, Refused
from firstfive.ports import Clock
from firstfive.settings.model import OidcSettings
from firstfive.settings.people import account_name
from firstfive.stores.accounts.model import Account, Role, role_named
from firstfive.web.accounts import signing
from firstfive.web.accounts.callers import client_of
from firstfive.web.accounts.entrance import Entrance, entrance_of

AT, BACK = "/sign-in/provider", "/sign-in/provider/back"
COOKIE = "firstfive-provider"
LIVES = timedelta(minutes=10)
SIGNED_BY = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY = 60


def routes() -> list[Route]:
    """There and back."""
    return [Route(AT, there), Route(BACK, back)]


class Errands:
    """Whom we sent to the provider, by state: (nonce, verifier, where they were going, when). Each comes back once."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[str, str, str, datetime]] = {}

    def send(self, to: str, now: datetime) -> tuple[str, str, str]:
        """State, nonce and verifier of a new errand."""
        self._sent = {state: one for state, one in list(self._sent.items())[-1000:] if now - one[3] < LIVES}
        state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        self._sent[state] = (nonce, verifier, to, now)
        return state, nonce, verifier

    def back(self, state: str, now: datetime) -> tuple[str, str, str]:
        """Nonce, verifier and destination of an errand, used up. Raises Refused."""
        one = self._sent.pop(state, None)
        if one is None or now - one[3] >= LIVES:
            raise _refused("this way in was not begun here, or too long ago")
        return one[:3]


def _errands(request: Request) -> Errands:
    found: Errands | None = getattr(request.app.state, "errands", None)
    if found is None:
        found = request.app.state.errands = Errands()
    return found


def _provider(entrance: Entrance) -> OidcSettings:
    if entrance.oidc is None:
        raise Refused("no identity provider is set", remedy="[oidc] in the settings names one")
    return entrance.oidc


def _client(provider: OidcSettings, request: Request) -> Any:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    return AsyncOAuth2Client(
        provider.client_id,
        provider.client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
        scope="openid profile email",
        redirect_uri=f"{entrance_of(request).address or entrance_of(request).site(request).origin}{BACK}",
        code_challenge_method="S256",
        timeout=10,
        trust_env=False,
    )


async def _known(client: Any, provider: OidcSettings) -> Mapping[str, Any]:
    """The provider's own description of itself, which must name the issuer that settings name."""
    answer = await client.request("GET", f"{provider.issuer}/.well-known/openid-configuration", withhold_token=True)
    answer.raise_for_status()
    told: Mapping[str, Any] = answer.json()
    if str(told.get("issuer", "")).rstrip("/") != provider.issuer:
        raise _refused("the provider calls itself by another name than settings do")
    return told


async def there(request: Request) -> Response:
    """Off to the provider."""
    entrance = entrance_of(request)
    provider = _provider(entrance)
    state, nonce, verifier = _errands(request).send(
        signing.local(request.query_params.get("to", "/")), entrance.clock.now()
    )
    try:
        async with _client(provider, request) as client:
            told = await _known(client, provider)
            address, _ = client.create_authorization_url(
                told["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
    except Exception as problem:
        return await _failed(request, problem)
    onward = RedirectResponse(address, status_code=303)
    onward.set_cookie(
        COOKIE, state, max_age=600, path=AT, httponly=True, samesite="lax", secure=entrance.secure(request)
    )
    return onward


async def back(request: Request) -> Response:
    """Back with an answer: signed in, or why not."""
    entrance = entrance_of(request)
    provider = _provider(entrance)
    if (wait := await signing.held(request)) is not None:
        return signing.waiting(signing.shown(request, wait, status=429), wait)
    try:
        mine, to = await _vouched(request, entrance, provider)
    except Exception as problem:
        return await _failed(request, problem)
    answer = await signing.admitted(request, mine.name, "oidc", to)
    answer.delete_cookie(COOKIE, path=AT)
    return answer


async def _vouched(request: Request, entrance: Entrance, provider: OidcSettings) -> tuple[Account, str]:
    """Whose account the provider vouches for, and where they were going. Raises Refused, and whatever a broken provider raises."""
    state = request.query_params.get("state", "")
    if not state or not secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), state.encode()):
        raise _refused("this answer belongs to another browser")
    nonce, verifier, to = _errands(request).back(state, entrance.clock.now())
    if "error" in request.query_params:
        raise _refused(f"the provider said no: {request.query_params['error'][:100]}")
    claims = await _claims(request, provider, nonce, verifier, entrance.clock)
    name, role = _person(claims, provider, entrance)
    found = entrance.accounts.from_outside
    mine = await asyncio.to_thread(found, name, str(claims["sub"]), role, entrance.clock.now())
    if mine.disabled:
        raise _refused(f"the account of {mine.name} is disabled")
    return mine, to


async def _claims(
    request: Request, provider: OidcSettings, nonce: str, verifier: str, clock: Clock
) -> Mapping[str, Any]:
    """What the provider vouches for, out of a token with its signature, issuer, audience, times and nonce checked."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    async with _client(provider, request) as client:
        told = await _known(client, provider)
        got = await client.fetch_token(
            told["token_endpoint"], code=request.query_params.get("code", ""), code_verifier=verifier
        )
        keys = await client.request("GET", told["jwks_uri"], withhold_token=True)
        keys.raise_for_status()
    token = jwt.decode(got["id_token"], KeySet.import_key_set(keys.json()), algorithms=list(SIGNED_BY))
    jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": told["issuer"]},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(token.claims)
    if token.claims.get("azp", provider.client_id) != provider.client_id:
        raise _refused("the token was made for somebody else")
    return token.claims


def _person(claims: Mapping[str, Any], provider: OidcSettings, entrance: Entrance) -> tuple[str, Role]:
    """Name and role: of what the claims hold, the highest role that settings give. Raises Refused for nobody's."""
    name = claims.get(provider.name_claim)
    if not isinstance(name, str) or not name.strip():
        raise _refused(f"the provider gave no {provider.name_claim}")
    held = claims.get(provider.role_claim, ())
    values = [held] if isinstance(held, str) else [value for value in held if isinstance(value, str)]
    roles = [role_named(provider.roles[value]) for value in values if value in provider.roles]
    if not roles:
        raise _refused(f"settings give no role to anything in {provider.role_claim} of {name[:80]}")
    return account_name(name[:80], entrance.people), max(roles)


async def _failed(request: Request, problem: Exception) -> Response:
    """Back to the form with the reason; the other ways in stand there."""
    told = problem if isinstance(problem, Refused) else _refused(f"{type(problem).__name__}: {str(problem)[:200]}")
    await entrance_of(request).note(request, "", "sign-in refused", f"provider: {told.what} {client_of(request)}")
    return signing.shown(request, told, status=401, to="/")


def _refused(why: str) -> Refused:
    return Refused(
        f"the identity provider did not get you in: {why}",
        remedy="try again, or sign in with a passkey or a password",
        exit_code=Exit.NOT_AUTHORISED,
    )
