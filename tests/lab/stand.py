"""A lab of the tests' own with Firstfive beside it: `examples/compose` on another loopback address, gone with everything at the end.

Where it cannot run, tests skip and say why; in CI that is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.engine import why_not

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "examples/compose/lab.py"
BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/lab/built.json"
PROGRAMS = ("docker-registry", "node", "nginx", "redis-server", "openssl", "jq", "curl", "unshare", "nsenter", "pkill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A lab that is up, with the settings of the server that watches it."""

    folder: Path
    settings: Path
    environment: dict[str, str]

    def words(self, *words: str) -> list[str]:
        """The command line that runs `firstfive WORDS` where the stack is."""
        return [sys.executable, str(LAB), "enter", "--", sys.executable, "-m", "firstfive", *words]

    def firstfive(self, *words: str, patience: int = 150) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of a command."""
        argv = self.words(*words, "--config", str(self.settings), "--json")
        ran = subprocess.run(
            argv, env=self.environment, capture_output=True, text=True, timeout=patience, check=False, cwd=ROOT
        )
        assert ran.stdout.startswith("{"), ran.stdout + ran.stderr
        return ran.returncode, json.loads(ran.stdout.splitlines()[0])

    def start(self, *words: str, out: Path | None = None) -> subprocess.Popen[bytes]:
        """A command that goes on by itself; what it says goes to `out`."""
        argv = self.words(*words, "--config", str(self.settings))
        with (out or Path(os.devnull)).open("wb") as told:
            return subprocess.Popen(argv, env=self.environment, stdout=told, stderr=told, cwd=ROOT)

    def drilling(self, fault: str, *more: str, out: Path | None = None) -> subprocess.Popen[bytes]:
        """A drill in a process of its own, from the moment that its fault is written down."""
        going = self.start("drill", "run", fault, *more, out=out)
        until = time.monotonic() + 60
        while not self.note.exists():
            assert going.poll() is None, f"the drill ended before it began: {out.read_text() if out else ''}"
            assert time.monotonic() < until
            time.sleep(0.05)
        return going

    @property
    def note(self) -> Path:
        """Where a fault that is in place is written down."""
        return self.settings.parent / ".firstfive" / "drill.json"

    def healthy(self) -> bool:
        """Whether the shop says that it is well."""
        argv = [sys.executable, str(LAB), "enter", "--", "curl", "-sS", "-m", "5", "https://amn.gg/api/health"]
        ran = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False, timeout=30)
        return '"status":"ok"' in ran.stdout


def why_no_lab() -> str:
    """Why no lab can be put up here; empty when one can."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    reason = why_not() or (f"{', '.join(missing)} not installed (tests/prepare does it)" if missing else "")
    return reason or ("" if BUILT.exists() else "the lab's packages are not there (tests/prepare fetches them)")


def environment_of(folder: Path, *, own: int) -> dict[str, str]:
    """Of a lab below `folder` that meets no other: `own` is its part of the addresses."""
    return os.environ | {
        "FIRSTFIVE_LAB": str(folder / "lab"),
        "LAB_ADDRESS": f"127.84.{own}.2",
        "LAB_SUBNET": f"172.31.{own}.0/24",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def refuse(reason: str) -> None:
    """Skip loudly; fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"the drills must run in CI: {reason}")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(reason, stacklevel=2)
    pytest.skip(reason)


@contextmanager
def stand(folder: Path, page: Path) -> Iterator[Stand]:
    """The lab up in `folder` (a short path: a socket lies in it), and a server on that page."""
    reason = why_no_lab()
    if reason:
        refuse(reason)
    environment = environment_of(folder, own=100 + os.getpid() % 100)
    server: subprocess.Popen[bytes] | None = None
    try:
        for _ in range(4):  # connections of a lab that has just gone may hold its ports for a moment
            made = subprocess.run(
                [sys.executable, str(LAB), "up"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=150,
                check=False,
            )
            if "is taken" not in made.stderr:
                break
            time.sleep(10)
        assert made.returncode == 0, made.stderr
        with (folder / "serve.log").open("wb") as log:
            argv = [sys.executable, str(LAB), "serve", "--page", str(page), "--quick", "--port", "0"]
            server = subprocess.Popen(argv, env=environment, stdout=log, stderr=log, cwd=ROOT)
        vault = folder / "lab/vault"
        until = time.monotonic() + 30
        while not (vault / ".firstfive/server.json").exists():
            assert server.poll() is None, (folder / "serve.log").read_text()
            assert time.monotonic() < until, "no server after 30 s"
            time.sleep(0.1)
        yield Stand(folder=folder, settings=vault / "firstfive.toml", environment=environment)
    finally:
        if server is not None:
            with suppress(OSError, ValueError, KeyError):
                os.kill(json.loads((folder / "lab/vault/.firstfive/server.json").read_text())["pid"], signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        subprocess.run([sys.executable, str(LAB), "down"], env=environment, timeout=90, check=False)
