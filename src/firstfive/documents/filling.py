"""Fills the holes of a template from an incident, and says which only a person can fill.

Called by `notice` and `public`, and by `postmortem` for front matter. A hole it does not know stays open; it never guesses. Values are
put in once and not read again, so nothing inside a value can open a further hole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.documents.known import action_now, facts_known, postmortem_link
from firstfive.documents.plain import day_and_time, minutes, quiet
from firstfive.handbook.model import Handbook
from firstfive.incident.timeline import Incident

OPEN = "(not known yet)"
LONGEST_HOLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as it would go out. `unfilled` are the template's holes that nobody can fill yet, in order, each once."""

    text: str
    title: str
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a template is filled from. `status` is the word for the audience; to the `public` only times and that word are told."""

    incident: Incident
    handbook: Handbook
    number: int
    now: datetime
    next_update_at: datetime | None
    status: str
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """One hole at `start`..`end` of a text: its `words` without the brackets, and the `label` before it on its line."""

    start: int
    end: int
    words: str
    label: str


def fill_text(text: str, telling: Telling) -> tuple[str, tuple[str, ...]]:
    """The text with every hole filled or visibly open, and the holes that stayed open."""
    parts: list[str] = []
    unfilled: list[str] = []
    at = 0
    for hole in holes(text):
        value = value_of(hole, telling)
        if value is None:
            unfilled.append(hole.words)
            value = OPEN
        parts += [text[at : hole.start], value]
        at = hole.end
    return "".join((*parts, text[at:])), tuple(dict.fromkeys(unfilled))


_SEVERITY = re.compile(r"\bSEV[- ]X\b", re.IGNORECASE)


def holes(text: str) -> Iterator[Hole]:
    """Holes in order: `<...>` on one line, brackets inside counted, and the word SEV-X."""
    at = 0
    while at < len(text):
        end = _end_of_hole(text, at) if text[at] == "<" else None
        severity = _SEVERITY.match(text, at)
        if end is not None:
            yield Hole(start=at, end=end, words=text[at + 1 : end - 1], label=_label(text, at))
            at = end
        elif severity is not None:
            yield Hole(start=at, end=severity.end(), words=severity.group(), label=_label(text, at))
            at = severity.end()
        else:
            at += 1


def _end_of_hole(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at `start`; None when this `<` opens no hole (a comparison, an arrow)."""
    depth = 0
    for at in range(start, min(len(text), start + LONGEST_HOLE + 2)):
        match text[at]:
            case "\n":
                return None
            case "<":
                depth += 1
            case ">":
                depth -= 1
            case _:
                continue
        if depth == 0:
            inside = text[start + 1 : at]
            return at + 1 if inside and inside == inside.strip() else None
    return None


def _label(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, at) + 1 : at].strip(" *_:-–—>[(`").lower()


# ------------------------------------------------------------------------------------------------------------ values


def value_of(hole: Hole, telling: Telling) -> str | None:
    """What goes into a hole, as one quiet line; None when only a person can know it."""
    words = " ".join(hole.words.lower().split())
    found = _public(words, hole.label, telling) if telling.public else _internal(words, hole.label, telling)
    clean = quiet(found) if found else ""
    return clean or None


def _public(words: str, label: str, t: Telling) -> str | None:
    later = _LATER.match(words)
    if later is not None:
        return day_and_time(t.now + timedelta(minutes=int(later.group(1))))
    if _asks_status(words):
        return t.status
    return _moment(words, label, t)


def _internal(words: str, label: str, t: Telling) -> str | None:
    if words in ("sev-x", "sev x"):
        return f"SEV-{t.incident.level}"
    read = _BY_WORDS.get(words)
    if read is not None:
        return read(t)
    if words.startswith("doc link"):
        return postmortem_link(t.handbook, t.incident)
    return _public(words, label, t)


def unread(text: str) -> tuple[str, ...]:
    """The holes of a template that no rule here reads, each once: a person says them, or they go out as not known."""
    found = (" ".join(hole.words.lower().split()) for hole in holes(text))
    return tuple(dict.fromkeys(words for words in found if not _read(words)))


def _read(words: str) -> bool:
    plain = words in _BY_WORDS or words in _MOMENTS or words in ("sev-x", "sev x")
    return plain or _asks_status(words) or words.startswith("doc link") or _LATER.match(words) is not None


_LATER = re.compile(r"(?:utc )?time \+ (\d{1,4}) ?min(?:utes)?$")
_MOMENTS = frozenset({"utc", "time", "time utc", "utc time", "hh:mm", "hh:mm utc"})
_NEAREST = re.compile(r"\b(next|update by|start|started|began|since|end|ended|over|resolved|mitigated)\b")
_STATUSES = frozenset({"investigating", "mitigating", "monitoring", "resolved", "applying fix"})


def _asks_status(words: str) -> bool:
    """Whether a hole lists the states to choose from, or is called status."""
    choices = {part.strip() for part in re.split(r"[/|,]", words)}
    return words == "status" or (len(choices) > 1 and choices <= _STATUSES)


def _moment(words: str, label: str, t: Telling) -> str | None:
    """An instant is told apart by what stands before it on the line: Started, Ended, Next update, Time."""
    if words not in _MOMENTS:
        return None
    told = _NEAREST.findall(label)
    incident = t.incident
    match told[-1] if told else label:
        case "next" | "update by":
            at = t.next_update_at
        case "start" | "started" | "began" | "since":
            at = incident.started_at
        case "end" | "ended" | "over" | "resolved":
            at = incident.resolved_at
        case "mitigated":
            at = incident.mitigated_at
        case "" | "time" | "at" | "utc" | "now":
            at = t.now
        case _:
            at = None
    return day_and_time(at) if at is not None else None


def _title(t: Telling) -> str | None:
    return t.incident.declared.title if t.incident.declared else None


def _duration(t: Telling) -> str | None:
    began, over = t.incident.started_at, t.incident.resolved_at
    return minutes(over - began) if began is not None and over is not None else None


_BY_WORDS: dict[str, Callable[[Telling], str | None]] = {
    "one-line summary": _title,
    "summary": _title,
    "title": _title,
    "short title": _title,
    "n": lambda t: str(t.number),
    "facts": lambda t: facts_known(t.handbook, t.incident, t.now),
    "action": lambda t: action_now(t.handbook, t.incident),
    "@you": lambda t: t.incident.acknowledged_by,
    "minutes": _duration,
    "duration": _duration,
    "one sentence": lambda t: t.incident.root_cause,
    "root cause": lambda t: t.incident.root_cause,
    "incident": lambda t: t.incident.id,
    "incident id": lambda t: t.incident.id,
}
