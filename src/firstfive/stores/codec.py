"""Events as JSON and back, and the one canonical way of writing that JSON.

Used by `journal` to store entries, by `chain` to hash them, and by whoever exports a timeline. An event is the object
`{"type": "StepStarted", ...fields}`. A field added with a default reads old rows as they are; a change that a default cannot cover
gets a new tag, and the old one an entry in `UPGRADES`. Never touches a database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from firstfive.errors import JournalError, Newer
from firstfive.incident.events import Entry, Event
from firstfive.incident.signals import Deploy, Signal

Plain = dict[str, Any]

TYPES: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
_FIELDS = {tag: frozenset(field.name for field in fields(kind)) for tag, kind in TYPES.items()}

# Tags that are no longer written -> how to turn such a row into the flat form of a tag that is. None are retired so far.
UPGRADES: dict[str, Callable[[Plain], Plain]] = {}


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes beyond the necessary: the same value, the same bytes in UTF-8.

    Numbers are written as Python writes them. Raises ValueError for what JSON cannot hold, such as NaN.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def stamp(at: datetime) -> str:
    """An aware instant as it is hashed and exported: `2026-11-23T05:33:00.000000Z`, always UTC and six digits."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def pack(event: Event) -> tuple[str, str]:
    """An event as its tag and the canonical JSON of its fields. Characters that UTF-8 cannot carry become U+FFFD."""
    try:
        data = canonical(msgspec.to_builtins(event))
    except ValueError as problem:
        raise JournalError(f"{type(event).__name__} holds what JSON cannot: {problem}") from problem
    return type(event).__name__, sound(data)


def unpack(tag: str, data: str) -> Event:
    """The event of a stored row. Raises JournalError when it was written by a newer version or cannot be one of ours."""
    return event_of({"type": tag, **json.loads(data)})


def plain(event: Event) -> Plain:
    """An event as the flat JSON object that names its type."""
    tag, data = pack(event)
    return {"type": tag, **json.loads(data)}


def event_of(flat: Plain) -> Event:
    """The event of a flat JSON object. Raises JournalError as `unpack` does."""
    tag = str(flat.get("type", ""))
    if tag in UPGRADES:
        return event_of(UPGRADES[tag](flat))
    kind = TYPES.get(tag)
    strange = sorted(flat.keys() - _FIELDS.get(tag, frozenset()) - {"type"})
    if kind is None or strange:
        what = f"a field {strange[0]!r} in {tag}" if kind is not None else f"an event {tag!r}"
        raise Newer(
            f"the journal holds {what}: written by a newer version of Firstfive",
            remedy="start the newest version that has run on this journal",
        )
    try:
        return msgspec.convert({name: value for name, value in flat.items() if name != "type"}, kind)
    except msgspec.ValidationError as problem:
        raise JournalError(
            f"a stored {tag} cannot be read: {problem}", remedy="firstfive verify tells whether the journal was altered"
        ) from problem


def exported(entry: Entry) -> Plain:
    """An entry as a line of an export. Without `hash`, its canonical JSON is exactly what was hashed after the previous hash."""
    tag, data = pack(entry.event)
    return {
        "incident": entry.incident,
        "seq": entry.seq,
        "at": stamp(entry.at),
        "by": entry.by,
        "type": tag,
        "data": json.loads(data),
        "hash": entry.hash,
    }


def pack_signal(signal: Signal) -> str:
    """A signal as canonical JSON."""
    return sound(canonical(msgspec.to_builtins(signal)))


def unpack_signal(data: str) -> Signal:
    """A stored signal. Raises JournalError when it cannot be read."""
    try:
        return msgspec.json.decode(data, type=Signal)
    except msgspec.MsgspecError as problem:
        raise JournalError(f"a stored signal cannot be read: {problem}") from problem


_OWN_COLUMNS = frozenset({"subject", "version", "previous", "at", "source", "first"})


def pack_detail(deploy: Deploy) -> str:
    """What a deploy has beside its own columns, as canonical JSON without what is empty."""
    held = msgspec.to_builtins(deploy)
    return sound(canonical({name: value for name, value in held.items() if name not in _OWN_COLUMNS and value}))


def unpack_detail(text: str) -> Plain:
    """The same as fields of a Deploy; what a newer version added is left out."""
    known = {field.name for field in fields(Deploy)} - _OWN_COLUMNS
    found = {name: value for name, value in json.loads(text).items() if name in known}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def sound(text: str) -> str:
    """The text with every character that UTF-8 cannot carry (half a surrogate pair) replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
