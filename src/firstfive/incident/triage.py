"""What a signal means: join an incident, declare one with a severity, or leave it, each with the reason.

Called by the engine for every change of state that a probe, a sender or a person brings. Starts nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.handbook.model import Handbook, HttpSymptom, LogSymptom, Runbook, Severity, StatusSymptom, Symptom
from firstfive.incident.signals import Signal, SignalKind
from firstfive.incident.timeline import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """Open an incident of this severity."""

    title: str
    level: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """It belongs to an open incident."""

    incident: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Nothing to do, and why."""

    why: str


Verdict = Declare | Join | Ignore


def triage(handbook: Handbook, signal: Signal, open_incidents: Sequence[Incident]) -> Verdict:
    """Where a signal belongs.

    A signal whose fingerprint an incident already holds goes there. Otherwise a firing signal joins the newest open incident,
    since two faults of one small stack are far more often one fault, and a wrong join is seen in the ranking. With nothing
    open it declares. A signal that says "well" about something that nobody holds changes nothing.
    """
    for incident in open_incidents:
        if signal.fingerprint in incident.signals:
            return Join(incident=incident.id, why="the incident already holds this signal")
    if not signal.firing:
        return Ignore(why="it is well, and no open incident was about it")
    for incident in open_incidents:
        return Join(incident=incident.id, why=f"{incident.id} is open; symptoms of one fault arrive one after another")
    found = handbook.symptom(signal.symptom) if signal.symptom else None
    runbook, symptom = found if found else (None, None)
    level, why = grade(handbook, signal, runbook, symptom)
    return Declare(title=title_of(signal, runbook), level=level, why=why)


# What most loggers put before the message: a time, a level, a colon or bracket.
_STAMP = re.compile(
    r"^\W*\d{4}-\d\d-\d\d[T ]\S+\s*(?:\W*(?:trace|debug|info|warn(?:ing)?|error|fatal)\W*\s)?", re.IGNORECASE
)


def title_of(signal: Signal, runbook: Runbook | None) -> str:
    """One line for humans: the runbook's name when one knows this symptom, and what was seen."""
    if signal.kind is SignalKind.REPORT:
        return f"Report: {_shortened(signal.text, 80)}"
    text = _STAMP.sub("", signal.text)
    seen = _shortened(
        f"{text} in {signal.subject}" if signal.kind is SignalKind.LOG else f"{signal.subject} {text}", 90
    )
    return f"{runbook.title.split(' (')[0]}: {seen}" if runbook else seen


def _shortened(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


# ---------------------------------------------------------------------------------------------------------- severity

_WORD = re.compile(r"[a-z0-9]{3,}")
_NOISE = frozenset(
    """
    the and for not are has its with from into this that fully large share user api server show when time log container
    issue site down via all one any
    """.split()  # noqa: SIM905 - a word list is read as words
)


def grade(handbook: Handbook, signal: Signal, runbook: Runbook | None, symptom: Symptom | None) -> tuple[int, str]:
    """The severity level of a first signal, and why.

    In order: the runbook's own words; the matrix row whose examples or meaning share most words with the runbook and the
    symptom (the worse row wins a tie); for one person's report the row about isolated reports; else the worst level, said so.
    """
    if not handbook.severities:
        return 1, "the page has no severity matrix, so the worst level is assumed"
    if runbook is not None and runbook.severity is not None:
        return runbook.severity, f"the page says so in {runbook.number} {runbook.title} ({runbook.place})"
    words = _words_of(signal, runbook, symptom)
    best = max(handbook.severities, key=lambda s: (len(_shared(words, s)), -s.level))
    shared = _shared(words, best)
    if shared:
        example = _closest(words, best)
        return (
            best.level,
            f"{best.label}: the matrix gives “{example}”, sharing {', '.join(sorted(shared))} ({best.place})",
        )
    worst = min(handbook.severities, key=lambda s: s.level)
    return (
        worst.level,
        f"no row of the matrix matches, so the worst level {worst.label} is assumed until a person grades it",
    )


def _words_of(signal: Signal, runbook: Runbook | None, symptom: Symptom | None) -> frozenset[str]:
    texts = [signal.subject, signal.text]
    if runbook is not None:
        texts += [runbook.title, runbook.id.replace("-", " ")]
    match symptom:
        case HttpSymptom():
            texts += ["health down unreachable"]
        case StatusSymptom(status=status):
            texts += [status, "crashloop" if "restart" in status.lower() else ""]
        case LogSymptom(source=source):
            texts += [source]
        case _:
            pass
    if signal.kind is SignalKind.REPORT:
        texts += ["isolated reports"]
    return frozenset(_stems(" ".join(texts)))


def _stems(text: str) -> set[str]:
    return {w.rstrip("s") for w in _WORD.findall(text.lower()) if w.rstrip("s") not in _NOISE}


def _shared(words: frozenset[str], severity: Severity) -> frozenset[str]:
    return words & _stems(" ".join((severity.meaning, *severity.examples)))


def _closest(words: frozenset[str], severity: Severity) -> str:
    candidates = (*severity.examples, severity.meaning)
    return max(candidates, key=lambda text: len(words & _stems(text)))


# ------------------------------------------------------------------------------------------------------------- surge


def surge(handbook: Handbook, incident: Incident) -> tuple[int, str] | None:
    """The raised level and why, when the page's surge rule is met: more than N reports inside any window, once an incident.

    Never above level 1, never downwards.
    """
    rule = handbook.surge
    if rule is None or incident.surged or incident.level <= 1:
        return None
    crowded = fullest_window(incident.reports, rule.window)
    if crowded <= rule.more_than:
        return None
    level = max(1, incident.level - rule.raise_by)
    minutes = int(rule.window.total_seconds() // 60)
    return level, f"{crowded} reports inside {minutes} minutes, more than {rule.more_than} ({rule.place})"


def fullest_window(times: Sequence[datetime], window: timedelta) -> int:
    """The most instants that lie within any one window; both ends count, so eleven reports exactly `window` apart are eleven."""
    best = start = 0
    ordered = sorted(times)
    for end, at in enumerate(ordered):
        while at - ordered[start] > window:
            start += 1
        best = max(best, end - start + 1)
    return best
