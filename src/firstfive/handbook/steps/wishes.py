"""What the annotations of one step ask for, checked and typed.

Called before a step is built. A wish that cannot be read is an error with its place and changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Level, Place, Problem
from firstfive.handbook.phrases import compact_duration
from firstfive.handbook.steps.annotations import Annotation
from firstfive.handbook.steps.commands import Shell
from firstfive.shell.bind import ParamType, check_value
from firstfive.shell.conditions import Condition, FactType, compile
from firstfive.shell.facts import FactLine, parse_fact_line
from firstfive.shell.risk import Verdict

_RETRY = re.compile(r"(\d{1,3})(?:x(\w+))?")
_OUTPUT = {"exit": FactType.INT, "stdout": FactType.STRING, "stderr": FactType.STRING}
_RISKS = {verdict.name.lower().replace("_", "-"): verdict for verdict in Verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamLine:
    """A `#: param` line: it holds for every step of its runbook."""

    name: str
    kind: ParamType
    source: str
    default: str


@dataclass(slots=True, kw_only=True)
class Wishes:
    """The annotations of one step. `risk` is the verdict the author asks for; `conditions` bind phrases of this step."""

    name: str = ""
    on: str | None = None
    timeout: timedelta = timedelta(seconds=30)
    retry: int = 0
    retry_every: timedelta = timedelta(seconds=5)
    retry_place: Place | None = None
    needs: tuple[str, ...] = ()
    approve: str = ""
    undo: str = ""
    cwd: str = ""
    goto: Annotation | None = None
    params: tuple[ParamLine, ...] = ()
    manual: bool = False
    risk: Verdict | None = None
    risk_place: Place | None = None
    reviewed: str = ""
    when: Condition | None = None
    expect: Condition | None = None
    conditions: dict[str, Condition] = field(default_factory=dict)
    fact_lines: tuple[FactLine, ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def fact_names(self) -> tuple[str, ...]:
        """The facts that the step declares."""
        return tuple(line.name for line in self.fact_lines)

    def raised(self, verdict: Verdict) -> Verdict:
        """The stricter of what the classifier and the author say; a reviewed lowering (checked before) counts too."""
        if self.risk is None:
            return verdict
        return self.risk if self.reviewed else max(verdict, self.risk)

    def condition_for(self, phrase: str, shell: Shell) -> Condition | None:
        """The condition bound to a phrase: by this step's own `if` line, else by the lexicon."""
        own = self.conditions.get(_normal(phrase))
        return own if own is not None else shell.condition(phrase)


def _normal(phrase: str) -> str:
    return re.sub(r"[\W_]+", " ", phrase).strip().lower()


def declare_facts(annotations: Sequence[Annotation], shell: Shell, problems: list[Problem]) -> tuple[FactLine, ...]:
    """The `fact` lines of a step; their types become known to every condition of the vault."""
    lines: list[FactLine] = []
    for annotation in annotations:
        if annotation.name != "fact":
            continue
        try:
            line = parse_fact_line(annotation.value)
        except FirstfiveError as error:
            problems.append(wrong(annotation, error.code or "FF042", error.what, error.remedy))
            continue
        lines.append(line)
        shell.declared_facts[line.name] = line.type
    return tuple(lines)


def read_wishes(
    annotations: Sequence[Annotation],
    attributes: dict[str, str],
    facts: tuple[FactLine, ...],
    shell: Shell,
    problems: list[Problem],
) -> Wishes:
    """The wishes of a step from its fence's attributes and its own `#:` lines; the step's own lines win."""
    wishes = Wishes(fact_lines=facts, on=attributes.get("on"), manual="manual" in attributes)
    wishes.cwd = attributes.get("cwd", "")
    wishes.timeout = compact_duration(attributes.get("timeout", "")) or wishes.timeout
    for annotation in annotations:
        _one(wishes, annotation, shell, problems)
    return wishes


def _one(wishes: Wishes, annotation: Annotation, shell: Shell, problems: list[Problem]) -> None:
    value = annotation.value
    match annotation.name:
        case "id":
            wishes.name = value
        case "on" | "in":
            wishes.on = value
        case "needs":
            wishes.needs = tuple(part for part in value.split(",") if part)
        case "approve":
            wishes.approve = value
        case "undo":
            wishes.undo = value
        case "goto":
            wishes.goto = annotation
        case "param":
            wishes.params = (*wishes.params, *_param(annotation, shell, problems))
        case "manual":
            wishes.manual = value in ("", "true", "yes")
        case "reviewed":
            wishes.reviewed = value
        case "secret":
            wishes.secrets = (*wishes.secrets, *value.split(","))
        case "timeout" | "retry" | "risk":
            _measured(wishes, annotation, problems)
        case "when" | "expect" | "if":
            _condition(wishes, annotation, shell, problems)
        case _:
            pass


_PARAM = re.compile(r"<?([\w.-]+)>?\s+(\w+)(?:\s+from\s+([\w.]+))?(?:\s+default\s+(\S.*))?")


