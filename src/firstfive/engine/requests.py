"""What people can ask of an incident, by verb: fields in, one event out.

Shared by the API and the command line, so that both accept and refuse the same things in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from firstfive.documents.public import PublicStatus, word_of
from firstfive.documents.public.promised import past_promise
from firstfive.documents.public.wording import Problem, check_wording, internal_words
from firstfive.engine.redact import Redactor
from firstfive.engine.steps.meant import meant
from firstfive.errors import Exit, Refused
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.shell.bind import ParamType, check_value

Fields = Mapping[str, Any]

TEXT = 10_000


def _text(fields: Fields, name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise Refused(f"{name} is missing", remedy=f"give {name} as text", exit_code=Exit.USAGE)
    return value.strip()


def _level(fields: Fields) -> int:
    level = fields.get("level")
    if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= 9:
        raise Refused(
            f"{level!r} is no severity level", remedy="give a number from the page's matrix", exit_code=Exit.USAGE
        )
    return level


def _public(fields: Fields) -> ev.PublicUpdate:
    """What everybody is told. Raises Refused for a status that is none of the four, a name of the inside, and a wording that must not
    go out unless `override` says why it does.
    """
    word = word_of(_text(fields, "status"))
    if word is None:
        raise Refused(
            f"{fields['status']!r} is not said outside",
            remedy=f"one of: {', '.join(PublicStatus)}",
            exit_code=Exit.USAGE,
        )
    named = (" ".join(part.split()) for part in _text(fields, "components", "").split(","))
    components = tuple(dict.fromkeys(name for name in named if name))
    inside = next((name for name in components if internal_words(name)), None)
    if inside is not None:
        raise Refused(
            f"{inside!r} is a name of the inside", remedy="name what people use, such as Checkout", exit_code=Exit.USAGE
        )
    told = ev.PublicUpdate(
        status=str(word), text=_text(fields, "text"), components=components, override=_text(fields, "override", "")
    )
    return told if told.override and word is not PublicStatus.RESOLVED else _may_go_out(told, None)


def timely(event: ev.Event, now: datetime) -> ev.Event:
    """The event as it may go out at `now`: what customers are promised is still to come. Raises Refused for a promise that is over, unless
    it says why it goes out all the same.
    """
    return _may_go_out(event, now) if isinstance(event, ev.PublicUpdate) else event


def _may_go_out(told: ev.PublicUpdate, now: datetime | None) -> ev.PublicUpdate:
    """The same, with its reason to overrule the check only where there was something to overrule; without `now` times are not judged."""
    more = word_of(told.status) is not PublicStatus.RESOLVED
    problems = check_wording(told.text, next_update=more)
    over = past_promise(told.text, now) if more and now is not None else None
    problems += (over,) if over is not None else ()
    if problems and not told.override:
        raise Refused(
            "this wording must not go out: " + "; ".join(_worded(problem) for problem in problems),
            remedy="write it anew, or say why it goes out as it is (--override WHY)",
            exit_code=Exit.USAGE,
        )
    return told if problems else replace(told, override="")


def _worded(problem: Problem) -> str:
    told = f"“{problem.phrase}”: {problem.why}" if problem.phrase else problem.why
    return f"{told} ({problem.rewrite})"


VERBS: dict[str, tuple[frozenset[str], Callable[[Fields], ev.Event]]] = {
    "ack": (frozenset(), lambda f: ev.Acknowledged(responder=_text(f, "by"))),
    "hypothesis": (frozenset({"text"}), lambda f: ev.HypothesisSet(text=_text(f, "text"))),
    "note": (frozenset({"text"}), lambda f: ev.Noted(text=_text(f, "text"))),
    "update": (frozenset({"text"}), lambda f: ev.UpdateAsked(text=_text(f, "text"))),
    "public": (frozenset({"status", "text", "components", "override"}), _public),
    "tick": (
        frozenset({"item", "done", "note"}),
        lambda f: ev.ClosingTicked(item=_text(f, "item"), done=_flag(f, "done"), note=_text(f, "note", "")),
    ),
    "write-up": (frozenset(), lambda f: ev.PostmortemAsked()),
    "severity": (frozenset({"level", "why"}), lambda f: ev.SeverityChanged(level=_level(f), why=_text(f, "why"))),
    "run": (frozenset({"step"}), lambda f: ev.StepRequested(step=_text(f, "step"))),
    "set": (
        frozenset({"step", "name", "value"}),
        lambda f: ev.ParameterSet(step=_text(f, "step"), name=_text(f, "name"), value=_text(f, "value")),
    ),
    "approve": (
        frozenset({"run", "sha256", "confirm", "affirmed", "alone"}),
        lambda f: ev.Approved(
            run=_text(f, "run"),
            sha256=_text(f, "sha256"),
            confirm=_text(f, "confirm", ""),
            affirmed=_flag(f, "affirmed") if "affirmed" in f else False,
            alone=_text(f, "alone", ""),
        ),
    ),
    "undo": (frozenset({"run"}), lambda f: ev.UndoRequested(run=_text(f, "run"))),
    "decline": (frozenset({"run", "why"}), lambda f: ev.Declined(run=_text(f, "run"), why=_text(f, "why", "declined"))),
    "settle": (
        frozenset({"run", "ran", "note"}),
        lambda f: ev.OutcomeSettled(run=_text(f, "run"), step="", ran=_flag(f, "ran"), note=_text(f, "note", "")),
    ),
    "resume": (frozenset({"note"}), lambda f: ev.Resumed(note=_text(f, "note", ""))),
    "resolve": (
        frozenset({"root_cause", "why"}),
        lambda f: ev.Resolved(why=_text(f, "why", "") or "a responder says so", root_cause=_text(f, "root_cause", "")),
    ),
}


def _flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise Refused(f"{name} is true or false", exit_code=Exit.USAGE)
    return value


def event_of(verb: str, fields: Fields) -> ev.Event:
    """The event that `verb` with these fields asks for. Raises Refused naming an unknown verb, or a missing or unknown field."""
    known = VERBS.get(verb)
    if known is None:
        raise Refused(f"nobody can {verb!r} an incident", remedy=f"known: {', '.join(VERBS)}", exit_code=Exit.USAGE)
    allowed, make = known
    unknown = sorted(set(fields) - allowed - {"by"})
    if unknown:
        raise Refused(
            f"unknown field {unknown[0]}",
            remedy=f"{verb} takes: {', '.join(sorted(allowed | {'by'}))}",
            exit_code=Exit.USAGE,
        )
    return make(fields)


def person(by: str) -> str:
    """The name of who speaks. Raises Refused for none, and for ours: what a person does must not read like the program's own."""
    name = " ".join(by.split())
    if not name or name.lower() == ev.SELF:
        raise Refused("say who you are", remedy="give a name with --by, or set FIRSTFIVE_USER", exit_code=Exit.USAGE)
    return name


