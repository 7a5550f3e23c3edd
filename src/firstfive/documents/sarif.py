"""A checked page as SARIF 2.1.0, the form in which code hosts and editors take findings.

Called by `firstfive check --sarif`. Pure: reads a handbook, returns plain data, writes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from firstfive.documents.problem_words import WORDS
from firstfive.handbook.model import Handbook, Level, Place, Problem, Source

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def sarif(handbook: Handbook, *, version: str, folder: str = "") -> dict[str, Any]:
    """One run of one tool with a rule for each code found and a result for each problem, as plain data.

    `folder` is the vault's path from where the log is read, such as a repository's root, with `/` between its parts; it is put
    before every page. Columns count UTF-16 code units, as SARIF does unless it is told otherwise.
    """
    codes = sorted({problem.code for problem in handbook.problems})
    first = {problem.code: problem for problem in reversed(handbook.problems)}
    sources = {source.path: source for source in handbook.sources}
    seen: Counter[str] = Counter()
    results = []
    for problem in handbook.problems:
        print_ = _fingerprint(problem, sources)
        seen[print_] += 1
        results.append(_result(problem, codes.index(problem.code), f"{print_}:{seen[print_]}", sources, folder))
    driver = {"name": "firstfive", "version": version, "rules": [_rule(first[code]) for code in codes]}
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(problem: Problem) -> dict[str, Any]:
    title, remedy = WORDS.get(problem.code, (problem.message, problem.help))
    text = f"{remedy} (docs/reference/problem-codes/{problem.code}.md)"
    return {
        "id": problem.code,
        "shortDescription": {"text": title},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[problem.level]},
    }


def _result(problem: Problem, rule: int, print_: str, sources: Mapping[str, Source], folder: str) -> dict[str, Any]:
    path = f"{folder.strip('/')}/{problem.place.page}".lstrip("/")
    line = line_of(sources.get(problem.place.page), problem.place)
    region = {"startLine": problem.place.line, "startColumn": utf16_column(line, problem.place.column)}
    where = {"artifactLocation": {"uri": quote(path)}, "region": region}
    words = f"{problem.message}. To mend it: {problem.help}" if problem.help else problem.message
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": _LEVELS[problem.level],
        "message": {"text": words},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"problemOnLine/v1": print_},
    }


def _fingerprint(problem: Problem, sources: Mapping[str, Source]) -> str:
    """The same for the same problem on the same text, wherever on the page that text has moved."""
    line = line_of(sources.get(problem.place.page), problem.place)
    parts = (problem.code.encode(), problem.place.page.encode(), line.strip())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def line_of(source: Source | None, place: Place) -> bytes:
    """The bytes of the line that a place is on, without its end; empty when the page or the line is not there."""
    lines = source.text.encode().splitlines() if source is not None else []
    return lines[place.line - 1] if 1 <= place.line <= len(lines) else b""


def utf16_column(line: bytes, column: int) -> int:
    """A 1-based column that counts UTF-16 code units, from one that counts the bytes of `line`."""
    before = line[: max(0, column - 1)].decode(errors="replace")
    return len(before.encode("utf-16-le")) // 2 + 1
