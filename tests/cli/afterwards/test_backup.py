"""`firstfive backup` and `firstfive restore` on a vault: "restore" --json too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.door import Ask
from firstfive.app.daily import nightly_copy
from firstfive.settings import load


def test_there_and_back(ask: Ask, vault: Path, tmp_path: Path) -> None:
    assert ask("declare", "the shop is shut").code == 0
    copy = tmp_path / "copy.tar.gz"
    said = ask("backup", str(copy), "--json")
    assert (said.code, said.json["incidents"], said.json["keys"]) == (0, 1, False)
    ask("declare", "later")
    refused = ask("restore", str(copy))
    assert (refused.code, "--replace" in refused.err) == (8, True)
    back = ask("restore", str(copy), "--replace", "--json").json
    assert (back["incidents"], back["before"] is not None) == (1, True)
    assert "page" in back["settings"] or "vault" in back["settings"]
    assert [one["title"] for one in ask("history", "--json").json["incidents"]] == ["the shop is shut"]
    assert ask("verify").code == 0


def test_a_copy_of_nothing_is_refused(ask: Ask, vault: Path, tmp_path: Path) -> None:
    said = ask("backup", str(tmp_path / "x.tar.gz"))
    assert (said.code, "there is no journal to copy" in said.err) == (1, True)


def test_one_is_made_a_night_and_seven_stay(ask: Ask, vault: Path, tmp_path: Path) -> None:
    ask("declare", "the shop is shut")
    settings = load(vault=vault)
    folder = tmp_path / "copies"
    night = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    said = [nightly_copy(settings, folder, night + timedelta(hours=12 * n)) for n in range(20)]
    assert [bool(text) for text in said] == [True, False] * 10
    assert len(list(folder.iterdir())) == 7
    with (vault / "firstfive.toml").open("a") as more:
        more.write(f'[backup]\nfolder = "{folder}"\n')
    found = {one["what"]: one["ok"] for one in ask("doctor", "--json").json["findings"]}
    assert found["nightly copy"]
