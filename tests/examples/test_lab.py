"""The lab where it cannot come up: a clear sentence, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "examples/compose/lab.py"
PROGRAMS = ("dockerd", "docker", "unshare", "nsenter", "openssl", "node", "npm", "nginx", "redis-server", "jq", "curl")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        os.geteuid() != 0 or any(shutil.which(p, path=f"{os.environ['PATH']}:/usr/sbin") is None for p in PROGRAMS),
        reason="the lab takes root and the programs that tests/prepare installs",
    ),
]


def lab(*words: str, folder: Path, **more: str) -> tuple[int, str]:
    environment = os.environ | {"FIRSTFIVE_LAB": str(folder / "lab")} | more
    ran = subprocess.run(
        [sys.executable, str(LAB), *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return ran.returncode, ran.stderr


def test_a_machine_without_the_programs_is_told_which(tmp_path: Path) -> None:
    few = tmp_path / "bin"
    few.mkdir()
    for name in ("docker", "sh"):
        (few / name).symlink_to(shutil.which(name) or "/bin/sh")
    code, told = lab("up", folder=tmp_path, PATH=str(few))
    assert code == 1
    assert "this machine lacks" in told
    assert "npm" in told
    assert not (tmp_path / "lab").exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/lab/built.json"
    if not cache.exists():
        pytest.skip("the lab's packages are not there (tests/prepare fetches them)")
    with socket.create_server(("127.84.0.7", 6379)):
        code, told = lab("up", folder=tmp_path, LAB_ADDRESS="127.84.0.7")
    assert code == 1
    assert "port 6379 of 127.84.0.7 is taken" in told
    assert not (tmp_path / "lab").exists()


def test_a_lab_that_is_half_there_is_said_and_taken_down(tmp_path: Path) -> None:
    (tmp_path / "lab/engine").mkdir(parents=True)
    (tmp_path / "lab/engine/host").write_text("999999")
    assert "half there" in lab("status", folder=tmp_path)[1]
    assert lab("down", folder=tmp_path) == (0, "")
    assert "down" in lab("status", folder=tmp_path)[1]
    assert not (tmp_path / "lab").exists()


def test_nothing_is_entered_while_it_is_down(tmp_path: Path) -> None:
    code, told = lab("enter", "--", "true", folder=tmp_path)
    assert code == 1
    assert "make lab" in told


def test_an_old_engine_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    (old / "docker").write_text("#!/bin/sh\necho Docker version 19.03.1, build x\n")
    (old / "docker").chmod(0o755)
    code, told = lab("up", folder=tmp_path, PATH=f"{old}:{os.environ['PATH']}")
    assert code == 1
    assert "Docker 20.10 or newer" in told
