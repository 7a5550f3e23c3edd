"""A real MongoDB shell beside a server of MongoDB's wire protocol over WiredTiger, both out of the lab's packages.

Where they are not there, tests skip and say why; in CI that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sshd.server import free_port

KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive/lab"
SHELL = KEPT / "mongosh.js"
PYTHON = Path("/usr/bin/python3")  # the packages are built for the system's own
SERVES = "import sys; from secantus.cli import main; sys.exit(main())"


def needed() -> None:
    """Skip loudly where the shell or the server is missing; fail in CI."""
    missing = [str(one) for one in (SHELL, KEPT / "pylib/secantus") if not one.exists()]
    missing += [] if shutil.which("node") else ["node"]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"the MongoDB tests must run in CI: {', '.join(missing)} missing (tests/prepare builds it)")
    if missing:
        pytest.skip(f"{', '.join(missing)} missing (tests/prepare builds it)")


def shell(address: str) -> list[str]:
    """The words that start the real shell on that address."""
    return ["node", "--no-warnings", str(SHELL), address, "--quiet"]


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a running server whose data lies in `folder`."""
    needed()
    port = free_port()
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    words = [str(PYTHON), "-c", SERVES, "--standalone", "--port", str(port)]
    words += ["--storage-path", str(folder / "data"), "--cache-size", "64M", "--log-level", "WARNING"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(KEPT / "pylib"), "HOME": str(folder)}
    with (folder / "mongo.log").open("wb") as log:
        running = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        until = time.monotonic() + 60
        while subprocess.run(
            [*shell(address), "--eval", "quit(0)"], capture_output=True, check=False, timeout=60
        ).returncode:
            assert running.poll() is None, (folder / "mongo.log").read_text()[-2000:]
            assert time.monotonic() < until, (folder / "mongo.log").read_text()[-2000:]
            time.sleep(0.2)
        yield address
    finally:
        running.terminate()
        running.wait(30)
