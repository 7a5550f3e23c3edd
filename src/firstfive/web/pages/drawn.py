"""A page that many people look at is drawn once for all who see the same; what is each viewer's own is only the frame around it.

Used by `web.room` for the room of an incident and for what is open. Knows no incident: it is given what to load and what to draw. What
changes a drawing is in a `Sight` and nothing else of a viewer reaches it, so nobody can be shown what is another's.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from firstfive.web import paper
from firstfive.web.engine_face import Room

MOST = 32
BEST = 9
MARK = token_hex(16)
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"

Values = Mapping[str, Any]
Load = Callable[[], Awaitable[Values]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What of a viewer changes what they see: whether their name is known, whether their role lets them read only, whether they have the
    incident, and the waiting runs to which they said yes.
    """

    named: bool
    reads: bool = False
    has_it: bool = False
    said_yes: frozenset[str] = frozenset()

    @property
    def acts(self) -> bool:
        """Whether what takes a name and a role is shown to them."""
        return self.named and not self.reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A drawing, plain and as deflated blocks that end at a whole byte (RFC 1951), so that a frame can be put around them."""

    plain: bytes
    packed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What there was to show, in which second, and the drawings that were made of it."""

    values: Values
    at: datetime
    parts: dict[Sight, Part] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Drawings:
    """The drawings of one program, by what they are about; the empty word is what is open. A look is good until something is committed or
    said, and within its second, since clocks are in it. `drawn` counts drawings.
    """

    room: Room
    drawn: int = 0
    looks: OrderedDict[str, Look] = field(default_factory=OrderedDict)
    coming: dict[str, asyncio.Task[Look]] = field(default_factory=dict)
    _follows: bool = False

    def touch(self, about: str) -> None:
        """This changed, or may have: whoever asks from now on sees it, whatever is being loaded for others."""
        self.looks.pop(about, None)
        self.coming.pop(about, None)

    async def look(self, about: str, load: Load) -> Look:
        """What there is to show about this now; who asks while it is loaded shares it. Raises what `load` raises."""
        if not self._follows:
            self._follows = True
            self.room.follow(self._committed)
            self.room.aloud.follow(self.touch)
        kept = self.looks.get(about)
        if kept is not None and kept.at == _second(self.room):
            return kept
        task = self.coming.get(about)
        if task is None:
            task = self.coming[about] = asyncio.create_task(self._load(load))
            task.add_done_callback(lambda done: self._keep(about, done))
        return await asyncio.shield(task)

    async def _load(self, load: Load) -> Look:
        at = _second(self.room)
        return Look(values=await load(), at=at)

    def _keep(self, about: str, done: asyncio.Task[Look]) -> None:
        """Keep what was loaded, unless something happened since it began."""
        if self.coming.get(about) is not done:
            return
        del self.coming[about]
        if done.cancelled() or done.exception() is not None:
            return
        self.looks[about] = done.result()
        self.looks.move_to_end(about)
        while len(self.looks) > MOST:
            self.looks.popitem(last=False)

    def _committed(self, touched: str) -> None:
        self.touch(touched)
        self.touch("")

    def part(self, look: Look, sight: Sight, template: str) -> Part:
        """The drawing for this sight; the template is given what was loaded and `who`, the sight."""
        part = look.parts.get(sight)
        if part is None:
            self.drawn += 1
            plain = paper.text(template, {**look.values, "who": sight}).encode()
            part = look.parts[sight] = Part(plain=plain, packed=_blocks(plain, zlib.Z_FULL_FLUSH))
        return part


def _second(room: Room) -> datetime:
    return room.clock.now().replace(microsecond=0)


def drawings_of(request: Request) -> Drawings:
    """The drawings of the program behind this request."""
    drawings: Drawings = request.app.state.drawings
    return drawings


def framed(request: Request, template: str, values: Values, part: Part, *, status: int) -> Response:
    """The drawing in the viewer's own frame: a template with `part` where the drawing goes. Where the browser unpacks, only the frame is
    packed anew (RFC 1952).
    """
    before, after = (text.encode() for text in paper.text(template, {**values, "part": MARK}).split(MARK))
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(before + part.plain + after, status, headers)
    total = zlib.crc32(after, zlib.crc32(part.plain, zlib.crc32(before)))
    size = len(before) + len(part.plain) + len(after)
    body = b"".join(
        (
            _HEAD,
            _blocks(before, zlib.Z_FULL_FLUSH),
            part.packed,
            _blocks(after, zlib.Z_FINISH),
            struct.pack("<LL", total, size & 0xFFFFFFFF),
        )
    )
    return Response(body, status, {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def _blocks(data: bytes, end: int) -> bytes:
    packer = zlib.compressobj(BEST, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(end)
