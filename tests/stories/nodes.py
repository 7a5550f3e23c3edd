"""Real nodes for stories: each a `firstfive serve` of its own on one journal in PostgreSQL, with a state folder and settings of its own."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import firstfive
import programs
from postgres.cluster import Cluster, cluster

T = TypeVar("T")

SOURCE = Path(firstfive.__file__).resolve().parents[1]
PATIENCE = 60.0
NETWORK = 0x40000000  # CLONE_NEWNET
PAGE = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Site fully down | 15 min | Web is down |
| **Sev 4** | Hygiene | backlog | Backup older than 24h |

## 3. Common incidents

### 3.1 Web down

**Symptoms.** `http://127.0.0.1:PORT/health` times out or 5xx.

**Runbook.**

```bash
# 1. Look
date

# 2. Restart
echo begun >> ran; sleep SECONDS; echo done >> ran
```
"""


@dataclass(slots=True, kw_only=True)
class Node:
    """One process. `call` speaks to its API."""

    name: str
    folder: Path
    database: str
    home: Path
    vault: Path
    work: Path
    more: str = ""  # settings beside those that every node has
    listen: str = "port = 0"  # where it answers
    prefix: tuple[str, ...] = ()  # words before the program, which end by becoming it
    environment: Mapping[str, str] = field(default_factory=dict)
    space: str = ""  # the network namespace that it runs in
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "firstfive.toml"
        config.write_text(
            f'vault = "{self.vault}"\nstate = "{self.folder / "state"}"\ndatabase = "{self.database}"\n'
            f'[listen]\n{self.listen}\n[timing]\nprobe_interval = "300ms"\nresolve_after = "1h"\n'
            f'[targets.local]\nworkdir = "{self.work}"\n{self.more}'
        )
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "HOME": str(self.home), **self.environment}
        with (self.folder / "log").open("ab") as log:
            words = ("--config", str(config), "--json")
            self.process = programs.spawn(
                self.folder, *words, prefix=self.prefix, settings=environment, out=log, err=log
            )

    def known(self) -> dict[str, Any] | None:
        """Where it answers; None until it does."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return programs.told(self.process, self.folder / "state")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the API. Raises OSError when it does not answer, AssertionError when it refuses."""
        status, said = self.ask(method, f"/api/v1{path}", body)
        assert status < 400, said
        return json.loads(said)

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, patience: float = 20, **headers: str
    ) -> tuple[int, bytes]:
        """One request with the room's key: status and body. Raises OSError when nobody answers."""
        known = self.known()
        if known is None:
            raise OSError("not up yet")
        line = http.client.HTTPConnection("127.0.0.1", known["port"], timeout=patience)
        try:
            line.sock = connected(self.space, known["port"], patience)
            given = {"Authorization": f"Bearer {known['key']}", "Content-Type": "application/json", **headers}
            line.request(method, path, json.dumps(body) if body is not None else None, given)
            answer = line.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as problem:
            raise OSError(str(problem)) from problem
        finally:
            line.close()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(slots=True, kw_only=True)
class Site:
    """A page, a host, a database, and the nodes that look after them."""

    folder: Path
    database: str
    server: Cluster
    nodes: list[Node] = field(default_factory=list)

    @property
    def ran(self) -> list[str]:
        """What the changing step left on the host."""
        path = self.folder / "work" / "ran"
        return path.read_text().split() if path.exists() else []

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.sql(statement, self.database.rpartition("/")[2])

    def doing(self, kind: str) -> Node | None:
        """The node that holds a row of this kind now."""
        rows = self.sql(
            f"SELECT node.process FROM work JOIN node ON node.boot = work.owner WHERE work.kind = '{kind}' AND state = 'leased'"
        )
        return next((n for n in self.nodes for (pid,) in rows if n.process is not None and n.process.pid == pid), None)


def connected(space: str, port: int, patience: float) -> socket.socket:
    """A connection to a port of loopback, there where a node runs: a socket stays in the namespace that it was made in."""
    if not space:
        return socket.create_connection(("127.0.0.1", port), timeout=patience)
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{space}") as there:
        _enter(there.fileno())
        try:
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            _enter(home.fileno())
    try:
        made.settimeout(patience)
        made.connect(("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def soon(what: Callable[[], T | None], *, within: float = PATIENCE) -> T:
    """The first answer that is something; an OSError of a node that is not up is no answer."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            found = what()
            if found:
                return found
        time.sleep(0.1)
    raise AssertionError(f"not within {within:g} s")


@contextlib.contextmanager
def site(folder: Path, count: int, *, seconds: float = 6, server: Cluster | None = None) -> Iterator[Site]:
    """`count` running nodes. The page watches a port of loopback on which nobody listens; its change takes `seconds`."""
    server = server or cluster()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    vault, work, home = folder / "vault", folder / "work", folder / "home"
    for one in (vault, work, home):
        one.mkdir(parents=True)
    (vault / "Incident Response.md").write_text(PAGE.replace("PORT", str(port)).replace("SECONDS", f"{seconds:g}"))
    made = Site(folder=folder, database=server.journal(), server=server)
    made.nodes = [
        Node(name=f"n{n}", folder=folder / f"n{n}", database=made.database, home=home, vault=vault, work=work)
        for n in range(count)
    ]
    try:
        for node in made.nodes:
            node.start()
        for node in made.nodes:
            soon(node.known)
        yield made
    finally:
        for node in made.nodes:
            node.stop()
