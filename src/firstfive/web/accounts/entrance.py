"""What the door and the pages of accounts share: the store, whether accounts are asked for, who a request comes from.

Made by `serve`, kept on the application's state. Without an account and on loopback it opens nothing and asks for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from firstfive.errors import FirstfiveError, Refused
from firstfive.ports import Clock
from firstfive.settings.model import OidcSettings, PersonSettings
from firstfive.stores.accounts.book import Accounts
from firstfive.stores.accounts.model import TOKEN_PREFIX, Role, digest_of
from firstfive.stores.accounts.opening import in_words, open_accounts, there_may_be
from firstfive.web.accounts.callers import Caller, client_of
from firstfive.web.accounts.passkeys import Passkeys, Site
from firstfive.web.accounts.passwords import Passwords
from firstfive.web.accounts.throttle import Throttle

SECURE_COOKIE = "__Host-firstfive"
LIVES = 12 * 3600


@dataclass(slots=True, kw_only=True)
class Entrance:
    """The way in of one running program.

    `wide` is set when other machines can reach it: then accounts are asked for from the start. `address` is how people reach it.
    `log` is told what must not be overlooked.
    """

    state: Path
    clock: Clock
    port: int
    database: str = ""
    address: str = ""
    wide: bool = False
    people: Mapping[str, PersonSettings] = field(default_factory=dict)
    oidc: OidcSettings | None = None
    log: Callable[[str], None] = lambda text: None
    throttle: Throttle = field(default_factory=Throttle)
    passkeys: Passkeys = field(default_factory=Passkeys)
    passwords: Passwords = field(default_factory=Passwords)
    _accounts: Accounts | None = None
    _required: bool = False

    @property
    def accounts(self) -> Accounts:
        """The store, opened at the first use."""
        if self._accounts is None:
            self._accounts = open_accounts(self.state, self.database)
        return self._accounts

    def required(self) -> bool:
        """Whether people sign in by name: when others can reach the port, and from the first account on."""
        if not self._required:
            self._required = self.wide or (
                (self._accounts is not None or there_may_be(self.state, self.database)) and self.accounts.required()
            )
        return self._required

    async def asks(self) -> bool:
        """`required`, while nothing else is held up by a database that is slow to answer."""
        if self._accounts is None and not there_may_be(self.state, self.database):
            return self._required or self.wide
        return self._required or await asyncio.to_thread(self.required)

    def in_words(self, problem: Exception) -> FirstfiveError | None:
        """What it means that the store could not be asked; None for what is no trouble of its place."""
        return in_words(problem, self.state, self.database)

    def close(self) -> None:
        """Let go of the store."""
        if self._accounts is not None:
            self._accounts.close()

    # ----------------------------------------------------------------------------------------------------------- cookies

    def secure(self, request: Request) -> bool:
        """Whether the browser reached us over TLS, ours or a proxy's."""
        if request.url.scheme == "https":
            return True
        named = urlsplit(self.address)
        return named.scheme == "https" and request.headers.get("host", "").lower() == named.netloc.lower()

    def _cookie(self, request: Request) -> str:
        return SECURE_COOKIE if self.secure(request) else f"firstfive-session-{self.port}"

    def admit(self, request: Request, answer: Response, secret: str) -> Response:
        """The same answer with the cookie of a session."""
        answer.set_cookie(
            self._cookie(request),
            secret,
            max_age=LIVES,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.secure(request),
        )
        return answer

    def forget(self, request: Request, answer: Response) -> Response:
        """The same answer, taking the cookie away."""
        answer.delete_cookie(self._cookie(request), path="/", httponly=True, secure=self.secure(request))
        return answer

    def site(self, request: Request) -> Site:
        """Whom a passkey made here is for."""
        host = request.headers.get("host", "").lower()
        scheme = "https" if self.secure(request) else "http"
        return Site(name=urlsplit(f"//{host}").hostname or "", origin=f"{scheme}://{host}")

    # ------------------------------------------------------------------------------------------------------------- who

    async def caller(self, request: Request) -> Caller | None:
        """Who shows a token or the cookie of a session; None for nobody."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given.strip().startswith(TOKEN_PREFIX):
            return await self._of_token(given.strip())
        secret = request.cookies.get(self._cookie(request), "")
        now = self.clock.now()
        session = self.accounts.sessions.find(secret, now) if secret else None
        if session is None:
            return None
        if self.accounts.sessions.seen(session, now):
            await asyncio.to_thread(self.accounts.sessions.touch, session, now)
        return Caller(name=session.name, role=session.role, how=session.how, session=session.id)

    async def _of_token(self, secret: str) -> Caller | None:
        now = self.clock.now()
        token = self.accounts.token(secret, now)
        if token is None:
            return None
        if token.used_at is None or (now - token.used_at).total_seconds() >= 60:
            await asyncio.to_thread(self.accounts.token_used, token, now)
        return Caller(name=token.name, role=token.role, how="token", scopes=frozenset(token.scopes))

    def shown(self, request: Request) -> str:
        """The digest of the token, else of the session, that a request shows; what `still_good` asks for."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" and given.strip().startswith(TOKEN_PREFIX) else ""
        return digest_of(token or request.cookies.get(self._cookie(request), ""))

    async def still_good(self, shown: Set[str]) -> frozenset[str]:
        """Which of these still let somebody in; they were used just now."""
        return await asyncio.to_thread(self.accounts.still_good, shown, self.clock.now())

    async def note(self, request: Request, who: str, what: str, detail: str = "") -> None:
        """Write down one use."""
        await asyncio.to_thread(self.accounts.note, self.clock.now(), who, client_of(request), what, detail)


def entrance_of(request: Request) -> Entrance:
    """The way in of the program behind this request. Raises Refused when it has none."""
    found: Entrance | None = getattr(request.app.state, "entrance", None)
    if found is None:
        raise Refused("this room has no accounts", remedy="firstfive account invite NAME makes the first one")
    return found


def at_this_machine() -> Caller:
    """Whoever holds the installation's key: the command line, run by the user that the program runs as."""
    return Caller(name="", role=Role.RESPONDER, how="key")
