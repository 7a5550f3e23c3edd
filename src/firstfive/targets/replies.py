"""What a target's sh program writes back, read: one reply of a run, or the two marked streams of a look; both ends of much output.

Called by `local` and `ssh`. Reads only bytes it is handed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firstfive.ports import Heard
from firstfive.targets.run_wrapper import KEEP


@dataclass(slots=True)
class Kept:
    """A stream read to its end in blocks: head and tail are kept (KEEP bytes each), what lies between is counted."""

    heard: Heard | None = None
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0

    def take(self, block: bytes) -> None:
        """Keep a block, or count it."""
        if self.heard is not None and block:
            self.heard(block.decode("utf-8", "replace"))
        room = KEEP - len(self.head)
        if room > 0:
            self.head += block[:room]
            block = block[room:]
        if len(block) >= KEEP:
            self.dropped += len(self.tail) + len(block) - KEEP
            self.tail[:] = block[-KEEP:]
            return
        self.tail += block
        if len(self.tail) > 2 * KEEP:
            self._cut()

    def text(self) -> str:
        """What was kept, as text."""
        if len(self.tail) > KEEP:
            self._cut()
        return (bytes(self.head) + bytes(self.tail)).decode("utf-8", "replace")

    def _cut(self) -> None:
        self.dropped += len(self.tail) - KEEP
        del self.tail[:-KEEP]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: a word (done, refused, lost, absent, running, finished, part), the rest of its line, and a body."""

    word: str
    rest: str
    body: bytes = b""

    @property
    def exit_code(self) -> int:
        """Of a `done`."""
        return int(self.rest.split()[0])

    @property
    def timed_out(self) -> bool:
        """Of a `done`."""
        return self.rest.split()[1:2] == ["timed"]

    @property
    def killed(self) -> bool:
        """Of a `done` that timed out: whether it ended only by the hard signal."""
        return self.rest.split()[4:5] == ["kill"]

    @property
    def seconds(self) -> float | None:
        """Wall time on the target of a `done`; None where it keeps no uptime."""
        words = self.rest.split()
        try:
            took = float(words[3]) - float(words[2])
        except (IndexError, ValueError):
            return None
        return took if took >= 0 and float(words[3]) > 0 else None


_WITH_BODY = ("done", "part")


def reply(heap: bytes | bytearray, mark: str) -> Reply | None:
    """The reply in what came so far, None while it is not complete. What a start-up file printed before it is skipped."""
    begin = heap.find(mark.encode() + b" ")
    line_end = heap.find(b"\n", begin) if begin >= 0 else -1
    if line_end < 0:
        return None
    word, _, rest = heap[begin + len(mark) + 1 : line_end].decode("utf-8", "replace").partition(" ")
    if word not in _WITH_BODY:
        return Reply(word=word, rest=rest)
    end = f"\n{mark} end\n".encode()
    if not heap.endswith(end):
        return None
    return Reply(word=word, rest=rest, body=bytes(heap[line_end + 1 : len(heap) - len(end)]))


def listed(body: bytes) -> dict[str, str]:
    """The runs in the answer to a list: id -> how it stands."""
    lines = (line.partition(" ") for line in body.decode("utf-8", "replace").splitlines())
    return {run: how for run, _, how in lines if run and how}


@dataclass(slots=True)
class Marked:
    """One stream of a look between its `begin` and its `end` line. `exit_code` is known once the end came."""

    mark: str
    kept: Kept
    begun: bool = False
    exit_code: int | None = None
    refused: str = ""
    _held: bytes = b""

    def feed(self, block: bytes) -> None:
        """Take the next block as it came over the wire."""
        if self.exit_code is not None:
            return
        data = self._held + block
        self._held = b""
        if not self.begun:
            data = self._after_begin(data)
            if not self.begun:
                self._held = data[-KEEP:]
                return
        end = f"\n{self.mark} end ".encode()
        at = data.find(end)
        if at >= 0:
            line_end = data.find(b"\n", at + 1)
            if line_end < 0:
                self._held = data
                return
            self.exit_code = int(data[at + len(end) : line_end])
            self.kept.take(data[:at])
            return
        hold = self._start_of(end, data)
        self.kept.take(data[:hold])
        self._held = data[hold:]

    def close(self) -> None:
        """Nothing more comes: what was held back for an end line belongs to the output."""
        if self.begun and self.exit_code is None:
            self.kept.take(self._held)
            self._held = b""

    def _after_begin(self, data: bytes) -> bytes:
        refused = data.find(f"{self.mark} refused ".encode())
        if refused >= 0:
            self.refused = data[refused:].decode("utf-8", "replace").split(" refused ", 1)[1].strip()
        begin = f"{self.mark} begin\n".encode()
        at = data.find(begin)
        self.begun = at >= 0
        return data[at + len(begin) :] if self.begun else data

    @staticmethod
    def _start_of(end: bytes, data: bytes) -> int:
        """Where a tail of `data` may be the start of the end line; its length when none can be."""
        for at in range(max(0, len(data) - len(end)), len(data)):
            if data[at] == 10 and end.startswith(data[at:]):
                return at
        return len(data)
