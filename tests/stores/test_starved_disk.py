"""A disk that is full or fails: writers are told what to do, reading goes on, nothing half-written, and writing resumes by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

STARVED = Path(__file__).with_name("starved.py")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def story(path: Path, way: str) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, str(STARVED), str(path), way], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


def proved(told: dict, reason: str) -> None:
    assert told["refused"] >= 3, "the disk did bite"
    assert len(told["told"]) == told["refused"], "once the disk took bytes again, nobody was refused"
    for sentence in told["told"]:
        assert reason in sentence
        assert "help:" in sentence
    assert told["readable"] >= 1
    assert told["found"] == told["kept"] or sorted(told["found"]) == sorted(told["kept"]), (
        "kept is found, refused is not"
    )
    assert [text for text in told["kept"] if text.startswith("after")] != []
    assert told["broken"] == []


def test_a_full_disk(small_disk: Path) -> None:
    proved(story(small_disk / "journal.db", "full"), "the disk is full")


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    proved(story(tmp_path / "state" / "journal.db", "limit"), "the disk")
