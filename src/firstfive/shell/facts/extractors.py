"""Explicit facts: reads a `#: fact NAME : TYPE = EXTRACTOR` line and takes its fact out of an output.

Called by the page compiler (`parse_fact_line`), by the packs, whose rows use the same extractors, and by whoever holds a finished
run (`run_extractor`). Runs nothing; the present time is given in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from firstfive.errors import Exit, FirstfiveError
from firstfive.shell.conditions import FactType, Value
from firstfive.shell.conditions.clocks import duration_of, timestamp_of
from firstfive.shell.conditions.matching import Search, TooMuchWork, groups_in
from firstfive.shell.conditions.pattern import Pattern, PatternError, compile_pattern
from firstfive.shell.conditions.values import conform
from firstfive.shell.facts.jsonpath import JsonPathError, parse_path, read_json, select
from firstfive.shell.facts.model import Output
from firstfive.shell.facts.tables import column_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """One extractor as written: its name, its text argument (pattern, path, column), its number (group, line), and an inner one."""

    name: str
    text: str = ""
    number: int = 0
    inner: Extractor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """A parsed fact line."""

    name: str
    type: FactType
    extractor: Extractor


class FactLineError(FirstfiveError):
    """A fact line that cannot be used: FF041, with what is accepted."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy, code="FF041", exit_code=Exit.DOES_NOT_COMPILE)


_LINE = re.compile(
    r"\s*(?:#:)?\s*(?:fact\s+)?([A-Za-z_][\w.]*)\s*:\s*([a-z]+(?:<string>)?)\s*=\s*(.+?)\s*", re.ASCII | re.DOTALL
)
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_CALL = re.compile(r"([a-z]+)\s*(?:\((.*)\))?", re.DOTALL)
_TEXT = re.compile(r"r?\"((?:[^\"\\]|\\.)*)\"|r?'((?:[^'\\]|\\.)*)'", re.DOTALL)
_TEXT_AND_NUMBER = re.compile(rf"({_TEXT.pattern})\s*(?:,\s*(\d{{1,3}}))?\s*", re.DOTALL)
_LONGEST_LINE = 10_000
_BARE = ("lines", "count", "exit")
_KNOWN = (
    'json("path") regex("re"[,group]) table("COLUMN") line(n) lines count exit contains("s") timestamp(...) since(...)'
)

Raw: TypeAlias = str | int | float | bool | tuple[str, ...] | datetime | None


def parse_fact_line(text: str) -> FactLine:
    """`#: fact deploy.age : duration = since(timestamp(line(1)))`, with or without its `#: fact`.

    Raises:
        FactLineError: FF041, for an unknown type or extractor, a bad pattern or path, or a type that the extractor cannot give.
    """
    found = _LINE.fullmatch(text) if len(text) <= 1000 else None
    if found is None:
        raise FactLineError("a fact line reads: fact NAME : TYPE = EXTRACTOR", remedy=f"extractors: {_KNOWN}")
    name, kind, written = found.groups()
    if not _NAME.fullmatch(name):
        raise FactLineError(f"“{name}” cannot name a fact", remedy="write words joined by dots, such as deploy.age")
    if kind not in list(FactType):
        raise FactLineError(f"unknown type {kind}", remedy=f"types: {' '.join(FactType)}")
    line = FactLine(name=name, type=FactType(kind), extractor=_parse(written, 0))
    _check_type(line)
    return line


def run_extractor(
    line: FactLine, *, stdout: str, stderr: str, exit_code: int, now: datetime | None = None
) -> Value | None:
    """The fact's value, or None when this output does not tell it. `now` (aware) is needed by `since` only.

    A `string` or `bool` looked for with `regex` and not found is "" or false: the command ran and did not say it.
    """
    output = Output(stdout=stdout, stderr=stderr, exit_code=exit_code)
    try:
        raw = _run(line.extractor, line.type, output, now)
    except TooMuchWork:
        return None
    return _typed(line.type, raw)


def _parse(written: str, depth: int) -> Extractor:
    found = _CALL.fullmatch(written.strip())
    name, inside = (found[1], found[2]) if found else ("", None)
    if name in _BARE and inside is None:
        return Extractor(name=name)
    if name in ("since", "timestamp") and inside and depth < 3:
        return Extractor(name=name, inner=_parse(inside, depth + 1))
    if name == "line" and inside and re.fullmatch(r"\s*-?[1-9]\d{0,5}\s*", inside, re.ASCII):
        return Extractor(name=name, number=int(inside))
    given = _TEXT_AND_NUMBER.fullmatch((inside or "").strip())
    if name not in ("json", "regex", "table", "contains") or given is None or (given[4] and name != "regex"):
        raise FactLineError(f"“{written.strip()[:60]}” is no extractor", remedy=f"extractors: {_KNOWN}")
    text = re.sub(r"\\([\"'])", r"\1", given[2] if given[2] is not None else given[3])
    extractor = Extractor(name=name, text=text, number=int(given[4]) if given[4] else -1)
    _check_argument(extractor)
    return extractor


