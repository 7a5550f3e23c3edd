"""The option `--sarif` of `check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.door import Ask, page


def test_pages_are_named_from_where_the_command_is_given(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(tmp_path / "docs" / "ops", "# Incident\n\n## 3.1 Web down\n\n```bash\nif then\n```\n")
    monkeypatch.chdir(tmp_path)
    said = ask("check", "docs/ops", "--sarif")
    assert (said.code, said.err) == (7, "")
    results = said.json["runs"][0]["results"]
    where = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert where == {"docs/ops/Incident%20Response.md"}
    assert "FF010" in {r["ruleId"] for r in results}


def test_the_exit_code_is_that_of_check(ask: Ask, vault: Path) -> None:
    assert [ask("check", "--sarif").code, ask("check", "--sarif", "--strict").code] == [0, 7]


@pytest.mark.parametrize("other", ["--json", "--host"])
def test_two_forms_at_once_are_refused(ask: Ask, vault: Path, other: str) -> None:
    said = ask("check", "--sarif", other)
    assert said.code == 2
    assert "--sarif stands alone" in said.err


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param(b"nothing here\n", "FF001", 1, id="nothing was understood"),
        pytest.param(b"# Incident\n\xff\n", "FF002", 2, id="no text"),
    ],
)
def test_a_page_that_does_not_compile_still_makes_a_log(
    ask: Ask, tmp_path: Path, text: bytes, code: str, line: int
) -> None:
    said = ask("check", str(page(tmp_path, text) / "Incident Response.md"), "--sarif")
    assert said.code == 7
    assert said.err.startswith(f"error: {code} ")
    (result,) = said.json["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"], place["region"]["startLine"]) == (code, "error", line)
    assert place["artifactLocation"]["uri"].endswith("Incident%20Response.md")
