"""Accounts: who I am, what acts in my name, and for admins everybody and the record of every use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A browser that is signed in until `until`."""

    id: str
    how: str
    source: str
    made_at: str | None
    seen_at: str | None
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's right to act in a person's name; the token itself is told once, when it is made."""

    id: str
    label: str
    scopes: tuple[str, ...]
    made_at: str | None
    until: str | None
    used_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Whoever asks: the name that stands on timelines, the role, how they proved it, the scopes of a token (null: all).

    `sessions` and `tokens` are told to a browser that is signed in and to a token with the scope admin.
    """

    name: str
    role: str
    how: str
    scopes: tuple[str, ...] | None
    sessions: tuple[SignedIn, ...]
    tokens: tuple[ApiToken, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account."""

    name: str
    role: str
    disabled: bool
    made_at: str | None
    has_password: bool
    passkeys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody, by name."""

    people: tuple[Person, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A link that makes one account, told this once."""

    name: str
    role: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody who was invited and has not come yet; the link opens until `until`."""

    id: str
    name: str
    role: str
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """Links that somebody could still use, the one that ends first at the top."""

    invitations: tuple[Invitation, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOfAccount:
    """Who did what, when and from which address."""

    id: int
    at: str | None
    who: str
    source: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Every use of an account, newest first."""

    audit: tuple[UseOfAccount, ...]
    next: str | None
