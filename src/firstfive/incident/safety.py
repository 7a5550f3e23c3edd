"""What a changing step needs before it may run: who says yes, how many, what they must have done first, what is never done.

Called by `respond` when it asks for approval and by `timeline` when a person answers. Every rule names the line of the page, or the
safety rule, that it comes from. Runs nothing and reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.handbook.model import Duty, DutyKind, Handbook, Mode, Runbook, Step, names_somebody
from firstfive.handbook.steps.hazards import warned
from firstfive.shell.risk import Verdict

ALONE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Something the page wants done before. `probe` is a read-only script whose exit 0 proves it; empty: a person must say so. `stopped` is
    the word for the containers that it proves to be stopped.
    """

    text: str
    probe: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an approval must bring: `people` different names, out of `who` when that is not empty; `confirm` typed word for word;
    every text of `first` affirmed.
    """

    people: int = 1
    who: tuple[str, ...] = ()
    confirm: str = ""
    first: tuple[First, ...] = ()


def needs(handbook: Handbook, runbook: Runbook, step: Step, target: str) -> Needs:
    """What approving this step takes. A destructive one takes two people, and its target's name typed by each."""
    destructive = step.verdict is Verdict.DESTRUCTIVE
    return Needs(
        people=2 if destructive else 1,
        who=approvers(handbook, step),
        confirm=target if destructive else "",
        first=tuple(_preconditions(runbook, step)) if step.mode is Mode.APPROVE else (),
    )


def needs_to_undo(handbook: Handbook, step: Step, target: str) -> Needs:
    """What taking a step back takes: the page's own undo is a command like any other, and one that destroys takes two people.

    What the page wants done before the step was about the step, so nothing of it is asked here. The undo of a roll-back or a pack is
    a reviewed script of ours and takes one person.
    """
    destructive = bool(step.undo) and step.undo_verdict is Verdict.DESTRUCTIVE
    return Needs(people=2 if destructive else 1, who=approvers(handbook, step), confirm=target if destructive else "")


def approvers(handbook: Handbook, step: Step) -> tuple[str, ...]:
    """Names that the page lets approve this step: `approve=role:on-call` through its contacts, `approve=@ann` by name.

    Empty when the page names nobody, or only placeholders: then any responder may.
    """
    names: list[str] = []
    for part in re.split(r"[,\s]+", step.approve.strip()):
        if part.startswith("role:"):
            role = part.removeprefix("role:").replace("-", " ").lower()
            for contact in handbook.contacts:
                if role in contact.role.replace("-", " ").lower():
                    names += [n for n in (contact.primary, contact.backup) if names_somebody(n)]
        elif part:
            names.append(part)
    return tuple(dict.fromkeys(plain_name(name) for name in names if plain_name(name)))


def plain_name(name: str) -> str:
    """A name as it is compared: without @, case and spaces around it."""
    return " ".join(name.strip().lstrip("@").lower().split())


# ------------------------------------------------------------------------------------------- what must be done before

_STOP_FIRST = re.compile(
    r"\b(?:stop|pause|disable|shut down)\s+(?:the\s+)?[`*]*(?P<name>[\w.-]+)[`*]*(?:\s+(?:container|service|app|process))?\s+first\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]{4,}")
_COMMON = frozenset(
    {"must", "when", "once", "case", "with", "this", "that", "from", "have", "your", "need", "been", "before", "after"}
    | {"data", "first", "stop", "until", "then", "them"}
)


def _preconditions(runbook: Runbook, step: Step) -> Iterator[First]:
    for duty in runbook.duties:
        if duty.kind is DutyKind.PRECONDITION and _concerns(runbook, duty, step):
            yield _first(duty)


def first_of_all(handbook: Handbook, what: str) -> tuple[First, ...]:
    """What any runbook of the page wants done before `what`, the words of a change that is none of its steps."""
    return tuple(
        _first(duty)
        for runbook in handbook.runbooks
        for duty in runbook.duties
        if duty.kind is DutyKind.PRECONDITION and duty.when and _concerned(runbook, duty, what)
    )


def _first(duty: Duty) -> First:
    found = _STOP_FIRST.search(duty.text)
    # A name from prose goes into the script only as a word of letters, digits, dot, dash and underscore.
    name = found["name"].lower() if found else ""
    # An engine that does not answer proves nothing: the listing itself must succeed.
    listing = f"running=$(docker ps -q --filter 'name={name}')"
    probe = f'{listing} && test -z "$running"' if re.fullmatch(r"[\w.-]+", name) else ""
    return First(text=f"{duty.text} ({duty.place})", probe=probe, stopped=name if probe else "")


