"""The benches of many hosts and many nodes still run: their short form, with real processes, tells a figure for each thing they name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from postgres import cluster
from sshd.server import needed

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


def ran(name: str, figures: Path, *more: str) -> tuple[str, Any]:
    """What the short form prints, and the figures that it keeps."""
    argv = [sys.executable, str(ROOT / "bench" / f"{name}.py"), "--short", "--json", str(figures), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(figures.read_text())


def test_the_bench_of_hosts_opens_all_that_it_promises_and_draws_it(tmp_path: Path) -> None:
    needed()
    said, rows = ran("hosts", tmp_path / "figures.json", "--plot", str(tmp_path / "hosts.svg"))
    assert [(row["hosts"], row["incidents"]) for row in rows] == [(2, 10), (4, 20)]
    for row in rows:
        assert 0 < row["opened_p50"] <= row["opened_p99"]
        assert row["opened_p50"] <= row["paged_p99"], "nobody is paged before there is an incident"
        assert 20 < row["quiet_memory"] <= row["most_memory"]
    assert "2 times the hosts cost" in said
    drawn = (tmp_path / "hosts.svg").read_text()
    assert drawn.startswith("<svg")
    assert drawn.count("<polyline") == 4


def test_the_bench_of_nodes_measures_every_way_that_is_installed(tmp_path: Path) -> None:
    if cluster._programs() is None:
        pytest.skip("PostgreSQL is not installed")
    said, values = ran("nodes", tmp_path / "figures.json")
    assert {"sqlite", "postgres 2"} <= set(values)
    for way in ("sqlite", "postgres 2"):
        assert all(values[way][name][0] > 0 for name in ("memory", "page", "page_p99", "steps")), values[way]
    if shutil.which("wrk"):
        assert values["postgres 2"]["intake_1"][0] > 0
    assert re.search(r"nodes: sqlite +1000 timers wait for", said)
