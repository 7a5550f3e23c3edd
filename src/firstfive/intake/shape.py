"""What a sender's request is, what is read out of it, and how to reach into JSON that may have any shape.

Used by every sender of this package. Raises nothing for odd content: a missing or wrongly typed field is an empty word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from firstfive.incident.signals import Observation, Signal, SignalKind

LONGEST = 2000
MOST_LABELS = 60
DEEPEST = 32
MOST_SEEN = 2000
UNRECOGNISED = ("firstfive_unrecognised", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came. Names of `headers` are in lower case; `path` is what followed the sender's own address; `at` is aware UTC."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read. `key` is the sender's own idempotency key. `odd` says why a request was not understood, empty when it was.

    `reply` are fields that the sender expects in the answer beside ours.
    """

    seen: tuple[Observation, ...] = ()
    key: str = ""
    odd: str = ""
    reply: Mapping[str, str] = field(default_factory=dict)


class Odd(Exception):
    """The content is not what this sender sends; the text says what is wrong with it."""


def loaded(body: bytes) -> Any:
    """The JSON value of a body. Raises Odd for none, for text that is no JSON, and for one nested deeper than 32."""
    if depth(body) > DEEPEST:
        raise Odd(f"it is nested deeper than {DEEPEST}")
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise Odd(f"it is no JSON: {problem}") from None


def depth(body: bytes) -> int:
    """How deep brackets nest in a body, outside of strings; the walk ends as soon as it is too deep to be read."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return 0
    deepest = now = 0
    quoted = escaped = False
    for byte in body:
        if escaped:
            escaped = False
        elif quoted:
            escaped = byte == 0x5C
            quoted = byte != 0x22
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            now += 1
            deepest = max(deepest, now)
            if deepest > DEEPEST:
                return deepest
        elif byte in b"]}":
            now -= 1
    return deepest


def table(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """The objects in a list; anything else is left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def word(value: object, *, width: int = LONGEST) -> str:
    """Text, a number or a truth value as one line of text; anything else is empty."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return " ".join(value.split())[:width]
        case int() | float():
            return str(value)[:width]
        case _:
            return ""


def at(data: object, *names: str) -> Any:
    """The value below these names, None as soon as one is missing."""
    for name in names:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def first(*values: object) -> str:
    """The first of the values that says anything, as a line."""
    return next((found for found in (word(value) for value in values) if found), "")


def labels(*sources: object) -> tuple[tuple[str, str], ...]:
    """Names and values out of objects, `[[k, v]]` or `[{key|name, value}]`, later ones winning, sorted by name, bounded in number."""
    found: dict[str, str] = {}
    for source in sources:
        for name, value in _pairs(source):
            if name and value:
                found[name[:100]] = value[:500]
    return tuple(sorted(found.items())[:MOST_LABELS])


def _pairs(source: object) -> Iterable[tuple[str, str]]:
    if isinstance(source, dict):
        for name, value in source.items():
            yield word(name), word(value)
    elif isinstance(source, list):
        for pair in source:
            if isinstance(pair, list) and len(pair) == 2:
                yield word(pair[0]), word(pair[1])
            elif isinstance(pair, dict):
                yield first(pair.get("key"), pair.get("name")), word(pair.get("value"))


def moment(value: object, default: datetime) -> datetime:
    """An instant out of RFC 3339 text (no zone means UTC) or epoch seconds or milliseconds; the default for anything else.

    The year 1, which Go writes for "not set", is the default too, and so is what lies more than a day ahead of it.
    """
    try:
        match value:
            case bool():
                return default
            case int() | float():
                seconds = value / 1000 if abs(value) > 1e11 else value
                found = datetime.fromtimestamp(seconds, UTC)
            case str() if value:
                found = datetime.fromisoformat(_short_fraction(value.strip()))
            case _:
                return default
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return default
    return default if found.year < 1971 else found


def _short_fraction(text: str) -> str:
    """RFC 3339 with more than six digits of a second, as Go writes it, cut to six."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}"


def earlier(moment_: datetime, now: datetime) -> datetime:
    """The instant, but never one that has not come yet: a sender's clock may run ahead of ours."""
    return min(moment_, now)


def form(body: bytes) -> dict[str, Any]:
    """The fields of a URL-encoded form; the first of equal names counts."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=200)
    except ValueError:
        return {}
    return {name: value for name, value in reversed(pairs)}


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a request that may be JSON, a form or only a query, whatever its content type claims."""
    body = asked.body.strip()
    if body[:1] in (b"{", b"["):
        value = loaded(body)
        if not isinstance(value, dict):
            raise Odd("it is a list where an object is expected")
        return {**asked.query, **value}
    if b"=" in body:
        return {**asked.query, **form(body)}
    said: dict[str, Any] = dict(asked.query)
    if body:
        said.setdefault("text", body.decode("utf-8", "replace"))
    return said


def object_of(asked: Asked) -> dict[str, Any]:
    """The JSON object of the body. Raises Odd when it is anything else."""
    value = loaded(asked.body)
    if not isinstance(value, dict):
        raise Odd("it is no JSON object")
    return value


def sums(*parts: object) -> str:
    """A short stable word over the parts."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def unread(source: str, why: str, asked: Asked) -> Reading:
    """What is made of a request that nobody understands: an alert of its own, one per sender, so that it is seen."""
    text = f"a message of {source} was not understood: {why}"
    signal = Signal(
        kind=SignalKind.ALERT,
        source=source,
        subject=f"unrecognised message of {source}",
        firing=True,
        text=text,
        at=asked.at,
        key="unrecognised",
        labels=(UNRECOGNISED,),
    )
    return Reading(seen=(signal,), odd=why)


def bounded(seen: Sequence[Observation]) -> tuple[Observation, ...]:
    """At most 2,000 observations of one request; one more says how many were left out."""
    if len(seen) <= MOST_SEEN:
        return tuple(seen)
    last = seen[MOST_SEEN - 1]
    left = len(seen) - MOST_SEEN + 1
    at_ = last.at
    more = Signal(
        kind=SignalKind.ALERT,
        source="intake",
        subject="alerts left out",
        firing=True,
        text=f"one request held {left} alerts more than are read at once",
        at=at_,
        key="left-out",
    )
    return (*seen[: MOST_SEEN - 1], more)
