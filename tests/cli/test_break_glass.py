"""A day on which nothing else works: a look without a server, the page on paper, steps out of a bundle, and their log taken in later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.door import Ask
from firstfive.stores.files.broken_glass import read

LOG = "firstfive-break-glass.log"
LOOKS = "shop-down#1"


@pytest.fixture(autouse=True)
def host(vault: Path) -> None:
    """The folder that the demo's target works in."""
    (vault.parent / "shop").mkdir()


@pytest.fixture
def bundle(ask: Ask, vault: Path) -> Path:
    assert ask("pack", "--out", "offline").code == 0
    return Path("offline") / "firstfive-bundle.json"


def key(bundle: Path, vault: Path) -> str:
    return str(json.loads((vault / bundle).read_text())["key"])


def test_a_look_is_taken_by_this_process_when_no_server_runs(ask: Ask) -> None:
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    said = ask("run", "INC-1", LOOKS)
    assert "no server runs, so this process looks on local" in said.err
    assert f"{LOOKS} on local: exit" in said.out
    changing = ask("run", "INC-1", "shop-down#4")
    assert "no server runs, so this is only written down" in changing.err


def test_the_page_is_on_paper_whole(ask: Ask, bundle: Path, vault: Path) -> None:
    paper = (vault / "offline" / "firstfive-page.html").read_text()
    for word in ("Sam Example", "shop-down#4", "CHANGES SOMETHING", "Words to send", "After every incident"):
        assert word in paper, word
    assert "<script" not in paper
    assert "http-equiv" not in paper


def test_the_bundle_is_for_its_owner_only_and_holds_no_secret_of_a_target(ask: Ask, bundle: Path, vault: Path) -> None:
    assert (vault / bundle).stat().st_mode & 0o077 == 0
    assert "hunter2" not in (vault / bundle).read_text()


def test_a_look_out_of_a_bundle_runs_and_stands_in_the_sealed_log(ask: Ask, bundle: Path, vault: Path) -> None:
    listed = ask("break-glass", str(bundle))
    assert "shop-down#4" in listed.out
    said = ask("break-glass", str(bundle), LOOKS, "--json")
    assert said.json["exit_code"] != 0, "nothing of the shop is here"
    assert said.code == 1
    rows = read(vault / "offline" / LOG, key(bundle, vault))
    assert [row["kind"] for row in rows] == ["started", "finished"]
    assert rows[0]["run"]["script"]


def test_what_changes_something_is_shown_and_asked_back(ask: Ask, bundle: Path, vault: Path) -> None:
    unfilled = ask("break-glass", str(bundle), "shop-down#4")
    assert (unfilled.code, "needs a value for <previous-version>" in unfilled.err) == (3, True)
    no = ask("break-glass", str(bundle), "shop-down#4", "--set", "previous-version=1.4.1", typed="n\n")
    assert (no.code, "nothing was run" in no.err) == (3, True)
    assert "$ " in no.err
    nobody = ask("break-glass", str(bundle), "shop-down#4", "--set", "previous-version=1.4.1")
    assert (nobody.code, "nothing was run" in nobody.err) == (3, True), "at the end of what is typed nobody said yes"
    assert not (vault / "offline" / LOG).exists()
    hostile = ask("break-glass", str(bundle), "shop-down#4", "--set", "previous-version=1; rm -rf /", "--yes")
    assert hostile.code == 2
    assert not (vault / "offline" / LOG).exists()


def test_the_log_is_taken_in_once_and_proves_itself(ask: Ask, bundle: Path, vault: Path) -> None:
    ask("break-glass", str(bundle), LOOKS)
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    log = str(Path("offline") / LOG)
    first = ask("merge", log, "INC-1", "--json")
    assert (first.json["rows"], first.json["merged"]) == (2, 2)
    assert ask("merge", log, "INC-1", "--json").json["merged"] == 0
    timeline = ask("timeline", "INC-1").out
    assert "break-glass log" in timeline
    assert ask("verify").code == 0


def edited(vault: Path, old: str, new: str) -> None:
    page = vault / "Incident Response.md"
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new))


PAY = "# 4. If it does not answer: restart it\n"


def test_what_the_page_forbids_is_not_run_when_nothing_else_is_left_either(ask: Ask, vault: Path) -> None:
    edited(vault, "keeper restart pay\n", "PAY_DEMO_MODE=true keeper restart pay\n")
    edited(vault, "### 3.3 Disk full", "Do NOT set `PAY_DEMO_MODE=true` for real money.\n\n### 3.3 Disk full")
    ask("pack", "--out", "offline")
    said = ask("break-glass", "offline/firstfive-bundle.json", "payments-down#4", "--yes")
    assert said.code != 0
    assert "is never run: the page forbids PAY_DEMO_MODE=true" in said.err
    assert not (vault / "offline" / LOG).exists()


