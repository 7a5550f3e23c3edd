"""What more nodes bring and cost: waiting, pages, steps and intake on SQLite and on PostgreSQL with 1, 2 and 4 nodes, in one run.

`make bench` runs it. Every node is a real `firstfive serve`; PostgreSQL is Debian's, begun here with its usual durability. The ways take
turns in rounds, and what is told are medians, with the ratio to SQLite, and for intake to Alertmanager, of the same round. Database, nodes
and load share the machine. What is not installed is said and left out. `--short` takes a few seconds; `--json FILE` keeps the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

from serving import Server, Sink, bounded, load, part, serving, sink, soon, used  # noqa: E402

from firstfive.stores import open_journal  # noqa: E402
from intake import LOAD, MARK, alert, free_port  # noqa: E402
from postgres import cluster  # noqa: E402

DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")
CONNECTIONS = 64
ALERTMANAGER = "alertmanager"
PAGE = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Nobody can buy | 15 min | Everything is down |
| **Sev 2** | Some cannot | 1 hour | One part is down |

## 3. Common incidents
{runbooks}
## 6. Escalation contacts

| Role | Primary | Backup | Channel |
|------|---------|--------|---------|
| On-call engineer | Sam Example | Kim Example | #incidents |
"""
RUNBOOK = """
### 3.{n} Part {n} down

**Symptoms.** Nobody can use part {n}. Sev 2.

**Runbook.**

```bash
{steps}
```
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything: rounds, seconds of one load, timers that wait, pages, runbooks and their steps."""

    rounds: int
    seconds: int
    idle: float
    timers: int
    pages: int
    runbooks: int
    steps: int
    nodes: tuple[int, ...]

    @property
    def page(self) -> str:
        """The page of every node."""
        steps = "\n\n".join(f"# {n}. Look {n}\ndate" for n in range(1, self.steps + 1))
        return PAGE.format(runbooks="".join(RUNBOOK.format(n=n, steps=steps) for n in range(1, self.runbooks + 1)))


FULL = Size(rounds=3, seconds=3, idle=10, timers=100_000, pages=20, runbooks=6, steps=20, nodes=(1, 2, 4))
SHORT = Size(rounds=1, seconds=1, idle=0.5, timers=1_000, pages=2, runbooks=1, steps=4, nodes=(2,))


@dataclass(slots=True, kw_only=True)
class Site:
    """Nodes on one journal. `ask` puts a question to its database."""

    servers: list[Server]
    ask: Callable[[str], list[tuple[Any, ...]]]
    database: int = 0  # the process id of its PostgreSQL, 0 for a file

    def spent(self) -> float:
        """CPU seconds of all nodes and of their database so far: what a busy machine does not blur."""
        return sum(one.seconds() for one in self.servers) + (family(self.database) if self.database else 0.0)

    def any(self, number: int) -> Server:
        """One node after the other."""
        return self.servers[number % len(self.servers)]


def family(pid: int) -> float:
    """CPU seconds of a process, of its children that live and of those that ended."""
    total = used(pid)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):  # it ended meanwhile, and is counted with its parent from now on
            total += used(int(child))
    return total


