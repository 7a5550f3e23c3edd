"""What a command does, in four words, and why.

Made by the risk engine; read by the page compiler and by everyone who shows or runs a command.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Verdict(IntEnum):
    """Ordered from harmless to worst: a script is as bad as the worst thing it can reach."""

    READ_ONLY = 0
    UNKNOWN = 1
    CHANGING = 2
    DESTRUCTIVE = 3

    def __str__(self) -> str:
        return self.name.lower().replace("_", "-")


# A command with one of these is never run without a person, however harmless it is.
NEEDS_A_PERSON = frozenset(
    ("interactive", "needs-tty", "unbounded", "secret-in-argv", "exposes-env", "heavy", "editor", "untrusted")
)


class Ruling(NamedTuple):
    """One judge's answer: verdict, reason, tags."""

    verdict: Verdict
    reason: str
    tags: frozenset[str] = frozenset()


def harmless(reason: str, *tags: str) -> Ruling:
    """A ruling of read-only."""
    return Ruling(Verdict.READ_ONLY, reason, frozenset(tags))


def unknown(reason: str, *tags: str) -> Ruling:
    """A ruling of unknown."""
    return Ruling(Verdict.UNKNOWN, reason, frozenset(tags))


def changing(reason: str, *tags: str) -> Ruling:
    """A ruling of changing."""
    return Ruling(Verdict.CHANGING, reason, frozenset(tags))


def destructive(reason: str, *tags: str) -> Ruling:
    """A ruling of destructive."""
    return Ruling(Verdict.DESTRUCTIVE, reason, frozenset(tags))


def worst(rulings: Iterable[Ruling]) -> Ruling:
    """The worst of several, with the tags of all; the first reason given among equally bad ones."""
    every = tuple(rulings)
    if not every:
        return harmless("nothing runs")
    top = max(ruling.verdict for ruling in every)
    reason = next((ruling.reason for ruling in every if ruling.verdict is top and ruling.reason), "")
    return Ruling(top, reason, frozenset().union(*(ruling.tags for ruling in every)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One simple command as written: its verdict, the reason in words, and tags that say what else to mind."""

    text: str
    line: int
    column: int
    verdict: Verdict
    reason: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A whole script: the worst verdict of everything in it, every finding in order, and all tags."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    tags: frozenset[str] = frozenset()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, one line a command."""
        return tuple(f.reason for f in self.findings)

    @property
    def auto(self) -> bool:
        """Whether it may run without a person: read-only, and nothing about it needs one."""
        return self.verdict is Verdict.READ_ONLY and bool(self.findings) and not self.tags & NEEDS_A_PERSON
