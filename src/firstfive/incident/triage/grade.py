"""How bad a first signal is, by the page, and what to call it in one line.

Called by `sort` and by the engine for a person's report. Never guesses silently: every level comes with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from firstfive.handbook.model import DutyKind, Handbook, HttpSymptom, Runbook, Severity, StatusSymptom, Symptom
from firstfive.incident import events as ev
from firstfive.incident.signals import Signal, SignalKind
from firstfive.incident.timeline import Incident

# What most loggers put before the message: a time, a level, a colon or bracket.
_STAMP = re.compile(
    r"^\W*\d{4}-\d\d-\d\d[T ]\S+\s*(?:\W*(?:trace|debug|info|warn(?:ing)?|error|fatal)\W*\s)?", re.IGNORECASE
)


def title_of(signal: Signal, runbook: Runbook | None) -> str:
    """One line for humans: the runbook's name when one knows this symptom, what was seen, and on which host unless it is the default."""
    if signal.kind is SignalKind.REPORT:
        return f"Report: {_shortened(signal.text, 80)}"
    text = _STAMP.sub("", signal.text)
    seen = _shortened(
        f"{text} in {signal.subject}" if signal.kind is SignalKind.LOG else f"{signal.subject} {text}", 90
    )
    seen += f" on {signal.host}" if signal.host else ""
    return f"{runbook.title.split(' (')[0]}: {seen}" if runbook else seen