def _check_argument(extractor: Extractor) -> None:
    if extractor.name == "regex":
        try:
            pattern = compile_pattern(extractor.text)
        except PatternError as bad:
            raise FactLineError(f"pattern, character {bad.at + 1}: {bad.what}") from bad
        if extractor.number > pattern.groups:
            raise FactLineError(f"the pattern has {pattern.groups} groups, not {extractor.number}")
    if extractor.name == "json":
        try:
            parse_path(extractor.text)
        except JsonPathError as bad:
            raise FactLineError(f"path, character {bad.at + 1}: {bad.what}") from bad


_GIVES: dict[str, frozenset[FactType]] = {
    "lines": frozenset((FactType.LIST,)),
    "count": frozenset((FactType.INT,)),
    "exit": frozenset((FactType.INT,)),
    "contains": frozenset((FactType.BOOL,)),
    "since": frozenset((FactType.DURATION,)),
    "timestamp": frozenset((FactType.TIMESTAMP,)),
    "line": frozenset(set(FactType) - {FactType.LIST}),
}


def _check_type(line: FactLine) -> None:
    gives = _GIVES.get(line.extractor.name, frozenset(FactType))
    if line.type not in gives:
        wanted = " or ".join(sorted(gives))
        raise FactLineError(f"{line.extractor.name} gives {wanted}, not {line.type}", remedy=f"declare it as {wanted}")


def _run(extractor: Extractor, kind: FactType, output: Output, now: datetime | None) -> Raw:
    match extractor.name:
        case "exit":
            return output.exit_code
        case "lines":
            return tuple(_lines(output.stdout))
        case "count":
            return len(_lines(output.stdout))
        case "contains":
            return extractor.text in output.stdout or extractor.text in output.stderr
        case "line":
            return _nth(_lines(output.stdout), extractor.number)
        case "json":
            return _json(extractor.text, kind, output)
        case "table":
            cells = column_of(output.stdout, extractor.text)
            return cells if kind is FactType.LIST else next(iter(cells or ()), None)
        case "regex":
            return _regex(compile_pattern(extractor.text), extractor.number, kind, output)
        case "timestamp" if extractor.inner is not None:
            return moment_of(_run(extractor.inner, FactType.STRING, output, now))
        case "since" if extractor.inner is not None:
            begun = moment_of(_run(extractor.inner, FactType.STRING, output, now))
            return None if begun is None or now is None else (now - begun).total_seconds()
        case _:
            return None


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _nth(lines: list[str], number: int) -> str | None:
    at = number - 1 if number > 0 else len(lines) + number
    return lines[at].strip() if 0 <= at < len(lines) else None


def _json(path: str, kind: FactType, output: Output) -> Raw:
    found = select(read_json(output.stdout), parse_path(path))
    if kind is FactType.LIST:
        many = [item for item in found for item in (item if isinstance(item, list) else [item])]
        return tuple(str(item) for item in many if isinstance(item, str | int | float))
    first = found[0] if found else None
    return first if isinstance(first, str | int | float) else None


def _regex(pattern: Pattern, number: int, kind: FactType, output: Output) -> Raw:
    """Line by line over both outputs. Without a group number the first group counts, or the whole match when there is none."""
    group = number if number >= 0 else min(pattern.groups, 1)
    search = Search(pattern)
    hits = (line for line in (line[:_LONGEST_LINE] for line in output.both.splitlines()) if search.found(line))
    if kind is FactType.BOOL:
        return next(hits, None) is not None
    taken = (found[group] or "" for line in hits if (found := groups_in(pattern, line)) is not None)
    if kind is FactType.LIST:
        return tuple(taken)
    return next(taken, "" if kind is FactType.STRING else None)


_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) ([+-]\d\d):?(\d\d)(?: [A-Z]{1,5})?", re.ASCII)


def moment_of(raw: object) -> datetime | None:
    """A time in RFC 3339 or as Go prints it. The year 1, which Docker writes for "never", is no time."""
    if isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str):
        return None
    found = _GO_TIME.fullmatch(raw.strip())
    moment = timestamp_of(f"{found[1]}T{found[2]}{found[3]}:{found[4]}" if found else raw.strip().strip('"'))
    return moment.astimezone(UTC) if moment is not None and moment.year > 1 else None


def _typed(kind: FactType, raw: Raw) -> Value | None:
    """What was found as a value of the declared type; text is read, numbers are not turned into text."""
    if raw is None:
        return None
    if kind is FactType.DURATION and isinstance(raw, float):
        return duration_of(f"{raw:.6f}s")
    if not isinstance(raw, str):
        return conform(kind, raw)
    text = raw.strip()
    match kind:
        case FactType.STRING:
            return raw
        case FactType.BOOL:
            return {"true": True, "false": False}.get(text.lower())
        case FactType.INT:
            return conform(kind, int(text)) if re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) else None
        case FactType.DOUBLE:
            number = re.fullmatch(r"([+-]?\d{1,300}(?:\.\d{1,300})?)%?", text, re.ASCII)
            return conform(kind, float(number[1])) if number else None
        case FactType.DURATION:
            return duration_of(text)
        case FactType.TIMESTAMP:
            return moment_of(text)
        case FactType.LIST:
            return (raw,)
