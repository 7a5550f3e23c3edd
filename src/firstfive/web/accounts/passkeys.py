"""Passkeys: what a browser is asked, and whether its answer proves a person.

Used by `signing`. Each question is asked once, lives five minutes, is bound to its purpose and never leaves memory; a person must
have been verified by the authenticator, and its counter must not go back.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from firstfive.errors import Exit, Refused
from firstfive.stores.accounts.model import Account, Passkey, digest_of

ASKED_FOR = timedelta(minutes=5)
MOST = 1000
TO_SIGN_IN = "sign in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Whom a passkey is for: the name without a port, and the exact origin of the page."""

    name: str
    origin: str


@dataclass(slots=True, kw_only=True)
class Passkeys:
    """The questions that are open, by challenge: (purpose, when asked)."""

    asked: dict[bytes, tuple[str, datetime]] = field(default_factory=dict)

    def _challenge(self, purpose: str, now: datetime) -> bytes:
        for old in [c for c, (_, at) in self.asked.items() if now - at > ASKED_FOR]:
            del self.asked[old]
        while len(self.asked) >= MOST:
            del self.asked[next(iter(self.asked))]
        made = secrets.token_bytes(32)
        self.asked[made] = (purpose, now)
        return made

    def _answered(self, answer: dict[str, Any], purpose: str, now: datetime) -> bytes:
        """The challenge that was answered, used up by this. Raises Refused for one that was not asked, or for something else."""
        from webauthn.helpers import base64url_to_bytes

        try:
            told = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
            challenge = base64url_to_bytes(told["challenge"])
        except (KeyError, TypeError, ValueError):
            raise _unproved("the answer is not one of a passkey") from None
        known = self.asked.pop(challenge, None)
        if known is None or known[0] != purpose or now - known[1] > ASKED_FOR:
            raise _unproved("this was not asked, or was answered already")
        return challenge

    def ask_to_sign_in(self, site: Site, now: datetime) -> str:
        """What the browser is to be asked, as JSON: any passkey of this site."""
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers.structs import UserVerificationRequirement

        options = generate_authentication_options(
            rp_id=site.name,
            challenge=self._challenge(TO_SIGN_IN, now),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def ask_to_make(self, site: Site, name: str, secret: str, now: datetime, known: Iterable[Passkey] = ()) -> str:
        """What the browser is to be asked, as JSON: a new passkey for that name, on a device that holds none of the `known` ones.

        `secret` is what the answer is bound to: an invitation, or a session.
        """
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = generate_registration_options(
            rp_id=site.name,
            rp_name="Firstfive",
            user_name=name,
            user_id=secrets.token_bytes(16),
            challenge=self._challenge(digest_of(secret), now),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one.id) for one in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        return options_to_json(options)

    def made(self, site: Site, name: str, secret: str, answer: dict[str, Any], now: datetime) -> Passkey:
        """The passkey that a browser made. Raises Refused when the answer proves none."""
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException

        challenge = self._answered(answer, digest_of(secret), now)
        try:
            proved = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=site.name,
                expected_origin=site.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as problem:
            raise _unproved(str(problem)) from None
        return Passkey(
            id=proved.credential_id,
            account=name,
            public_key=proved.credential_public_key,
            sign_count=proved.sign_count,
        )

    def challenge_of(self, answer: dict[str, Any], now: datetime) -> bytes:
        """The question to sign in that this answers, used up. Raises Refused."""
        return self._answered(answer, TO_SIGN_IN, now)

    def proved(self, site: Site, passkey: Passkey, answer: dict[str, Any], challenge: bytes) -> int:
        """The new count of a passkey whose answer proves its person. Raises Refused with the reason."""
        from webauthn import verify_authentication_response
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            told = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=site.name,
                expected_origin=site.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as problem:
            raise _unproved(str(problem)) from None
        return told.new_sign_count


def credential_of(answer: dict[str, Any]) -> bytes:
    """The credential id that an answer names; empty when it names none."""
    from webauthn.helpers import base64url_to_bytes

    named = answer.get("rawId")
    try:
        return base64url_to_bytes(named) if isinstance(named, str) else b""
    except ValueError:
        return b""


def account_words(account: Account) -> str:
    """How an account can prove itself, in words."""
    ways = [f"{account.passkeys} passkey{'s' if account.passkeys != 1 else ''}"] if account.passkeys else []
    return " and ".join([*ways, *(["a password"] if account.has_password else [])]) or "the identity provider only"


def _unproved(why: str) -> Refused:
    return Refused(
        f"the passkey was not accepted: {why}",
        remedy="try again; if it stays, sign in another way, or ask an admin for a new invitation",
        exit_code=Exit.NOT_AUTHORISED,
    )
