"""A vault to try the documentation's commands in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs.reading import ROOT


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo's vault, stood in."""
    for name in ("FIRSTFIVE_CONFIG", "SUDO_USER", "_FIRSTFIVE_COMPLETE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FIRSTFIVE_USER", "sam")
    shutil.copytree(ROOT / "examples" / "demo" / "vault", tmp_path / "vault")
    monkeypatch.chdir(tmp_path / "vault")
    return tmp_path / "vault"
