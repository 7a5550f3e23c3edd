"""MongoDB: does it answer hello and ping on its own wire.

Built by `app`. OP_MSG with the few kinds of BSON that these two need; no sign-in, so it cannot tell whether writes work: a full disk
leaves ping green, and the logs tell that instead. Facts: MongoDB wire protocol and BSON specifications.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.address import Guard
from firstfive.probes.programs.talk import Gone, connected, place_of_program

OP_MSG = 2013
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mongo:
    """`address` is host:port."""

    name: str
    symptom: str
    address: str
    patience: timedelta = timedelta(seconds=3)
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when nobody can know."""
        try:
            firing, text = False, await self._asked()
        except Gone as gone:
            firing, text = True, f"{gone} (family: mongo unreachable)"
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"mongodb {self.address}",
                firing=firing,
                text=text,
                at=now,
                symptom=self.symptom,
                family="mongo unreachable" if firing else "",
            ),
        )

    async def _asked(self) -> str:
        reader, writer = await connected(place_of_program(self.address, 27017), self.guard, patience=self.patience)
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                hello = await _call(reader, writer, "hello")
                pong = await _call(reader, writer, "ping")
        except TimeoutError:
            raise Gone(f"connected, but no answer within {self.patience.total_seconds():g} s") from None
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, IndexError, struct.error) as problem:
            raise Gone(f"it hangs up or does not speak as MongoDB does: {type(problem).__name__}") from None
        finally:
            writer.close()
        if hello.get("ok") != 1.0 or pong.get("ok") != 1.0:
            raise Gone(f"it answers ping with {pong.get('errmsg') or hello.get('errmsg') or 'not ok'}")
        if hello.get("setName") and not (
            hello.get("isWritablePrimary") or hello.get("ismaster") or hello.get("secondary")
        ):
            raise Gone("it is a member of a replica set that has no state to serve in")
        role = "primary" if hello.get("isWritablePrimary") or hello.get("ismaster") else "not the primary"
        return f"ping ok, {role}"


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str) -> dict[str, object]:
    """One command on the admin database; the top level of its answer."""
    document = _element(0x10, command, struct.pack("<i", 1)) + _element(
        0x02, "$db", struct.pack("<i", 6) + b"admin\x00"
    )
    body = struct.pack("<IB", 0, 0) + struct.pack("<i", len(document) + 5) + document + b"\x00"
    writer.write(struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body)
    await writer.drain()
    length, _, _, kind = struct.unpack("<iiii", await reader.readexactly(16))
    if not 21 <= length <= LARGEST or kind != OP_MSG:
        raise ValueError("no answer of MongoDB")
    answer = await reader.readexactly(length - 16)
    return _document(answer[5:])


def _element(kind: int, name: str, value: bytes) -> bytes:
    return bytes([kind]) + name.encode() + b"\x00" + value


_FIXED = {0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0xFF: 0, 0x7F: 0}


def _document(raw: bytes) -> dict[str, object]:
    """The numbers, truth values and texts at the top level of a BSON document. Raises ValueError for what is none."""
    (size,) = struct.unpack_from("<i", raw)
    if not 5 <= size <= len(raw):
        raise ValueError("a document that is cut short")
    found: dict[str, object] = {}
    at = 4
    while raw[at]:
        kind = raw[at]
        end = raw.index(b"\x00", at + 1)
        name, at = raw[at + 1 : end].decode("utf-8", "replace"), end + 1
        match kind:
            case 0x01:
                found[name] = struct.unpack_from("<d", raw, at)[0]
            case 0x08:
                found[name] = raw[at] == 1
            case 0x10:
                found[name] = float(struct.unpack_from("<i", raw, at)[0])
            case 0x02:
                (length,) = struct.unpack_from("<i", raw, at)
                found[name] = raw[at + 4 : at + 3 + length].decode("utf-8", "replace")
            case _:
                pass
        at += _length(kind, raw, at)
    return found


def _length(kind: int, raw: bytes, at: int) -> int:
    """How many bytes the value of an element takes."""
    if kind in _FIXED:
        return _FIXED[kind]
    (length,) = struct.unpack_from("<i", raw, at)
    if length < 0:
        raise ValueError("an absurd length")
    if kind in (0x03, 0x04):
        return int(length)
    if kind in (0x02, 0x0D, 0x0E):
        return int(length) + 4
    if kind == 0x05:
        return int(length) + 5
    raise ValueError(f"an element of kind {kind}")
