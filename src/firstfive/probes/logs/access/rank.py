"""Who stands in an access log how often: by address, by path and status, for a stretch of time, exactly, in bounded memory.

Called by `cli`; run as a module it counts its share of a large log. A question without a filter counts the first sixteen bytes of each
line and cuts them afterwards; one with a filter looks for its path first and reads only lines that hold it.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import nlargest
from itertools import islice
from operator import itemgetter
from pathlib import Path

import msgspec

from firstfive.probes.logs.access.line import LINE, path_of
from firstfive.probes.logs.blocks import UNPACKED, Block, Reading, gzipped, gzipped_lines, is_gzip, opened, plain
from firstfive.probes.logs.shares import asked, pieces, taken
from firstfive.probes.logs.times import Times
from firstfive.probes.logs.window import Window, span

WORTH_SHARING = 48 << 20
PREFIX = 16
LONGEST = 64  # no address is longer; a line without a space so far in is none of an access log
_PREFIX = itemgetter(slice(PREFIX))
MOST_KEYS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which lines count, and by what. `path` is a beginning of the request's path; empty fields let everything through."""

    by: str = "address"  # address, or path: path and status together
    path: str = ""
    method: str = ""
    statuses: frozenset[int] = frozenset()
    window: Window = field(default_factory=Window)

    @property
    def plain(self) -> bool:
        """Whether every line counts, by its address."""
        return self.by == "address" and not (self.path or self.method or self.statuses) and self.window.open


@dataclass(slots=True, kw_only=True)
class Ranking:
    """Counts by key. `lines` is how many lines counted; `unread` why the end was not reached; `rounded` when rare keys were let go."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    read: int = 0
    unread: str = ""
    rounded: bool = False

    def top(self, most: int) -> list[tuple[str, int]]:
        """The keys that stand there most often, equal ones by name."""
        least = nlargest(most, self.counts.values())[-1:]  # most keys stand there once: they need no sorting
        shown = [pair for pair in self.counts.items() if pair[1] >= least[0]] if least else []
        return sorted(shown, key=lambda pair: (-pair[1], pair[0]))[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What another process counts."""

    path: str
    pieces: list[tuple[int, int]]
    pipe: int
    question: Question
    newest: datetime


def rank(path: Path, question: Question, *, jobs: int = 1, budget: int = UNPACKED) -> Ranking:
    """The ranking of a log, plain or gzipped. Raises FirstfiveError for one that cannot be read."""
    handle, size = opened(path)
    try:
        newest = datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC)
        if is_gzip(handle):
            reading = Reading()
            if question.plain:
                return _ranked(gzipped_lines(path, reading, budget), reading)
            return _counted(gzipped(path, reading, budget), question, Times(newest=newest), reading)
        start, end = span(handle, size, Times(newest=newest), question.window)
        share = Share(path=str(path.absolute()), pieces=pieces(start, end), pipe=-1, question=question, newest=newest)
        others = max(1, jobs) - 1 if end - start >= WORTH_SHARING else 0
        ask = lambda pipe: msgspec.msgpack.encode(replace(share, pipe=pipe))  # noqa: E731
        with asked(__name__, ask, count=len(share.pieces), others=others) as (pipe, answers):
            found = _mine(handle, replace(share, pipe=pipe))
            for answer in answers:
                _add(found, msgspec.msgpack.decode(answer, type=Ranking))
        return found
    finally:
        os.close(handle)


def _mine(handle: int, share: Share) -> Ranking:
    reading = Reading()
    return _counted(_blocks(handle, share, reading), share.question, Times(newest=share.newest), reading)


def _blocks(handle: int, share: Share, reading: Reading) -> Iterator[Block]:
    for number in taken(share.pipe):
        yield from plain(handle, *share.pieces[number], reading)


def _add(found: Ranking, other: Ranking) -> None:
    for key, count in other.counts.items():
        found.counts[key] = found.counts.get(key, 0) + count
    found.lines += other.lines
    found.read += other.read
    found.unread = found.unread or other.unread
    found.rounded |= other.rounded


