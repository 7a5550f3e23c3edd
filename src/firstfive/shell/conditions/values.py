"""What a condition speaks about: fact types, values, outcomes and the error of a condition that cannot be used.

Read by every module of `conditions` and by `facts`. Holds no syntax and evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from firstfive.errors import Exit, FirstfiveError


class FactType(StrEnum):
    """The type of a fact, spelled as a `#: fact` line spells it."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    DURATION = "duration"
    TIMESTAMP = "timestamp"
    LIST = "list<string>"


Value: TypeAlias = bool | int | float | str | timedelta | datetime | tuple[str, ...]
"""A present fact: 64-bit int, aware datetime in any zone; a list is a tuple of strings."""


class Outcome(StrEnum):
    """The three answers of a condition. UNKNOWN means: ask a person; it is never treated as FALSE."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An outcome with what stood in the way of a better one.

    `missing` names the facts whose absence made the outcome UNKNOWN (empty otherwise), sorted; `faults` says what could not
    be computed from facts that are present (an overflow, text that is no timestamp).
    """

    outcome: Outcome
    missing: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class ConditionError(FirstfiveError):
    """A condition that does not compile; `line` and `column` are 1-based inside its text (columns count bytes)."""

    def __init__(self, what: str, *, line: int, column: int, remedy: str = "") -> None:
        super().__init__(
            what,
            where=f"line {line}, column {column}",
            remedy=remedy,
            code="FF042",
            exit_code=Exit.DOES_NOT_COMPILE,
        )
        self.line = line
        self.column = column


def error_at(text: str, offset: int, what: str, remedy: str = "") -> ConditionError:
    """The error for the character at `offset` of `text`, with its line and byte column worked out."""
    before = text[:offset]
    line_start = before.rfind("\n") + 1
    column = len(before[line_start:].encode("utf-8", "surrogatepass")) + 1
    return ConditionError(what, line=before.count("\n") + 1, column=column, remedy=remedy)


INT_MIN, INT_MAX = -(2**63), 2**63 - 1
LONGEST = timedelta(seconds=315_576_000_000)  # CEL: ten thousand years either way


def conform(kind: FactType, value: object) -> Value | None:
    """`value` as a value of `kind`, or None when it is not one. A whole number passes as a double, a list as a tuple."""
    match kind, value:
        case FactType.BOOL, bool():
            return value
        case FactType.STRING, str():
            return value
        case (FactType.INT | FactType.DOUBLE, bool()):
            return None
        case FactType.INT, int():
            return value if INT_MIN <= value <= INT_MAX else None
        case FactType.DOUBLE, int() | float():
            return float(value) if abs(value) < 1e300 or isinstance(value, float) else None
        case FactType.DURATION, timedelta():
            return value if -LONGEST <= value <= LONGEST else None
        case FactType.TIMESTAMP, datetime():
            return value if value.tzinfo is not None and value.utcoffset() is not None else None
        case FactType.LIST, list() | tuple():
            return _strings(value)
        case _:
            return None


def _strings(value: Iterable[object]) -> tuple[str, ...] | None:
    many = tuple(value)
    texts = tuple(item for item in many if isinstance(item, str))
    return texts if len(texts) == len(many) else None
