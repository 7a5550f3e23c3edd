"""The minute of any line of a block: its own, or that of the nearest dated line before it.

Called by `scan`. Asked in order it walks over no line twice; runs of one minute are found by halving where a log is in time order.
"""

from __future__ import annotations

from dataclasses import dataclass

from firstfive.probes.logs.blocks import Block
from firstfive.probes.logs.times import Times


@dataclass(slots=True, kw_only=True)
class Minutes:
    """Minutes since 1970 of one block's lines. `carried` is the minute of the newest dated line before the block, if any is known.

    `backwards` turns true when a line that was asked for is older than one asked for before, `newest` being the first of them.
    """

    block: Block
    times: Times
    carried: int | None
    newest: int = -1
    backwards: bool = False
    _upto: int = 0
    _minute: int | None = None

    def __post_init__(self) -> None:
        self._minute = self.carried

    def next(self, start: int, end: int) -> int | None:
        """The minute of the line `block.data[start:end]`; lines are asked for in order."""
        minute, walked = self._walk(start, end, self._upto)
        if not walked:
            minute = self._minute
        if minute is not None:
            self.backwards |= minute < self.newest
            self.newest = minute
        self._upto, self._minute = max(start, self._upto), minute
        return minute

    def of(self, at: int) -> int | None:
        """The minute of the line that holds byte `at`, asked in any order."""
        start = self.block.data.rfind(b"\n", 0, at) + 1
        end = self.block.data.find(b"\n", at, self.block.length)
        minute, walked = self._walk(start, end if end >= 0 else self.block.length, 0)
        return minute if walked else self.carried

    def _walk(self, start: int, end: int, floor: int) -> tuple[int | None, bool]:
        """(minute, True) of the nearest dated line from here back to `floor`, (None, False) when there is none."""
        data, times = self.block.data, self.times
        while True:
            minute = times.minute(data, start, end)
            if minute is not None:
                return minute, True
            if start <= floor:
                return None, False
            end = start - 1
            start = data.rfind(b"\n", 0, end) + 1

    def runs(self) -> list[tuple[int, int, int | None]]:
        """(first byte, end, minute) of each run of lines of one minute, if the block is in time order."""
        length = self.block.length
        last = self.of(length - 1)
        found: list[tuple[int, int, int | None]] = []
        start, minute = 0, self.of(0)
        while minute != last:
            edge = self._edge(start, length - 1, minute)
            found.append((start, edge, minute))
            if edge >= length:
                return self._watched(found)
            start, minute = edge, self.of(edge)
        found.append((start, length, last))
        return self._watched(found)

    def _watched(self, found: list[tuple[int, int, int | None]]) -> list[tuple[int, int, int | None]]:
        """The runs, with their order watched as that of single lines is."""
        for _, _, minute in found:
            if minute is not None:
                self.backwards |= minute < self.newest
                self.newest = max(minute, self.newest)
        return found

    def _edge(self, low: int, high: int, minute: int | None) -> int:
        """Where the first line of another minute begins: byte `low` is of `minute`, byte `high` is not."""
        data = self.block.data
        while True:
            begin = data.find(b"\n", (low + high) // 2, high) + 1
            if begin <= low or begin > high:
                begin = data.find(b"\n", low, high) + 1
                if begin <= low:
                    return high + 1
                high_begin = data.rfind(b"\n", 0, high) + 1
                if begin >= high_begin or self.of(begin) != minute:
                    return begin
                low = begin
            elif self.of(begin) == minute:
                low = begin
            else:
                high = begin - 1
                if self.of(high) == minute:
                    return begin
