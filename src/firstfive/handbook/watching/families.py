"""The table of families: which other words mean the same fault as a page's own, each with its source and its cases.

Called by `plan`. The table is `families.toml`; a row without cases is refused by its test.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from firstfive.handbook.model import HttpSymptom, LogSymptom, StatusSymptom, Symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One text or regular expression that shows the same fault. `yes` and `no` are its cases."""

    text: str
    regex: bool
    source: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A fault by name, the page's words that choose it, what else shows it in a log, and what can be looked at directly."""

    id: str
    when: tuple[re.Pattern[str], ...]
    means: tuple[Meaning, ...]
    looks: tuple[str, ...]


@cache
def families() -> tuple[Family, ...]:
    """Every row of the table, in its order."""
    text = files("firstfive.handbook.watching").joinpath("families.toml").read_text(encoding="utf-8")
    return tuple(
        Family(
            id=row["id"],
            when=tuple(re.compile(words, re.IGNORECASE) for words in row["when"]),
            means=tuple(
                Meaning(
                    text=meaning.get("text") or meaning["regex"],
                    regex="regex" in meaning,
                    source=meaning["source"],
                    yes=tuple(meaning["yes"]),
                    no=tuple(meaning["no"]),
                )
                for meaning in row.get("means", ())
            ),
            looks=tuple(row.get("looks", ())),
        )
        for row in tomllib.loads(text)["family"]
    )


def families_of(words: str) -> tuple[Family, ...]:
    """The families that these words of a page choose."""
    return tuple(family for family in families() if any(pattern.search(words) for pattern in family.when))


# Families that are looked at through the same program are faults of the same thing: what shows one is looked for with the others.
_PROGRAMS = frozenset({"redis", "mongo"})


def wider_families(words: str) -> tuple[Family, ...]:
    """The families that these words choose, and those of the same program."""
    chosen = families_of(words)
    programs = {look for family in chosen for look in family.looks} & _PROGRAMS
    return tuple(f for f in families() if f in chosen or programs & set(f.looks))


def words_of(symptom: Symptom) -> str:
    """All that a symptom says, for choosing its families."""
    match symptom:
        case LogSymptom(text=text, tokens=tokens):
            return " ".join((text, *tokens))
        case StatusSymptom(text=text, status=status, subject=subject):
            return f"{text} {subject} {status}"
        case HttpSymptom(text=text, url=url, fails_when=fails):
            return f"{text} {url} {' '.join(sorted(fails))}"
        case _:
            return symptom.text
