"""A mail server that takes letters and forgets them, with a switch for its bad days.

/tmp/mode: "hang" accepts and never greets, "closed" listens no more, "rotated" knows another password.
"""

import asyncio
import os
import ssl
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

MODE = Path("/tmp/mode")
TLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
TLS.load_cert_chain("/srv/tls/shop.pem", "/srv/tls/shop.key")


def mode() -> str:
    """What the switch says."""
    return MODE.read_text().strip() if MODE.exists() else ""


class Forgetting:
    """Takes every letter."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        """Accepted."""
        return "250 taken"


def known(server: object, session: object, envelope: object, mechanism: str, data: LoginPassword) -> AuthResult:
    """The shop's account, unless its password was changed here."""
    wanted = (
        os.environ["SMTP_USER"].encode(),
        os.environ["SMTP_PASS"].encode() + (b"2" if mode() == "rotated" else b""),
    )
    return AuthResult(success=(data.login, data.password) == wanted, handled=False)


class Hanging(asyncio.Protocol):
    """Accepts and says nothing."""


def session() -> asyncio.Protocol:
    """What answers the next connection."""
    if mode() == "hang":
        return Hanging()
    return SMTP(
        Forgetting(),
        authenticator=known,
        tls_context=TLS,
        require_starttls=True,
        auth_required=True,
        hostname="smtp",
        loop=loop,
    )


async def main() -> None:
    """Listen, unless the switch says closed."""
    server: asyncio.Server | None = None
    while True:
        if mode() == "closed" and server is not None:
            server.close()
            server = None
        if mode() != "closed" and server is None:
            server = await loop.create_server(session, "0.0.0.0", 2525)
        await asyncio.sleep(0.2)


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
