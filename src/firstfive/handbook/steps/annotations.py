"""The visible `#:` lines inside a fence and the `runbook:` keys of the front matter.

Called while steps are drafted. Parses and checks form only; conditions are compiled later, with the facts known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from firstfive.handbook.markdown import CodeLine, Kind, Page
from firstfive.handbook.model import Level, Place, Problem
from firstfive.shell.bind import ParamType

DIRECTIVES = ("fact", "when", "if", "expect", "undo", "goto", "param")
ATTRIBUTES = (
    "id", "on", "in", "timeout", "retry", "needs", "risk", "approve", "manual", "reviewed", "secret",
)  # fmt: skip
_WORD = re.compile(r"\s*([\w-]+)(?:=(\"[^\"]*\"|\S*))?")
_YAML_DEPTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One directive or attribute with its value as written and its place."""

    name: str
    value: str
    place: Place


def read_annotation(page: Page, line: CodeLine, problems: list[Problem]) -> tuple[Annotation, ...]:
    """The directive, or the attributes, of one `#:` line. Unknown words become FF041."""
    at = line.text.index("#:") + 2
    body = line.text[at:]
    first = re.match(r"\s*(\w+)\s+(\S.*)$", body)
    if first and first.group(1) in DIRECTIVES:
        place = _place(page, line, at + first.start(2))
        return (Annotation(name=first.group(1), value=first.group(2).strip(), place=place),)
    found: list[Annotation] = []
    if not body.strip():
        problems.append(_unknown(page, line, at, ""))
    position = 0
    while position < len(body):
        word = _WORD.match(body, position)
        if word is None or word.group(1) not in ATTRIBUTES:
            problems.append(_unknown(page, line, at + position, body[position:].strip()))
            break
        value = (word.group(2) or "").strip('"')
        found.append(Annotation(name=word.group(1), value=value, place=_place(page, line, at + word.start(1))))
        position = word.end()
        if not body[position:].strip():
            break
    return tuple(found)


def _unknown(page: Page, line: CodeLine, at: int, text: str) -> Problem:
    name = re.split(r"[\s=]", text, maxsplit=1)[0] if text else ""
    near = get_close_matches(name, [*DIRECTIVES, *ATTRIBUTES], n=1)
    skipped = len(line.text[at:]) - len(line.text[at:].lstrip())
    return Problem(
        code="FF041",
        level=Level.ERROR,
        message=f'"{name}" is no directive' if name else "an empty #: line",
        place=_place(page, line, at + skipped),
        help=f"did you mean {near[0]}?" if near else "directives: " + ", ".join([*DIRECTIVES, *ATTRIBUTES]),
    )


def _place(page: Page, line: CodeLine, at: int) -> Place:
    return Place(page=page.path, line=line.line, column=line.column + len(line.text[:at].encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The keys of the front matter that mean something here, with the line each stands on."""

    runbook: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    title: str = ""

    @property
    def on(self) -> str | None:
        """The target that every step of the page runs on, unless it says otherwise."""
        value = self.runbook.get("on") or self.runbook.get("hosts")
        value = value[0] if isinstance(value, list) and value else value
        return str(value) if isinstance(value, str) else None

    @property
    def strict(self) -> bool:
        """Whether warnings on bindings and links are errors on this page."""
        return self.runbook.get("strict") is True

    @property
    def params(self) -> dict[str, ParamType]:
        """The types the page gives its placeholders; a type that does not exist is reported when the front matter is read."""
        given = self.runbook.get("params")
        known = {kind.value: kind for kind in ParamType}
        pairs = given.items() if isinstance(given, Mapping) else ()
        return {str(name): known[str(kind)] for name, kind in pairs if str(kind) in known}

    @property
    def declared(self) -> frozenset[str]:
        """Variables that the page says the target has: the keys of `params` and the names in `secrets`."""
        given, secrets = self.runbook.get("params"), self.runbook.get("secrets")
        names = [str(name) for name in given] if isinstance(given, Mapping) else []
        return frozenset([*names, *(str(name) for name in secrets)] if isinstance(secrets, list) else names)


KNOWN_KEYS = frozenset({"hosts", "on", "params", "secrets", "facts", "severity", "owner", "strict", "timeout", "title"})


def read_front_matter(page: Page, problems: list[Problem]) -> FrontMatter:
    """The `title`, `runbook` and `signals` keys. Unreadable YAML is FF019; an unknown key under `runbook` FF041."""
    node = next((child for child in page.root.children if child.kind is Kind.FRONT_MATTER), None)
    if node is None:
        return FrontMatter()
    body = "\n".join(node.text.strip().split("\n")[1:-1])
    if body.count("[") + body.count("{") > _YAML_DEPTH * 4 or ("&" in body and "*" in body and len(body) > 20_000):
        problems.append(_bad_yaml(page, node.line, "it is nested too deeply"))
        return FrontMatter()
    try:
        data = YAML(typ="rt", pure=True).load(body)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = node.line + 1 + (mark.line if mark is not None else 0)
        problems.append(_bad_yaml(page, line, str(getattr(error, "problem", "") or "it is not YAML")))
        return FrontMatter()
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError, IndexError, AssertionError):
        problems.append(_bad_yaml(page, node.line, "it is not YAML"))
        return FrontMatter()
    if not isinstance(data, Mapping):
        return FrontMatter()
    lines = {str(key): node.line + 1 + data.lc.key(key)[0] for key in data if hasattr(data, "lc")}
    runbook = data.get("runbook")
    runbook = runbook if isinstance(runbook, Mapping) else {}
    place = Place(page=page.path, line=lines.get("runbook", node.line))
    problems.extend(
        _not_among(str(key), KNOWN_KEYS, "key of runbook:", place) for key in runbook if str(key) not in KNOWN_KEYS
    )
    params = runbook.get("params")
    types = {str(kind) for kind in params.values()} if isinstance(params, Mapping) else set()
    problems.extend(
        _not_among(kind, frozenset(ParamType), "type of a parameter", place) for kind in sorted(types - set(ParamType))
    )
    title = data.get("title")
    return FrontMatter(
        runbook=runbook,
        signals=_signals(data.get("signals")),
        lines=lines,
        title=title if isinstance(title, str) else "",
    )


def _not_among(word: str, known: frozenset[str], what: str, place: Place) -> Problem:
    near = get_close_matches(word, sorted(known), n=1)
    return Problem(
        code="FF041",
        level=Level.ERROR,
        message=f'"{word}" is no {what.rstrip(":")}',
        place=place,
        help=f"did you mean {near[0]}?" if near else "there are: " + ", ".join(sorted(known)),
    )


def _signals(data: Any) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """`signals:` is a list (for the page's only runbook) or a mapping from runbook id to a list."""
    if isinstance(data, list):
        return {"": tuple(entry for entry in data if isinstance(entry, Mapping))}
    if isinstance(data, Mapping):
        return {
            str(key): tuple(entry for entry in value if isinstance(entry, Mapping))
            for key, value in data.items()
            if isinstance(value, list)
        }
    return {}


def _bad_yaml(page: Page, line: int, why: str) -> Problem:
    return Problem(
        code="FF019",
        level=Level.WARNING,
        message=f"the front matter cannot be read: {why}",
        place=Place(page=page.path, line=line),
        help="everything between the two --- lines is YAML; the rest of the page was compiled without it",
    )
