"""A small identity provider on loopback: real HTTP, real signatures, PKCE and single-use codes, and ways to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

SECRET = "the-client's-secret"


@dataclass(slots=True, kw_only=True)
class Provider:
    """Vouches for `claims`. `lie` changes the claims before they are signed; `signed_with` is another key than the one it shows."""

    now: Callable[[], float]
    port: int = 0
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "preferred_username": "ann", "groups": ["ops"]}
    )
    lie: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signed_with: RSAKey | None = None
    called: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def described(self) -> dict[str, str]:
        at = self.issuer
        return {
            "issuer": self.called or at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys",
        }

    def authorize(self, address: str) -> str:
        """The path of ours that the person's browser is sent back to, once they said yes."""
        back = urlsplit(self.sent_back(address))
        return f"{back.path}?{back.query}"

    def sent_back(self, address: str) -> str:
        """The whole address of that."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        expected = "Basic " + base64.b64encode(f"firstfive:{SECRET}".encode()).decode()
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        whole = asked and base64.urlsafe_b64encode(proof).decode().rstrip("=") == asked["code_challenge"]
        if not asked or not whole or authorization != expected or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(self.now())
        times = {"iss": self.issuer, "aud": "firstfive", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = self.lie({**times, **self.claims})
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signed_with or self.key)
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": signed}


@contextmanager
def providing(provider: Provider) -> Iterator[Provider]:
    """Run it until the block is left."""

    class Answers(BaseHTTPRequestHandler):
        def _say(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _page(self, form: str) -> None:
            data = f"<!doctype html><title>Provider</title>{form}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if self.path.startswith("/authorize"):
                self._page(f'<form method="post" action="{escape(self.path)}"><button>It is me</button></form>')
                return
            shown = provider.described() if "openid-configuration" in self.path else None
            self._say(200, shown or {"keys": [provider.key.as_dict(private=False)]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.startswith("/authorize"):
                self.send_response(303)
                self.send_header("Location", provider.sent_back(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*provider.token(form, self.headers.get("Authorization", "")))

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
