"""What was practised, and what is set: drills with their scorecards, and the settings as people may read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One question of a scorecard; `met` is null where it was not asked or does not apply."""

    name: str
    met: bool | None
    seconds: float | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """How one drill went; `failed` names the questions that were answered with no, `proposed` is the edit of the page that a silent
    fault asks for, as a unified diff.
    """

    id: str
    fault: str
    what: str
    at: str
    hurt: str
    mode: str
    page: str
    incident: str
    mended: str
    marks: tuple[Mark, ...]
    proposed: str
    passed: bool
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A fault that a runbook of the page is for: how its drills went, and the day when it comes round again."""

    fault: str
    what: str
    level: int
    runbooks: tuple[str, ...]
    proven: str | None
    last: Scorecard | None
    drills: int
    detected_s: tuple[float | None, ...]
    chart: str
    day: str
    due: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """Every fault in the order of their turns, and every scorecard, the newest first."""

    on: str
    lab: bool
    proven: int
    faults: tuple[Turn, ...]
    cards: tuple[Scorecard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting in words; of a secret only whether it is there."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The settings of one kind."""

    name: str
    rows: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRead:
    """What the settings say."""

    file: str | None
    sections: tuple[Section, ...]
