"""The SARIF log, held against what the standard requires of each object in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstfive.documents.problem_words import WORDS
from firstfive.documents.sarif import sarif, utf16_column
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, Level
from page import original_page

CODES = Path(__file__).resolve().parent.parent.parent / "docs" / "reference" / "problem-codes"

PAGE = """# Incident

## 3.1 Web down

See [[Nowhere]] and 🔌 [[Missing]].

```bash
# 1. Look
docker exec -it web ps
if then
```
"""


def made(text: str = PAGE) -> tuple[Handbook, dict[str, Any]]:
    handbook = compile_vault({"My Page.md": text.encode()})
    return handbook, sarif(handbook, version="1.2.3")


def check_message(message: dict[str, Any]) -> None:
    """SARIF 2.1.0, 3.11: text is there and says something."""
    assert isinstance(message["text"], str)
    assert message["text"].strip()


def check_log(log: dict[str, Any]) -> None:
    """The required properties of sarifLog, run, tool, reportingDescriptor, result and region (3.13-3.14, 3.18, 3.27, 3.30, 3.49)."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    assert isinstance(log["runs"], list)
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"] == "firstfive"
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*", driver["version"])
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        rules = driver["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            check_message(rule["shortDescription"])
            check_message(rule["help"])
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        for result in run["results"]:
            check_message(result["message"])
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("none", "note", "warning", "error")
            (location,) = result["locations"]
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            assert " " not in uri
            assert not uri.startswith("/")
            assert physical["region"]["startLine"] >= 1
            assert physical["region"]["startColumn"] >= 1
        prints = [result["partialFingerprints"]["problemOnLine/v1"] for result in run["results"]]
        assert len(set(prints)) == len(prints)


def test_a_log_has_what_the_standard_requires() -> None:
    _, log = made()
    check_log(log)
    assert json.loads(json.dumps(log)) == log


def test_the_original_page_makes_a_sound_log() -> None:
    handbook = compile_vault({"Incident Response.md": original_page()})
    log = sarif(handbook, version="1.2.3", folder="docs/ops/")
    check_log(log)
    results = log["runs"][0]["results"]
    assert len(results) == len(handbook.problems)
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert uris == {"docs/ops/Incident%20Response.md"}


def test_every_problem_keeps_its_code_level_and_place() -> None:
    handbook, log = made()
    told = [(r["ruleId"], r["level"], _region(r)["startLine"]) for r in log["runs"][0]["results"]]
    levels = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
    assert told == [(p.code, levels[p.level], p.place.line) for p in handbook.problems]
    assert ("FF010", "error", 10) in told


def test_columns_count_utf16_units() -> None:
    _, log = made()
    line = PAGE.splitlines()[4]
    links = sorted(_region(r)["startColumn"] for r in log["runs"][0]["results"] if r["ruleId"] == "FF030")
    assert links == [line.index("[[Nowhere") + 1, line.index("[[Missing") + 2]


@pytest.mark.parametrize(
    ("line", "column", "wanted"),
    [
        pytest.param("abc", 3, 3, id="one byte a letter"),
        pytest.param("äx", 3, 2, id="two bytes, one unit"),
        pytest.param("🔌x", 5, 3, id="four bytes, two units"),
        pytest.param("", 1, 1, id="an empty line"),
    ],
)
def test_a_column_in_bytes_becomes_one_in_units(line: str, column: int, wanted: int) -> None:
    assert utf16_column(line.encode(), column) == wanted


def test_a_fingerprint_stays_when_lines_move() -> None:
    prints = [
        {r["ruleId"] + r["partialFingerprints"]["problemOnLine/v1"] for r in log["runs"][0]["results"] if _moves(r)}
        for _, log in (made(), made(PAGE.replace("See", "\nMore words.\n\nSee")))
    ]
    assert prints[0] == prints[1]
    assert prints[0]


def test_a_page_without_problems_is_an_empty_run() -> None:
    handbook, _ = made()
    log = sarif(replace(handbook, problems=()), version="1.2.3")
    check_log(log)
    assert log["runs"][0]["results"] == []


def test_each_code_is_told_as_its_page_tells_it() -> None:
    documented: dict[str, tuple[str, str]] = {}
    for path in CODES.glob("FF*.md"):
        text = path.read_text()
        title = text.splitlines()[0].partition(": ")[2]
        remedy = text.partition("## What to do\n\n")[2].partition("\n\n")[0]
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(remedy.split()))
        documented[path.stem] = (title, plain)
    assert documented == WORDS, (
        "documents/problem_words.py says what docs/reference/problem-codes says, without its links"
    )


def _region(result: dict[str, Any]) -> dict[str, int]:
    region: dict[str, int] = result["locations"][0]["physicalLocation"]["region"]
    return region


def _moves(result: dict[str, Any]) -> bool:
    return _region(result)["startLine"] > 1
