"""A registry of the lab's own: Debian's docker-registry on a loopback address, its storage in the lab's folder.

Started and ended by `lab`. An Engine trusts addresses of loopback without TLS. While it is gone nothing is pushed or pulled, and what the
host already has goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from place import LabError

PATIENCE = 20  # seconds until it answers


@dataclass(slots=True, kw_only=True)
class Registry:
    """At `address` (host:port), with everything of it in `folder`; `started` is its process where this program started it."""

    address: str
    folder: Path
    started: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Up and answering; raises LabError with what to do."""
        program = shutil.which("docker-registry")
        if program is None:
            raise LabError("this machine lacks docker-registry; apt-get install it (tests/prepare does)")
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        settings = self.folder / "settings.yml"
        settings.write_text(
            "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder / 'data'}}}}}\n"
            f'http: {{addr: "{self.address}", secret: lab}}\n'
        )
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder)}
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, "serve", str(settings)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self.started = process
        (self.folder / "pid").write_text(str(process.pid))
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if process.poll() is not None or time.monotonic() > until:
                raise LabError(f"the registry does not come up: {(self.folder / 'log').read_text()[-400:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it speaks."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"http://{self.address}/v2/", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""
        try:
            found = int((self.folder / "pid").read_text())
            line = Path(f"/proc/{found}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return found if str(self.folder).encode() in line else None

    def end(self) -> None:
        """Gone."""
        until = time.monotonic() + 5
        while (found := self.pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found, signal.SIGTERM if time.monotonic() < until else signal.SIGKILL)
            time.sleep(0.05)
        if self.started is not None:
            self.started.wait(5)
            self.started = None
