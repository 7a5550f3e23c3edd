"""The stage of the demo: a work folder, the shop under its keeper, and a Firstfive server; all gone when it is left.

Used by `run.py` and by the tests that kill the server at every event.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent
GOOD, BAD = "1.4.1", "1.4.2"
PAGE = "Incident Response.md"


class StageError(Exception):
    """Something on the stage did not work, in a sentence."""


class Stage:
    """Starts things, talks to them, ends exactly what it started."""

    bad = BAD

    def __init__(self, folder: Path | None = None, *, python: str = sys.executable) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="firstfive-demo-"))
        self.python = python
        self.vault = self.folder / "vault"
        self.ports = [_free_port() for _ in range(3)]
        self.shop_url = f"http://127.0.0.1:{self.ports[0]}"
        self.sign_in = ""
        self._key = ""
        self._started: list[subprocess.Popen[bytes]] = []
        self._firstfive: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Copy vault and shop, and write this stage's ports into the copies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("vault", "shop"):
            shutil.copytree(HERE / name, self.folder / name, symlinks=True)
        (self.folder / "bin").mkdir()
        for name in ("keeper", "deploy"):
            copied = self.folder / "bin" / name
            shutil.copy(HERE / name, copied)
            lines = copied.read_text().splitlines(keepends=True)
            copied.write_text(f"#!{self.python}\n" + "".join(lines[1:]))
            copied.chmod(0o755)
        for file in (self.vault / PAGE, self.vault / "firstfive.toml", self.folder / "shop" / "keeper.json"):
            text = file.read_text()
            for old, new in (("8480", self.ports[0]), ("8481", self.ports[1])):
                text = text.replace(old, str(new))
            file.write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        """What the stage's processes see."""
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "KEEPER_HOME": str(self.folder / "shop"),
            "SHOP_WEB_PORT": str(self.ports[0]),
            "SHOP_PAY_PORT": str(self.ports[1]),
        }

    # ------------------------------------------------------------------------------------------------------ the shop

    def start_shop(self) -> None:
        """Release 1.4.1 under the keeper, until it answers."""
        link = self.folder / "shop" / "current"
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(f"releases/{GOOD}")
        long_ago = time.time() - 86400
        os.utime(link, (long_ago, long_ago), follow_symlinks=False)
        self._keeper = self._start(["keeper", "up"], self.folder / "keeper.log", self.folder / "shop")
        self._until(lambda: self.health() == 200, 15, "the shop does not answer")

    def health(self) -> int:
        """Status of the shop's health endpoint, 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=1)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def deploy_bad(self) -> datetime:
        """Move `current` to the bad release as a deploy would; returns when."""
        at = datetime.now(UTC)
        made = subprocess.run(
            [self.folder / "bin" / "deploy", BAD],
            cwd=self.folder / "shop",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        if made.returncode != 0:
            raise StageError(f"the deploy failed: {made.stderr or made.stdout}")
        return at

    # ----------------------------------------------------------------------------------------------------- Firstfive

    def start_firstfive(self, command: Sequence[str] = ()) -> None:
        """`firstfive serve` on the copied vault; `command` replaces the program in tests."""
        log = self.folder / "serve.log"
        argv = list(command) or [self.python, "-m", "firstfive"]
        argv += ["serve", "--config", str(self.vault / "firstfive.toml"), "--port", str(self.ports[2]), "--json"]
        self._firstfive = self._start(argv, log, self.folder)
        known = self.vault / ".firstfive" / "server.json"

        def up() -> bool:
            with contextlib.suppress(OSError, ValueError, KeyError):
                told = json.loads(known.read_text())
                self._key = told["key"]
                return bool(told["pid"] == (self._firstfive.pid if self._firstfive else 0)) and self._alive()
            return False

        self._until(up, 20, "firstfive serve does not come up", watch=self._firstfive)
        self.sign_in = f"http://127.0.0.1:{self.ports[2]}/?key={self._key}"

    def _alive(self) -> bool:
        with contextlib.suppress(StageError):
            self.call("GET", "/incidents")
            return True
        return False

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[2], timeout=10)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except (OSError, ValueError, http.client.HTTPException) as problem:
            raise StageError(f"the server does not answer: {problem}") from None
        finally:
            connection.close()
        if response.status >= 400:
            raise StageError(f"{method} {path}: {answer}")
        return dict(answer)

    def newest(self) -> dict[str, Any] | None:
        """The newest incident in full, or None; None too while the server is away."""
        try:
            listed = self.call("GET", "/incidents?all=1")["incidents"]
            return self.call("GET", f"/incidents/{listed[0]['id']}") if listed else None
        except StageError:
            return None

    def say(self, incident: str, verb: str, fields: dict[str, Any]) -> None:
        """The person says something."""
        self.call("POST", f"/incidents/{incident}/{verb}", {"by": "sam", **fields})

    def wait_quiet(self) -> None:
        """Until the first looks are done and nothing is wrong."""
        self._until(self._looked, 15, "Firstfive has not looked around")

    def _looked(self) -> bool:
        time.sleep(1.0)
        return self.health() == 200 and self.newest() is None

    def kill_firstfive(self) -> None:
        """kill -9, as a machine would."""
        if self._firstfive is not None and self._firstfive.poll() is None:
            self._firstfive.kill()
            self._firstfive.wait()

    @property
    def firstfive_ended(self) -> bool:
        """Whether the server process is gone."""
        return self._firstfive is None or self._firstfive.poll() is not None

    # ------------------------------------------------------------------------------------------------------ the rest

    def check_alive(self) -> None:
        """Raise when something that should run has ended."""
        for what, process in (("firstfive serve", self._firstfive), ("the keeper", self._keeper)):
            if process is not None and process.poll() is not None:
                raise StageError(f"{what} ended with {process.returncode}")

    def logs(self) -> str:
        """The last lines of every log, for whoever must find out."""
        parts = []
        for file in sorted((*self.folder.glob("*.log"), *self.folder.glob("shop/var/*.log"))):
            tail = file.read_text(errors="replace").splitlines()[-15:]
            parts.append("\n".join([f"--- {file.name}", *tail]))
        return "\n".join(parts)

    def close(self) -> None:
        """End what was started, newest first, and wait for it."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._started):
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._started.clear()

    def _start(self, argv: list[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
        program = shutil.which(argv[0], path=self.environment["PATH"])
        if program is None:
            raise StageError(f"there is no {argv[0]}")
        with log.open("ab") as out:
            process = subprocess.Popen(
                [program, *argv[1:]], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._started.append(process)
        return process

    def _until(self, true: Any, seconds: float, problem: str, *, watch: subprocess.Popen[bytes] | None = None) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if true():
                return
            if watch is not None and watch.poll() is not None:
                raise StageError(f"{problem}: it ended with {watch.returncode}")
            time.sleep(0.05)
        raise StageError(problem)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
