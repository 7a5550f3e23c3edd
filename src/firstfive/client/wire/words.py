"""What was said and what is owed: notices, pages, the post-mortem, the closing list. Parts of an incident."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that was sent; `unfilled` are holes of its template that nobody filled."""

    kind: str
    number: int
    channel: str
    text: str
    unfilled: tuple[str, ...]
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftNotice:
    """A notice as it would go out now."""

    text: str
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSent:
    """Somebody who was paged, or could not be."""

    number: int
    role: str
    why: str
    at: str | None
    delivered: bool
    contact: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """The post-mortem in the vault; `due` is a day."""

    path: str
    sha256: str
    due: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of the closing list; `tick` is proved, said, not needed or open."""

    id: str
    text: str
    done: bool
    tick: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAction:
    """A button of a message: a sealed link that acts for the person it was made for."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOut:
    """What a webhook out carries: one message to a channel or a person, signed as Standard Webhooks 1.0 says."""

    type: str
    incident: str
    channel: str
    title: str
    text: str
    urgent: bool
    drill: bool
    actions: tuple[MessageAction, ...]
