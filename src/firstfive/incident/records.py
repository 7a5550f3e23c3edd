"""The values that events are made of: a status, an answer, a fact, a ranked runbook, a run.

Used by `events`, `orders` and every room above. Holds no rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Status(StrEnum):
    """The four states of an incident, in the page's words."""

    INVESTIGATING = "investigating"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class Answer(StrEnum):
    """What a first-five check found. Unknown is an answer, never a default for good or bad."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One typed finding. Durations are seconds, timestamps ISO 8601 with offset; `kind` names the type."""

    name: str
    kind: str
    value: bool | int | float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A runbook's place among the candidates: symptoms that hit, missed (looked and absent) and that nobody can look at."""

    runbook: str
    number: str
    title: str
    score: int
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one step: exactly what goes to which target. `id` is unique for ever and names the run on the target.

    `environment` holds the bound parameters; `sha256` covers target, script and environment and is what approval binds to.
    `first` are read-only scripts that must each exit 0 before it may begin. `undo` is the script that would take it back, `undoes`
    the id of the run that this one takes back.
    """

    id: str
    step: str
    target: str
    script: str
    environment: tuple[tuple[str, str], ...]
    sha256: str
    changing: bool
    timeout: timedelta
    destructive: bool = False
    first: tuple[str, ...] = ()
    undo: str = ""
    undoes: str = ""
