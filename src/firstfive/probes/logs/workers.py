"""A whole log scanned, by this process alone or beside others on their own share of its bytes.

Called by `cli`; run as a module it is one of the others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from firstfive.probes.logs.blocks import BLOCK, UNPACKED, Block, Reading, gzipped, is_gzip, opened, plain
from firstfive.probes.logs.minutes import Minutes
from firstfive.probes.logs.patterns import Pattern, PatternSet, compiled
from firstfive.probes.logs.scan import Scan
from firstfive.probes.logs.shares import asked, pieces, taken
from firstfive.probes.logs.tally import Tally, unpacked
from firstfive.probes.logs.times import Times
from firstfive.probes.logs.window import PIECE, Window, span

WORTH_SHARING = 48 << 20
BACK = 16 << 20  # how far back a share looks for the time of its first lines
PROBED = 2000  # lines at the start of a log that are asked whether it says times at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What each process scans: the lines that begin in `pieces` of a plain log, those whose numbers it takes from `pipe`."""

    path: str
    pieces: list[tuple[int, int]]
    pipe: int
    patterns: tuple[Pattern, ...]
    cache: str
    newest: datetime
    dated: bool
    window: Window


def scan_log(
    path: Path,
    patterns: Sequence[Pattern],
    *,
    window: Window | None = None,
    cache: Path | None = None,
    jobs: int = 1,
    budget: int = UNPACKED,
) -> Tally:
    """How often each pattern stands in each minute of a log, plain or gzipped.

    `window` is taken at whole minutes. `jobs` processes share a large plain log; a gzipped one is read by one, up to `budget` unpacked
    bytes. Raises FirstfiveError for a log that cannot be read and a pattern that cannot be used.
    """
    within = (window or Window()).whole_minutes()
    made = compiled(patterns, cache=cache)
    handle, size = opened(path)
    try:
        newest = datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC)
        if is_gzip(handle):
            return _unpacking(path, made, newest, within, budget)
        times = Times(newest=newest)
        start, end = span(handle, size, times, within)
        share = Share(
            path=str(path.absolute()),
            pieces=pieces(start, end),
            pipe=-1,
            patterns=tuple(patterns),
            cache=str(cache.absolute()) if cache else "",
            newest=newest,
            dated=_says_times(handle, times),
            window=within,
        )
        others = max(1, jobs) - 1 if end - start >= WORTH_SHARING else 0
        question = lambda pipe: msgspec.msgpack.encode(replace(share, pipe=pipe))  # noqa: E731
        with asked(__name__, question, count=len(share.pieces), others=others) as (pipe, answers):
            tally = _scanned(handle, replace(share, pipe=pipe), made)
            for answer in answers:
                tally.add(unpacked(answer))
        return tally
    finally:
        os.close(handle)


def _unpacking(path: Path, made: PatternSet, newest: datetime, within: Window, budget: int) -> Tally:
    reading = Reading()
    scan = Scan(patterns=made, times=Times(newest=newest), window=within)
    return _taken(scan, gzipped(path, reading, budget), reading)


def _scanned(handle: int, share: Share, made: PatternSet) -> Tally:
    times, reading = Times(newest=share.newest), Reading()
    scan = Scan(patterns=made, times=times, dated=share.dated, window=share.window)
    upto = -1
    for number in taken(share.pipe):
        start, end = share.pieces[number]
        if share.dated and start != upto:
            scan.carried = _minute_before(handle, start, times)
        _taken(scan, plain(handle, start, end, reading), reading)
        upto = end
    return scan.tally


def _taken(scan: Scan, blocks: Iterable[Block], reading: Reading) -> Tally:
    for block in blocks:
        scan.take(block)
    scan.tally.read, scan.tally.cut, scan.tally.unread = reading.read, reading.cut, reading.unread
    return scan.tally


def _says_times(handle: int, times: Times) -> bool:
    lines = os.pread(handle, BLOCK, 0).split(b"\n", PROBED)[:PROBED]
    return any(times.moment(line) is not None for line in lines)


def _minute_before(handle: int, at: int, times: Times) -> int | None:
    """The minute of the nearest dated line that begins before byte `at`: what the undated lines there belong to."""
    high = at
    while high > max(0, at - BACK):
        low = max(0, high - PIECE)
        data = os.pread(handle, high - low, low)
        first = data.find(b"\n") + 1 if low else 0
        body = Block(data=data[first:], length=len(data) - first, at=low + first)
        minute = Minutes(block=body, times=times, carried=None).of(body.length - 1) if body.length else None
        if minute is not None:
            return minute
        high = low + first if first else low
    return None


def main() -> None:
    """Scan the share that standard input names; the tally goes to standard output."""
    share = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Share)
    made = compiled(share.patterns, cache=Path(share.cache) if share.cache else None)
    handle, _ = opened(Path(share.path))
    sys.stdout.buffer.write(_scanned(handle, share, made).packed())


if __name__ == "__main__":
    main()