@contextmanager
def on_sqlite(folder: Path, size: Size, told: Sink) -> Iterator[Site]:
    """One process and a file."""
    home = folder / "n0"
    (home / "state").mkdir(parents=True)
    path = home / "state" / "journal.db"
    made(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as journal:
        journal.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO work"
            " (key, kind, state, due, fence, tries, data) SELECT 'bench:' || i, 'wake', 'ready', ? + i, 0, 0, x'7b7d' FROM n",
            (size.timers, tomorrow()),
        )
        journal.commit()

    def ask(question: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reading:
            return reading.execute(question).fetchall()

    with serving(home, settings("", told), size.page) as server:
        yield Site(servers=[server], ask=ask)


@contextmanager
def on_postgres(folder: Path, size: Size, told: Sink, *, server: cluster.Cluster, nodes: int) -> Iterator[Site]:
    """So many nodes on a fresh database, all on this machine."""
    database = server.database()
    made(database)

    def ask(question: str) -> list[tuple[Any, ...]]:
        return server.sql(question, database.rpartition("/")[2])

    ask(
        "INSERT INTO work (key, kind, state, due, fence, tries, data) SELECT 'bench:' || i, 'wake', 'ready',"
        f" {tomorrow()} + i, 0, 0, '{{}}' FROM generate_series(1, {size.timers}) i"
    )
    ask("ANALYZE")
    with ExitStack() as stack:
        words = settings(database, told)
        yield Site(
            servers=[stack.enter_context(serving(folder / f"n{n}", words, size.page)) for n in range(nodes)],
            ask=ask,
            database=server.process.pid if server.process is not None else 0,
        )


def made(database: str) -> None:
    """Make the tables of a journal."""
    asyncio.run(open_journal(database).close())


def tomorrow() -> int:
    return int((time.time() + 86400) * 1e6)


def settings(database: str, told: Sink) -> str:
    named = f'database = "{database}"\n' if database else ""
    return (
        f'{named}[listen]\nport = 0\n[notify]\nreach_test = false\n[timing]\none_fault = "10ms"\n'
        f'[targets.local]\nworkdir = "."\n{told.settings}'
    )


# ---------------------------------------------------------------------------------------------------- what is measured


def waiting(site: Site, size: Size) -> dict[str, float]:
    """What it costs to wait: the share of a core of all nodes together, and the memory of the largest."""
    time.sleep(size.idle / 2)
    used, began = [one.seconds() for one in site.servers], time.monotonic()
    time.sleep(size.idle)
    lasted = time.monotonic() - began
    core = sum(one.seconds() - before for one, before in zip(site.servers, used, strict=True)) / lasted
    return {"idle": core, "memory": max(one.memory() for one in site.servers)}


def paged(site: Site, size: Size, told: Sink) -> dict[str, float]:
    """Seconds from a declaration until its first page is out."""
    declared: dict[str, float] = {}
    for number in range(size.pages):
        at = time.monotonic()
        made = site.any(number).call("POST", "/api/v1/incidents", {"by": "bench", "title": f"odd {number}", "level": 1})
        declared[made["id"]] = at
        time.sleep(max(0.0, at + 0.2 - time.monotonic()))
    soon(lambda: set(declared) <= set(told.pages), within=60)
    waits = [told.pages[name] - at for name, at in declared.items()]
    return {"page": part(waits, 0.5), "page_p99": part(waits, 0.99)}


def stepped(site: Site, size: Size) -> dict[str, float]:
    """Steps a second: every runbook begins within a second, and each looks so many times."""
    spent = site.spent()
    for number in range(1, size.runbooks + 1):
        named = {"alertname": f"Part{number}", "runbook": f"3.{number}"}
        site.any(number).call("POST", "/api/v2/alerts", [{"labels": named, "annotations": {"summary": "down"}}])
        time.sleep(0.05)
    wanted = size.runbooks * size.steps
    soon(lambda: site.ask("SELECT count(*) FROM event WHERE type = 'StepFinished'")[0][0] >= wanted, within=180)
    ends = site.ask("SELECT min(at), max(at) FROM event WHERE type IN ('StepStarted', 'StepFinished')")[0]
    rate = wanted / max(1e-3, (ends[1] - ends[0]) / 1e6)
    return {"steps": rate, "step_cpu": (site.spent() - spent) / wanted}


def poured(ways: Sequence[tuple[str, str]], bodies: Path, script: Path, seconds: int) -> float:
    """Requests a second that all of these addresses took together; the load is shared out among them."""
    running = []
    for url, key in ways:
        given = {**os.environ, "BODIES": str(bodies)} | ({"KEY": key} if key else {})
        argv = ["wrk", "-t1", f"-c{max(1, CONNECTIONS // len(ways))}", f"-d{seconds}s", "-s", str(script), url]
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=given, text=True))
    total = 0.0
    for one in running:
        said = one.communicate(timeout=seconds + 60)[0]
        assert "Non-2xx" not in said, said
        total += float(next(line.split()[1] for line in said.splitlines() if line.startswith("Requests/sec")))
    return total


def taken(ways: Sequence[tuple[str, str]], spent: Callable[[], float], folder: Path, size: Size) -> dict[str, float]:
    """Alerts a second, one in a request and a hundred in a request, and the CPU seconds of an alert."""
    found = {}
    for batch in (1, 100):
        before = spent()
        rate = batch * poured(ways, folder / f"bodies-{batch}", folder / "load.lua", size.seconds)
        found[f"intake_{batch}"] = rate
        found[f"intake_{batch}_cpu"] = (spent() - before) / max(1.0, rate * size.seconds)
    return found


def written(folder: Path) -> None:
    """What the load sends."""
    (folder / "load.lua").write_text(LOAD)
    for batch in (1, 100):
        draw = random.Random(1)
        lines = [
            json.dumps([alert(draw.randrange(2000), MARK if n == 0 else "x") for n in range(batch)])
            for _ in range(2000 if batch == 1 else 200)
        ]
        (folder / f"bodies-{batch}").write_text("\n".join(lines) + "\n")


