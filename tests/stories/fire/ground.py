"""Where nodes burn: a PostgreSQL, a channel that keeps what it is told, and three nodes, each behind a cable of its own where we are root.

Everything is this test's own and goes away with it. A cable is a network namespace and a pair of virtual devices; what a node says to the
database can be swallowed on it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from postgres.cluster import Cluster, begun, ended
from stories.nodes import Node, Site, soon

PAGE = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Site fully down | 15 min | Web is down |
| **Sev 2** | A feature is down | 1 h | Search is down |
| **Sev 4** | Hygiene | backlog | Backup older than 24h |

## 3. Common incidents

### 3.1 Web down

**Symptoms.** `http://127.0.0.1:9/health` times out or 5xx.

**Runbook.**

```bash
# 1. Look
date

# 2. Restart
echo begun $0 >> ran; sleep SECONDS; echo "it was $SECRET"; echo done $0 >> ran
```

## 5. Communication

### Internal notice

```
**Incident: <title>**
Status: investigating
```

## 6. Post-mortem

Due 5 business days after a Sev 1 or Sev 2.

```markdown
# Post-mortem: <title>

## Timeline

## Root cause
```
"""
SECRET = "correct-horse-battery-staple"
COMPONENT = "Checkout"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@dataclass(slots=True)
class Channel:
    """A webhook that takes everything and counts how often each id came; `bodies` is all that was said."""

    url: str = ""
    seen: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


Notes = tuple[tuple[str, str], ...]  # what the public page says of one incident, oldest first: (status, text)


@dataclass(slots=True)
class Public:
    """What customers read meanwhile: for each node, what its page said of each incident whenever somebody looked."""

    seen: dict[str, list[dict[str, Notes]]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    def look(self, node: Node) -> None:
        """Read the page of one node, as far as it answers."""
        with contextlib.suppress(OSError, AssertionError):
            status, body = node.ask("GET", "/status/api/v2/incidents.json", patience=12)
            if status == 200:
                told = json.loads(body)["incidents"]
                said = {
                    one["id"]: tuple((n["status"], n["body"]) for n in reversed(one["incident_updates"]))
                    for one in told
                }
                self.seen.setdefault(node.name, []).append(said)
                self.bodies.append(body)
                del self.bodies[:-50]


@contextlib.contextmanager
def channel(address: str) -> Iterator[Channel]:
    kept = Channel()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with kept.lock:
                kept.seen[self.headers["webhook-id"]] += 1
                kept.bodies.append(body)
            with contextlib.suppress(OSError):
                self.send_response(204)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Hook)
    server.daemon_threads = True
    kept.url = f"http://{address}:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


@dataclass(slots=True, kw_only=True)
class Cable:
    """Between a node and the database. `near` is our end's address; without root there is no cable, and it cannot be cut."""

    space: str = ""
    device: str = ""
    near: str = "127.0.0.1"

    def cut(self, port: int) -> None:
        """From now on everything to and from the database is swallowed; nobody is told."""
        for way in ("dport", "sport"):
            chain = "out" if way == "dport" else "into"
            _in(self.space, "nft", "add", "rule", "ip", "fire", chain, "tcp", way, str(port), "drop")

    def mend(self) -> None:
        for chain in ("out", "into"):
            _in(self.space, "nft", "flush", "chain", "ip", "fire", chain)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _in(space: str, *words: str) -> None:
    subprocess.run(["ip", "netns", "exec", space, *words], check=True, capture_output=True)


@contextlib.contextmanager
def cables(count: int) -> Iterator[list[Cable]]:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("nft") is None:
        yield [Cable() for _ in range(count)]
        return
    number = os.getpid() % 60000
    made: list[Cable] = []
    try:
        for n in range(count):
            net = f"10.{100 + number % 100}.{number // 100 % 60 * 4 + n}"
            one = Cable(space=f"fire{number}n{n}", device=f"fr{number}n{n}", near=f"{net}.1")
            made.append(one)
            _ip("netns", "add", one.space)
            _ip("-n", one.space, "link", "set", "lo", "up")
            _ip("link", "add", one.device, "type", "veth", "peer", "name", "near", "netns", one.space)
            _ip("addr", "add", f"{net}.1/30", "dev", one.device)
            _ip("link", "set", one.device, "up")
            _ip("-n", one.space, "addr", "add", f"{net}.2/30", "dev", "near")
            _ip("-n", one.space, "link", "set", "near", "up")
            rules = "add table ip fire; add chain ip fire out { type filter hook output priority 0; };"
            _in(one.space, "nft", f"{rules} add chain ip fire into {{ type filter hook input priority 0; }}")
        yield made
    finally:
        for one in made:
            subprocess.run(["ip", "link", "del", one.device], check=False, capture_output=True)
            subprocess.run(["ip", "netns", "del", one.space], check=False, capture_output=True)


