"""The command `fmt`: a diff that `patch` takes, and a page written as exactly these bytes or not at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cli.door import Ask, page
from firstfive.cli.page.written import replaced
from firstfive.errors import Exit, VaultError
from firstfive.handbook.compile import Options
from firstfive.handbook.edits import plan

PAGE = "# Incident\n\n## 3.1 Web down\n\n```bash\n# 1. Look\n#:timout=5s\ndocker exec -it web ps\n```"
MENDED = PAGE.replace("#:timout", "#: timeout").replace("-it", "-i")


def test_a_diff_is_shown_and_nothing_is_written(ask: Ask, tmp_path: Path) -> None:
    file = page(tmp_path, PAGE) / "Incident Response.md"
    said = ask("fmt", str(file))
    assert (said.code, said.err) == (0, "")
    for line in ("-#:timout=5s\n", "+#: timeout=5s\n", "-docker exec -it web ps\n", "+docker exec -i web ps\n"):
        assert line in said.out
    assert said.out.endswith("2 edits to make; --write makes them\n")
    assert file.read_text() == PAGE


def test_the_diff_is_one_that_patch_takes(ask: Ask, tmp_path: Path) -> None:
    file = page(tmp_path, PAGE) / "Incident Response.md"
    diff = ask("fmt", str(file)).out.partition("Incident Response.md:7")[0]
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, text=True, check=True)
    assert file.read_text() == MENDED


def test_write_makes_the_edits_and_keeps_the_rights(ask: Ask, tmp_path: Path) -> None:
    file = page(tmp_path, PAGE) / "Incident Response.md"
    file.chmod(0o640)
    said = ask("fmt", str(file), "--write")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("2 edits made\n")
    assert file.read_text() == MENDED
    assert file.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == [file.name]
    assert ask("fmt", str(file)).out == "Nothing to do.\n"


def test_a_link_to_the_page_stays_a_link(ask: Ask, tmp_path: Path) -> None:
    real = page(tmp_path / "real", PAGE) / "Incident Response.md"
    (tmp_path / "v").mkdir()
    link = tmp_path / "v" / "Incident Response.md"
    link.symlink_to(real)
    vault = Options()
    made = plan({link.name: PAGE.encode()}, link.name, main=None, options=vault, links=False)
    replaced(link, made.before, made.after)
    assert link.is_symlink()
    assert real.read_text() == MENDED


def test_a_page_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    file = page(tmp_path, PAGE) / "Incident Response.md"
    made = plan({file.name: PAGE.encode()}, file.name, main=None, options=Options(), links=False)
    file.write_text(PAGE + "\nmore\n")
    with pytest.raises(VaultError, match="changed while it was read") as told:
        replaced(file, made.before, made.after)
    assert told.value.exit_code == Exit.CONFLICT
    assert file.read_text() == PAGE + "\nmore\n"
    assert os.listdir(tmp_path) == [file.name]


def test_json_tells_each_edit_with_its_bytes(ask: Ask, tmp_path: Path) -> None:
    page(tmp_path, PAGE)
    told = ask("fmt", str(tmp_path), "--json").json
    assert (told["schema"], told["written"], told["left"]) == ("firstfive/1", False, [])
    for edit in told["edits"]:
        assert PAGE.encode()[edit["start"] : edit["end"]].decode() == edit["old"]
    assert [(e["line"], e["code"], e["new"]) for e in told["edits"]] == [
        (7, "FF041", "#: timeout=5s"),
        (8, "FF051", "-i"),
    ]


def test_links_in_prose_are_named_and_mended_on_request(ask: Ask, tmp_path: Path) -> None:
    file = page(tmp_path, PAGE + "\n\nSee [[#3.1 Web donw]].\n") / "Incident Response.md"
    named = ask("fmt", str(file))
    assert (
        ":11: not done: FF030 “#3.1 Web donw” to “#3.1 Web down”: it changes prose; --links includes it\n" in named.out
    )
    assert ask("fmt", str(file), "--links", "--write").code == 0
    assert file.read_text() == MENDED + "\n\nSee [[#3.1 Web down]].\n"


def test_a_vault_of_several_pages_wants_a_name(ask: Ask, tmp_path: Path) -> None:
    page(tmp_path, PAGE)
    page(tmp_path, "# Other\n", "Other.md")
    said = ask("fmt", "--vault", str(tmp_path))
    assert said.code == 1
    assert "the vault has more than one page" in said.err


def test_a_page_that_does_not_compile_is_not_edited(ask: Ask, tmp_path: Path) -> None:
    said = ask("fmt", str(page(tmp_path, "nothing here\n")))
    assert said.code == 7
    assert "nothing on the page was understood" in said.err
