"""What a host more costs: many hosts over real ssh, each looked at every 15 s, with open incidents on all of them.

`make bench` runs it. One sshd answers for every host name; each name has a kept connection of its own, as it would have to a machine
of its own. For each number of hosts a `firstfive serve` on SQLite is begun; what is measured is that process alone. `--short` takes
a few seconds. `--json FILE` keeps the figures, `--plot FILE` draws them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

import plot  # noqa: E402
from serving import Server, Sink, bounded, load, part, serving, sink, soon  # noqa: E402

from firstfive.handbook.compile import Options, compile_vault  # noqa: E402
from firstfive.shell.risk import load_table  # noqa: E402
from sshd.server import Bench, bench  # noqa: E402

LOOKS = 5  # a host, and so many incidents on it
MEMORY = 150
HEAD = """# Incident Response

## 1. Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | Nobody can buy | 15 min | All queues stand still |
| **Sev 2** | Some cannot | 1 hour | One queue stands still |

## 2. First 5 minutes

1. **Acknowledge.** Say in #incidents that you have it.
2. **Host shell.** Have a shell open.
3. **Load.** `uptime`
4. **Recent deploy?** Was something deployed in the last 30 min?

## 3. Common incidents
"""
TAIL = """
## 6. Escalation contacts

| Role | Primary | Backup | Channel |
|------|---------|--------|---------|
| On-call engineer | Sam Example | Kim Example | #incidents |
"""
RUNBOOK = """
### 3.{n} Queue {n} stands still

**Symptoms.** Orders of queue {n} are late. Sev 2.

**Runbook.**

```bash
# 1. What is the time there?
date

# 2. Begin it anew
touch begun-{n}
```
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One number of hosts: shares of a core and MiB, quiet and with everything open; seconds from a symptom to its incident and to its
    first page; seconds of an answer of the list while all are open.
    """

    hosts: int
    incidents: int
    quiet_core: float
    quiet_memory: float
    open_core: float
    open_memory: float
    most_memory: float
    storm_core: float
    opened_p50: float
    opened_p99: float
    paged_p50: float
    paged_p99: float
    listed: float


def page() -> str:
    return HEAD + "".join(RUNBOOK.format(n=n) for n in range(1, LOOKS + 1)) + TAIL


def settings(host: Bench, hosts: int, folder: Path, told: Sink, period: float) -> str:
    """One target a host, `LOOKS` questions each, as a team would write them."""
    book = compile_vault({"Incident Response.md": page().encode()}, main=None, options=Options(risk=load_table(None)))
    symptoms = [runbook.symptoms[0].id for runbook in book.runbooks]
    words = [
        'target = "h0"\n[listen]\nport = 0\n[notify]\nreach_test = false\n'
        f'[timing]\nprobe_interval = "{period:g}s"\none_fault = "10ms"\nresolve_after = "1h"\n{told.settings}'
    ]
    for n in range(hosts):
        words.append(
            f'[targets.h{n}]\nkind = "ssh"\nconfig_file = "{host.config}"\nworkdir = "{folder / "work" / str(n)}"\n'
        )
        words += [
            f'[probes.h{n}-{q}]\nkind = "query"\ntarget = "h{n}"\nsymptom = "{symptom}"\nunit = "late orders"\n'
            f'command = "cat queue-{q}"\nevery = "{period * 0.6:g}s"\nmore_than = 5\n'
            for q, symptom in enumerate(symptoms)
        ]
    return "".join(words)


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[Bench]:
    """One sshd for any number of names."""
    host = bench(folder / "sshd", extra="MaxStartups 1000:30:2000\nSetEnv SHLVL=5\n")
    config = host.config.read_text().replace("Host prod", "Host h*")
    host.config.write_text(config)
    try:
        yield host
    finally:
        host.server.stop()


def counted(folder: Path, hosts: int, question: int, value: int) -> None:
    """What a question will be answered from now on, on every host."""
    for n in range(hosts):
        place = folder / "work" / str(n)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"queue-{question}").write_text(f"{value}\n")


def opened(folder: Path) -> dict[str, float]:
    """When each incident was opened, in seconds since 1970, in order."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'state' / 'journal.db'}?mode=ro", uri=True)) as journal:
        return {row[0]: row[1] / 1e6 for row in journal.execute("SELECT id, opened_at FROM incident ORDER BY number")}


def storm(hosts: int, period: float, told: Sink, folder: Path) -> tuple[list[float], list[float]]:
    """One question after the other goes wrong on all hosts at once: seconds until each incident was opened, and until it was paged.

    All five at once would be faces of one fault, and one incident a host.
    """
    waits, pages = [], []
    for question in range(LOOKS):
        wall, since, known = time.time(), time.monotonic(), set(opened(folder))
        counted(folder, hosts, question, 9)
        most = 60 + 4 * period + hosts
        soon(lambda many=hosts * (question + 1): len(opened(folder)) >= many, within=most)
        fresh = {name: at for name, at in opened(folder).items() if name not in known}
        soon(lambda fresh=fresh: set(fresh) <= set(told.pages), within=most)
        waits += [at - wall for at in fresh.values()]
        pages += [told.pages[name] - since for name in fresh]
    return waits, pages


