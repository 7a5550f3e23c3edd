"""A regular expression over the bytes of one line, and the plain texts of which each match must hold one.

Called by `patterns`: the texts are looked for by the fast engine, the expression only in lines that hold one. The fast engine itself is
given no expressions, because it misses matches of some of them (docs/explanation/log-scan.md). Never matches anything itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SHORTEST = 3  # bytes of a text worth looking for
MOST = 16  # alternatives worth looking for


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """`expression` for a line without its line feed. `texts`: one of them stands in every match; empty when no such set was found.

    `choices` are all such sets, the best first. `caseless` says that the texts are to be looked for without regard to case.
    """

    expression: re.Pattern[bytes]
    texts: frozenset[bytes]
    caseless: bool
    choices: tuple[frozenset[bytes], ...] = ()


def anchored(text: str, *, caseless: bool) -> Anchored:
    """Compile `text`, a Python regular expression. Raises ValueError or re.error with the reason when it cannot be used.

    Letters beyond ASCII stand for their UTF-8; classes such as `\\w` are ASCII; the end of a line is before a carriage return too.
    """
    spelled = _spelled(text)
    expression = re.compile(spelled, re.IGNORECASE if caseless else 0)
    if expression.search(b""):
        raise ValueError("it matches an empty line, so it matches every line")
    parsed = _parsed(spelled)
    if _explodes(parsed):
        raise ValueError("a repeat of nothing but a repeat can take for ever: (x+)+ is x+")
    inline = re.search(r"\(\?[aLmsux]*i", text) is not None
    choices = _choices(parsed)
    texts = choices[0] if choices else frozenset()
    return Anchored(expression=expression, texts=texts, caseless=caseless or inline, choices=choices)


_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def _spelled(text: str) -> bytes:
    parts: list[str] = []
    at = 0
    while at < len(text):
        part = text[at : at + 2] if text[at] == "\\" else text[at]
        if part == "[" and (found := _CLASS.match(text, at)):
            part = found[0]
            if not part.isascii():
                raise ValueError(f"{part} holds letters beyond ASCII: write alternatives, such as (?:a|ä)")
        at += len(part)
        if part in ("$", "\\Z"):
            part = "(?=\\r?\\Z)"
        elif not part.isascii():
            part = "(?:" + "".join(f"\\x{byte:02x}" for byte in part[-1].encode("utf-8", "surrogateescape")) + ")"
        parts.append(part)
    return "".join(parts).encode("ascii")


def _parsed(expression: bytes) -> Sequence[Any]:
    """The expression as Python's own parser reads it; empty where this Python keeps it elsewhere: then no text is found."""
    try:
        from re import _parser  # type: ignore[attr-defined]  # the only reader that agrees with `re` on every detail
    except ImportError:
        return ()
    parsed: Sequence[Any] = _parser.parse(expression)
    return parsed


def _texts(parsed: Iterable[Any]) -> frozenset[bytes] | None:
    """The best set of texts, or None."""
    return next(iter(_choices(parsed)), None)


def _choices(parsed: Iterable[Any]) -> tuple[frozenset[bytes], ...]:
    """Every set of texts of which each match holds one: the longest shortest one first, then the fewest."""
    found: list[frozenset[bytes]] = []
    run = bytearray()
    for operator, argument in parsed:
        match str(operator):
            case "LITERAL" if argument < 256:
                run.append(argument)
                continue
            case "AT" | "ASSERT" | "ASSERT_NOT":
                continue
            case "SUBPATTERN":
                inner = _texts(argument[-1])
            case "ATOMIC_GROUP":
                inner = _texts(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if argument[0] > 0:
                inner = _texts(argument[2])
            case "BRANCH":
                each = [_texts(branch) for branch in argument[1]]
                inner = frozenset().union(*(one for one in each if one)) if all(each) else None
            case _:
                inner = None
        found += [frozenset([bytes(run)]), inner or frozenset()]
        run.clear()
    found.append(frozenset([bytes(run)]))
    good = [one for one in found if one and len(one) <= MOST and min(map(len, one)) >= SHORTEST]
    return tuple(sorted(good, key=lambda one: (-min(map(len, one)), len(one))))


def _explodes(parsed: Iterable[Any], *, repeated: bool = False) -> bool:
    """Whether somewhere an unbounded repeat repeats nothing but an unbounded repeat."""
    items = list(parsed)
    alone = repeated and len(items) == 1
    for operator, argument in items:
        match str(operator):
            case "MAX_REPEAT" | "MIN_REPEAT":
                endless = argument[1] > 1000
                inner = [(argument[2], endless)]
                if alone and endless:
                    return True
            case "SUBPATTERN":
                inner = [(argument[-1], alone)]
            case "BRANCH":
                inner = [(branch, alone) for branch in argument[1]]
            case _:
                continue
        if any(_explodes(one, repeated=again) for one, again in inner):
            return True
    return False
