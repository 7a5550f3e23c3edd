"""Holds every call of the API to its row of the table: what stands behind the question mark, and what stands in the body.

Put around the routes by `web.app`; `web.asked` asks it about each body. Says what does not fit by its name; decides nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.errors import Exit, Refused
from firstfive.web.contract.operations import AT, Operation, by_route

_KEPT = "firstfive.operation"
_FIELD = re.compile(r" - at `\$\.([^.`\[]+)")
_LACKING = re.compile(r"^Object missing required field `([^`]+)`")


def held(routes: Sequence[Route]) -> list[Route]:
    """The same routes; those of the API check each call first. Raises KeyError for one that has no row in the table."""
    return [_held(route) if route.path.startswith(f"{AT}/") else route for route in routes]


def _held(route: Route) -> Route:
    methods = sorted((route.methods or set()) - {"HEAD"})
    operations = {method: by_route()[method, route.path] for method in methods}
    behind: Any = route.endpoint

    async def answered(request: Request) -> Response:
        operation = operations["GET" if request.method == "HEAD" else request.method]
        request.scope[_KEPT] = operation
        query(request, operation.asks)
        answer: Response = await behind(request)
        return answer

    return Route(route.path, answered, methods=methods, name=route.name)


def query(request: Request, asked: type[Any]) -> None:
    """Raises Refused for a field of the address that this call does not take, or that cannot be read."""
    given = dict(request.query_params)
    strange = sorted(given.keys() - {field.name for field in fields(asked)})
    if strange:
        takes = ", ".join(field.name for field in fields(asked)) or "nothing"
        raise _wrong(f"{strange[0][:80]} is no field of this address", f"it takes {takes}")
    hints = get_type_hints(asked, include_extras=True)
    for name, value in given.items():
        try:
            msgspec.convert(value, _plain(hints[name]), strict=False)
        except msgspec.ValidationError as problem:
            raise _worded(problem, asked, name) from None


def fits(request: Request, body: Mapping[str, Any], names: Collection[str] = ()) -> None:
    """Raises Refused when the fields of the body are not those that this call takes. A call that is none of the API passes.

    `names` are all that were sent, those with a null too.
    """
    operation: Operation | None = request.scope.get(_KEPT)
    if operation is None or operation.takes is None:
        return
    takes = operation.takes
    unknown = sorted(set(names or body) - {field.name for field in fields(takes)})
    if unknown:
        known = ", ".join(sorted(field.name for field in fields(takes)))
        raise _wrong(f"unknown field {unknown[0][:80]}", f"{operation.name} takes: {known}")
    try:
        msgspec.convert(dict(body), takes)
    except msgspec.ValidationError as problem:
        raise _worded(problem, takes) from None


def _worded(problem: msgspec.ValidationError, asked: type[Any], name: str = "") -> Refused:
    said = str(problem)
    lacking = _LACKING.match(said)
    if lacking:
        return _wrong(f"{lacking[1]} is missing", f"give {lacking[1]} as {meaning(asked, lacking[1])}")
    found = _FIELD.search(said)
    name = name or (found[1] if found else "the body")
    if said.startswith(("Expected `str` of length >= 1 ", r"Expected `str` matching regex '\\S'")):
        return _wrong(f"{name} is missing", f"give {name} as {meaning(asked, name)}")
    told = _FIELD.sub("", said).partition(" - at ")[0].replace("`", "").rstrip("`")
    return _wrong(f"{name} must be {meaning(asked, name)}", f"{told[:1].lower()}{told[1:]}")


def meaning(asked: type[Any], name: str) -> str:
    """What a field holds, in words."""
    hint = _plain(get_type_hints(asked, include_extras=True).get(name, str))
    told = [meta.description for meta in getattr(hint, "__metadata__", ()) if meta.description]
    options = getattr(hint, "__args__", ()) if str(hint).startswith("typing.Literal") else ()
    if options:
        return "one of: " + ", ".join(map(str, options))
    if told:
        return str(told[0])
    kind = getattr(hint, "__origin__", hint)
    return {str: "text", int: "a whole number", bool: "true or false", float: "a number"}.get(kind, "text")


def _plain(hint: Any) -> Any:
    """A hint without `| None`."""
    options = [one for one in getattr(hint, "__args__", ()) if one is not type(None)]
    is_optional = type(None) in getattr(hint, "__args__", ())
    return options[0] if is_optional and len(options) == 1 else hint


def optional(asked: type[Any], name: str) -> bool:
    """Whether a field may be left out."""
    mine = next(field for field in fields(asked) if field.name == name)
    return mine.default is not MISSING or mine.default_factory is not MISSING


def _wrong(what: str, remedy: str) -> Refused:
    return Refused(what, remedy=remedy, exit_code=Exit.USAGE)