@dataclass(slots=True, kw_only=True)
class Ground(Site):
    """A site whose nodes may be hurt. `harms` counts what was done to them."""

    cables: list[Cable]
    channel: Channel
    home: Path
    vault: Path
    public: Public = field(default_factory=Public)
    harms: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    hurting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def runs(self) -> list[Path]:
        """The folders of the run journal, one for each run that was ever asked of this host."""
        return sorted((self.home / ".local" / "state" / "firstfive").glob("runs-*/*"))

    def changes(self) -> int:
        """How many changes came to their end on the host."""
        path = self.folder / "work" / "ran"
        return path.read_text().count("done ") if path.exists() else 0

    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.process is not None and node.process.poll() is None]

    def raise_the_dead(self) -> None:
        for node in self.nodes:
            self.raised(node)

    def raised(self, node: Node) -> bool:
        """Start it if it is dead, whoever else wants to just now."""
        with self.hurting:
            dead = node.process is None or node.process.poll() is not None
            if dead:
                node.start()
        return dead

    def up(self, node: Node) -> bool:
        """Whether it answers by now; one that ended by itself (it found no database) is started again."""

        def answers() -> bool:
            if self.raised(node):
                return False
            try:
                return node.ask("GET", "/health", patience=3)[0] == 200
            except AssertionError:
                return False

        return soon(answers, within=240)


@contextlib.contextmanager
def ground(folder: Path, *, seconds: float, skewed: bool = True) -> Iterator[Ground]:
    """Three nodes that run. The third one's clock is an hour fast, where Debian's faketime is installed."""
    vault, work, home = folder / "vault", folder / "work", folder / "home"
    for one in (vault, work, home):
        one.mkdir(parents=True)
    (vault / "Incident Response.md").write_text(PAGE.replace("SECONDS", f"{seconds:g}"))
    (folder / "secrets.env").write_text(f"SECRET={SECRET}\nHOOK=a-secret\n")
    with cables(3) as laid, channel("0.0.0.0" if laid[0].space else "127.0.0.1") as told:
        server = _server(laid)
        try:
            here = Ground(
                folder=folder,
                database=server.journal(),
                server=server,
                cables=laid,
                channel=told,
                home=home,
                vault=vault,
            )
            here.nodes = [_node(here, n, work, skewed=skewed and n == 2) for n in range(3)]
            try:
                for node in here.nodes:
                    node.start()
                for node in here.nodes:
                    here.up(node)
                yield here
            finally:
                here.over.set()
                for node in here.nodes:
                    node.stop()
        finally:
            ended(server)


def _node(here: Ground, n: int, work: Path, *, skewed: bool) -> Node:
    cable = here.cables[n]
    hook = here.channel.url.replace("0.0.0.0", cable.near)
    more = (
        f'env_file = "{here.folder / "secrets.env"}"\n'
        f'[notifiers.hook]\nkind = "webhook"\nurl = "{hook}"\nsecret_env = "HOOK"\n'
        '[notify.channels]\n"#incidents" = ["hook"]\n[severity]\nhygiene = 4\n'
        f'[status_page]\nname = "Example Shop"\nurl = "https://status.example.com"\ncomponents = ["{COMPONENT}"]\n'
    )
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+3600", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
    return Node(
        name=f"n{n}",
        folder=here.folder / f"n{n}",
        database=here.database.replace("127.0.0.1", cable.near),
        home=here.home,
        vault=here.vault,
        work=work,
        more=more,
        prefix=("ip", "netns", "exec", cable.space) if cable.space else (),
        environment=fake if skewed and FAKETIME.exists() else {},
        space=cable.space,
    )


def _server(laid: list[Cable]) -> Cluster:
    """A PostgreSQL that takes connections from our cables too."""
    addresses = ",".join(dict.fromkeys(("127.0.0.1", *(one.near for one in laid))))
    server = begun(f"listen_addresses={addresses}")
    with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.0.0.0/8 trust\n")
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    return server