def measured(hosts: int, period: float, told: Sink, host: Bench, folder: Path) -> Figures:
    """A server for so many hosts: quiet, in the storm of all of them at once, and with all of it open."""
    folder.mkdir()
    for question in range(LOOKS):
        counted(folder, hosts, question, 0)
    told.pages.clear()
    with serving(folder, settings(host, hosts, folder, told, period), page()) as server:
        soon(lambda: len(host.server.sessions()) >= hosts, within=60 + period)
        time.sleep(period)
        quiet_core, quiet_memory = server.core(2 * period), server.memory()
        since, used, wanted = time.monotonic(), server.seconds(), hosts * LOOKS
        waits, paged = storm(hosts, period, told, folder)
        settled(server, period)
        storm_core = (server.seconds() - used) / (time.monotonic() - since)
        open_core, open_memory = server.core(2 * period), server.memory()
        listed, took = answered(server)
        most = server.memory("VmHWM")
    assert len(listed) == wanted, f"{len(listed)} incidents are open and {wanted} were to be"
    return Figures(
        hosts=hosts,
        incidents=wanted,
        quiet_core=quiet_core,
        quiet_memory=quiet_memory,
        open_core=open_core,
        open_memory=open_memory,
        most_memory=most,
        storm_core=storm_core,
        opened_p50=part(waits, 0.5),
        opened_p99=part(waits, 0.99),
        paged_p50=part(paged, 0.5),
        paged_p99=part(paged, 0.99),
        listed=took,
    )


def answered(server: Server) -> tuple[list[object], float]:
    """The list of what is open, and the seconds of its best answer of three: the first one fetches what it needs into memory."""
    times, listed = [], []
    for _ in range(3):
        began = time.perf_counter()
        listed = server.call("GET", "/api/v1/incidents")["incidents"]
        times.append(time.perf_counter() - began)
    return listed, min(times)


def settled(server: Server, period: float) -> None:
    """Wait until the first five minutes of all incidents are over: two seconds in which little happens."""
    until = time.monotonic() + 120 + 4 * period
    before = server.core(1.0)
    while time.monotonic() < until:
        now = server.core(1.0)
        if abs(now - before) < 0.1 and now < 0.7:
            return
        before = now


def say(found: Figures) -> None:
    each = found.quiet_core / found.hosts
    print(
        f"hosts: {found.hosts:>3} hosts, {found.hosts * LOOKS} looks a period: {found.quiet_core:6.2%} of a core"
        f" ({each * 1000:.2f} ms a second and host), {found.quiet_memory:.0f} MiB; with {found.incidents} incidents open"
        f" {found.open_core:6.2%}, {found.open_memory:.0f} MiB (at most {found.most_memory:.0f}, goal {MEMORY});"
        f" from symptom to incident p50 {found.opened_p50:.1f} s, p99 {found.opened_p99:.1f} s, to the first page"
        f" {found.paged_p50:.1f} and {found.paged_p99:.1f} s; the list answers in {found.listed * 1000:.0f} ms; {load()}",
        flush=True,
    )


def main() -> int:
    """Print a line for each number of hosts, and the growth; the exit code is 0, since a figure is shown and not judged."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--short", action="store_true", help="two small numbers of hosts, looked at every second")
    reading.add_argument("--hosts", type=int, nargs="+", default=None)
    reading.add_argument("--period", type=float, default=None, help="seconds from look to look")
    reading.add_argument("--json", type=Path, default=None)
    reading.add_argument("--plot", type=Path, default=None)
    asked = reading.parse_args()
    numbers = asked.hosts or ([2, 4] if asked.short else [20, 50, 100, 200])
    period = asked.period or (1.0 if asked.short else 15.0)
    bounded(240 if asked.short else sum(300 + 8 * number for number in numbers))
    found: list[Figures] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told, host = stack.enter_context(sink()), stack.enter_context(fleet(folder))
        for number in numbers:
            found.append(measured(number, period, told, host, folder / f"of-{number}"))
            say(found[-1])
    first, last = found[0], found[-1]
    grown = last.hosts / first.hosts
    print(
        f"hosts: {grown:g} times the hosts cost {last.quiet_core / first.quiet_core:.1f} times the core when quiet and"
        f" {last.open_core / first.open_core:.1f} times with {LOOKS} incidents open on each"
    )
    rows = [asdict(one) for one in found]
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    if asked.plot:
        asked.plot.write_text(plot.hosts(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
