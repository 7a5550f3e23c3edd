"""What was asked: fields out of JSON and forms, with the limits that keep a mistake small.

Used by `api` and `room`. Raises Refused naming the field; never guesses a value. What a verb's fields are is said by engine.requests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from firstfive.documents.plain import line, visible
from firstfive.errors import Exit, Refused
from firstfive.incident.events import SELF
from firstfive.web.accounts.callers import caller_of
from firstfive.web.contract.taking import fits

LARGEST_BODY = 1024 * 1024
LONGEST = {"by": 80, "title": 300, "log": 1_000_000}
LONGEST_OTHER = 4000
WORDS = ("by", "title", "text", "why", "note", "root_cause")

Value = str | int | float | bool
Fields = dict[str, Value]


def wrong(what: str, remedy: str = "") -> Refused:
    """A request that was asked wrongly."""
    return Refused(what, remedy=remedy, exit_code=Exit.USAGE)


async def json_fields(request: Request) -> Fields:
    """The fields of a JSON object; null is the same as absent. Raises Refused for anything else."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise wrong("the body is not JSON", "send a JSON object with Content-Type: application/json")
    try:
        fields = msgspec.json.decode(await request.body(), type=dict[str, str | int | float | bool | None])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise wrong(
            f"the body is not understood: {problem}",
            "send one JSON object whose values are text, numbers, true or false",
        ) from None
    given = cleaned({name: value for name, value in fields.items() if value is not None})
    fits(request, given, fields)
    return signed(request, given)


async def form_fields(request: Request) -> Fields:
    """The fields of a form that a page of ours sent; empty ones are left out."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, max_num_fields=100)
    except ValueError:
        raise wrong("the form has too many fields") from None
    return signed(request, cleaned(dict(pairs)))


def signed(request: Request, fields: Fields) -> Fields:
    """The same fields as said by whoever is signed in: the name of an account stands in place of a typed one."""
    caller = caller_of(request)
    return {**fields, "by": caller.name} if caller is not None and caller.name else fields


def cleaned(fields: Mapping[str, Value]) -> Fields:
    """The same fields with invisible characters taken out of what people write; raises Refused for one that is too long."""
    clean: Fields = {}
    for name, value in fields.items():
        if isinstance(value, str):
            most = LONGEST.get(name, LONGEST_OTHER)
            if len(value) > most:
                raise wrong(f"{name} is longer than {most} characters", f"say {name} in fewer words")
        clean[name] = _words(name, value) if isinstance(value, str) else value
    return clean


def _words(name: str, value: str) -> str:
    if name not in WORDS:
        return value
    return line(value, LONGEST[name]) if name in LONGEST else visible(value).strip()


def known_only(fields: Mapping[str, Value], allowed: Collection[str], what: str) -> None:
    """Refuse a field that `what` does not take, by its name."""
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        raise wrong(f"unknown field {unknown[0]}", f"{what} takes: {', '.join(sorted(allowed))}")


def text(fields: Mapping[str, Value], name: str, default: str | None = None) -> str:
    """A field that is text; without a default it must be there and say something."""
    value = fields.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise wrong(f"{name} is missing", f"give {name} as text")
    return value


def level(fields: Mapping[str, Value]) -> int | None:
    """The severity level asked for, or None when none was."""
    value = fields.get("level")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{value!r} is no severity level", "give level as a number from the page's matrix")
    return value


def person(fields: Mapping[str, Value]) -> str:
    """Who speaks. Raises Refused for nobody, and for the name under which firstfive writes its own entries."""
    by = text(fields, "by")
    if by.casefold() == SELF:
        raise wrong(f"{SELF} is the name the program writes under", "give your own name as by")
    return by


def sequence(given: str) -> int:
    """A place on a timeline; 0, the beginning, for anything that is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
