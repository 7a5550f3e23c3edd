"""What was understood, as text and as plain data, and every problem the way a compiler shows it.

Called by whoever shows a check of the vault to a person or a program. Reads a handbook; changes and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from firstfive.handbook.model import Handbook, Level, Place, Problem, Source, Symptom
from firstfive.shell.conditions import Condition
from firstfive.shell.risk import Verdict

_WIDTH = 160


def to_json(handbook: Handbook) -> dict[str, Any]:
    """The handbook as plain data: keys are the model's field names, places `page:line:col`, durations seconds, sets sorted lists.

    Pages are named with their hash; their text is left out.
    """
    plain: dict[str, Any] = {}
    for field in fields(handbook):
        value = getattr(handbook, field.name)
        if field.name == "sources":
            plain["sources"] = [{"path": source.path, "sha256": source.sha256} for source in handbook.sources]
        else:
            plain[field.name] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    match value:
        case Place():
            return str(value)
        case Verdict():
            return str(value)
        case Condition():
            return value.text
        case Enum():
            return value.value
        case timedelta():
            seconds = value.total_seconds()
            return int(seconds) if seconds.is_integer() else seconds
        case tuple() | list():
            return [_plain(item) for item in value]
        case set() | frozenset():
            return sorted(_plain(item) for item in value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            shape = {"shape": _shape(value)} if _shape(value) else {}
            return {**shape, **{field.name: _plain(getattr(value, field.name)) for field in fields(value)}}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _shape(value: Any) -> str:
    """Which kind of symptom a symptom is; other values say it in a field of their own."""
    name = type(value).__name__
    return name.removesuffix("Symptom").lower() if name.endswith("Symptom") else ""


def understood(handbook: Handbook) -> str:
    """A count of everything that was understood, then every value with its place, one a line."""
    lines = [handbook.title, "", *_counts(handbook), ""]
    width = max((len(str(place)) for place, _ in _values(handbook)), default=0)
    lines += [f"{place!s:<{width}}  {text}"[:_WIDTH] for place, text in _values(handbook)]
    return "\n".join(lines) + "\n"


def _counts(handbook: Handbook) -> list[str]:
    steps = [step for runbook in handbook.runbooks for step in runbook.steps]
    parts = [
        (len(handbook.severities), "severities"),
        (len(handbook.checks), "first-five checks"),
        (len(handbook.runbooks), "runbooks"),
        (sum(len(runbook.symptoms) for runbook in handbook.runbooks), "symptoms"),
        (len(steps), "steps"),
        (sum(len(runbook.duties) for runbook in handbook.runbooks) + len(handbook.duties), "duties"),
        (len(handbook.templates), "templates"),
        (len(handbook.contacts), "contacts"),
        (len(handbook.closing), "closing items"),
    ]
    modes = {mode: sum(step.mode == mode for step in steps) for mode in ("auto", "approve", "manual")}
    counted = ", ".join(f"{count} {name}" for count, name in parts)
    return [counted, "steps: " + ", ".join(f"{count} {mode}" for mode, count in modes.items())]


def _values(handbook: Handbook) -> Iterator[tuple[Place, str]]:
    for severity in handbook.severities:
        yield severity.place, f"severity {severity.level}: {severity.meaning} ({severity.response.text})"
    if handbook.surge:
        rule = handbook.surge
        yield rule.place, f"surge: more than {rule.more_than} in {_span(rule.window)} raises by {rule.raise_by}"
    for check in handbook.checks:
        yield check.place, f"check {check.number}: {check.title} [{check.kind}] {check.script}".rstrip()
    if handbook.rollback:
        young, lost = handbook.rollback.deploy_within, handbook.rollback.hypothesis_within
        said = [f"deploy younger than {_span(young)}"] if young else []
        said += [f"no hypothesis after {_span(lost)}"] if lost else []
        yield handbook.rollback.place, "roll back first: " + "; ".join(said)
    yield from _runbook_values(handbook)
    for template in handbook.templates:
        yield template.place, f"template {template.kind}: {template.title} ({len(template.fields)} fields)"
    if handbook.postmortem:
        form = handbook.postmortem
        due = f", due in {form.due_business_days} business days" if form.due_business_days else ""
        yield form.place, f"post-mortem form for levels {sorted(form.levels)}{due}, kept in {form.folder}"
    for contact in handbook.contacts:
        yield contact.place, f"contact {contact.role}: {contact.primary or 'nobody'}"
    for item in handbook.closing:
        yield item.place, f"closing: {item.text}"
    for duty in handbook.duties:
        yield duty.place, f"duty [{duty.kind}] {duty.text}"


def _runbook_values(handbook: Handbook) -> Iterator[tuple[Place, str]]:
    for runbook in handbook.runbooks:
        level = f" (severity {runbook.severity})" if runbook.severity else ""
        yield runbook.place, f"runbook {runbook.number} {runbook.title}{level}".replace("  ", " ")
        for symptom in runbook.symptoms:
            yield symptom.place, f"  symptom {_symptom(symptom)}: {symptom.text}"
        for step in runbook.steps:
            yield step.place, f"  step {step.number}: {step.title} [{step.mode}, {step.verdict}, {step.purpose}]"
            for command in step.commands:
                first = command.text.splitlines()[0] if command.text else ""
                yield command.place, f"    {command.verdict}: {first}"
            for branch in step.branches:
                bound = branch.condition.text if branch.condition else "asks"
                yield branch.place, f"    if {branch.phrase} ({bound}): {branch.action}"
            for cause in step.causes:
                yield cause.place, f"    cause: {cause.text}"
        for duty in runbook.duties:
            yield duty.place, f"  duty [{duty.kind}] {duty.text}"


def _symptom(symptom: Symptom) -> str:
    return _shape(symptom)


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def render_problem(problem: Problem, sources: Mapping[str, Source]) -> str:
    """One problem: `page:line:col: level CODE: message`, the line with a caret under the byte, and what to do."""
    lines = [f"{problem.place}: {problem.level} {problem.code}: {problem.message}"]
    source = sources.get(problem.place.page)
    stored = source.text.encode().splitlines() if source is not None else []
    if 1 <= problem.place.line <= len(stored):
        line = stored[problem.place.line - 1]
        before = line[: problem.place.column - 1].decode(errors="replace")
        lines.append(f"  | {line.decode(errors='replace')}")
        lines.append("  | " + "".join("\t" if letter == "\t" else " " for letter in before) + "^")
    if problem.help:
        lines.append(f"  = help: {problem.help}")
    return "\n".join(lines)


def render_problems(handbook: Handbook, *, at_least: Level = Level.INFO) -> str:
    """All problems of a level or worse, in the order of the pages, and a line that counts them."""
    order = [Level.INFO, Level.WARNING, Level.ERROR]
    chosen = [problem for problem in handbook.problems if order.index(problem.level) >= order.index(at_least)]
    sources = {source.path: source for source in handbook.sources}
    parts = [render_problem(problem, sources) for problem in chosen]
    count = {level: sum(problem.level is level for problem in handbook.problems) for level in reversed(order)}
    summary = ", ".join(f"{n} {level}{'' if n == 1 else 's'}" for level, n in count.items())
    return "\n\n".join([*parts, summary]) + "\n"
