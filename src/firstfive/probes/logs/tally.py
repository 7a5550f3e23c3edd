"""What a scan found: how often each pattern in each minute, and a few lines of each.

Made by `scan`, read by `cli` and `symptom`. Keeps counts and at most five lines a pattern, never the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

SAMPLES = 5
SAMPLE_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line as text, without control characters; `at` is its first byte in the log, `minute` counts since 1970, None undated."""

    text: str
    at: int
    minute: int | None


@dataclass(slots=True, kw_only=True)
class Seen:
    """One pattern's lines: how many in each minute (since 1970; None where no time is known), and the first of them."""

    minutes: dict[int | None, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines hold it."""
        return sum(self.minutes.values())


@dataclass(slots=True, kw_only=True)
class Tally:
    """All patterns of a set, by index. `read` is bytes looked at, `cut` lines too long to be looked at whole.

    `unread` says why the end of the log was not reached, empty when it was.
    """

    seen: list[Seen]
    read: int = 0
    cut: int = 0
    unread: str = ""

    def add(self, other: Tally) -> None:
        """Take in what another process found in other parts of the same log."""
        for mine, theirs in zip(self.seen, other.seen, strict=True):
            for minute, count in theirs.minutes.items():
                mine.minutes[minute] = mine.minutes.get(minute, 0) + count
            mine.samples = sorted(mine.samples + theirs.samples, key=lambda sample: sample.at)[:SAMPLES]
        self.read += other.read
        self.cut += other.cut
        self.unread = self.unread or other.unread

    def packed(self) -> bytes:
        """For the way between two processes."""
        return msgspec.msgpack.encode(self)


def unpacked(body: bytes) -> Tally:
    """What `Tally.packed` made."""
    return msgspec.msgpack.decode(body, type=Tally)


def empty(count: int) -> Tally:
    """A tally of `count` patterns that found nothing yet."""
    return Tally(seen=[Seen() for _ in range(count)])


def instant(minute: int) -> datetime:
    """The beginning of a minute (aware UTC)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def shown(line: bytes | memoryview) -> str:
    """A line as text for people: at most SAMPLE_BYTES, undecodable bytes replaced, control characters as spaces."""
    text = bytes(line[:SAMPLE_BYTES]).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def busiest(seen: Sequence[Seen]) -> Counter[int]:
    """Lines a pattern, by index."""
    return Counter({number: one.lines for number, one in enumerate(seen) if one.minutes})
