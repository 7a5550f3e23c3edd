"""A copy of the demo's vault to stand in, and the front door to call."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest

from cli.door import DEMO, Ask, Said
from firstfive.__main__ import main


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine that runs the tests decides anything here."""
    for name in ("FIRSTFIVE_CONFIG", "SUDO_USER", "_FIRSTFIVE_COMPLETE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FIRSTFIVE_USER", "sam")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's vault, copied, and the place where commands are given."""
    folder = tmp_path / "vault"
    shutil.copytree(DEMO / "vault", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Give one command at the real front door, with `typed` on standard input."""

    def give(*words: str, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        code = main(list(words))
        told = capsys.readouterr()
        return Said(code=code, out=told.out, err=told.err)

    return give
