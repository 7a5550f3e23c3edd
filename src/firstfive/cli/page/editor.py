"""A page as an editor has it open: read with its unsaved text, its findings, and the command under a position.

Called by `language`. Knows nothing of the protocol; lines and columns count from 1, columns in bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firstfive.cli.page.vault import options_of, pages_of, problem_of
from firstfive.errors import FirstfiveError, PageError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Command, Handbook, Mode, Problem
from firstfive.settings import find, load

_WHO = {
    Mode.AUTO: "runs by itself",
    Mode.APPROVE: "waits for approval",
    Mode.MANUAL: "a person does it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One page of a compiled vault: its path there, its findings, and the handbook (None: it does not compile)."""

    page: str
    problems: tuple[Problem, ...]
    handbook: Handbook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """The command under a position: what it belongs to, and who moves it."""

    command: Command
    owner: str
    who: str


def read(path: Path, text: str) -> Reading:
    """The page at `path` as if `text` were saved, with the rest of its vault as it is on disk.

    A page below no settings file is read alone. It gets findings only when it reads as an incident page, and none about links, since
    nobody knows what else there is.
    """
    real = path.resolve()
    try:
        file = find(real.parent)
        if file is not None:
            settings = load(config=file)
            if real.is_relative_to(settings.vault):
                page = real.relative_to(settings.vault).as_posix()
                pages = {**pages_of(settings), page: text.encode(errors="replace")}
                return _read(pages, page, settings.page or None, options_of(settings))
        return _alone(_read({path.name: text.encode(errors="replace")}, path.name, None, Options()))
    except FirstfiveError as problem:
        return Reading(page=path.name, problems=(problem_of(problem, path.name),))


def _read(pages: dict[str, bytes], page: str, main: str | None, options: Options) -> Reading:
    try:
        handbook = compile_vault(pages, main=main, options=options)
    except PageError as problem:
        return Reading(page=page, problems=(problem_of(problem, page),))
    return Reading(page=page, problems=tuple(p for p in handbook.problems if p.place.page == page), handbook=handbook)


def _alone(reading: Reading) -> Reading:
    handbook = reading.handbook
    if handbook is None or not (handbook.severities or handbook.checks or handbook.contacts):
        return Reading(page=reading.page, problems=(), handbook=handbook)
    kept = tuple(problem for problem in reading.problems if problem.code not in ("FF030", "FF032"))
    return Reading(page=reading.page, problems=kept, handbook=handbook)


def command_at(reading: Reading, line: int, column: int) -> Pointed | None:
    """The command whose text covers a position, the innermost when there are several; None when there is none."""
    covering = [one for one in _commands(reading) if _covers(one.command, line, column)]
    return max(covering, key=lambda one: one.command.place, default=None)


def _commands(reading: Reading) -> Iterator[Pointed]:
    handbook = reading.handbook
    if handbook is None:
        return
    for check in handbook.checks:
        who = "runs by itself" if check.script else "shown, not run"
        yield from _on(reading.page, check.commands, f"check {check.number}, {check.title}", who)
    for runbook in handbook.runbooks:
        for step in runbook.steps:
            owner = f"{runbook.number} {runbook.title}, step {step.number}".strip()
            yield from _on(
                reading.page, step.commands, owner, _WHO[step.mode] if step.script else "mentioned, never run"
            )
            for branch in step.branches:
                yield from _on(reading.page, branch.suggests, owner, "mentioned, never run")


def _on(page: str, commands: tuple[Command, ...], owner: str, who: str) -> Iterator[Pointed]:
    return (Pointed(command=one, owner=owner, who=who) for one in commands if one.place.page == page)


def _covers(command: Command, line: int, column: int) -> bool:
    lines = command.text.split("\n")
    below = line - command.place.line
    if not 0 <= below < len(lines):
        return False
    start = command.place.column if below == 0 else 1
    end = start + len(lines[below].encode()) if len(lines) == 1 else column
    return start <= column <= end
