"""A real PostgreSQL of the tests' own: Debian's program, its own folder and port, ended by id.

One a test process, started when first asked for; each test gets a database of its own. It keeps nothing safe from a power cut (fsync is
off), which no test here is about.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import itertools
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from firstfive.stores import open_journal

USER = "postgres"
WAIT = 60.0
_QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "unix_socket_directories=",
)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def older(version: int) -> Path:
    """The programs of a PostgreSQL that Debian has no more, where its user may run them. Skips, loudly, without them; never in CI."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive" / f"postgresql-{version}"
    if not (kept / "bin" / "initdb").exists():
        if os.environ.get("CI") and platform.machine() == "x86_64":
            pytest.fail(f"PostgreSQL {version} is not there; tests/prepare should have fetched it")
        pytest.skip(f"PostgreSQL {version} is not there (tests/prepare fetches it): old servers are NOT tested")
    place = Path(tempfile.mkdtemp(prefix=f"firstfive-postgres-{version}-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    shutil.copytree(kept, place / "pg", symlinks=True)
    place.chmod(0o755)
    return place / "pg" / "bin"


def _as_somebody(argv: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *argv] if os.geteuid() == 0 else argv


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A running server; `restart` and `stop` end it as a crash does when asked to."""

    programs: Path
    folder: Path
    port: int
    more: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    _ready: bool = False
    _names: itertools.count[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        argv = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        for word in (*_QUICK, "listen_addresses=127.0.0.1", *self.more):
            argv += ["-c", word]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(_as_somebody(argv), stdout=log, stderr=log, cwd="/", start_new_session=True)
        log.close()
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            try:
                psycopg.connect(self.url(USER), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is a fast stop, SIGQUIT an immediate one, as after a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=WAIT)
            self.process = None

    def url(self, name: str, *, user: str = USER, password: str = "") -> str:
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, name: str = USER) -> list[tuple[object, ...]]:
        """One statement as the owner of everything."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            said = connection.execute(statement)
            return said.fetchall() if said.description else []

    def database(self) -> str:
        """The address of a fresh, empty database."""
        name = f"test_{os.getpid()}_{next(self._names)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def journal(self) -> str:
        """The address of a fresh journal; its tables are copied, which is quicker than making them."""
        if not self._ready:
            first = self.database()
            asyncio.run(open_journal(first).close())
            self.sql(f"ALTER DATABASE {first.rpartition('/')[2]} RENAME TO ready_{os.getpid()}")
            self._ready = True
        name = f"test_{os.getpid()}_{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE ready_{os.getpid()}")
        return self.url(name)


def begun(*more: str, programs: Path | None = None) -> Cluster:
    """A cluster in a folder of its own, of Debian's programs or of those. Skips, loudly, where there is no PostgreSQL; never in CI."""
    programs = programs or _programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; tests/prepare should have done it")
        pytest.skip("PostgreSQL is not installed: the journal on PostgreSQL is NOT tested (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="firstfive-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(_as_somebody([*initdb, "--locale=C"]), check=True, capture_output=True, cwd="/")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    made = Cluster(programs=programs, folder=folder, port=port, more=more)
    made.start()
    return made


def ended(cluster: Cluster) -> None:
    """Stop it and leave nothing behind."""
    cluster.stop()
    shutil.rmtree(cluster.folder, ignore_errors=True)


@functools.cache
def cluster() -> Cluster:
    """The cluster of this test process."""
    made = begun()
    atexit.register(ended, made)
    return made
