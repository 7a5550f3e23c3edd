"""Redis: does it answer PING with our password, and can it still take writes.

Built by `app`. Speaks RESP2 over one connection a look: AUTH, PING, INFO. Writes nothing.
Facts: Redis documentation on AUTH, INFO and key eviction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.address import Guard
from firstfive.probes.programs.talk import Gone, connected, place_of_program

LONGEST = 1 << 20
FULL = 0.98


class _Said(Exception):
    """An error reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """`address` is host:port; `password` is sent and never shown."""

    name: str
    symptom: str
    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    patience: timedelta = timedelta(seconds=3)
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal. Raises FirstfiveError when nobody can know."""
        try:
            firing, text, family = False, await self._asked(), ""
        except Gone as gone:
            firing, text, family = True, str(gone), "redis unreachable"
        except _Said as said:
            # An error may quote what was asked, and AUTH was asked with the password.
            words = str(said).replace(self.password, "[redacted]") if self.password else str(said)
            firing, text, family = True, *_judged(words)
        return (
            Signal(
                kind=SignalKind.PROBE,
                source=self.name,
                subject=f"redis {self.address}",
                firing=firing,
                text=f"{text} (family: {family})" if family else text,
                at=now,
                symptom=self.symptom,
                family=family,
            ),
        )

    async def _asked(self) -> str:
        reader, writer = await connected(place_of_program(self.address, 6379), self.guard, patience=self.patience)
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                if self.password:
                    await _call(reader, writer, "AUTH", *([self.user] if self.user else []), self.password)
                if await _call(reader, writer, "PING") != "PONG":
                    raise Gone("PING is not answered with PONG")
                memory = _fields(await _optional(reader, writer, "INFO", "memory"))
                errors = await _optional(reader, writer, "INFO", "errorstats")
                policy = memory.get("maxmemory_policy", "")
        except TimeoutError:
            raise Gone(f"connected, but no answer within {self.patience.total_seconds():g} s") from None
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as problem:
            raise Gone(f"it hangs up or does not speak as Redis does: {type(problem).__name__}") from None
        finally:
            writer.close()
        used, most = _number(memory.get("used_memory", "")), _number(memory.get("maxmemory", ""))
        if most and used >= most * FULL and policy == "noeviction":
            raise _Said(f"OOM: {used} of {most} bytes are used and the policy is noeviction, so writes are refused")
        share = f", {100 * used // most} % of its memory" if most else ""
        refused = ", it has refused writes before" if "errorstat_OOM" in errors else ""
        return f"PONG{share}{f', {policy}' if policy else ''}{refused}"


def _judged(said: str) -> tuple[str, str]:
    word = said.split(" ")[0]
    if word in ("NOAUTH", "WRONGPASS", "NOPERM") or "password" in said.lower():
        return said[:200], "redis auth"
    if word.startswith("OOM"):
        return said[:200], "redis memory full"
    if word in ("LOADING", "MISCONF", "MASTERDOWN", "BUSY"):
        return said[:200], "redis unreachable"
    return f"it answers with an error: {said[:200]}", "redis unreachable"


async def _optional(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    """A reply, or nothing where our user may not ask that."""
    try:
        return await _call(reader, writer, *words)
    except _Said:
        return ""


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    """One command, one reply as text. Raises _Said for an error reply, ValueError for bytes that are no reply."""
    raw = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in raw))
    await writer.drain()
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionResetError if not line else ValueError("an unfinished line")
    kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
    match kind:
        case b"+" | b":":
            return rest
        case b"-":
            raise _Said(rest)
        case b"$":
            length = int(rest)
            if not 0 <= length <= LONGEST:
                raise ValueError("an absurd length")
            return (await reader.readexactly(length + 2))[:-2].decode("utf-8", "replace")
        case _:
            raise ValueError("no reply of Redis")


def _fields(text: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 20 else 0
