"""Log lines that show what the page calls a symptom, in its own words or in those that mean the same.

Built by `app` from the plan of what to watch. Takes new lines from files or containers; keeps counts and one line a symptom.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.logs.anchors import anchored
from firstfive.probes.logs.blocks import Block
from firstfive.probes.logs.patterns import REACH, Pattern, PatternSet, compiled
from firstfive.probes.logs.scan import Scan
from firstfive.probes.logs.times import Times

MINUTE = timedelta(minutes=1)


class Lines(Protocol):
    """Where new lines come from."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def left_out(self) -> int:
        """Bytes that were never looked at, because more came than one look takes."""
        ...

    async def fresh(self, now: datetime) -> bytes:
        """Whole lines since the last look. Raises FirstfiveError when it is blind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """One text or regular expression. `family` names the row of the family table when it is not the page's own token.

    `turn` tells the two halves of a cycle apart: 1 for what comes (connected), -1 for what goes, 0 for neither.
    """

    text: str
    regex: bool = False
    family: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A symptom and what shows it: any line of `sought`; more than `per_minute` of them; or, when `cycling`, that many turns."""

    symptom: str
    sought: tuple[Sought, ...]
    per_minute: int = 0
    cycling: bool = False


@dataclass(slots=True, kw_only=True)
class _Seen:
    last: datetime | None = None
    line: str = ""
    family: str = ""
    token: str = ""
    came: deque[tuple[datetime, int]] = field(default_factory=deque)
    went: deque[tuple[datetime, int]] = field(default_factory=deque)
    full: datetime | None = None

    def rate(self, now: datetime, *, cycling: bool) -> int:
        """Lines, or turns, of the last minute."""
        for side in (self.came, self.went):
            while side and now - side[0][0] >= MINUTE:
                side.popleft()
        came, went = (sum(count for _, count in side) for side in (self.came, self.went))
        return min(came, went) if cycling else came + went


def _lines(fresh: bytes, sought: Sequence[Sought]) -> int:
    """How many lines show any of these: a line that shows two of them is one line."""
    if not sought:
        return 0
    texts = [
        anchored(one.text, caseless=True).expression.pattern if one.regex else re.escape(one.text.encode())
        for one in sought
    ]
    shows = re.compile(b"|".join(b"(?:" + text + b")" for text in texts), re.IGNORECASE)
    return sum(1 for line in fresh.split(b"\n") if shows.search(line[:REACH]))


@dataclass(slots=True, kw_only=True)
class LogSymptoms:
    """Watches the lines of one source. A symptom is over after `quiet` without another line, or below its rate for that long."""

    name: str
    lines: Lines
    wanted: Sequence[Wanted]
    quiet: timedelta = timedelta(seconds=60)
    host: str = ""
    cache: Path | None = None
    _set: PatternSet | None = None
    _owner: list[tuple[Wanted, Sought]] = field(default_factory=list)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _missed: int = 0

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptoms it watches."""
        return tuple(wanted.symptom for wanted in self.wanted)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """What has been written since the last look: one signal a symptom. Raises FirstfiveError when the log cannot be read."""
        before = self.lines.left_out
        fresh = await self.lines.fresh(now)
        self._missed = self.lines.left_out - before
        if fresh:
            await asyncio.to_thread(self._count, fresh, now)
        return [self._signal(wanted, now) for wanted in self.wanted]

    def _compiled(self) -> PatternSet:
        if self._set is None:
            self._owner = [(wanted, sought) for wanted in self.wanted for sought in wanted.sought]
            patterns = [
                Pattern(id=wanted.symptom, text=sought.text, regex=sought.regex, caseless=True)
                for wanted, sought in self._owner
            ]
            self._set = compiled(patterns, cache=self.cache)
        return self._set

    def _count(self, fresh: bytes, now: datetime) -> None:
        scan = Scan(patterns=self._compiled(), times=Times(newest=now), dated=False)
        scan.take(Block(data=fresh, length=len(fresh), at=0))
        counted: set[str] = set()
        for (wanted, sought), found in zip(self._owner, scan.tally.seen, strict=True):
            if not found.lines:
                continue
            seen = self._seen.setdefault(wanted.symptom, _Seen())
            seen.last, seen.line, seen.family, seen.token = now, found.samples[-1].text, sought.family, sought.text
            if wanted.per_minute and wanted.symptom not in counted:
                counted.add(wanted.symptom)
                seen.came.append((now, _lines(fresh, [s for s in wanted.sought if s.turn >= 0])))
                seen.went.append((now, _lines(fresh, [s for s in wanted.sought if s.turn < 0])))

    def _signal(self, wanted: Wanted, now: datetime) -> Signal:
        seen = self._seen.setdefault(wanted.symptom, _Seen())
        if wanted.per_minute:
            firing, text = self._flooded(wanted, seen, now)
        else:
            firing = seen.last is not None and now - seen.last <= self.quiet
            text = seen.line if firing else f"no line that shows it for {int(self.quiet.total_seconds())} s"
        if firing and seen.family:
            text = f"{text} (family: {seen.family})"
        if self._missed:
            text = f"{text}; {self._missed} bytes before this were not looked at: more came than one look takes"
        return Signal(
            kind=SignalKind.LOG,
            source=self.name,
            subject=self.lines.name,
            firing=firing,
            text=text,
            at=now,
            symptom=wanted.symptom,
            host=self.host,
            family=seen.family if firing else "",
        )

    def _flooded(self, wanted: Wanted, seen: _Seen, now: datetime) -> tuple[bool, str]:
        rate = seen.rate(now, cycling=wanted.cycling)
        unit = "turns (both sides of it)" if wanted.cycling else "lines"
        if rate > wanted.per_minute:
            seen.full = now
        firing = seen.full is not None and now - seen.full <= self.quiet
        if not firing:
            return False, f"{rate} {unit} in the last minute, not more than {wanted.per_minute}"
        return True, f"{rate} {unit} in the last minute, more than {wanted.per_minute}: {seen.line}"
