"""`make demo LAB=1`: the main job on a real engine, from the first symptom to the post-mortem, and nothing is left."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from lab.stand import ROOT, environment_of, why_no_lab

pytestmark = [pytest.mark.process, pytest.mark.soak, pytest.mark.xdist_group("lab"), pytest.mark.timeout(600)]


def test_a_dead_redis_and_a_bad_release_are_answered_and_written_up() -> None:
    if reason := why_no_lab():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="ffd", ignore_cleanup_errors=True) as folder:
        environment = environment_of(Path(folder), own=200 + os.getpid() % 50)
        ran = subprocess.run(
            ["make", "--silent", "demo", "LAB=1"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
        assert ran.stdout.count("Result: **passed**") == 2
        assert "the page's roll-back" in ran.stdout
        assert "== a post-mortem, as it lies in the vault" in ran.stdout
        assert not (Path(folder) / "lab").exists()
