"""A packaged change: the script, the way back, the look that proves it, and what to know before saying yes.

Made by every pack of this package. Holds text only; where and when it runs is decided elsewhere.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstfive.errors import Refused

# Every script begins so: an error ends it, a variable that is not there is an error, a pipe fails when any part of it does, and no
# word of ours is ever taken for a file pattern.
STRICT = "set -euf -o pipefail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A change as bash text, safe to run twice.

    `script` makes it, `undo` takes exactly it back (empty: nothing to take back), `verify` only reads, exits 0 while the change
    stands and prints what stands. `why` says what the change is in one sentence; `warnings` what it does not cover or costs.
    `timeout` is for the script; the other two need less.
    """

    name: str
    script: str
    undo: str
    verify: str
    why: str
    timeout: timedelta
    warnings: tuple[str, ...] = ()


def quoted(value: str) -> str:
    """`value` as one word of bash.

    Raises:
        Refused: for control characters and line ends, which no parameter of a pack needs.
    """
    if not value or not value.isprintable():
        raise Refused(f"{value!a} cannot be a value in a script", remedy="give one line of printable text")
    return shlex.quote(value)


def instant(at: datetime) -> str:
    """An aware time as people and programs read it: `2026-11-23T17:42:05Z`. A part of a second is cut off."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
