"""The commands about the page: each with good and with bad input, to the word."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from cli.door import Ask, page
from firstfive import settings


def test_init_writes_settings_that_load_and_that_check_accepts(ask: Ask, vault: Path) -> None:
    (vault / "firstfive.toml").unlink()
    said = ask("init", str(vault))
    made = vault / "firstfive.toml"
    assert (said.code, said.err) == (0, "")
    assert said.out == f"made {made} for the page Incident Response.md\nnext: firstfive check, then firstfive serve\n"
    assert tomllib.loads(made.read_text())["page"] == "Incident Response.md"
    assert (vault / ".firstfive" / ".gitignore").read_text() == "*\n"
    assert settings.load().vault == vault
    assert ask("check").code == 0


def test_init_writes_every_default_as_it_is(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page(tmp_path / "v", "# Incident\n")
    monkeypatch.chdir(tmp_path)
    assert ask("init", "v").code == 0
    written = settings.load(vault=tmp_path / "v")
    (tmp_path / "v" / "firstfive.toml").write_text("")
    bare = settings.load(vault=tmp_path / "v")
    for name in ("host", "port", "probe_interval", "log_quiet", "resolve_after", "state", "database", "targets"):
        assert getattr(written, name) == getattr(bare, name), name


def test_init_never_overwrites(ask: Ask, vault: Path) -> None:
    before = (vault / "firstfive.toml").read_bytes()
    said = ask("init")
    assert said.code == 8
    assert said.err == "error: firstfive.toml is there already\n  help: edit it, or remove it first\n"
    assert (vault / "firstfive.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        pytest.param("Störung.md", "Störung.md", id="a page of any name, when it is named"),
        pytest.param('In "quotes".md', 'In "quotes".md', id="quotes are escaped"),
        pytest.param("back\\slash.md", "back\\slash.md", id="a backslash is escaped"),
    ],
)
def test_init_takes_the_page_that_it_is_given(ask: Ask, tmp_path: Path, name: str, quoted: str) -> None:
    page(tmp_path / "v", "# Nothing yet\n", name)
    assert ask("init", str(tmp_path / "v" / name)).code == 0
    assert tomllib.loads((tmp_path / "v" / "firstfive.toml").read_text())["page"] == quoted


def test_init_says_when_no_page_looks_right(ask: Ask, tmp_path: Path) -> None:
    said = ask("init", str(tmp_path))
    assert said.code == 1
    assert said.err == (
        f"error: no page in {tmp_path} has “incident” in its name\n"
        "  help: name the page: firstfive init 'path/to/Your Page.md'\n"
    )
    assert not (tmp_path / "firstfive.toml").exists()


def test_init_says_when_there_is_no_folder(ask: Ask, tmp_path: Path) -> None:
    said = ask("init", str(tmp_path / "nowhere"))
    assert (said.code, said.err) == (
        2,
        f"error: there is no folder {tmp_path / 'nowhere'}\n  help: give the folder of the vault\n",
    )


def test_check_says_what_was_understood(ask: Ask, vault: Path) -> None:
    said = ask("check")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Incident Response\n\n4 severities, 6 first-five checks, 3 runbooks, 7 symptoms")
    assert "Incident Response.md:16:2 " in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("0 errors, ")


def test_check_takes_a_folder_a_page_or_an_option(ask: Ask, vault: Path) -> None:
    answers = {ask(*words).out for words in (["check"], ["check", "."], ["check", str(vault / "Incident Response.md")])}
    assert answers == {ask("check", "--vault", str(vault)).out}


def test_check_strict_fails_on_a_warning(ask: Ask, vault: Path) -> None:
    plain, strict = ask("check"), ask("check", "--strict")
    assert "warning FF020" in plain.out
    assert (plain.code, strict.code) == (0, 7)
    assert plain.out == strict.out


def test_check_fails_on_an_error_and_points_at_it(ask: Ask, tmp_path: Path) -> None:
    page(tmp_path, "# Incident\n\n## 3.1 Web down\n\n```bash\nif then\n```\n")
    said = ask("check", str(tmp_path))
    assert said.code == 7
    assert "error FF010" in said.out
    assert "  | if then\n" in said.out


def test_check_json_is_the_whole_handbook(ask: Ask, vault: Path) -> None:
    told = ask("check", "--json").json
    assert told["schema"] == "firstfive/1"
    assert [s["level"] for s in told["severities"]] == [1, 2, 3, 4]
    assert {r["number"] for r in told["runbooks"]} == {"3.1", "3.2", "3.3"}
    assert told["sources"][0]["path"] == "Incident Response.md"


@pytest.mark.parametrize("name", ["3.1", "shop-down", "Shop down"])
def test_explain_finds_a_runbook_by_number_id_or_title(ask: Ask, vault: Path, name: str) -> None:
    said = ask("explain", name)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("3.1 Shop down  (Incident Response.md:40:1)\n")
    assert "runs when a responder approves exactly these bytes" in said.out
    assert '  $ ln -sfn "releases/${FF_PREVIOUS_VERSION}" current\n  $ keeper restart web\n' in said.out


def test_explain_json_is_one_runbook(ask: Ask, vault: Path) -> None:
    told = ask("explain", "3.2", "--json").json
    assert (told["schema"], told["id"], told["number"]) == ("firstfive/1", "payments-down", "3.2")


def test_explain_names_what_the_page_has(ask: Ask, vault: Path) -> None:
    said = ask("explain", "9.9")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: the page has no runbook 9.9\n  help: it has 3.1, 3.2, 3.3\n"


def test_explain_on_a_page_without_runbooks(ask: Ask, tmp_path: Path) -> None:
    page(tmp_path, "# Incident\n\n## Contacts\n\n| Role | Primary |\n|--|--|\n| On-call | Sam |\n")
    said = ask("explain", "3.1", "--vault", str(tmp_path))
    assert said.err == (
        "error: the page has no runbook 3.1\n  help: it has none; firstfive check says what was not understood\n"
    )


VERDICTS = [
    ("ls -l", "read-only"),
    ("frobnicate --all", "unknown"),
    ("mv a b", "changing"),
    ("rm -rf /", "destructive"),
    ("if", "unknown"),
    ("", "read-only"),
]


def test_risk_answers_one_object_a_line_in_order(ask: Ask, tmp_path: Path) -> None:
    files = []
    for number, (script, _) in enumerate(VERDICTS):
        files.append(tmp_path / f"{number}.sh")
        files[-1].write_text(script)
    said = ask("risk", "--json", *map(str, files))
    told = [json.loads(line) for line in said.out.splitlines()]
    assert (said.code, said.err) == (0, "")
    assert [t["input"] for t in told] == [str(f) for f in files]
    assert [t["verdict"] for t in told] == [verdict for _, verdict in VERDICTS]
    for one in told:
        assert one["schema"] == "firstfive/1"
        assert {"auto", "commands", "tags"} <= set(one)
        assert {c["verdict"] for c in one["commands"]} <= {"read-only", "unknown", "changing", "destructive"}
    assert not told[0].get("error")


def test_risk_calls_what_it_cannot_read_unknown_and_goes_on(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "latin.sh").write_bytes(b"echo \xff\n")
    (tmp_path / "fine.sh").write_text("ls\n")
    inputs = [str(tmp_path / name) for name in ("missing.sh", "latin.sh", "fine.sh")] + [str(tmp_path)]
    said = ask("risk", "--json", *inputs)
    told = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 1
    assert [t["verdict"] for t in told] == ["unknown", "unknown", "read-only", "unknown"]
    assert told[0] == {
        "schema": "firstfive/1",
        "input": inputs[0],
        "verdict": "unknown",
        "error": "cannot be read as UTF-8 text",
    }
    plain = ask("risk", inputs[0])
    assert (plain.code, plain.out) == (1, f"{inputs[0]}: unknown: cannot be read as UTF-8 text\n")


def test_risk_reads_standard_input_and_the_command_given(ask: Ask) -> None:
    assert [
        ask("risk", "--json", "-", typed="rm -rf x\n").json["verdict"],
        ask("risk", "--json", "-c", "ls").json["verdict"],
    ] == ["destructive", "read-only"]


def test_risk_in_words_gives_a_reason_a_command(ask: Ask) -> None:
    lines = ask("risk", "-c", "ls\nrm -rf x").out.splitlines()
    assert lines[0] == "-c: destructive (needs a person)"
    assert lines[1].startswith("  1:1 read-only: ls")
    assert any(line.startswith("  2:1 destructive: rm -rf x") for line in lines)


def test_risk_without_input_is_a_usage_error(ask: Ask) -> None:
    said = ask("risk")
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("Error: give files, - for standard input, or -c 'COMMAND'\n")
