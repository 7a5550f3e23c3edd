"""An authenticator in software: real keys and real signatures, and every way to answer wrongly."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True, kw_only=True)
class Authenticator:
    """One passkey. `origin` is the page that it believes to be on; `verified` is whether it asked for a finger or a PIN."""

    origin: str
    site: str
    verified: bool = True
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _told(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int, attested: bytes = b"") -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        return hashlib.sha256(self.site.encode()).digest() + struct.pack(">BI", flags, self.count) + attested

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question for a new passkey."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED, attested)})
        told = self._told("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": b64(told), "attestationObject": b64(whole)})

    def sign(self, options: dict[str, Any], *, count: int | None = None) -> dict[str, Any]:
        """The answer to a question to sign in; its counter goes up by one unless told otherwise."""
        self.count = self.count + 1 if count is None else count
        told, data = self._told("webauthn.get", options["challenge"]), self._data(0)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": b64(told), "authenticatorData": b64(data), "signature": b64(signature)})