def stops(first: First, containers: Sequence[str]) -> bool:
    """Whether a change that stops these containers does by itself what has to come first."""
    return bool(first.stopped) and any(first.stopped in name.lower() for name in containers)


def _concerns(runbook: Runbook, duty: Duty, step: Step) -> bool:
    """Whether a precondition speaks about this step: always without a “when”, else if they share a word that is not the runbook's.

    “Mongo” is as much the word of a runbook on MongoDB as “mongodb”.
    """
    return _concerned(runbook, duty, f"{step.title} {step.script}")


def _concerned(runbook: Runbook, duty: Duty, what: str) -> bool:
    if not duty.when:
        return True
    own = set(_WORD.findall(runbook.title.lower()))
    words = {w for w in _WORD.findall(duty.when.lower()) if w not in _COMMON}
    spoken = {w for w in words if not any(w in theirs or theirs in w for theirs in own)}
    return any(word in what.lower() for word in spoken)


# ---------------------------------------------------------------------------------------------------- what is never done

_TOKEN = re.compile(r"`([^`]+)`|\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:=[\w.-]+)?)")


_SAME = ({"true", "1", "yes", "y", "on", "enabled"}, {"false", "0", "no", "n", "off", "disabled"})
_GIVEN = re.compile(r"""["'\\]*(?:=|\s+=\s+|\s*:\s*)["'\\]*(?P<value>[^\s"'\\;&|)/,#]*)""")
_PLAIN = re.compile(r"[\w.@+-]*")


def forbidden(handbook: Handbook, runbook: Runbook, text: str, *, changes: bool, lab: bool = False) -> str:
    """Why the page forbids what `text` (script and values) would do; empty when it does not. In a lab nothing is forbidden.

    A setting that the page forbids to be given a value is forbidden in every spelling of that value, and also where something that
    `changes` names the setting and cannot be seen to give it another one. What only looks may name it.
    """
    if lab:
        return ""
    spaced = " ".join(text.split())
    for duty in (*runbook.duties, *handbook.duties):
        if duty.kind is not DutyKind.GUARD:
            continue
        for token in tokens_of(duty.text):
            if _held(token, spaced, changes=changes):
                return f"the page forbids {token} here: “{duty.text}” ({duty.place})"
    return ""


def _held(token: str, text: str, *, changes: bool) -> bool:
    name, separator, never = token.partition("=")
    if not re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", name):
        return " ".join(token.split()) in text
    bare = text.replace("${", "$")
    named = re.finditer(rf"(?<![\w$]){name}(?!\w)", bare)
    values = [found["value"] if (found := _GIVEN.match(bare, one.end())) else None for one in named]
    if not separator:
        return any(value is not None for value in values)
    if any(value is not None and _same(value, never) for value in values):
        return True
    last = values[-1] if values else ""
    return changes and (last is None or not _PLAIN.fullmatch(last))


def _same(value: str, other: str) -> bool:
    value, other = value.lower(), other.strip("\"'").lower()
    return value == other or any(value in family and other in family for family in _SAME)


def tokens_of(text: str) -> tuple[str, ...]:
    """The settings and commands that a guard names: text in backticks, and words such as FORCE_DEMO=true."""
    found = [code or word for code, word in _TOKEN.findall(text)]
    return tuple(dict.fromkeys(part.strip() for part in found if part.strip()))


# ------------------------------------------------------------------------------------------------------- done by hand


def by_hand(handbook: Handbook, runbook: Runbook, step: Step, *, lab: bool = False) -> str:
    """How a person goes about a step that the page leaves to them: what it says, what comes first, what it forbids, what harms."""
    says = [f"if {branch.phrase}: {branch.action}" for branch in step.branches] or [step.title]
    says += [note for note in step.notes if not any(note in told for told in says)]
    said = "; ".join(says)
    never = forbidden(handbook, runbook, said, changes=True, lab=lab)
    parts = [f"{runbook.number} step {step.number} is done by hand"]
    parts += [f"first: {first.text}" for first in _preconditions(runbook, step)]
    parts += [f"never: {never}"] if never else []
    parts += [f"mind: {warning}" for warning in warned(said)]
    return ". ".join((*parts, f"The page says: {said}"))


# ------------------------------------------------------------------------------------------------------------ four eyes


def alone(actors: Sequence[tuple[str, datetime]], by: str, asked_at: datetime, now: datetime) -> bool:
    """Whether nobody but `by` has acted on the incident for five minutes, and the question has stood that long.

    `actors` are the people of its timeline and when they acted.
    """
    if now - asked_at < ALONE_AFTER:
        return False
    return not any(plain_name(name) != plain_name(by) and now - at < ALONE_AFTER for name, at in actors)
