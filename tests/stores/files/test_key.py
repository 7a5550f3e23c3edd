"""The key of the room is the same after a restart, and nobody but its owner can read or plant it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from firstfive.stores.files.key import ROOM, kept_key

OURS = "A" * 32


def test_the_key_is_long_and_the_same_at_every_start(tmp_path: Path) -> None:
    made = kept_key(tmp_path, ROOM)
    assert len(made) >= 32
    assert kept_key(tmp_path, ROOM) == made


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert kept_key(tmp_path / "one", ROOM) != kept_key(tmp_path / "two", ROOM)


def test_only_its_owner_can_read_it_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept_key(tmp_path, ROOM)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "room.key").stat().st_mode) == 0o600


def test_a_deleted_key_is_made_anew(tmp_path: Path) -> None:
    made = kept_key(tmp_path, ROOM)
    (tmp_path / "room.key").unlink()
    assert kept_key(tmp_path, ROOM) != made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_have_seen_or_written_is_replaced(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "room.key"
    file.write_text(OURS)
    file.chmod(mode)
    assert kept_key(tmp_path, ROOM) != OURS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "short", "with a space in it " * 3, "ä" * 40, "x" * 5000])
def test_a_file_that_holds_no_key_is_replaced(content: str, tmp_path: Path) -> None:
    file = tmp_path / "room.key"
    file.write_text(content)
    file.chmod(0o600)
    assert kept_key(tmp_path, ROOM) != content


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_text(OURS)
    planted.chmod(0o600)
    (tmp_path / "room.key").symlink_to(planted)
    assert kept_key(tmp_path, ROOM) != OURS
    assert planted.read_text() == OURS


def test_a_pipe_in_its_place_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "room.key", 0o600)
    assert len(kept_key(tmp_path, ROOM)) >= 32
