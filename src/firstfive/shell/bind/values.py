"""What a parameter's value may be: the last gate before a person's or a fact's text becomes part of a command.

Called whenever a value is set. Normalises or refuses; never escapes, for a value travels in the environment and needs none.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit

from firstfive.errors import Exit, FirstfiveError
from firstfive.shell.bind.placeholders import ParamType

LONGEST_VALUE = 1000  # characters

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)  # Docker's own grammar of a tag
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)
_INT = re.compile(r"[0-9]{1,18}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?Z?"
_TIME = re.compile(rf"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T)?{_CLOCK}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9._/@:+,=][A-Za-z0-9._/@:+,=-]*", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9][^\s\"'`\\<>{}|^$]*", re.ASCII)

ACCEPTED: Mapping[ParamType, str] = MappingProxyType(
    {
        ParamType.TEXT: "one line of printable text that does not begin with -",
        ParamType.IMAGE_TAG: "an image tag: letters, digits, . _ - (at most 128, no --)",
        ParamType.IP: "one IPv4 or IPv6 address, without a mask or a zone",
        ParamType.INT: "a whole number from 0 on",
        ParamType.DATE: "a date as YYYY-MM-DD",
        ParamType.TIME: "a time as HH:MM or HH:MM:SS, or with its date in front as YYYY-MM-DDTHH:MM",
        ParamType.EMAIL: "one mail address",
        ParamType.SLUG: "a name of letters, digits, . _ - that begins with a letter or digit (no --)",
        ParamType.PATH: "a path of letters, digits and . _ / @ : + , = - without .. in it",
        ParamType.URL: "an http or https address without quotes, spaces or $",
    }
)


def check_value(kind: ParamType, value: str) -> str:
    """The value as it will be delivered: checked, and brought to one spelling where its type has several.

    Raises:
        FirstfiveError: FF022, saying what is accepted.
    """
    checked = _CHECKS[kind](value) if _harmless(value) else None
    if checked is None:
        shown = value if value.isprintable() and len(value) <= 60 else f"{value[:60]!a}"
        what = "an empty value" if not value else f"“{shown}”"
        raise FirstfiveError(
            f"{what} is not accepted here", remedy=f"give {ACCEPTED[kind]}", code="FF022", exit_code=Exit.USAGE
        )
    return checked


def _harmless(value: str) -> bool:
    """Nothing that no type takes: control characters, line ends, invisible direction marks, unpaired surrogates."""
    return 0 < len(value) <= LONGEST_VALUE and not any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in value
    )


def _text(value: str) -> str | None:
    return value if not value.startswith("-") and value.strip() else None


def _matching(form: re.Pattern[str]) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        return value if form.fullmatch(value) and "--" not in value else None

    return check


def _ip(value: str) -> str | None:
    if "%" in value or "/" in value:
        return None
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return None


def _int(value: str) -> str | None:
    return str(int(value)) if _INT.fullmatch(value) else None


def _date(value: str) -> str | None:
    if not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def _time(value: str) -> str | None:
    if not _TIME.fullmatch(value) or ("T" in value and _date(value.partition("T")[0]) is None):
        return None
    return value


def _path(value: str) -> str | None:
    return value if _PATH.fullmatch(value) and ".." not in value.split("/") and "--" not in value else None


def _url(value: str) -> str | None:
    if not _URL.fullmatch(value):
        return None
    try:
        return value if urlsplit(value).hostname else None
    except ValueError:
        return None


_CHECKS: dict[ParamType, Callable[[str], str | None]] = {
    ParamType.TEXT: _text,
    ParamType.IMAGE_TAG: _matching(_TAG),
    ParamType.IP: _ip,
    ParamType.INT: _int,
    ParamType.DATE: _date,
    ParamType.TIME: _time,
    ParamType.EMAIL: _matching(_EMAIL),
    ParamType.SLUG: _matching(_SLUG),
    ParamType.PATH: _path,
    ParamType.URL: _url,
}
