"""What can be asked about the outside, by method and path: the same answers over HTTP and on the command line without a server.

Called by `web.outside` and `cli.direct`. Checks what was asked; the desk does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from firstfive.documents.lists.parted import limit_of, number_of, part_of
from firstfive.engine.outsiders import told
from firstfive.engine.outsiders.desk import Outside
from firstfive.errors import Exit, Refused
from firstfive.incident.signals import Observation
from firstfive.incident.triage.silences import read_matcher

LONGEST = timedelta(days=366)
MOST, EVERY = 1000, 100_000
Fields = Mapping[str, Any]
Reader = Callable[[str, bytes], tuple[tuple[Observation, ...], str]]
ANSWERED = ("signals", "alerts", "silences", "heartbeats", "simulate", "outbox")


async def answer(
    outside: Outside, method: str, parts: Sequence[str], query: Mapping[str, str], fields: Fields, read: Reader
) -> dict[str, Any]:
    """One call below `/api/v1/`. `read` understands a sender's message. Raises Refused for what was asked wrongly or is not there."""
    now = outside.engine.clock.now()
    match method, list(parts):
        case "GET", ["signals"]:
            return await _signals(outside, query)
        case "GET", ["signals", number] if number.isascii() and number.isdigit() and len(number) < 16:
            return told.request(await outside.received(int(number)), whole=True)
        case "GET", ["alerts"]:
            alerts, more = part_of(await outside.alerts(query.get("verdict", "")), query, MOST)
            return {"alerts": [told.alert(one) for one in alerts], "next": more}
        case "GET", ["silences"]:
            silences, more = part_of(await outside.silences(), query, MOST)
            return {"silences": [told.silence(one, now) for one in silences], "next": more}
        case "POST", ["silences"]:
            return await silenced(outside, fields)
        case "POST", ["silences", name, "end"]:
            ended = await outside.end_silence(name)
            return told.silence(ended, outside.engine.clock.now())
        case "GET", ["heartbeats"]:
            return await _heartbeats(outside, query)
        case "POST", ["heartbeats"]:
            return await expected(outside, fields)
        case "GET", ["outbox"]:
            letters, more = part_of(await outside.letters(EVERY), query)
            return {"outbox": [told.letter(one) for one in letters], "next": more}
        case "POST", ["outbox", "again"]:
            key = fields.get("key")
            if not isinstance(key, str) or not key:
                raise _wrong("key is missing", "give the key that the outbox shows")
            await outside.again(key)
            return {"key": key}
        case "POST", ["simulate"]:
            return await simulated(outside, fields, read)
        case _:
            raise Refused(f"nothing answers {method} /{'/'.join(parts)}", exit_code=Exit.USAGE)


async def _signals(outside: Outside, query: Mapping[str, str]) -> dict[str, Any]:
    """Requests, newest first; the cursor is the number of the last one that was shown."""
    limit, before = limit_of(query), number_of(query, "cursor", 0)
    found = await outside.recent(limit + 1, before or None)
    more = str(found[limit - 1].id) if len(found) > limit else None
    return {"signals": [told.request(one) for one in found[:limit]], "next": more}


async def _heartbeats(outside: Outside, query: Mapping[str, str]) -> dict[str, Any]:
    now = outside.engine.clock.now()
    shown, more = part_of(await outside.heartbeats(), query, MOST)
    return {"heartbeats": [told.heartbeat(one, now) for one in shown], "next": more}


def _wrong(what: str, remedy: str) -> Refused:
    return Refused(what, remedy=remedy, exit_code=Exit.USAGE)


def _known(fields: Fields, allowed: Sequence[str], what: str) -> None:
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        raise _wrong(f"unknown field {unknown[0]}", f"{what} takes: {', '.join(sorted(allowed))}")


def _text(fields: Fields, name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise _wrong(f"{name} is missing", f"give {name} as text")
    return value


def _seconds(fields: Fields, name: str, default: int | None = None) -> timedelta:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST.total_seconds():
        raise _wrong(f"{name} is a number of seconds, from 1 to a year's", f"give {name} as a whole number")
    return timedelta(seconds=value)


async def silenced(outside: Outside, fields: Fields) -> dict[str, Any]:
    """Add a silence: `by`, `matchers` (one a line), `seconds`, `comment`, `maintenance`."""
    _known(fields, ("by", "matchers", "seconds", "comment", "maintenance"), "silences")
    now = outside.engine.clock.now()
    made = await outside.silence(
        _text(fields, "by"),
        [read_matcher(line) for line in _text(fields, "matchers").splitlines() if line.strip()],
        ends=now + _seconds(fields, "seconds"),
        comment=_text(fields, "comment", ""),
        maintenance=fields.get("maintenance") is True,
    )
    return told.silence(made, now)


async def expected(outside: Outside, fields: Fields) -> dict[str, Any]:
    """From now on a heartbeat must come: `name`, `every`, `grace` in seconds."""
    _known(fields, ("by", "name", "every", "grace"), "heartbeats")
    name = _text(fields, "name").strip()
    if len(name) > 100 or "/" in name:
        raise _wrong("a heartbeat's name has at most 100 characters and no /", "choose a short name")
    every = _seconds(fields, "every")
    grace = _seconds(fields, "grace", max(int(every.total_seconds()) // 5, 30))
    await outside.expect(name, every, grace)
    return await _heartbeats(outside, {})


async def simulated(outside: Outside, fields: Fields, read: Reader) -> dict[str, Any]:
    """What would be made of a sender's message: `sender`, `message`. Nothing is kept and nobody is told."""
    _known(fields, ("by", "sender", "message"), "simulate")
    sender = _text(fields, "sender")
    message = fields.get("message", "")
    if not isinstance(message, str):
        raise _wrong("message is missing", "give message as text")
    seen, odd = read(sender, message.encode("utf-8", "replace"))
    outcomes = await outside.preview(seen)
    return {
        "simulated": True,
        "sender": sender,
        "not_understood": odd,
        "seen": [told.observation(one) for one in seen],
        "outcomes": [told.outcome(one) for one in outcomes],
    }
