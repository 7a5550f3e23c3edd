"""Turns `<x>` in a script into a quoted environment variable, so that a value arrives as it is and is never read as bash.

Called by the page compiler (once, when the page is read) and by `firstfive.shell.bind`. Values are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firstfive.errors import ShellSyntaxError
from firstfive.shell.bind.contexts import TOKEN, Context, Use, uses_of
from firstfive.shell.bind.interpreters import UNLISTED
from firstfive.shell.bind.placeholders import (
    CLOSED,
    MOST_PLACEHOLDERS,
    OPEN,
    Found,
    ParamType,
    found_in,
    type_of,
    variable_of,
)
from firstfive.shell.parse import Script, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One `<x>`: its name, the environment variable and type of its value, its 1-based line and byte column.

    `context` is the quoting around it; `reader` names the second interpreter that reads it (`sed script`), or is empty.
    """

    name: str
    variable: str
    type: ParamType
    line: int
    column: int
    context: Context
    reader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindProblem:
    """Something about one placeholder. `fatal`: no value may be bound there, so the script must not run as bound."""

    code: str
    message: str
    line: int
    column: int
    fatal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A script ready to run with its values in the environment, unless `blocked`. Placeholders in comments stay as written."""

    script: str
    placeholders: tuple[Placeholder, ...]
    problems: tuple[BindProblem, ...]

    @property
    def blocked(self) -> bool:
        """Whether a problem forbids running this script with values from outside."""
        return any(problem.fatal for problem in self.problems)

    @property
    def variables(self) -> tuple[tuple[str, ParamType], ...]:
        """The environment variables that the script wants, each once, with the type of its value."""
        wanted = {p.variable: p.type for p in self.placeholders if p.context is not Context.COMMENT}
        return tuple(wanted.items())


def placeholders(script: str, types: Mapping[str, ParamType] | None = None) -> tuple[Placeholder, ...]:
    """Every placeholder of `script` in order of place, those in comments included. `types` overrides guesses by name.

    Raises:
        ShellSyntaxError: when bash could not read the script, at its place in the script as written.
    """
    return bind(script, types).placeholders


def bind(script: str, types: Mapping[str, ParamType] | None = None) -> Bound:
    """`script` with each placeholder rewritten by its quoting: bare `"${FF_X}"`, in "..." `${FF_X}`, in '...' `'"${FF_X}"'`.

    A script without placeholders comes back as it is, unparsed.

    Raises:
        ShellSyntaxError: when bash could not read the script, at its place in the script as written.
    """
    found = found_in(script)
    if not found:
        return Bound(script=script, placeholders=(), problems=())
    neutral = neutralised(script, found)
    uses = uses_of(neutral.encode(), parsed(script, found, neutral).tree)
    named = tuple(_placeholder(script, one, number, uses, types or {}) for number, one in enumerate(found))
    problems = tuple(
        problem for use in uses if (problem := _problem(script, found[use.number], named[use.number], use)) is not None
    )
    stopped = {found[use.number].start for use in uses if _fatal(named[use.number], use)}
    out = neutral.encode()
    for use in sorted((use for use in uses if use.at >= 0), key=lambda use: -use.at):
        one = found[use.number]
        keep = use.context is Context.COMMENT or one.start in stopped
        text = f"<{one.name}>" if keep else _written(named[use.number].variable, use)
        end = use.at + len(_token(use.number))
        out = out[: use.at] + text.encode() + out[end:]
    return Bound(script=out.decode(), placeholders=named, problems=tuple(dict.fromkeys(problems)))


def neutral(script: str) -> str:
    """The text that `bind` will parse, for callers that parse many scripts in one go beforehand."""
    return neutralised(script, found_in(script))


def neutralised(script: str, found: Sequence[Found]) -> str:
    """`script` with each placeholder replaced by a word that means nothing to bash."""
    pieces, at = [], 0
    for number, one in enumerate(found):
        pieces += [script[at : one.start], _token(number)]
        at = one.end
    return "".join((*pieces, script[at:]))


def parsed(script: str, found: Sequence[Found], neutral: str) -> Script:
    """The tree of the neutral script; a syntax error is told at its place in the script as written."""
    if len(found) > MOST_PLACEHOLDERS:
        line, column = position(script, found[-1].start)
        raise ShellSyntaxError(f"more than {MOST_PLACEHOLDERS} placeholders in one script", line=line, column=column)
    if TOKEN.search(script.encode()):
        raise ShellSyntaxError(f"{_token(0)} is a word that Firstfive keeps for itself", line=1, column=1)
    try:
        return parse(neutral)
    except ShellSyntaxError as bad:
        column = bad.column
        for number, one in enumerate(found):
            line, start = position(script, one.start)
            grown = len(_token(number)) - len(script[one.start : one.end].encode())
            if line == bad.line and start < column:
                column = max(start, column - grown)
        raise ShellSyntaxError(bad.what, line=bad.line, column=column) from bad


def position(script: str, offset: int) -> tuple[int, int]:
    """1-based line and byte column of a character offset."""
    line_start = script.rfind("\n", 0, offset) + 1
    return script.count("\n", 0, offset) + 1, len(script[line_start:offset].encode()) + 1


def _token(number: int) -> str:
    return f"FfSlot{number}Q"


def _written(variable: str, use: Use) -> str:
    match use.context:
        case Context.SINGLE:
            return f"'\"${{{variable}}}\"'"
        case Context.DOLLAR_SINGLE:
            return f"'\"${{{variable}}}\"$'"
        case Context.BARE:
            return f'"${{{variable}}}"'
        case Context.DOUBLE | Context.HEREDOC if use.nested:
            return f'"${{{variable}}}"'
        case _:
            return f"${{{variable}}}"


def _placeholder(
    script: str, one: Found, number: int, uses: Sequence[Use], types: Mapping[str, ParamType]
) -> Placeholder:
    own = next(use for use in uses if use.number == number and use.at >= 0)
    reader = next((use.label for use in uses if use.number == number and use.label not in ("", UNLISTED)), "")
    line, column = position(script, one.start)
    return Placeholder(
        name=one.name,
        variable=variable_of(one.name),
        type=types.get(one.name) or type_of(one.name),
        line=line,
        column=column,
        context=own.context,
        reader=reader,
    )


def _fatal(placeholder: Placeholder, use: Use) -> bool:
    if use.context is Context.COMMENT:
        return False
    if use.refused or use.context is Context.QUOTED_HEREDOC:
        return True
    if use.computed and placeholder.type is not ParamType.INT:
        return True
    if use.label == UNLISTED:
        return placeholder.type in OPEN
    return bool(use.label) and placeholder.type not in CLOSED


def _problem(script: str, one: Found, placeholder: Placeholder, use: Use) -> BindProblem | None:
    if use.context is Context.COMMENT:
        return None
    line, column = position(script, one.start)
    fatal = _fatal(placeholder, use)
    shown = f"<{one.name}>"
    if use.context is Context.QUOTED_HEREDOC:
        message = f"{shown} stands in a quoted here-document, where bash puts no value in"
        return BindProblem(code="FF023", message=message, line=line, column=column, fatal=True)
    if use.refused:
        message = f"{shown} cannot be bound here: {use.refused}"
    elif use.computed and fatal:
        message = f"{shown} ({placeholder.type}) reaches bash arithmetic, which computes text; only an int may"
    elif use.label == UNLISTED and fatal:
        message = f"{shown} ({placeholder.type}) goes to a {use.label}, which might read its value as code"
    elif use.label == UNLISTED:
        return None
    elif use.label and fatal:
        message = f"{shown} ({placeholder.type}) reaches a second interpreter ({use.label}), which would read its value as code"
    elif use.label:
        message = f"{shown} reaches a second interpreter ({use.label}); it takes a value of type {placeholder.type} and nothing else"
    else:
        return None
    return BindProblem(code="FF021", message=message, line=line, column=column, fatal=fatal)