def _shortened(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


_WORD = re.compile(r"[a-z0-9]{3,}")
_NOISE = frozenset(
    """
    the and for not are has its with from into this that fully large share user api server show when time log container
    issue site down via all one any
    """.split()  # noqa: SIM905 - a word list is read as words
)

# States that anything can be in: "Redis unreachable" is about Redis, not about everything that is unreachable.
_CONDITIONS = frozenset(
    """
    unreachable broken full failing failed failure fail error slow timeout degraded undelivered missing refused lost
    permanently unable older missed
    """.split()  # noqa: SIM905
)


def grade(
    handbook: Handbook,
    signal: Signal,
    runbook: Runbook | None,
    symptom: Symptom | None,
    words: Mapping[str, int] | None = None,
) -> tuple[int, str]:
    """The severity level of a first signal, and why.

    In order: the matrix row whose own example the signal watches; the runbook's own words; the sender's word, where the team maps
    it (`words`) or the matrix uses it; the matrix row whose examples or meaning share most with the runbook and the symptom, where
    what the runbook is named after weighs most (the worse row wins a tie); for one person's report the row about isolated
    reports; else the worst level, said so.
    """
    if not handbook.severities:
        return 1, "the page has no severity matrix, so the worst level is assumed"
    row = _row_of(handbook, signal.symptom)
    if row is not None:
        own = signal.symptom.rpartition(".")[2].isdigit()
        why = "it is the matrix's own example" if own else f"{row.meaning[:1].lower()}{row.meaning[1:]}"
        return row.level, f"{row.label}: {why} ({row.place})"
    if runbook is not None and runbook.severity is not None:
        return runbook.severity, f"the page says so in {runbook.number} {runbook.title} ({runbook.place})"
    said = _said(handbook, signal.severity, words or {})
    if said is not None:
        return said
    named = frozenset(_stems(runbook.title)) - _CONDITIONS if runbook is not None else frozenset()
    level, why = _by_words(handbook, _words_of(signal, runbook, symptom), named, signal)
    return (_short_of(handbook, runbook) or (level, why)) if _ASSUMED in why else (level, why)


def _short_of(handbook: Handbook, runbook: Runbook | None) -> tuple[int, str] | None:
    """One level below what the page keeps for a worse case: “if data may have leaked, treat as sev 1” says that it is not Sev 1 yet.

    Only used where nothing else grades. Among several such sentences the worst counts.
    """
    told = [d for d in runbook.duties if d.kind is DutyKind.SEVERITY and d.when and d.level] if runbook else []
    worst = min(told, key=lambda d: d.level or 0, default=None)
    row = handbook.severity((worst.level or 0) + 1) if worst is not None else None
    if worst is None or row is None:
        return None
    return row.level, f"{row.label}: the page keeps Sev {worst.level} for when {worst.when} ({worst.place})"


def raised(
    handbook: Handbook, incident: Incident, signal: Signal, words: Mapping[str, int] | None = None
) -> tuple[int, str] | None:
    """The worse level that a further signal of an incident brings with it, and why; None when it brings none.

    Only a symptom of the page counts, and never the mere assumption of the worst; what a person graded stays as it is.
    """
    found = handbook.symptom(signal.symptom) if signal.firing and signal.symptom else None
    graded = any(isinstance(e.event, ev.SeverityChanged) and e.by != ev.SELF for e in incident.entries)
    if found is None or graded or not handbook.severities:
        return None
    level, why = grade(handbook, signal, *found, words)
    if level >= incident.level or _ASSUMED in why:
        return None
    return level, f"{found[0].number} {found[0].title} shows as well; {why}"


_ASSUMED = "is assumed until a person grades it"
_ROW = re.compile(r"matrix\.(\d+)\.(?:\d+|certificate)")


def _row_of(handbook: Handbook, symptom: str) -> Severity | None:
    """The row that a symptom id such as `matrix.4.2` points into."""
    found = _ROW.fullmatch(symptom)
    return handbook.severity(int(found[1])) if found else None


_NUMBERED = re.compile(r"(?:sev(?:erity)?|p|s|prio(?:rity)?)[ _-]?([1-9])", re.IGNORECASE)


def _said(handbook: Handbook, word: str, words: Mapping[str, int]) -> tuple[int, str] | None:
    """What a sender's word means here: the team's mapping, a numbered word, or a row of the matrix with that label."""
    lowered = word.strip().lower()
    if not lowered:
        return None
    mapped = {name.lower(): level for name, level in words.items()}
    if lowered in mapped:
        return mapped[lowered], f"settings map the sender's {word} to severity {mapped[lowered]}"
    numbered = _NUMBERED.fullmatch(lowered)
    if numbered and handbook.severity(int(numbered[1])) is not None:
        return int(numbered[1]), f"the sender says {word}"
    for row in handbook.severities:
        if lowered in row.label.lower().split():
            return row.level, f"the sender says {word}, and so does the matrix ({row.place})"
    return None


def _by_words(handbook: Handbook, words: frozenset[str], named: frozenset[str], signal: Signal) -> tuple[int, str]:
    """The row that shares most: what the runbook is named after counts most, a state that anything can be in least."""

    def weight(severity: Severity) -> int:
        return sum(4 if word in named else 1 if word in _CONDITIONS else 2 for word in _shared(words, severity))

    best = max(handbook.severities, key=lambda s: (weight(s), -s.level))
    shared = _shared(words, best)
    if shared:
        example = _closest(words, best)
        return (
            best.level,
            f"{best.label}: the matrix gives “{example}”, sharing {', '.join(sorted(shared))} ({best.place})",
        )
    worst = min(handbook.severities, key=lambda s: s.level)
    unread = f"; the sender's {signal.severity} is mapped to no level" if signal.severity else ""
    return (
        worst.level,
        f"no row of the matrix matches, so the worst level {worst.label} {_ASSUMED}{unread}",
    )


def _words_of(signal: Signal, runbook: Runbook | None, symptom: Symptom | None) -> frozenset[str]:
    """What a signal is about. Where a runbook knows it, the runbook's name says that better than the evidence's chance words."""
    texts = [signal.subject, signal.text]
    if runbook is not None:
        # The name of a log says where it was seen, not what it is about.
        seen = [] if signal.kind is SignalKind.LOG else [signal.subject]
        texts = [*seen, runbook.title, runbook.id.replace("-", " ")]
    match symptom:
        case HttpSymptom():
            texts += ["health down unreachable"]
        case StatusSymptom(status=status):
            texts += [status, "crashloop" if "restart" in status.lower() else ""]
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
