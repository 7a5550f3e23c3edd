"""Edits held to their word: the page is read again with them, and nothing else on it may have changed its meaning.

Called by `firstfive fmt`. An edit that would change another step, add a problem or let a step run with less asking is left out, with
the reason.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstfive.errors import PageError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.edits.offers import offered
from firstfive.handbook.edits.spans import Edit, patched
from firstfive.handbook.markdown import read_page
from firstfive.handbook.model import Handbook, Mode, Problem, Step
from firstfive.handbook.report import to_json
from firstfive.handbook.sections import outline

_PLACE = re.compile(r"(?P<page>.+):(?P<line>\d+):(?P<column>\d+)", re.DOTALL)
_CAUTION = (Mode.AUTO, Mode.APPROVE, Mode.MANUAL)
_KEPT = ("id", "number", "title", "place")
_RUN = ("script", "bound", "commands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What can be done for one page: `edits` to make, those `left` out with the reason, and the bytes before and after."""

    page: str
    edits: tuple[Edit, ...]
    left: tuple[tuple[Edit, str], ...]
    before: bytes
    after: bytes


def plan(pages: Mapping[str, bytes], page: str, *, main: str | None, options: Options, links: bool) -> Plan:
    """The edits for `page`, tried together and, when together they do harm, one by one.

    `pages` is the whole vault and `main` its page with the chapters, as `compile_vault` takes them; `links` includes links in prose,
    which are otherwise left out. Same input, same plan.

    Raises:
        PageError: the vault does not compile as it is.
    """
    raw = pages[page]

    def read(changed: bytes) -> Handbook:
        return compile_vault({**pages, page: changed}, main=main, options=options)

    now = read(raw)
    library = {path: outline(read_page(path, pages[path])) for path in _readable(pages)}
    every = offered(read_page(page, raw), now, library)
    left = [(edit, "it changes prose; --links includes it") for edit in every if edit.link and not links]
    chosen = [edit for edit in every if links or not edit.link]
    if _harm(read, raw, page, now, chosen):
        tried: list[Edit] = []
        for edit in chosen:
            harm = _harm(read, raw, page, now, [*tried, edit])
            if harm:
                left.append((edit, harm))
            else:
                tried.append(edit)
        chosen = tried
    return Plan(page=page, edits=tuple(chosen), left=tuple(left), before=raw, after=patched(raw, chosen))


def _readable(pages: Mapping[str, bytes]) -> list[str]:
    found: list[str] = []
    for path, raw in pages.items():
        try:
            read_page(path, raw)
        except PageError:
            continue
        found.append(path)
    return found


def _harm(read: Callable[[bytes], Handbook], raw: bytes, page: str, now: Handbook, edits: Sequence[Edit]) -> str:
    """What the edits would change beyond themselves, in words; nothing when they do no harm."""
    if not edits:
        return ""
    try:
        then = read(patched(raw, edits))
    except PageError as problem:
        return f"the page would not compile any more: {problem.what}"
    return strayed(now, then, page, edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What some edits may change: columns on their `lines`, the steps in `owners` (in `quiet` ones not what is run), link targets."""

    page: str
    lines: frozenset[int]
    owners: frozenset[str]
    quiet: frozenset[str]
    words: tuple[tuple[str, str], ...]


def _reach(handbook: Handbook, page: str, edits: Sequence[Edit]) -> Reach:
    scripts = frozenset(edit.line for edit in edits if not edit.link and not edit.old.startswith(b"#:"))
    notes = frozenset(edit.line for edit in edits if edit.old.startswith(b"#:"))
    owners = _owners(handbook, page, scripts | notes)
    return Reach(
        page=page,
        lines=frozenset(edit.line for edit in edits),
        owners=owners,
        quiet=owners - _owners(handbook, page, scripts),
        words=tuple((edit.text.decode(), edit.old.decode()) for edit in edits if edit.link),
    )


def strayed(before: Handbook, after: Handbook, page: str, edits: Sequence[Edit]) -> str:
    """The first difference between two readings of a vault that the edits on `page` do not account for, in words."""
    reach = _reach(before, page, edits)
    if reach != _reach(after, page, edits):
        return "other steps would come of it"
    if _reduced(_told(before), reach) != _reduced(_told(after), reach):
        return "something else on the page would be read differently"
    return _problems(before, after, reach) or _bolder(before, after, reach.owners)


def _steps(handbook: Handbook) -> list[Step]:
    return [step for runbook in handbook.runbooks for step in runbook.steps]


def _owners(handbook: Handbook, page: str, lines: frozenset[int]) -> frozenset[str]:
    """The ids of the steps that the lines belong to: for each line the last step that begins on or above it."""
    steps = [step for step in _steps(handbook) if step.place.page == page]
    starts = sorted({step.place.line for step in steps})
    owning = {starts[at - 1] for line in lines if (at := bisect_right(starts, line))}
    return frozenset(step.id for step in steps if step.place.line in owning)


def _told(handbook: Handbook) -> dict[str, Any]:
    return {key: value for key, value in to_json(handbook).items() if key not in ("digest", "sources", "problems")}


def _reduced(value: Any, reach: Reach) -> Any:
    """Everything that was read, without what the edits may change."""
    match value:
        case dict():
            kept = value
            if value.get("id") in reach.owners and "script" in value:
                kept = {key: value[key] for key in (*_KEPT, *(_RUN if value["id"] in reach.quiet else ()))}
            return {key: _reduced(item, reach) for key, item in kept.items()}
        case list():
            return [_reduced(item, reach) for item in value]
        case str():
            place = _PLACE.fullmatch(value)
            if place and place["page"] == reach.page and int(place["line"]) in reach.lines:
                return f"{reach.page}:{place['line']}"
            for new, old in reach.words:
                value = value.replace(new, "\0").replace(old, "\0")
            return value
        case _:
            return value


def _problems(before: Handbook, after: Handbook, reach: Reach) -> str:
    was, now = (Counter(_key(problem, reach) for problem in side.problems) for side in (before, after))
    new = sorted(now - was)
    if new:
        return f"it would bring {new[0][0]} on line {new[0][2]}"
    gone = {line for _, path, line, _ in (was - now) if path != reach.page or line not in reach.lines}
    outside = {line for line in gone if not _owners(before, reach.page, frozenset({line})) & reach.owners}
    return f"a problem on line {min(outside)} would be gone as well" if outside else ""


def _key(problem: Problem, reach: Reach) -> tuple[str, str, int, int]:
    place = problem.place
    edited = place.page == reach.page and place.line in reach.lines
    return (problem.code, place.page, place.line, 0 if edited else place.column)


def _bolder(before: Handbook, after: Handbook, owners: frozenset[str]) -> str:
    """A step that would run with less asking than it does now."""
    then = {step.id: step for step in _steps(after)}
    for step in _steps(before):
        if step.id in owners and step.id in then:
            new = then[step.id]
            if _CAUTION.index(new.mode) < _CAUTION.index(step.mode) or new.verdict < step.verdict:
                return f'"{step.title or step.id}" would run with less asking: {new.mode}, {new.verdict}'
    return ""
