"""A program begins where, as what and with what it was told, by the C library as by Python's own means."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from firstfive.targets import spawn

BASH = shutil.which("bash") or "/bin/bash"
WAYS = pytest.mark.parametrize("start", [spawn.started, spawn.by_subprocess], ids=["posix_spawn", "subprocess"])


def said(start: Callable[..., int], script: str, folder: Path, **environment: str) -> str:
    """What bash prints there."""
    nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    read, write = os.pipe2(os.O_CLOEXEC)
    try:
        pid = start(BASH, ["bash", "--noprofile", "--norc", "-c", script], folder, environment, (nothing, write, write))
    finally:
        os.close(nothing)
        os.close(write)
    with open(read, encoding="utf-8") as told:
        text = told.read()
    os.waitpid(pid, 0)
    return text


@WAYS
def test_it_begins_in_its_folder_in_a_session_of_its_own(start: Callable[..., int], tmp_path: Path) -> None:
    told = said(start, "echo $PWD $$; read -r all </proc/self/stat; echo ${all##*) }", tmp_path).split()
    assert told[0] == str(tmp_path)
    assert told[1] == told[4] == told[5], "its group and its session bear its own number"


@WAYS
def test_it_is_given_exactly_these_words_and_variables(start: Callable[..., int], tmp_path: Path) -> None:
    assert said(start, "printf '%s|' é \"$ONE\"; env", tmp_path, ONE="a=b 'c'\nd", PATH="/usr/bin:/bin").startswith(
        "é|a=b 'c'\nd|"
    )
    assert "HOME=" not in said(start, "export -p", tmp_path), "nothing of ours is handed on"


@WAYS
def test_a_signal_that_python_ignores_is_not_ignored_there(start: Callable[..., int], tmp_path: Path) -> None:
    ignored = said(start, "while read -r k v; do [ $k != SigIgn: ] || echo $v; done </proc/self/status", tmp_path)
    assert int(ignored, 16) & (1 << 12 | 1 << 24) == 0, "SIGPIPE and SIGXFSZ"


@WAYS
def test_a_folder_that_is_not_there_is_said(start: Callable[..., int], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        said(start, "touch begun", tmp_path / "gone")


def test_nothing_is_cut_off_at_a_nul_character(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="NUL") as problem:
        said(spawn.started, "touch begun\0 && false", tmp_path)
    assert problem.value.errno == errno.EINVAL
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_was_not_found_is_never_taken_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "bash").write_text("#!/bin/sh\ntouch begun\n")
    (tmp_path / "bash").chmod(0o755)
    with pytest.raises(FileNotFoundError):
        spawn.started("bash", ["bash"], tmp_path, {}, (0, 1, 2))
    assert not (tmp_path / "begun").exists()


def test_streams_that_lie_in_each_other_s_place_are_not_mixed_up(tmp_path: Path) -> None:
    """A server may have been started with its own streams closed, so that ours get their numbers."""
    child = os.fork()
    if child == 0:
        kept = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        source = os.open("/dev/null", os.O_RDONLY)
        os.dup2(kept, 0)
        os.dup2(source, 1)
        pid = spawn.started(BASH, ["bash", "-c", "read -r x; echo \"read: '$x'\""], tmp_path, {}, (1, 0, 0))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "out").read_text() == "read: ''\n"
