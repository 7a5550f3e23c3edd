"""A new file goes into the vault's history alone, and whatever git says never costs the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstfive.stores.files.vault import FolderVault

PATH = "postmortems/2026-11-23-api-down-inc-1.md"


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=Team", "-c", "user.email=team@shop.example")
    ran = subprocess.run(["git", "-C", str(root), *who, *words], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "vault"
    folder.mkdir()
    return folder


@pytest.fixture
def repository(root: Path) -> Path:
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "page.md").write_text("one")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    return root


def written(root: Path) -> list[str]:
    said: list[str] = []
    vault = FolderVault(root, "postmortems", commits=True, told=said.append)
    vault.write_new(PATH, "# Post-mortem\n")
    assert (root / PATH).read_text() == "# Post-mortem\n"
    return said


def test_it_is_committed_alone_whatever_else_is_staged(repository: Path) -> None:
    (repository / "page.md").write_text("two")
    git(repository, "add", "page.md")
    assert written(repository) == []
    assert git(repository, "show", "--name-only", "--format=%s") == f"Add {PATH}\n\n{PATH}"
    assert git(repository, "diff", "--cached", "--name-only") == "page.md"


def test_the_same_file_again_is_no_commit_and_no_loss(repository: Path) -> None:
    written(repository)
    assert len(written(repository)) == 1
    assert git(repository, "rev-list", "--count", "HEAD") == "2"


@pytest.mark.parametrize("name", ["MERGE_HEAD", "rebase-merge", "index.lock"])
def test_a_repository_in_the_middle_of_something_is_left_alone(repository: Path, name: str) -> None:
    (repository / ".git" / name).write_text("x")
    (said,) = written(repository)
    assert f"in the middle of something ({name})" in said
    assert git(repository, "rev-list", "--count", "HEAD") == "1"


def test_a_hook_that_refuses_costs_nothing_but_the_commit(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not like this >&2; exit 1\n")
    hook.chmod(0o755)
    (said,) = written(repository)
    assert "not like this" in said


def test_a_vault_without_a_history_says_so(root: Path) -> None:
    (said,) = written(root)
    assert "is not committed: fatal: not a git repository" in said
