"""Scripts bound and judged: placeholders become quoted variables, and the bytes that will be sent get their verdict.

Called by `runbook.build` between cutting and building. Values are unknown here; they are checked when they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from firstfive.errors import ShellSyntaxError
from firstfive.handbook.markdown import CodeLine
from firstfive.handbook.model import Level, Parameter, Place, Problem
from firstfive.handbook.steps.commands import Shell, commands_of
from firstfive.handbook.steps.judged import Ready, without_terminal
from firstfive.handbook.steps.wishes import ParamLine, check_retry, check_risk
from firstfive.shell.bind import Context, ParamType, bind, is_secret, variable_uses
from firstfive.shell.bind.placeholders import found_in
from firstfive.shell.bind.rewrite import neutralised
from firstfive.shell.parse import parse


def as_parsed(script: str) -> str:
    """The form of a script that binding parses; parsing all of them in one batch makes binding free."""
    return neutralised(script, found_in(script))


def bind_step(
    ready: Ready,
    types: Mapping[str, ParamType],
    problems: list[Problem],
    *,
    strict: bool,
    said: Mapping[str, ParamLine] | None = None,
) -> None:
    """Fill `ready.bound`, `sent` and `parameters`. A script in which no value may be bound is left to a person."""
    if ready.broken or not ready.script:
        return
    try:
        ready.bound = bind(ready.script, types)
    except ShellSyntaxError:
        ready.broken = True
        return
    ready.sent = ready.bound.script
    seen: dict[str, Parameter] = {}
    for found in ready.bound.placeholders:
        if found.context is Context.COMMENT:
            continue
        place = _place(ready, found.line, found.column)
        seen.setdefault(
            found.name, Parameter(name=found.name, variable=found.variable, kind=str(found.type), place=place)
        )
    _bind_undo(ready, types, seen, problems)
    ready.parameters = tuple(_proposed(parameter, (said or {}).get(parameter.name)) for parameter in seen.values())
    for trouble in ready.bound.problems:
        problems.append(
            Problem(
                code=trouble.code,
                level=Level.ERROR if strict else Level.WARNING,
                message=trouble.message,
                place=_place(ready, trouble.line, trouble.column),
                help="a person has to do this step" if trouble.fatal else "",
            )
        )


def _proposed(parameter: Parameter, said: ParamLine | None) -> Parameter:
    return parameter if said is None else replace(parameter, source=said.source, default=said.default)


def _bind_undo(
    ready: Ready, types: Mapping[str, ParamType], seen: dict[str, Parameter], problems: list[Problem]
) -> None:
    """Fill `ready.undo` as the script is bound, with the same values; one that cannot be bound is left out and said."""
    if not ready.wishes.undo:
        return
    why = "bash cannot read it"
    try:
        parse(as_parsed(ready.wishes.undo))
        bound = bind(ready.wishes.undo, types)
    except ShellSyntaxError:
        bound = None
    if bound is not None and bound.blocked:
        bound, why = None, "a value cannot be bound where its placeholder stands"
    if bound is None:
        problems.append(
            Problem(
                code="FF041",
                level=Level.ERROR,
                message=f"the undo of this step is never offered: {why}",
                place=ready.draft.place,
                help="write an undo that is bash by itself, each <placeholder> a word of its own",
            )
        )
        return
    ready.undo = bound.script
    for found in bound.placeholders:
        parameter = Parameter(
            name=found.name, variable=found.variable, kind=str(found.type), undo_only=True, place=ready.draft.place
        )
        seen.setdefault(found.name, parameter)


def judge_step(ready: Ready, shell: Shell, problems: list[Problem]) -> None:
    """Fill `ready.judgement`, `undo_verdict`, `commands` and what is sent without a terminal; FF040 is found here."""
    names = [parameter.variable for parameter in ready.parameters]
    ready.judgement = shell.judged(ready.sent, names)
    ready.commands = commands_of(ready.judgement, ready.lines, ready.draft.place.page, ready.parameters)
    if ready.judgement.tags & {"needs-tty", "interactive"}:
        ready.sent = without_terminal(ready.sent)
        sent = shell.judged(ready.sent, names)
        ready.judgement = (
            sent if sent.verdict >= ready.judgement.verdict else replace(sent, verdict=ready.judgement.verdict)
        )
    if ready.undo:
        ready.undo_verdict = shell.judged(ready.undo, names).verdict
    check_risk(ready.wishes, ready.judgement.verdict, ready.script, problems)
    check_retry(ready.wishes, ready.judgement.verdict, problems)


def undeclared(readies: Iterable[Ready], declared: frozenset[str]) -> list[Problem]:
    """FF024 for every `$X` of a runbook that nothing sets, once, at its first use. An earlier step's assignment counts."""
    found: list[Problem] = []
    known = set(declared)
    for ready in readies:
        known.update(ready.wishes.secrets)
        if not ready.script or ready.broken:
            continue
        for use in variable_uses(ready.script):
            if use.name in known or use.name.islower():
                continue
            known.add(use.name)
            what = "secret" if is_secret(use.name) else "variable"
            found.append(
                Problem(
                    code="FF024",
                    level=Level.WARNING,
                    message=f"nothing on the page sets the {what} ${use.name}: it must be in the target's environment",
                    place=_place(ready, use.line, use.column),
                    help=f"name it in the front matter: runbook: {{{what}s: [{use.name}]}}"
                    if what == "secret"
                    else f"write a <placeholder>, or name it in the front matter: runbook: {{params: {{{use.name}: text}}}}",
                )
            )
        known.update(_assigned(ready))
    return found


def _assigned(ready: Ready) -> set[str]:
    """Names assigned at the start of a line; they hold for the later steps of the same run."""
    names = (line.text.strip().removeprefix("export ").partition("=")[0] for line in ready.lines if "=" in line.text)
    return {name for name in names if name.isidentifier()}


def _place(ready: Ready, line: int, column: int) -> Place:
    at: CodeLine = ready.lines[min(max(line, 1), len(ready.lines)) - 1]
    return Place(page=ready.draft.place.page, line=at.line, column=at.column + max(0, column - 1))
