"""The vault: what is read, and that nothing of a person's is ever written over."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from firstfive.errors import VaultError
from firstfive.stores.files import vault as module
from firstfive.stores.files.vault import LARGEST, FolderVault

PATH = "postmortems/2026-11-23-api-down-inc-1.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    return folder


@pytest.fixture
def vault(root: Path) -> FolderVault:
    return FolderVault(root, "postmortems")


# ----------------------------------------------------------------------------------------------------------- reading


def test_pages_are_the_markdown_files_as_bytes_by_relative_path_in_order(root: Path, vault: FolderVault) -> None:
    (root / "b").mkdir()
    (root / "b" / "Über.md").write_bytes(b"\xff raw\r\n")
    (root / "A page.MD").write_bytes(b"one")
    (root / "notes.txt").write_bytes(b"no")
    assert list(vault.pages().items()) == [("A page.MD", b"one"), ("b/Über.md", b"\xff raw\r\n")]
    assert vault.unreadable() == {}


def test_hidden_folders_and_files_are_not_pages(root: Path, vault: FolderVault) -> None:
    for hidden in (".obsidian", ".trash", ".git"):
        (root / hidden).mkdir()
        (root / hidden / "x.md").write_text("no")
    (root / ".half-written.md").write_text("no")
    assert vault.pages() == {}


def test_links_are_read_inside_the_vault_and_named_when_they_leave_it(
    root: Path, vault: FolderVault, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.md").write_text("secret")
    (root / "real.md").write_text("ours")
    (root / "alias.md").symlink_to(root / "real.md")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "up.md").symlink_to("../secret.md")
    (root / "gone.md").symlink_to(root / "nothing.md")
    (root / "outside").symlink_to(tmp_path / "elsewhere")
    (root / "loop").symlink_to(root)
    assert vault.pages() == {"real.md": b"ours", "alias.md": b"ours"}
    left = "a link that leaves the vault"
    assert vault.unreadable() == {
        "out.md": left,
        "up.md": left,
        "outside": left,
        "gone.md": "it cannot be opened: No such file or directory",
    }


def test_what_is_too_large_or_no_file_is_named_and_does_not_block(root: Path, vault: FolderVault) -> None:
    (root / "limit.md").write_bytes(b"x" * LARGEST)
    (root / "large.md").write_bytes(b"x" * (LARGEST + 1))
    os.mkfifo(root / "pipe.md")
    assert list(vault.pages()) == ["limit.md"]
    assert vault.unreadable() == {"large.md": "larger than 5 MB", "pipe.md": "not a file"}


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("x")], ids=["missing", "a file"])
def test_no_folder_no_vault(tmp_path: Path, make) -> None:
    make(tmp_path / "nowhere")
    with pytest.raises(VaultError) as caught:
        FolderVault(tmp_path / "nowhere", "postmortems").pages()
    assert caught.value.remedy


# ----------------------------------------------------------------------------------------------------------- writing


def test_a_new_file_is_written_whole_and_its_folder_made(root: Path, vault: FolderVault) -> None:
    assert vault.write_new(PATH, "# Später\n") == PATH
    assert (root / PATH).read_text() == "# Später\n"
    assert os.listdir(root / "postmortems") == [Path(PATH).name], "nothing else is left behind"


def test_the_same_text_again_writes_nothing(root: Path, vault: FolderVault) -> None:
    vault.write_new(PATH, "text")
    before = (root / PATH).stat()
    assert vault.write_new(PATH, "text") == PATH
    assert (root / PATH).stat().st_mtime_ns == before.st_mtime_ns
    assert (root / PATH).stat().st_ino == before.st_ino


def test_an_edited_file_stays_and_the_text_goes_beside_it_once(root: Path, vault: FolderVault) -> None:
    vault.write_new(PATH, "ours")
    (root / PATH).write_text("a person's words")
    first = PATH.replace(".md", ".conflict.md")
    assert vault.write_new(PATH, "ours") == first
    assert vault.write_new(PATH, "ours") == first, "a retry finds its own work done"
    (root / first).write_text("edited too")
    assert vault.write_new(PATH, "ours") == PATH.replace(".md", ".conflict-2.md")
    assert (root / PATH).read_text() == "a person's words"
    assert (root / first).read_text() == "edited too"


def test_conflicts_end_somewhere(root: Path, vault: FolderVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CONFLICTS", 3)
    for text in ("1", "2", "3", "4"):
        vault.write_new(PATH, text)
    with pytest.raises(VaultError, match="conflicting copies"):
        vault.write_new(PATH, "5")
    assert len(os.listdir(root / "postmortems")) == 4


@pytest.mark.parametrize("target", ["outside", "inside", "dangling"])
def test_a_link_under_the_name_is_never_followed(root: Path, vault: FolderVault, tmp_path: Path, target: str) -> None:
    places = {"outside": tmp_path / "o.md", "inside": root / "i.md", "dangling": tmp_path / "none.md"}
    if target != "dangling":
        places[target].write_text("ours")
    (root / "postmortems").mkdir()
    (root / PATH).symlink_to(places[target])
    assert vault.write_new(PATH, "ours") == PATH.replace(".md", ".conflict.md")
    assert not places["dangling"].exists()
    assert (root / PATH).is_symlink()


def test_a_folder_that_leads_out_of_the_vault_is_refused(root: Path, vault: FolderVault, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (root / "postmortems").symlink_to(tmp_path / "out")
    with pytest.raises(VaultError, match="out of the vault"):
        vault.write_new(PATH, "x")
    assert os.listdir(tmp_path / "out") == []


def test_a_folder_that_is_a_link_inside_the_vault_is_fine(root: Path, vault: FolderVault) -> None:
    (root / "archive").mkdir()
    (root / "postmortems").symlink_to(root / "archive")
    assert vault.write_new(PATH, "x") == PATH
    assert (root / "archive" / Path(PATH).name).read_text() == "x"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("Runbook.md", "only postmortems/"),
        ("postmortems", "only postmortems/"),
        ("postmortems-2/x.md", "only postmortems/"),
        ("/etc/x.md", "only postmortems/"),
        ("postmortems/../x.md", "every system"),
        ("postmortems/./x.md", "every system"),
        ("postmortems//x.md", "every system"),
        ("postmortems/.hidden.md", "every system"),
        ("postmortems/a:b.md", "every system"),
        ("postmortems/a\nb.md", "every system"),
        ("postmortems/a\x00b.md", "every system"),
        ("postmortems/a[b]#c.md", "every system"),
        ("postmortems/" + "x" * 300 + ".md", "every system"),
        ("postmortems/x.sh", "no Markdown"),
        ("postmortems/x.md/", "every system"),
    ],
)
def test_only_a_safe_name_below_the_folder_is_written(root: Path, vault: FolderVault, path: str, reason: str) -> None:
    with pytest.raises(VaultError, match=reason):
        vault.write_new(path, "x")
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("folder", ["", "/abs", "..", "a/../..", ".obsidian"])
def test_the_folder_itself_lies_inside_the_vault(root: Path, folder: str) -> None:
    with pytest.raises(VaultError, match="no folder inside"):
        FolderVault(root, folder).write_new(f"{folder}/x.md", "x")


@pytest.mark.parametrize("folder", ["Ops/Post mortems", "Ops/Post mortems/"])
def test_a_deeper_folder_with_spaces_is_fine(root: Path, folder: str) -> None:
    assert FolderVault(root, folder).write_new("Ops/Post mortems/x.md", "x") == "Ops/Post mortems/x.md"


def test_of_many_that_write_different_texts_at_once_each_finds_a_name_of_its_own(
    root: Path, vault: FolderVault
) -> None:
    paths: list[str] = []
    writers = [threading.Thread(target=lambda n=n: paths.append(vault.write_new(PATH, f"text {n}"))) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted((root / path).read_text() for path in paths) == [f"text {n}" for n in range(8)]
    assert len(os.listdir(root / "postmortems")) == 8


def test_a_file_system_without_hard_links_takes_new_files_and_keeps_old_ones(
    root: Path, vault: FolderVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert vault.write_new(PATH, "one") == PATH
    assert vault.write_new(PATH, "two") == PATH.replace(".md", ".conflict.md")
    assert (root / PATH).read_text() == "one"
    assert len(os.listdir(root / "postmortems")) == 2


FULL = """
import resource, signal, sys
from pathlib import Path
from firstfive.errors import VaultError
from firstfive.stores.files.vault import FolderVault
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    FolderVault(Path(sys.argv[1]), "postmortems").write_new("postmortems/x.md", "x" * 5000)
except VaultError as problem:
    print(problem)
"""


def test_a_file_that_does_not_fit_leaves_nothing_behind_and_says_so(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(root)], check=False, capture_output=True, text=True, timeout=30
    )
    assert "could not be written" in done.stdout, done.stderr
    assert "help:" in done.stdout
    assert os.listdir(root / "postmortems") == []


def test_a_page_whose_name_is_not_utf8_is_read_under_a_printable_one(root: Path, vault: FolderVault) -> None:
    (Path(os.fsdecode(os.fsencode(root) + b"/old \xe9.md"))).write_bytes(b"text")
    assert vault.pages() == {"old \ufffd.md": b"text"}