def test_what_the_page_wants_first_and_whom_it_lets_approve_hold_here_too(ask: Ask, vault: Path) -> None:
    edited(vault, PAY, f"{PAY}#: approve=@ann\n")
    edited(vault, "### 3.3 Disk full", "Back up the ledger first.\n\n### 3.3 Disk full")
    ask("pack", "--out", "offline")
    call = ("break-glass", "offline/firstfive-bundle.json", "payments-down#4", "--yes")
    assert "the page lets ann approve" in ask(*call, "--by", "sam").err
    first = ask(*call, "--by", "ann")
    assert "the page wants something done first: Back up the ledger first" in first.err
    assert not (vault / "offline" / LOG).exists()
    ask(*call, "--by", "ann", "--done-first")
    assert (vault / "offline" / LOG).exists()


@pytest.mark.parametrize("harm", ["changed", "left out", "moved"])
def test_a_log_that_somebody_touched_is_refused_with_the_line(ask: Ask, bundle: Path, vault: Path, harm: str) -> None:
    ask("break-glass", str(bundle), LOOKS)
    ask("break-glass", str(bundle), LOOKS)
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    log = vault / "offline" / LOG
    lines = log.read_text().splitlines()
    if harm == "changed":
        lines[1] = lines[1].replace('"exit_code": ', '"exit_code": 1')
    elif harm == "left out":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    log.write_text("\n".join(lines) + "\n")
    said = ask("merge", str(Path("offline") / LOG), "INC-1")
    assert said.code != 0
    assert f"{LOG}:2" in said.err
    assert "break-glass" not in ask("timeline", "INC-1").out


def test_a_bundle_of_another_installation_cannot_be_merged(ask: Ask, bundle: Path, vault: Path) -> None:
    ask("break-glass", str(bundle), LOOKS)
    (vault / ".firstfive" / "links.key").unlink()
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    assert "not as it was written" in ask("merge", str(Path("offline") / LOG), "INC-1").err


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "firstfive-bundle/1"}', "\x00"])
def test_a_file_that_is_no_bundle_is_said(ask: Ask, vault: Path, text: str) -> None:
    (vault / "x.json").write_text(text)
    said = ask("break-glass", "x.json", LOOKS)
    assert "this is no bundle of Firstfive" in said.err


def test_a_step_that_could_not_be_begun_is_not_taken_in_as_begun(ask: Ask, bundle: Path, vault: Path) -> None:
    (vault.parent / "shop").rmdir()
    assert ask("break-glass", str(bundle), LOOKS).code == 4
    rows = read(vault / "offline" / LOG, key(bundle, vault))
    assert [row["kind"] for row in rows] == ["started", "not begun"]
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    assert ask("merge", str(Path("offline") / LOG), "INC-1", "--json").json["merged"] == 0


def test_a_second_bundle_leaves_the_log_of_the_first_to_be_merged(ask: Ask, bundle: Path, vault: Path) -> None:
    ask("break-glass", str(bundle), LOOKS)
    first = json.loads((vault / bundle).read_text())["id"]
    page = vault / "Incident Response.md"
    page.write_text(page.read_text() + "\n")
    said = ask("pack", "--out", "offline")
    kept = f"offline/firstfive-break-glass-{first}.log"
    assert said.out.startswith(f"The log of the bundle before is now {kept}: firstfive merge takes it in.\n")
    assert "written to" in ask("break-glass", str(bundle), LOOKS).out, "the new bundle has a log of its own"
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    assert ask("merge", kept, "INC-1", "--json").json["merged"] == 2


def test_a_step_is_found_as_it_is_shown(ask: Ask, bundle: Path, vault: Path) -> None:
    for words in ("3.1#1", "3.1 step 1", "Shop down#1", "3.1 Step 1"):
        assert ask("break-glass", str(bundle), words, "--json").json["step"] == LOOKS, words
    for words in ("3.1#99", "2", "9.9#1"):
        said = ask("break-glass", str(bundle), words)
        assert (said.code, f"the page has no step {words}" in said.err) == (2, True)
    assert "help: 3.1 has shop-down#1, shop-down#2" in ask("break-glass", str(bundle), "3.1#99").err