def _param(annotation: Annotation, shell: Shell, problems: list[Problem]) -> tuple[ParamLine, ...]:
    """What a placeholder is: its type, the fact that proposes a value, the value proposed without one."""
    found = _PARAM.fullmatch(annotation.value.strip())
    kinds = {str(kind): kind for kind in ParamType}
    if found is None or found[2] not in kinds:
        help_ = f"write #: param NAME TYPE [from FACT] [default VALUE]; types: {', '.join(sorted(kinds))}"
        problems.append(wrong(annotation, "FF041", f"{annotation.value!r} says nothing of a placeholder", help_))
        return ()
    fact, default = found[3] or "", found[4] or ""
    if fact and fact not in shell.fact_types():
        problems.append(
            wrong(annotation, "FF042", f"nobody collects the fact {fact}", "firstfive explain names the facts")
        )
        fact = ""
    try:
        default = check_value(kinds[found[2]], default) if default else ""
    except FirstfiveError as error:
        problems.append(wrong(annotation, "FF041", f"the default is no {found[2]}: {error.what}", error.remedy))
        default = ""
    return (ParamLine(name=found[1], kind=kinds[found[2]], source=fact, default=default),)


def _measured(wishes: Wishes, annotation: Annotation, problems: list[Problem]) -> None:
    match annotation.name:
        case "timeout":
            length = compact_duration(annotation.value)
            if length is None or not timedelta(0) < length <= timedelta(hours=1):
                problems.append(
                    wrong(annotation, "FF041", f"{annotation.value!r} is no timeout", "write timeout=30s, at most 1h")
                )
            else:
                wishes.timeout = length
        case "retry":
            found = _RETRY.fullmatch(annotation.value)
            every = compact_duration(found.group(2)) if found and found.group(2) else wishes.retry_every
            if found is None or every is None:
                problems.append(
                    wrong(
                        annotation,
                        "FF041",
                        f"{annotation.value!r} is no retry",
                        "write retry=10x6s: ten times, 6 s apart",
                    )
                )
            else:
                wishes.retry, wishes.retry_every, wishes.retry_place = int(found.group(1)), every, annotation.place
        case _:
            risk = _RISKS.get(annotation.value)
            if risk is None:
                problems.append(
                    wrong(annotation, "FF041", f"{annotation.value!r} is no verdict", "verdicts: " + ", ".join(_RISKS))
                )
            else:
                wishes.risk, wishes.risk_place = risk, annotation.place


def _condition(wishes: Wishes, annotation: Annotation, shell: Shell, problems: list[Problem]) -> None:
    text, phrase, shift = annotation.value, "", 0
    if annotation.name == "if":
        phrase, equals, text = annotation.value.partition(" = ")
        shift = len((phrase + equals).encode())
        if not equals:
            problems.append(wrong(annotation, "FF041", "this line binds no phrase", "write #: if PHRASE = CONDITION"))
            return
    types = {**shell.fact_types(), **(_OUTPUT if annotation.name == "expect" else {})}
    try:
        condition = compile(text, types)
    except FirstfiveError as error:
        column = annotation.place.column + shift + getattr(error, "column", 1) - 1
        place = Place(page=annotation.place.page, line=annotation.place.line, column=column)
        problems.append(Problem(code="FF042", level=Level.ERROR, message=error.what, place=place, help=error.remedy))
        return
    match annotation.name:
        case "when":
            wishes.when = condition
        case "expect":
            wishes.expect = condition
        case _:
            wishes.conditions[_normal(phrase)] = condition


def check_risk(wishes: Wishes, verdict: Verdict, script: str, problems: list[Problem]) -> None:
    """FF040: an author may raise a risk. Lowering needs the hash of the reviewed text, and nothing lowers a destructive one."""
    if wishes.risk is None or wishes.risk >= verdict or wishes.risk_place is None:
        wishes.reviewed = ""
        return
    digest = hashlib.sha256(script.encode()).hexdigest()
    if verdict is not Verdict.DESTRUCTIVE and wishes.reviewed == digest:
        return
    wishes.reviewed = ""
    help_text = (
        "a destructive command always asks"
        if verdict is Verdict.DESTRUCTIVE
        else f"if the owner of the page has reviewed exactly these commands, add reviewed={digest}"
    )
    problems.append(
        Problem(
            code="FF040",
            level=Level.ERROR,
            message=f"this step is {verdict}; the page may not lower that to {wishes.risk}",
            place=wishes.risk_place,
            help=help_text,
        )
    )


def check_retry(wishes: Wishes, verdict: Verdict, problems: list[Problem]) -> None:
    """FF041: only a step that reads may be tried again by itself; a change whose outcome is unclear is for a person."""
    if wishes.retry_place is None or wishes.raised(verdict) is Verdict.READ_ONLY:
        return
    wishes.retry = 0
    problems.append(
        Problem(
            code="FF041",
            level=Level.WARNING if verdict is Verdict.UNKNOWN else Level.ERROR,
            message="retry= is for steps that only read; this one may change something",
            place=wishes.retry_place,
            help="move it to a step that checks the result",
        )
    )


def wrong(annotation: Annotation, code: str, message: str, remedy: str) -> Problem:
    """An error at an annotation."""
    return Problem(code=code, level=Level.ERROR, message=message, place=annotation.place, help=remedy)
