"""Text that is safe to show: one line, no control, bidirectional or invisible characters, nothing that pings a whole channel.

Used by every module of `documents`. Knows no incident; changes only how a value looks, never what it says.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

WIDTH = 300

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_CROWD = re.compile(r"@(?=(?:everyone|here|channel|all|room|group)\b)", re.IGNORECASE)
_LINKED = re.compile(r"<(?=[@!#])")


def visible(text: str) -> str:
    """The text without escape sequences and invisible characters; line breaks and tabs stay."""
    plain = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in plain if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)


def line(text: str, width: int = WIDTH) -> str:
    """One clean line of at most `width` characters; what did not fit ends in an ellipsis."""
    flat = " ".join(visible(_spaced(text)).split())
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"


def _spaced(text: str) -> str:
    return re.sub("[\x0b\x0c\x85\u2028\u2029]", " ", text)


def quiet(text: str, width: int = WIDTH) -> str:
    """One clean line for chat in which no word calls everybody and nothing is read as the chat's own link syntax."""
    return line(uncalled(line(text, width)), width)


def uncalled(text: str) -> str:
    """The text, of any number of lines, in which no word calls everybody and nothing is read as a chat's own link syntax."""
    return _LINKED.sub("< ", _CROWD.sub("@ ", text))


def iso(at: datetime | None) -> str | None:
    """An instant as machines read it: ISO 8601 in UTC with milliseconds and a Z; None stays None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_and_time(at: datetime) -> str:
    """An instant as people read it, to the minute: "2026-11-23 05:41 UTC"."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(at: datetime) -> str:
    """The time of day to the second, UTC: "05:41:07"."""
    return at.astimezone(UTC).strftime("%H:%M:%S")


def whole_minutes(span: timedelta) -> int:
    """A duration in minutes, rounded to the nearest; at least 1, since nothing that happened lasted no time."""
    return max(1, int(span.total_seconds() + 30) // 60)


def minutes(span: timedelta) -> str:
    """The same in words; what is shorter than one minute is said to be so."""
    return f"{whole_minutes(span)} min" if span >= timedelta(minutes=1) else "less than 1 min"


def brief(span: timedelta) -> str:
    """A duration of a run: "87 ms", "2.4 s", "93 s"."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{round(seconds)} s"
