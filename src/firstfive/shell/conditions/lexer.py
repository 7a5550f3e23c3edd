"""Cuts the text of a condition into tokens, as CEL does.

Called by `parser` only. Knows the literals of CEL that this subset takes and refuses the others by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from firstfive.shell.conditions.values import INT_MAX, error_at


class Kind(Enum):
    """What a token is."""

    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    NAME = "name"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token: `text` as written, `value` for literals, character offsets."""

    kind: Kind
    text: str
    value: int | float | str
    start: int
    end: int


_RESERVED = "as break const continue else false for function if import in let loop package namespace null return true var void while"
RESERVED = frozenset(_RESERVED.split(" "))

_SPACE = re.compile(r"(?:[ \t\n\r\f]+|//[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOUBLE = re.compile(r"[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+")
_INT = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")
_SIGN = re.compile(r"&&|\|\||==|!=|<=|>=|[<>!?:()\[\],.+-]")
_STRING = re.compile(r"([rR]?)(\"(?:[^\"\\\n\r]|\\.)*\"|'(?:[^'\\\n\r]|\\.)*')")
_RAW = re.compile(r"[rR](\"[^\"\n\r]*\"|'[^'\n\r]*')")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.?))"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of `text`, closed by an END token.

    Raises:
        ConditionError: at the first character that starts no token of the language.
    """
    found: list[Token] = []
    at = 0
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if at >= len(text):
            found.append(Token(kind=Kind.END, text="", value="", start=at, end=at))
            return tuple(found)
        token = _next(text, at)
        found.append(token)
        at = token.end


def _next(text: str, at: int) -> Token:
    if raw := _RAW.match(text, at):
        return Token(kind=Kind.STRING, text=raw[0], value=raw[1][1:-1], start=at, end=raw.end())
    if (string := _STRING.match(text, at)) and not string[1]:
        value = _unescape(text, at + 1, string[2][1:-1])
        return Token(kind=Kind.STRING, text=string[0], value=value, start=at, end=string.end())
    if text[at] in "\"'":
        raise error_at(text, at, "this string is not closed on its line", "close it with the quote it began with")
    if name := _NAME.match(text, at):
        if text[name.end() : name.end() + 1] in ("'", '"') and name[0].lower() in ("b", "br", "rb"):
            raise error_at(text, at, "byte strings are not part of this language", "write a plain string")
        return Token(kind=Kind.NAME, text=name[0], value=name[0], start=at, end=name.end())
    if number := _DOUBLE.match(text, at):
        return _double(text, at, number[0])
    if number := _INT.match(text, at):
        return _int(text, at, number[0])
    if sign := _SIGN.match(text, at):
        return Token(kind=Kind.SIGN, text=sign[0], value=sign[0], start=at, end=sign.end())
    raise error_at(text, at, f"{text[at]!r} means nothing here", _REMEDIES.get(text[at], ""))


_REMEDIES = {
    "=": "compare with ==",
    "&": "join two conditions with &&",
    "|": "join two conditions with ||",
    "*": "this language has + and - only",
    "/": "this language has + and - only",
    "%": "a percentage is a plain number: 95.0",
    "{": "maps are not part of this language",
    "$": "facts are named without a dollar sign",
    "“": 'use straight quotes: "',
    "”": 'use straight quotes: "',
    "’": "use straight quotes: '",
}


def _double(text: str, at: int, written: str) -> Token:
    _ends(text, at, at + len(written))
    value = float(written)
    if value == float("inf"):
        raise error_at(text, at, f"{written} is too large for a double")
    return Token(kind=Kind.DOUBLE, text=written, value=value, start=at, end=at + len(written))


def _int(text: str, at: int, written: str) -> Token:
    _ends(text, at, at + len(written))
    value = int(written, 16) if written.startswith("0x") else int(written)
    if value > INT_MAX + 1:
        raise error_at(text, at, f"{written} does not fit in 64 bits")
    return Token(kind=Kind.INT, text=written, value=value, start=at, end=at + len(written))


def _ends(text: str, start: int, end: int) -> None:
    """A number must not run into letters: `30m` is a duration that wants its function, `5u` an unsigned int."""
    tail = _NAME.match(text, end)
    if tail is None:
        return
    written = text[start : tail.end()]
    if tail[0] in ("ms", "us", "ns", "s", "m", "h"):
        raise error_at(text, start, f"{written} is no number", f'write a duration as duration("{written}")')
    if tail[0] == "d":
        raise error_at(text, start, f"{written} is no number", 'a duration has no days: two days are duration("48h")')
    raise error_at(text, start, f"{written} is no number", "write a number without letters behind it")


def _unescape(text: str, at: int, body: str) -> str:
    def one(found: re.Match[str]) -> str:
        simple, short, four, eight, octal, _ = found.groups()
        if simple is not None:
            return _SIMPLE.get(simple, simple)
        code = short or four or eight
        point = int(code, 16) if code else int(octal, 8) if octal else -1
        if point < 0 or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise error_at(
                text, at + found.start(), f"{found[0]} is no escape", 'write a backslash as \\\\ or use r"..."'
            )
        return chr(point)

    return _ESCAPE.sub(one, body)
