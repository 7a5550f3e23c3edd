"""One log against a set of patterns: lines a pattern and minute, in bounded memory, each line counted once a pattern.

Called by `workers` and `symptom`. A line without a time belongs to the minute of the nearest dated line before it. A text that floods
a log is taken out of the machine and counted by a plain search until the flood is over; the counts stay the same as long as the log is
in time order, which is watched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat
from operator import contains
from typing import Any

from firstfive.probes.logs.blocks import Block
from firstfive.probes.logs.minutes import Minutes
from firstfive.probes.logs.patterns import REACH, PatternSet
from firstfive.probes.logs.tally import SAMPLES, Sample, Tally, empty, shown
from firstfive.probes.logs.times import Times
from firstfive.probes.logs.window import Window

Run = tuple[int, int, int | None]  # first byte, end, minute of lines of one minute
STORM = 150  # hits of one literal in a block from which a plain search is cheaper
CALM = 50


@dataclass(slots=True, kw_only=True)
class Scan:
    """A scan under way. Blocks of one log come in order; `carried` is the minute of the newest dated line before them.

    `dated` is False for a log that says no times: all its lines are counted as undated. Only lines in `window` are counted, a window of
    whole minutes.
    """

    patterns: PatternSet
    times: Times
    dated: bool = True
    window: Window | None = None
    carried: int | None = None
    tally: Tally = field(init=False)
    _storming: frozenset[int] = frozenset()
    _ordered: bool = True
    _newest: int = -1
    _inside: range | None = None

    def __post_init__(self) -> None:
        if self.window is not None and not self.window.open:
            self._inside = self.window.minutes()
        self.tally = empty(len(self.patterns.patterns))

    def take(self, block: Block) -> None:
        """Count one block of whole lines."""
        hits: list[tuple[int, int]] = []
        away = self._storming
        self.patterns.scan(memoryview(block.data)[: block.length], _note, hits.append, away)
        if self.patterns.loose:
            hits += self._loose(block)
        minutes = Minutes(block=block, times=self.times, carried=self.carried, newest=self._newest)
        runs = minutes.runs() if away and self.dated else None
        if hits:
            hits.sort()
            self._attribute(block, hits, minutes, runs)
        if away:
            self._count_apart(block, away, runs or [(0, block.length, None)])
        if len(hits) > STORM and self._ordered:
            self._heed(hits)
        if self.dated:
            self.carried = minutes.next(block.data.rfind(b"\n", 0, block.length - 1) + 1, block.length)
            self._newest = minutes.newest
            if minutes.backwards:
                self._ordered, self._storming = False, frozenset()

    def _loose(self, block: Block) -> Iterator[tuple[int, int]]:
        """(a place in the line, ~index) for each line that a pattern matches which no text narrows down."""
        at = 0
        asked = [(~number, expression.search) for number, expression in self.patterns.loose.items()]
        for line in block.data[: block.length].split(b"\n"):
            if line:
                reached = line[:REACH]
                for number, search in asked:
                    if search(reached):
                        yield at + 1, number
            at += len(line) + 1

    def _attribute(self, block: Block, hits: list[tuple[int, int]], minutes: Minutes, runs: list[Run] | None) -> None:
        """Each hit to its line and minute, each line once a pattern. A hit is a text's number, or ~ the index of a loose pattern.

        In a storm the runs of minutes are known, and no line is asked for its own.
        """
        data, length, owners, known = block.data, block.length, self.patterns.owners, len(self.patterns.owners)
        confirm, guards, inside = self.patterns.confirm, self.patterns.guards, self._inside
        start, end, minute, over = 0, -1, None, 0
        coming = iter(runs or ())
        met: set[int] = set()
        for to, text in hits:
            if to > end:
                start = data.rfind(b"\n", 0, to - 1) + 1
                end = data.find(b"\n", to - 1, length)
                if end < 0:
                    end = length
                if runs is None:
                    minute = minutes.next(start, end) if self.dated else None
                while runs is not None and start >= over:
                    _, over, minute = next(coming)
                met.clear()
            if text in met or text >= known or (inside is not None and minute not in inside):
                continue
            met.add(text)
            guard = guards.get(text)
            if guard is not None and not guard.search(data[start : min(end, start + REACH)]):
                continue
            for number in owners[text] if text >= 0 else (~text,):
                if number in confirm:
                    if ~number in met or not confirm[number].search(data[start : min(end, start + REACH)]):
                        continue
                    met.add(~number)
                self._count(number, block, start, end, minute)

    def _count(self, number: int, block: Block, start: int, end: int, minute: int | None) -> None:
        one = self.tally.seen[number]
        one.minutes[minute] = one.minutes.get(minute, 0) + 1
        if len(one.samples) < SAMPLES:
            one.samples.append(Sample(text=shown(block.data[start:end]), at=block.at + start, minute=minute))

    def _heed(self, hits: list[tuple[int, int]]) -> None:
        """Take the texts that flood this block out of the machine, once the samples of their patterns are full."""
        owners, confirm, seen = self.patterns.owners, self.patterns.confirm, self.tally.seen
        often = Counter(text for _, text in hits)
        self._storming |= {
            text
            for text, count in often.items()
            if count > STORM
            and 0 <= text < len(owners)
            and not self.patterns.texts[text][1]
            and all(number not in confirm and len(seen[number].samples) >= SAMPLES for number in owners[text])
        }

    def _count_apart(self, block: Block, away: frozenset[int], runs: list[Run]) -> None:
        """Count the texts that were left out of the machine for this block."""
        import stringzilla

        whole = stringzilla.Str(memoryview(block.data)[: block.length])
        pieces = [(whole[a:b], minute) for a, b, minute in runs if self._inside is None or minute in self._inside]
        calm = set()
        for text in away:
            total = 0
            for piece, minute in pieces:
                if count := _lines(piece, self.patterns.texts[text][0]):
                    total += count
                    for number in self.patterns.owners[text]:
                        counts = self.tally.seen[number].minutes
                        counts[minute] = counts.get(minute, 0) + count
            if total < CALM:
                calm.add(text)
        self._storming = away - calm


def _note(number: int, _from: int, to: int, _flags: int, append: Any) -> None:
    append((to, number))


def _lines(text: Any, needle: bytes) -> int:
    """How many lines of `text` hold `needle`: one, and one more for each line end between two places where it stands."""
    parts = text.split(needle)
    if len(parts) < 2:
        return 0
    return 1 + sum(map(contains, islice(parts, 1, len(parts) - 1), repeat("\n")))
