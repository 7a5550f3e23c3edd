"""What was looked at and what can be run: checks, facts, ranked runbooks, steps. Parts of an incident."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One item of the first-five list; `answer` is good, bad or unknown."""

    check: str
    number: int
    title: str
    text: str
    kind: str
    script: str
    done: bool
    answer: str
    evidence: str
    took_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value that was read out of what a command printed."""

    name: str
    value: bool | int | float | str | tuple[str, ...]
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """A symptom of a runbook; `state` is hit, miss or unknown."""

    id: str
    words: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A runbook with its evidence; a higher score fits better."""

    runbook: str
    number: str
    title: str
    score: int
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    unknown: tuple[str, ...]
    symptoms: tuple[Symptom, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A `<placeholder>` of a step with the value that it has now, null for none."""

    name: str
    kind: str
    variable: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause that the page offers, and where it points."""

    text: str
    see: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What the page says to do in a case."""

    phrase: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a runbook in use: what the page says, the exact bytes, what came of its last run.

    `verdict` is read-only, unknown, changing or destructive; `state` is that of the last run, or "not begun", "by hand", "skipped".
    `dropped` counts bytes of output that were too many to keep; with an `attached` hash the middle that `output` leaves out is kept
    beside the timeline.
    """

    step: str
    number: int
    title: str
    runbook: str
    runbook_number: str
    runbook_title: str
    mode: str
    verdict: str
    changing: bool
    purpose: str
    reasons: tuple[str, ...]
    script: str
    condition: str
    condition_holds: str
    condition_why: str
    placeholders: tuple[Placeholder, ...]
    notes: tuple[str, ...]
    causes: tuple[Cause, ...]
    branches: tuple[Branch, ...]
    place: str
    bound: str
    environment: tuple[tuple[str, str], ...]
    target: str
    state: str
    tries: int
    run: str | None
    sha256: str
    at: str | None
    why: str
    doubts: tuple[str, ...]
    missing: tuple[str, ...]
    approved_by: str
    undo: str
    can_undo: bool
    exit_code: int | None
    met: bool | None
    output: str
    dropped: int
    attached: str
    took_ms: int | None
