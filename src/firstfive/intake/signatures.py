"""Who may send: tokens wherever senders can put them, and signatures over the raw bytes.

Called by the web's hooks. Compares in constant time and never echoes what was given.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from firstfive.intake.shape import Asked

REPLAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`tokens` and `secrets` by sender's name; the name `any` opens every door. `masters` open everything (the room's key)."""

    masters: tuple[str, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def refused(sender: str, asked: Asked, credentials: Credentials, given: Iterable[str]) -> str:
    """Why this request is not let in; empty when it is.

    A sender that settings give a signing secret must sign. Any other needs a token: in `given` are all that the request carried.
    """
    presented = [token for token in given if token]
    if any(same(token, master) for token in presented for master in credentials.masters):
        return ""
    secret = credentials.secrets.get(sender, "")
    if secret:
        return signed(sender, asked, secret)
    known = [credentials.tokens[name] for name in (sender, "any") if credentials.tokens.get(name)]
    if any(same(token, right) for token in presented for right in known):
        return ""
    return "the token is wrong" if presented else "no token was given"


def presented(asked: Asked, in_path: str = "", in_body: str = "") -> list[str]:
    """Every token that a request carries: header, basic password, query, path segment, routing key."""
    headers = asked.headers
    scheme, _, value = headers.get("authorization", "").partition(" ")
    found = [in_path, in_body, asked.query.get("token", "")]
    found += [headers.get(name, "") for name in ("x-firstfive-token", "x-gitlab-token", "x-api-key")]
    value = value.strip()
    if scheme.lower() in ("bearer", "token", "genie") or scheme == "GenieKey":
        found.append(value.removeprefix("token="))
    elif scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")
            found += [password, user]
        except (binascii.Error, ValueError):
            pass
    return [token for token in found if token]


def signed(sender: str, asked: Asked, secret: str) -> str:
    """Why the signature does not hold; empty when it does. GitHub's, Sentry's, GitLab's token, else Standard Webhooks."""
    headers = asked.headers
    if sender == "github":
        return _equal(headers.get("x-hub-signature-256", ""), "sha256=" + _hex(secret, asked.body))
    if sender == "sentry":
        return _equal(headers.get("sentry-hook-signature", ""), _hex(secret, asked.body))
    if sender == "gitlab":
        return _equal(headers.get("x-gitlab-token", ""), secret)
    return _standard(asked, secret)


def _standard(asked: Asked, secret: str) -> str:
    """Standard Webhooks: HMAC-SHA256 over id, time and body, base64, several signatures possible, five minutes to be used in."""
    headers = asked.headers
    id_, stamp, given = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not id_ or not stamp or not given:
        return "it is not signed: webhook-id, webhook-timestamp and webhook-signature are needed"
    try:
        sent = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return "webhook-timestamp is no time"
    if abs(asked.at - sent) > REPLAY:
        return "it was signed more than five minutes away from now"
    try:
        key = (
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
            if secret.startswith("whsec_")
            else secret.encode()
        )
    except (binascii.Error, ValueError):
        key = secret.encode()
    message = f"{id_}.{stamp}.".encode() + asked.body
    right = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    signatures = [part.removeprefix("v1,") for part in given.split(" ") if part.startswith("v1,")]
    return "" if any(same(one, right) for one in signatures) else "the signature does not hold"


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _equal(given: str, right: str) -> str:
    if not given:
        return "it is not signed"
    return "" if same(given, right) else "the signature does not hold"


def same(given: str, right: str) -> bool:
    """Whether the two are equal, in a time that does not tell how much of it is."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