@contextmanager
def alertmanager(folder: Path) -> Iterator[tuple[str, int]]:
    """Debian's, which keeps alerts in memory: its address and its process id."""
    folder.mkdir()
    (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    port = free_port()
    argv = ["prometheus-alertmanager", f"--config.file={folder}/am.yml", f"--storage.path={folder}/data"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    running = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    try:
        yield f"http://127.0.0.1:{port}/api/v2/alerts", running.pid
    finally:
        running.terminate()
        running.wait(timeout=20)


# ------------------------------------------------------------------------------------------------------------ the run


@dataclass(slots=True, kw_only=True)
class Found:
    """Figures by way and by name, one value a round; a way that could not be measured has none."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, way: str, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.values.setdefault(way, {}).setdefault(name, []).append(value)

    def ratio(self, way: str, name: str, beside: str) -> float:
        """The median over the rounds of this way's figure by that of the other in the same round; not a number without one."""
        mine, their = self.values[way].get(name, []), self.values.get(beside, {}).get(name, [])
        pairs = list(zip(mine, their, strict=False))
        return median(one / other for one, other in pairs) if pairs else float("nan")


def measured(site: Site, way: str, size: Size, told: Sink, folder: Path, found: Found, *, pour: bool) -> None:
    """One way in one round."""
    found.add(way, waiting(site, size))
    found.add(way, paged(site, size, told))
    found.add(way, stepped(site, size))
    if pour:
        ways = [(f"http://127.0.0.1:{one.port}/api/v2/alerts", one.key) for one in site.servers]
        found.add(way, taken(ways, site.spent, folder, size))
        found.add(way, {"most_memory": max(one.memory("VmHWM") for one in site.servers)})
    print(f"nodes: {way} in this round: {newest(found.values[way])}; {load()}", flush=True)


def newest(figures: dict[str, list[float]]) -> str:
    """What was found last, in few words: whoever has to stop a long run keeps what it told."""
    return ", ".join(f"{name} {values[-1]:.4g}" for name, values in figures.items())


def rounds(size: Size, server: cluster.Cluster | None, folder: Path, told: Sink) -> Found:
    """Every way in turn, as often as there are rounds."""
    found, pour = Found(), shutil.which("wrk") is not None
    written(folder)
    for number in range(size.rounds):
        told.pages.clear()
        here = folder / f"round-{number}"
        here.mkdir()
        with on_sqlite(here / "sqlite", size, told) as site:
            measured(site, "sqlite", size, told, folder, found, pour=pour)
        for nodes in size.nodes if server is not None else ():
            told.pages.clear()
            way = f"postgres {nodes}"
            with on_postgres(here / way, size, told, server=server, nodes=nodes) as site:
                measured(site, way, size, told, folder, found, pour=pour)
        if pour and shutil.which("prometheus-alertmanager"):
            with alertmanager(here / ALERTMANAGER) as (url, pid):
                found.add(ALERTMANAGER, taken([(url, "")], lambda pid=pid: used(pid), folder, size))
        print(f"nodes: round {number + 1} of {size.rounds} is over; {load()}", flush=True)
    return found


def say(found: Found, size: Size) -> None:
    for way, figures in found.values.items():
        words = []
        mid = {name: median(values) for name, values in figures.items()}
        if "idle" in mid:
            words.append(f"{size.timers} timers wait for {mid['idle']:.2%} of a core, {mid['memory']:.0f} MiB")
            words.append(f"first page after {mid['page']:.2f} s (p99 {mid['page_p99']:.2f})")
            words.append(f"{mid['steps']:.0f} steps/s ({found.ratio(way, 'steps', 'sqlite'):.2f}x SQLite)")
            words.append(f"a step takes {mid['step_cpu'] * 1000:.1f} ms of CPU")
        for batch in (1, 100):
            name = f"intake_{batch}"
            if name in mid:
                ratio = found.ratio(way, name, ALERTMANAGER)
                cheaper = found.ratio(way, f"{name}_cpu", ALERTMANAGER)
                words.append(
                    f"{mid[name]:.0f} alerts/s in batches of {batch} ({ratio:.2f}x Alertmanager),"
                    f" {mid[f'{name}_cpu'] * 1e6:.0f} us of CPU each ({cheaper:.2f}x)"
                )
        if "most_memory" in mid:
            words.append(f"at most {mid['most_memory']:.0f} MiB")
        print(f"nodes: {way:<12} {'; '.join(words)}", flush=True)


def main() -> int:
    """Print a line for each way; the exit code is 0, since a figure is shown and not judged."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--short", action="store_true")
    reading.add_argument("--rounds", type=int, default=None)
    reading.add_argument("--json", type=Path, default=None)
    asked = reading.parse_args()
    size = SHORT if asked.short else FULL
    if asked.rounds:
        size = replace(size, rounds=asked.rounds)
    bounded(240 if asked.short else 900 * size.rounds)
    missing = [name for name in ("wrk", "prometheus-alertmanager") if shutil.which(name) is None]
    if missing:
        print(f"nodes: intake is measured only with wrk, its peer only when installed; missing: {', '.join(missing)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told = stack.enter_context(sink())
        server = None
        if cluster._programs() is None:
            print("nodes: PostgreSQL is not installed, so only SQLite is measured")
        else:
            server = cluster.begun(*DURABLE)
            stack.callback(cluster.ended, server)
        found = rounds(size, server, folder, told)
    say(found, size)
    if asked.json:
        asked.json.write_text(json.dumps(found.values, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
