"""Events about telling people: notices, pages, the post-mortem, remarks.

Part of `events`, which hands them on. An event never changes once written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAsked:
    """A responder wants an update sent now, saying this."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent:
    """A notice went out. `unfilled` are the template's fields that nobody could fill yet; `since` is when it was put into words."""

    kind: str
    number: int
    channel: str
    text: str
    unfilled: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFailed:
    """A notice could not be delivered, for good."""

    kind: str
    number: int
    channel: str
    why: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUpdate:
    """What a person told everybody, in one of the four public words, about these components.

    `override` is why the wording went out although the check of wording spoke against it; empty when it did not.
    """

    status: str
    text: str
    components: tuple[str, ...] = ()
    override: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A person was paged, number `number` of this incident."""

    number: int
    role: str
    contact: str
    channel: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledged:
    """Whoever had taken it has been silent for too long: it is nobody's again, and others are paged."""

    responder: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailed:
    """Nobody could be paged, and what is missing."""

    number: int
    role: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemWritten:
    """The file in the vault, its hash when written, and the day it is due."""

    path: str
    sha256: str
    due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemFailed:
    """The vault did not take the file; the journal still has everything."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemRead:
    """The post-mortem was read back from the vault: what of it is still open (`gaps`, empty when it is whole), how many action items it
    holds, and how many of them name an owner, a day and a ticket. `number` counts the looks back.
    """

    path: str
    number: int
    gaps: tuple[str, ...]
    items: int
    tracked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingTicked:
    """A person said of one box of the closing list that it is done, or with `done` false that it is not needed here, and why."""

    item: str
    done: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """This timeline was carried over from another installation, where it was `origin` and ended with the hash `head`."""

    origin: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOpened:
    """The first message of this incident arrived at a destination; `reference` is what replies there hang on."""

    destination: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """Somebody was reminded of something that is owed, for the `number`th time. `what` is one of the words of `communicate`."""

    what: str
    number: int
    to: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A remark by a person."""

    text: str
