"""What the benches of many hosts and many nodes share: real `firstfive serve` processes, what they cost, and where their messages go.

Called by `hosts` and `nodes`. Everything listens on the loopback interface, and every process that is begun here is ended here, by its id.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
# People are paged at once: how the second page of a night is spared is not what is measured here.
SERVE = """
import sys
from datetime import timedelta
from firstfive.engine.telling import pace
from firstfive.__main__ import main
pace.APART = timedelta(0)
sys.exit(main(sys.argv[1:]))
"""


@dataclass(slots=True, kw_only=True)
class Server:
    """One running program: where it answers, and what it has cost so far."""

    process: subprocess.Popen[bytes]
    port: int
    key: str
    log: Path

    def call(self, method: str, path: str, body: object = None, *, timeout: float = 60) -> Any:
        """One call of the API on a connection of its own. Raises RuntimeError when it is refused."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            said = json.dumps(body) if body is not None else None
            line.request(
                method, path, said, {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            )
            answer = line.getresponse()
            raw = answer.read()
        finally:
            line.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:300]!r}")
        return json.loads(raw) if raw.startswith((b"{", b"[")) else raw

    def seconds(self) -> float:
        """CPU that it used, in seconds, its ended children included."""
        return used(self.process.pid)

    def memory(self, line: str = "VmRSS") -> float:
        """MiB of resident memory now, or with VmHWM the most so far."""
        told = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(row.split()[1]) / 1024 for row in told if row.startswith(f"{line}:"))

    def core(self, seconds: float) -> float:
        """The share of one core that it takes over the next `seconds`."""
        used, began = self.seconds(), time.monotonic()
        time.sleep(seconds)
        return (self.seconds() - used) / (time.monotonic() - began)


@contextmanager
def serving(folder: Path, settings: str, page: str, *, core: int | None = None) -> Iterator[Server]:
    """A server on this page and these settings, in a folder of its own; ended, and killed when it does not end."""
    (folder / "vault").mkdir(parents=True, exist_ok=True)
    (folder / "vault" / "Incident Response.md").write_text(page)
    (folder / "firstfive.toml").write_text(f'vault = "vault"\nstate = "state"\n{settings}')
    argv = [sys.executable, "-c", SERVE, "serve", "--json", "--config", str(folder / "firstfive.toml")]
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOOK": "a-secret"}
    (folder / "state").mkdir(exist_ok=True)
    (folder / "state" / "server.json").unlink(missing_ok=True)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([*pinned, *argv], stdout=out, stderr=out, env=environment)
    try:
        known = soon(lambda: _known(folder, process, log), within=120)
        yield Server(process=process, port=known["port"], key=known["key"], log=log)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        process.wait()


def _known(folder: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any] | None:
    if process.poll() is not None:
        raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((folder / "state" / "server.json").read_text())
        return found
    return None


def soon(what: Callable[[], T | None], *, within: float) -> T:
    """The first answer that is something. Raises RuntimeError when there is none in time, so that no bench hangs."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise RuntimeError(f"not within {within:g} s")


@dataclass(slots=True, kw_only=True)
class Sink:
    """Takes the signed webhooks of all nodes, and notes when the first page of each incident came."""

    port: int = 0
    pages: dict[str, float] = field(default_factory=dict)
    messages: int = 0

    @property
    def settings(self) -> str:
        """The tables that make a server tell it."""
        return f'[notifiers.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:{self.port}/"\nsecret_env = "HOOK"\n'


@contextmanager
def sink() -> Iterator[Sink]:
    """A receiver of messages, in threads of this process."""
    made = Sink()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.messages += 1
            if told["urgent"]:
                made.pages.setdefault(told["incident"], time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    made.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def bounded(seconds: float) -> None:
    """End this bench after so long at the latest, and when it is told to: what it began is ended on the way out."""

    def out(number: int, _frame: object) -> None:
        raise SystemExit(f"ended by signal {number}" + (", since it took too long" if number == signal.SIGALRM else ""))

    signal.signal(signal.SIGTERM, out)
    signal.signal(signal.SIGALRM, out)
    signal.alarm(int(seconds))


def used(pid: int) -> float:
    """CPU seconds of a process and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICKS


def part(values: list[float], share: float) -> float:
    """The value below which this share of them lies; not a number when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def load() -> str:
    """How busy the machine is, in words: others may be working on it."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
