"""What is known of accounts, as frozen values, and the few rules that need no file.

Made by `book`; read by `web` and `cli`. No secret is in any of them: a secret leaves the store once, when it is made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from firstfive.errors import Exit, Refused

SESSION_LIVES = timedelta(hours=12)
BROKEN_GLASS_LIVES = timedelta(hours=1)
INVITATION_LIVES = timedelta(hours=72)
TOKEN_PREFIX = "fft_"  # noqa: S105 - the beginning that every token shares, so that a leaked one is found by it
SCOPES = ("read", "report", "act", "admin")
LONGEST_NAME = 80


class Role(IntEnum):
    """What an account may do; a higher one may do all that a lower one may."""

    VIEWER = 1
    RESPONDER = 2
    COMMANDER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as people write it."""
        return self.name.lower()


def role_named(word: str) -> Role:
    """The role of that name. Raises Refused naming those that there are."""
    for role in Role:
        if role.word == word.strip().lower():
            return role
    raise Refused(
        f"there is no role {word!r}", remedy=f"one of: {', '.join(r.word for r in Role)}", exit_code=Exit.USAGE
    )


def digest_of(secret: str) -> str:
    """SHA-256 in hex: what is kept of a secret of 256 random bits. Such a one needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


GROUP = 8
_MISREAD = str.maketrans("oil", "011")


def meant_code(typed: str) -> str:
    """The break-glass code that somebody means who reads it off paper at night: in any case, with any spaces and dashes or none,
    o for 0 and l for 1.
    """
    plain = "".join(c for c in typed.lower() if c.isalnum()).translate(_MISREAD)
    return "-".join(plain[at : at + GROUP] for at in range(0, len(plain), GROUP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in. `name` is the one that stands on timelines."""

    name: str
    role: Role
    disabled: bool
    made_at: datetime
    has_password: bool = False
    passkeys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A public key that proves an account; `sign_count` is the highest that its authenticator has told.

    `made_at` and `used_at` are known of one that was read back; None of one that is new, or was never used.
    """

    id: bytes
    account: str
    public_key: bytes
    sign_count: int
    made_at: datetime | None = None
    used_at: datetime | None = None

    @property
    def short(self) -> str:
        """Enough of its digest to name it."""
        return hashlib.sha256(self.id).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in until `until`. `id` is the beginning of the digest: enough to name it, too little to use it.

    `how` is passkey, password, oidc or break-glass.
    """

    id: str
    name: str
    role: Role
    how: str
    source: str
    made_at: datetime
    until: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program's right to act in a person's name. `role` is the person's own at this moment."""

    id: str
    name: str
    role: Role
    label: str
    scopes: tuple[str, ...]
    made_at: datetime
    until: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that makes one account, or gives an existing one a new passkey or password. Once, until `until`.

    `id` is the beginning of the digest: enough to name it, too little to use it.
    """

    id: str
    name: str
    role: Role
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what, when and from which address."""

    id: int
    at: datetime
    who: str
    source: str
    what: str
    detail: str
