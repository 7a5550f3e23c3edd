"""Placeholders: where `<x>` stands in a command, what it is called and which values it takes.

Called by `rewrite` before anything is parsed. Knows no bash: whether a placeholder may stand where it stands is for `contexts`.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum


class ParamType(StrEnum):
    """What a placeholder's value must look like; `values.check_value` enforces it."""

    TEXT = "text"
    IMAGE_TAG = "image_tag"
    IP = "ip"
    INT = "int"
    DATE = "date"
    TIME = "time"
    EMAIL = "email"
    SLUG = "slug"
    PATH = "path"
    URL = "url"


CLOSED = frozenset((ParamType.IMAGE_TAG, ParamType.IP, ParamType.INT, ParamType.DATE, ParamType.TIME, ParamType.SLUG))
"""Types whose every character is letter, digit, `.`, `_`, `-` or `:`; no interpreter behind the shell gives those a meaning."""


OPEN = frozenset((ParamType.TEXT, ParamType.URL))
"""Types that may hold blanks, quotes or signs of a shell: plain arguments of known programs only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One `<x>` in a text: its name without the brackets and its character offsets, brackets included."""

    name: str
    start: int
    end: int


MOST_PLACEHOLDERS = 500  # in one script

# A name begins with a letter or @, ends with a letter, digit, dot or closing bracket, and holds nothing bash would act on.
# What it cannot be: a redirection with spaces around its words (`< in >`), `<(`, `<<`, `\<word>`.
_PLACEHOLDER = re.compile(r"(?<![<\\])<([^\W\d_@](?:[\w./@:%+'|-]|[ ](?=\S)){0,78}?|@\w[\w.-]{0,40})>")
_GLUED_REDIRECT = re.compile(r"(?:^|[\s;&|])\Z")


def found_in(script: str) -> tuple[Found, ...]:
    """The placeholders of a script, in order of place.

    Not taken for placeholders: tags of a mark-up language (`<b>..</b>`), and `cmd <in>out`, which is two redirections.
    """
    found: list[Found] = []
    for match in _PLACEHOLDER.finditer(script):
        name = match[1]
        if not re.search(r"[\w.)]\Z", name) or f"</{name.split(' ')[0]}>" in script:
            continue
        before, after = script[max(0, match.start() - 1) : match.start()], script[match.end() : match.end() + 1]
        if " " not in name and _GLUED_REDIRECT.search(before) and (after.isalnum() or after == "_"):
            continue
        found.append(Found(name=name, start=match.start(), end=match.end()))
        if len(found) > MOST_PLACEHOLDERS:
            break
    return tuple(found)


def variable_of(name: str) -> str:
    """The environment variable that carries a placeholder's value: `previous-version` is `FF_PREVIOUS_VERSION`."""
    plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    if not name.isascii() or not plain:
        plain = f"{plain}_{zlib.crc32(name.encode()):08X}".strip("_")
    return f"FF_{plain}"


_GUESSES: tuple[tuple[ParamType, frozenset[str]], ...] = (
    (ParamType.IP, frozenset(("ip", "ipv4", "ipv6", "ips"))),
    (ParamType.EMAIL, frozenset(("email", "mail", "e-mail"))),
    (ParamType.IMAGE_TAG, frozenset(("version", "tag", "release"))),
    (ParamType.DATE, frozenset(("date", "day", "yyyy-mm-dd"))),
    (ParamType.TIME, frozenset(("time", "utc", "hh:mm"))),
    (ParamType.URL, frozenset(("url", "link", "uri", "endpoint"))),
    (ParamType.PATH, frozenset(("path", "file", "filename", "dir", "directory", "folder", "mountpoint", "logfile"))),
    (
        ParamType.INT,
        frozenset(("n", "number", "count", "port", "pid", "uid", "gid", "seconds", "minutes", "hours", "lines")),
    ),
    (
        ParamType.SLUG,
        frozenset(
            [
                "slug",
                "id",
                "name",
                "host",
                "hostname",
                "node",
                "server",
                "user",
                "username",
                "container",
                "service",
                "pod",
                "namespace",
                "ns",
                "deployment",
                "release",
                "cluster",
                "region",
                "zone",
                "db",
                "database",
                "table",
                "collection",
                "index",
                "topic",
                "queue",
                "branch",
                "sha",
                "commit",
                "hash",
                "volume",
                "network",
                "instance",
                "job",
                "unit",
                "device",
                "interface",
                "bucket",
                "domain",
            ]
        ),
    ),
)


def type_of(name: str) -> ParamType:
    """The type that a placeholder's name suggests; the last word of the name counts most. TEXT when it suggests none."""
    words = [word for word in re.split(r"[\s_/]+|-(?!mm|dd)", name.strip("@<>").lower()) if word]
    if name.lower() in ("yyyy-mm-dd", "e-mail"):
        words = [name.lower()]
    for word in reversed(words):
        for kind, names in _GUESSES:
            if word in names:
                return kind
    return ParamType.TEXT