def clean(redactor: Redactor, event: ev.Event) -> ev.Event:
    """The event with secrets and control characters out of what a person wrote."""
    match event:
        case ev.HypothesisSet(text=text) | ev.Noted(text=text) | ev.UpdateAsked(text=text):
            return replace(event, text=redactor.clean(text, cap=TEXT)[0])
        case ev.PublicUpdate(text=text, components=components, override=override):
            return replace(
                event,
                text=redactor.clean(text, cap=TEXT)[0],
                components=tuple(redactor.line(name) for name in components),
                override=redactor.line(override, width=TEXT),
            )
        case ev.SeverityChanged(why=why) | ev.Declined(why=why):
            return replace(event, why=redactor.clean(why, cap=TEXT)[0])
        case ev.Approved(alone=alone, confirm=confirm):
            return replace(event, alone=redactor.line(alone), confirm=redactor.line(confirm))
        case ev.OutcomeSettled(note=note) | ev.ClosingTicked(note=note) | ev.Resumed(note=note):
            return replace(event, note=redactor.clean(note, cap=TEXT)[0])
        case ev.Resolved(why=why, root_cause=cause):
            return replace(event, why=redactor.line(why, width=TEXT), root_cause=redactor.line(cause, width=TEXT))
        case _:
            return event


def sound(handbook: Handbook, event: ev.Event) -> ev.Event:
    """The event with what it names checked against the page it is pinned to, and values in their normal form.

    Raises Refused for a step, a placeholder or a severity that the page does not have, FirstfiveError for a value of the wrong type.
    """
    match event:
        case ev.StepRequested(step=step_id):
            return replace(event, step=meant(handbook, step_id)[1].id)
        case ev.ParameterSet(step=step_id, name=name, value=value):
            step = meant(handbook, step_id)[1]
            parameter = next((p for p in step.parameters if p.name == name), None)
            if parameter is None:
                known = ", ".join(f"<{p.name}>" for p in step.parameters) or "none"
                raise Refused(f"step {step_id} has no <{name}>", remedy=f"it has: {known}", exit_code=Exit.USAGE)
            return replace(event, step=step.id, value=check_value(ParamType(parameter.kind), value))
        case ev.PostmortemAsked() if handbook.postmortem is None:
            raise Refused(
                "the page has no form of a post-mortem", remedy="write one on the page, under its own heading"
            )
        case ev.ClosingTicked(item=item):
            return replace(event, item=_box(handbook, item))
        case ev.SeverityChanged(level=level) if handbook.severities and handbook.severity(level) is None:
            known = ", ".join(str(s.level) for s in handbook.severities)
            raise Refused(f"the page's matrix has no severity {level}", remedy=f"it has {known}", exit_code=Exit.USAGE)
        case _:
            pass
    return event


def _box(handbook: Handbook, item: str) -> str:
    """The id of a box of the closing list, given so or as its number from 1."""
    known = [box.id for box in handbook.closing]
    if item.isdigit() and 1 <= int(item) <= len(known):
        return known[int(item) - 1]
    if item not in known:
        has = f"it has 1 to {len(known)}" if known else "it has none"
        raise Refused(f"the page's closing list has no box {item}", remedy=has, exit_code=Exit.USAGE)
    return item
