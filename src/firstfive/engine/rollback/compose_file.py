"""One service's image line in a Compose file: where it stands, and the file with only that line changed.

Called by `plan`. Reads YAML for its places and edits text by span: every other byte stays. Never runs Compose, which would print values.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Line `number` (from 1) of `path` becomes `line`; `diff` is the unified diff of the file, `sha256` that of the file as it was read."""

    path: str
    number: int
    line: str
    diff: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEdit:
    """Why this file is not to be edited for this service."""

    why: str


_IMAGE = re.compile(
    r"""^(?P<lead>\s*(?:-\s+)?image\s*:\s*)(?P<value>"[^"]*"|'[^']*'|[^\s#|>&*!{[][^\s#]*)(?P<tail>\s*(?:#.*)?)$"""
)


def edit(path: str, text: str, service: str, image: str, sha256: str) -> Edit | NoEdit:
    """The edit that gives `service` this `image`, or why there is none in this file.

    An image that comes through an anchor or a merge is not edited: other services would change with it.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    try:
        whole = YAML(typ="rt").load(text)
    except YAMLError as problem:
        return NoEdit(why=f"{path} is no YAML: {str(problem).splitlines()[0]}")
    services = whole.get("services") if isinstance(whole, CommentedMap) else None
    held = services.get(service) if isinstance(services, CommentedMap) else None
    if not isinstance(held, CommentedMap):
        return NoEdit(why=f"{path} has no service {service}")
    place = (held.lc.data or {}).get("image")
    if place is None:
        why = "its image comes from a shared part" if "image" in held else "it names no image"
        return NoEdit(why=f"{path}, service {service}: {why}")
    if held.anchor.value is not None:
        return NoEdit(why=f"{path}: service {service} is shared by others (&{held.anchor.value})")
    number = place[0] + 1
    lines = text.split("\n")
    found = _IMAGE.match(lines[number - 1].rstrip("\r"))
    if found is None:
        return NoEdit(why=f"{path}:{number} is written in a way that cannot be edited as one line")
    quote = found["value"][0] if found["value"][0] in "\"'" else ""
    ending = "\r" if lines[number - 1].endswith("\r") else ""
    fresh = f"{found['lead']}{quote}{image}{quote}{found['tail']}"
    after = [*lines[: number - 1], fresh + ending, *lines[number:]]
    diff = "\n".join(difflib.unified_diff(lines, after, path, path, n=1, lineterm=""))
    return Edit(path=path, number=number, line=fresh + ending, diff=diff, sha256=sha256)
