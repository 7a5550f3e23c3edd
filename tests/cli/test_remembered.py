"""`check` says again what it said of exactly these pages, and nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from firstfive.__main__ import main

PAGE = """# Incidents

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | The shop is down | 15 min | health fails |
"""


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Incident.md").write_text(PAGE)
    return folder


def said(vault: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = main(["check", "--vault", str(vault), *more])
    return code, capsys.readouterr().out


def test_the_same_pages_get_the_same_answer_without_compiling(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(vault, capsys)
    (kept,) = (vault.parent / "cache" / "firstfive").glob("check-*.json")
    whole = json.loads(kept.read_text())
    kept.write_text(json.dumps({**whole, "text": "from the cache"}))
    assert said(vault, capsys) == (first[0], "from the cache\n")


def test_a_changed_byte_is_compiled_anew(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = said(vault, capsys)[1]
    (vault / "Incident.md").write_text(PAGE.replace("15 min", "20 min"))
    assert "20 min" in said(vault, capsys)[1]
    assert "20 min" not in before


def test_text_and_json_and_strictness_are_told_apart(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(vault, capsys)[0] == 0
    assert json.loads(said(vault, capsys, "--json")[1])["severities"]
    assert said(vault, capsys, "--strict")[0] == 7, "the kept answer knows its warnings"


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"text": 1}'])
def test_a_spoiled_cache_is_no_cache(vault: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    before = said(vault, capsys)
    (kept,) = (vault.parent / "cache" / "firstfive").glob("check-*.json")
    kept.write_text(content)
    assert said(vault, capsys) == before


def test_no_place_for_a_cache_is_no_trouble(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vault.parent / "cache").write_text("a file where the folder would be")
    assert said(vault, capsys)[0] == 0


def test_only_the_newest_answers_are_kept(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        (vault / "Incident.md").write_text(PAGE + f"\n{number}\n")
        said(vault, capsys)
        time.sleep(0.01)
    assert len(list((vault.parent / "cache" / "firstfive").iterdir())) == 16
