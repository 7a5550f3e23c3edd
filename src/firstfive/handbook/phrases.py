"""Quantities and turns of phrase that people use on incident pages, read into values.

Called by every section's module. Pure text in, value or None out; never guesses a number that is not there.
"""

from __future__ import annotations

import re
from datetime import timedelta

_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30,
}  # fmt: skip
_NUMBER = r"\d{1,6}(?:\.\d{1,3})?|" + "|".join(sorted(_WORDS, key=len, reverse=True))
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(
    rf"(?<![\w.])({_NUMBER})[\s-]?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|hr|h|days?|d|weeks?|w)\b",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{1,9})(ms|s|m|h|d)")
_LEVEL = re.compile(r"\bsev(?:erity)?(?:\s+|-)?(?:level\s+)?(\d)\b", re.IGNORECASE)
_SURGE = re.compile(
    rf"(?:more than|over|at least|>=?)\s*(\d{{1,6}})\b[^.;]{{0,40}}?\b(?:in|inside|within|per)\s+((?:{_NUMBER})[^.;]{{0,12}})",
    re.IGNORECASE,
)
_RAISE = re.compile(
    rf"\b({_NUMBER})\s+(?:sev(?:erity)?|levels?)\b|\b(?:next|higher)\s+(?:sev(?:erity)?|level)\b", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"<([^<>\n]{1,80})>")
_FIELD = re.compile(r"<([^<>\n]{1,80})>|\b(SEV-X|Sev-X|SEV X)\b")
_NUMBERED = re.compile(r"^(\d{1,3}(?:\.\d{1,3}){0,5})[.)]?\s+(\S.*)$", re.DOTALL)


def number(text: str) -> int | None:
    """The integer a numeral or a small number word stands for."""
    if text.isdigit():
        return int(text)
    return _WORDS.get(text.lower())


def duration(text: str) -> timedelta | None:
    """The first duration in the text: "15 min", "an hour", "30m"; None when there is none."""
    found = _DURATION.search(text)
    if found is None:
        return None
    amount = _WORDS.get(found.group(1).lower())
    value = float(amount) if amount is not None else float(found.group(1))
    return timedelta(seconds=value * _UNITS[found.group(2)[0].lower()])


def compact_duration(text: str) -> timedelta | None:
    """A duration as annotations write it, and nothing else around it: "250ms", "30s", "5m", "2h"."""
    found = _COMPACT.fullmatch(text.strip())
    if found is None or int(found.group(1)) > 10_000_000:
        return None
    scale = 0.001 if found.group(2) == "ms" else _UNITS[found.group(2)]
    return timedelta(seconds=int(found.group(1)) * scale)


def business_days(text: str) -> int | None:
    """The number in "within 5 business days"."""
    found = re.search(rf"\b({_NUMBER})\s+(?:business|working)\s+days?\b", text, re.IGNORECASE)
    return None if found is None else number(found.group(1))


def levels(text: str) -> tuple[int, ...]:
    """Severity levels that the text names ("sev 1 or sev 2"), in order, each once."""
    return tuple(dict.fromkeys(int(found) for found in _LEVEL.findall(text)))


def surge(text: str) -> tuple[int, timedelta, int] | None:
    """The threshold, window and number of levels of a sentence on many reports in a short time."""
    found = _SURGE.search(text)
    raised = _RAISE.search(text)
    if found is None or raised is None:
        return None
    window = duration(found.group(2))
    by = number(raised.group(1)) if raised.group(1) else 1
    return None if window is None or not by else (int(found.group(1)), window, by)


def fields(text: str) -> tuple[str, ...]:
    """The holes of a template in order, each once: the words inside `<...>`, and `SEV-X`."""
    return tuple(dict.fromkeys(found.group(1) or found.group(2) for found in _FIELD.finditer(text)))


def is_placeholder(text: str) -> bool:
    """Whether a cell holds only an unfilled `<name>`."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


def slug(title: str) -> str:
    """A stable id from a title: parenthesised remarks dropped, lower case, words joined by hyphens."""
    bare = re.sub(r"\([^()]*\)", " ", title)
    words = re.findall(r"[^\W_]+", bare.lower().replace("'", "").replace("’", ""))
    return "-".join(words)[:80].strip("-")


def numbered(title: str) -> tuple[str, str]:
    """Split a heading into its own number and the rest: "3.1 Backend down" is ("3.1", "Backend down")."""
    found = _NUMBERED.match(title)
    return (found.group(1), found.group(2).strip()) if found else ("", title.strip())


def sentences(text: str) -> list[tuple[int, str]]:
    """Sentences and clauses (split at ';' and at '.' before a space) with their character offset.

    Text between backticks is never split.
    """
    parts: list[tuple[int, str]] = []
    start = 0
    code = False
    for index, letter in enumerate(text):
        if letter == "`":
            code = not code
        ends = letter == ";" or (letter in ".!?" and (index + 1 == len(text) or text[index + 1].isspace()))
        if ends and not code:
            parts.append((start, text[start : index if letter in ".;" else index + 1]))
            start = index + 1
    parts.append((start, text[start:]))
    return [(at + len(part) - len(part.lstrip()), part.strip()) for at, part in parts if part.strip()]