def _counted(blocks: Iterable[Block], question: Question, times: Times, reading: Reading) -> Ranking:
    if question.plain:
        return _ranked((block.data[: block.length].split(b"\n") for block in blocks), reading)
    counts: Counter[bytes] = Counter()
    rounded = False
    for block in blocks:
        counts.update(_keys(block, question, times))
        rounded |= _bounded(counts)
    return _ranking(counts, reading, rounded=rounded)


def _ranked(lists: Iterable[list[bytes]], reading: Reading) -> Ranking:
    """Every line counted by its address."""
    prefixes = _Prefixes()
    rounded = False
    for lines in lists:
        prefixes.take(lines)
        rounded |= _bounded(prefixes.counts)
    prefixes.fold()
    return _ranking(prefixes.counts, reading, rounded=rounded)


def _bounded(counts: Counter[bytes]) -> bool:
    """Whether there were too many keys, so that those seen once were let go."""
    if len(counts) <= MOST_KEYS:
        return False
    for key in [key for key, count in counts.items() if count == 1]:
        del counts[key]
    return True


def _ranking(counts: Counter[bytes], reading: Reading, *, rounded: bool) -> Ranking:
    lines = sum(counts.values())
    named = {key.decode("utf-8", "replace"): count for key, count in counts.items() if key}
    return Ranking(counts=named, lines=lines, read=reading.read, unread=reading.unread, rounded=rounded)


@dataclass(slots=True, kw_only=True)
class _Prefixes:
    """Counts addresses by the first bytes of their lines, and cuts them at the space once for all lines that begin alike.

    Lines whose first bytes hold no space have a longer address (`longer`): those are read out of the lines.
    """

    counts: Counter[bytes] = field(default_factory=Counter)
    raw: Counter[bytes] = field(default_factory=Counter)
    longer: set[bytes] = field(default_factory=set)

    def take(self, lines: list[bytes]) -> None:
        """Count these lines; an empty one counts for nothing."""
        known = len(self.raw)
        self.raw.update(map(_PREFIX, lines))
        # A dict keeps its keys in the order in which they came, so the new ones stand at its end.
        fresh = islice(reversed(self.raw), len(self.raw) - known)
        self.longer.update(key for key in fresh if len(key) == PREFIX and b" " not in key)
        if self.longer:
            long = (line[:LONGEST].partition(b" ") for line in lines if line[:PREFIX] in self.longer)
            self.counts.update(address for address, space, _ in long if space)
        if len(self.raw) > MOST_KEYS:
            self.fold()

    def fold(self) -> None:
        """What was counted so far, by address."""
        for key, count in self.raw.items():
            address, space, _ = key.partition(b" ")
            if space:
                self.counts[address] += count
        self.raw.clear()
        self.longer.clear()


def _keys(block: Block, question: Question, times: Times) -> Iterator[bytes]:
    """The keys of the lines that pass the filter."""
    for line in _lines(block, question):
        found = LINE.match(line)
        if found is None:
            continue
        if question.statuses and int(found[5]) not in question.statuses:
            continue
        if question.method and found[3].decode() != question.method:
            continue
        if question.path and not path_of(found[4]).startswith(question.path):
            continue
        if not question.window.open and not question.window.holds(times.moment(line)):
            continue
        yield found[1] if question.by == "address" else f"{found[5].decode()} {path_of(found[4])}".encode()


def _lines(block: Block, question: Question) -> Iterator[bytes]:
    """Lines that may pass: all, or those that hold the path that is asked for."""
    data, length = block.data, block.length
    if not question.path:
        yield from data[:length].split(b"\n")
        return
    needle = question.path.encode()
    at = data.find(needle, 0, length)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at, length)
        end = length if end < 0 else end
        yield data[start:end]
        at = data.find(needle, end, length)


def main() -> None:
    """Count the share that standard input names; the ranking goes to standard output."""
    share = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Share)
    handle, _ = opened(Path(share.path))
    sys.stdout.buffer.write(msgspec.msgpack.encode(_mine(handle, share)))


if __name__ == "__main__":
    main()
