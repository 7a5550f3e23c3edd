"""Incidents carried to another installation: "import" proves each chain, takes each once, and changes nothing when a line is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.door import Ask


@pytest.fixture
def carried(ask: Ask, vault: Path, tmp_path: Path) -> Path:
    for title in ("the shop is shut", "payments hang", "still open"):
        ask("declare", title)
    ask("note", "INC-2", "the firewall — dropped it")
    for name in ("INC-1", "INC-2"):
        assert ask("resolve", name, "--cause", "a rule").code == 0
    out = tmp_path / "carried.ndjson"
    assert ask("export", "--out", str(out)).code == 0
    for file in (vault / ".firstfive").iterdir():
        file.unlink()
    assert ask("declare", "one of this installation").code == 0
    return out


def test_they_are_here_under_new_numbers_and_taken_once(ask: Ask, carried: Path) -> None:
    said = ask("import", str(carried), "--json").json
    assert said["new"] == {"INC-1": "INC-2", "INC-2": "INC-3"}
    assert said["left"] == {"INC-3": "it is not resolved: work on it where it is"}
    again = ask("import", str(carried), "--json").json
    assert (again["new"], again["known"]) == ({}, {"INC-1": "INC-2", "INC-2": "INC-3"})
    assert ask("verify").code == 0
    assert "the firewall — dropped it" in ask("timeline", "INC-3").out
    assert "Carried over from another installation, where it was INC-2" in ask("timeline", "INC-3").out
    assert [one["title"] for one in ask("history", "--json").json["incidents"]] == [
        "payments hang", "the shop is shut", "one of this installation"
    ]  # fmt: skip
    assert "INC-1" in ask("status").out
    assert "INC-2" not in ask("status").out, "nothing is due on what was taken in"


def spoilt(rows: list[str]) -> list[tuple[list[str], str]]:
    altered = [row.replace("dropped", "drooped") for row in rows]
    header = json.loads(rows[0])
    return [
        (altered, "its hash does not follow"),
        (rows[:-1], "it promises 3 incidents and holds 2|its hash"),
        ([rows[0], *rows[2:4], *rows[5:]], "its hash does not follow"),
        (rows[1:], "this is no export of ours"),
        ([json.dumps({**header, "schema": "firstfive-export/9"}), *rows[1:]], "this is no export of ours"),
        ([*rows, "{"], "this line is none of an export"),
        ([*rows, "[1]"], "this line is none of an export"),
        ([*rows, '{"incident": "INC-9", "seq": 1}'], "this line is none of an export"),
        ([*rows, "[" * 5000], "this line is none of an export"),
        ([], "it promises 0 incidents"),
    ]


def test_what_was_altered_on_the_way_changes_nothing(ask: Ask, carried: Path, tmp_path: Path) -> None:
    rows = carried.read_text().splitlines()
    for number, (lines, why) in enumerate(spoilt(rows)):
        file = tmp_path / f"{number}.ndjson"
        file.write_text("\n".join(lines))
        said = ask("import", str(file))
        assert said.code == 1, why
        assert any(part in said.err for part in why.split("|")), (said.err, why)
    assert len(ask("history", "--json").json["incidents"]) == 1


def test_an_export_never_writes_over_a_file(ask: Ask, carried: Path) -> None:
    before = carried.read_bytes()
    assert ask("export", "--out", str(carried)).code == 8
    assert carried.read_bytes() == before
