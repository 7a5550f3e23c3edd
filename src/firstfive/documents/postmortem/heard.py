"""The words that the check of a post-mortem listens for, out of `words.toml`.

Called by `check`, `said` and `told_times`. Holds no judgement beyond the table.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase that is better put otherwise, the code of its remark, and the cases that prove it."""

    code: str
    pattern: re.Pattern[str]
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment that a timeline names: `weak` words suggest it, `strong` ones at the start of an entry say that this is it."""

    name: str
    weak: re.Pattern[str]
    strong: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The whole table. `faults` are said of anybody, `personal` ones only of people; `verbs` begin an action item."""

    phrases: tuple[Phrase, ...]
    faults: re.Pattern[str]
    personal: re.Pattern[str]
    verbs: frozenset[str]
    detection: re.Pattern[str]
    runbook: re.Pattern[str]
    moments: tuple[Moment, ...]


@cache
def words() -> Words:
    """The table, read once."""
    table = tomllib.loads(files("firstfive.documents.postmortem").joinpath("words.toml").read_text(encoding="utf-8"))
    fault, roles = table["faults"], _one_of(table["faults"]["roles"])
    who = rf"(?:(?-i:[A-Z][a-z]+)|@[\w.-]+|\b{roles})"
    return Words(
        phrases=tuple(
            Phrase(code=row["code"], pattern=_spaced(row["regex"]), yes=tuple(row["yes"]), no=tuple(row["no"]))
            for row in table["phrases"]
        ),
        faults=_spaced(rf"\b{_one_of(fault['named'])}\b"),
        personal=_spaced(rf"(?<![\w@]){who} (?:\w+ )?{_one_of(fault['personal'])}\b"),
        verbs=frozenset(table["verbs"]["known"]),
        detection=_spaced(table["actions"]["detection"]),
        runbook=_spaced(table["actions"]["runbook"]),
        moments=tuple(
            Moment(name=row["name"], weak=_spaced(row["weak"]), strong=_spaced(row["strong"]))
            for row in table["moments"]
        ),
    )


def _one_of(texts: list[str]) -> str:
    return f"(?:{'|'.join(re.escape(text) for text in sorted(texts, key=len, reverse=True))})"


def _spaced(regex: str) -> re.Pattern[str]:
    """A space of the table is any run of spaces and one line end, since sentences wrap."""
    return re.compile(re.sub(r"\\ | (?![^\[]*\])", r"[ \\t]*(?:[ \\t]|\\n)[ \\t]*", regex), re.IGNORECASE)
