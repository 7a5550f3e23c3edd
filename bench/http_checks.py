"""What an HTTP look costs: 10,000 of them in 15 s in one process, beside Prometheus' blackbox_exporter at the same rate.

`make bench` runs it. Both ask one local nginx, in turns; it wants Debian's nginx-light and prometheus-blackbox-exporter and says so
when they are missing. CPU is that of the looking process alone, scheduling and recording included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import uvloop

from firstfive.engine.clock import SystemClock
from firstfive.engine.redact import Redactor
from firstfive.engine.watch import Watch
from firstfive.probes.network import Http
from firstfive.probes.network.transfers import Request, transfers

CHECKS, PERIOD = 10_000, 15.0
SLOT = 0.200
RATIO, MEMORY, LATE = 1 / 5, 150, 0.250
TICKS = os.sysconf("SC_CLK_TCK")
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log /dev/null; worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port} backlog=8192; location / {{ return 200 "{body}"; }} }}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder}; }}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """The process id of a server, once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def used(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def ours(port: int, seconds: float) -> dict[str, float]:
    """Ten thousand probes look once as fast as they can, unmeasured; then they are spread over the period, in slots of 200 ms."""
    late: list[float] = []
    seen = {"looks": 0, "well": 0}
    loop = asyncio.get_running_loop()

    async def observe(_: object) -> str:
        seen["well"] += 1
        return "kept"

    probes = [
        Http(name=f"http {n}", symptom="s", url=f"http://127.0.0.1:{port}/{n}", patience=timedelta(seconds=10))
        for n in range(CHECKS)
    ]
    watch = Watch(probes=probes, clock=SystemClock(), observe=observe, redactor=Redactor(), log=lambda _: None)
    await asyncio.gather(*(watch.once(probe) for probe in probes))
    zero = loop.time() + 2

    async def one(due: float, probe: Http) -> None:
        late.append(loop.time() - due)
        await watch.once(probe)
        seen["looks"] += 1

    async def scheduled() -> None:
        under_way, number = set(), 0
        for slot in range(1, int(seconds / SLOT) + 1):
            await asyncio.sleep(zero + slot * SLOT - loop.time())
            while number * PERIOD / CHECKS < slot * SLOT:
                task = asyncio.create_task(one(zero + number * PERIOD / CHECKS, probes[number % CHECKS]))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                number += 1
        await asyncio.gather(*under_way)

    await asyncio.sleep(zero - loop.time())
    began = time.process_time()
    await scheduled()
    cpu = time.process_time() - began
    highest = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return {
        "each": cpu / seen["looks"] * 1e6,
        "looks": seen["looks"],
        "late": sorted(late)[int(len(late) * 0.99)],
        "memory": int(highest.split()[1]) / 1024,
        "core": cpu / seconds,
    }


async def theirs(port: int, exporter: int, pid: int, seconds: float) -> dict[str, float]:
    """The same rate, asked of the exporter: CPU of its process a check."""
    target = quote(f"http://127.0.0.1:{port}/", safe="")
    good = 0
    loop = asyncio.get_running_loop()

    async def ask(due: float) -> None:
        nonlocal good
        await asyncio.sleep(due - loop.time())
        answer = await transfers().ask(
            Request(
                url=f"http://127.0.0.1:{exporter}/probe?module=http_2xx&target={target}",
                address=ip_address("127.0.0.1"),
                port=exporter,
                patience=timedelta(seconds=20),
                body=True,
            )
        )
        good += b"\nprobe_success 1" in answer.body

    began, zero = used(pid), loop.time()
    count = int(CHECKS / PERIOD * seconds)
    await asyncio.gather(*(ask(zero + PERIOD * n / CHECKS) for n in range(count)))
    return {"each": (used(pid) - began) / good * 1e6, "looks": good, "asked": count}


def round_of_ours(port: int, seconds: float) -> dict[str, float]:
    """In a process of its own, so that its memory is only its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--ours", str(port), "--seconds", str(seconds)], capture_output=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print both costs, their ratio, memory and lateness against the goals; exit 1 when one is missed."""
    reading = argparse.ArgumentParser()
    reading.add_argument("--ours", type=int, default=0)
    reading.add_argument("--seconds", type=float, default=PERIOD)
    reading.add_argument("--rounds", type=int, default=3)
    asked = reading.parse_args()
    if asked.ours:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the server does
            print(json.dumps(runner.run(ours(asked.ours, asked.seconds))))
        return 0
    nginx, exporter = shutil.which("nginx", path="/usr/sbin:/usr/bin"), shutil.which("prometheus-blackbox-exporter")
    if not nginx or not exporter:
        print("http checks  skipped: install nginx-light and prometheus-blackbox-exporter")
        return 0
    port, other = free_port(), free_port()
    mine, peer = [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "nginx.conf")
        settings.write_text(NGINX.format(folder=folder, port=port, body="x" * 60))
        Path(folder, "blackbox.yml").write_text("modules:\n  http_2xx:\n    prober: http\n")
        flags = [f"--config.file={folder}/blackbox.yml", f"--web.listen-address=127.0.0.1:{other}"]
        flags += ["--log.level=error", "--history.limit=1"]
        with running([nginx, "-p", folder, "-c", str(settings)], port), running([exporter, *flags], other) as pid:
            for _ in range(asked.rounds):
                mine.append(round_of_ours(port, asked.seconds))
                peer.append(asyncio.run(theirs(port, other, pid, asked.seconds)))
    each, his = statistics.median(m["each"] for m in mine), statistics.median(p["each"] for p in peer)
    ratio = statistics.median(m["each"] / p["each"] for m, p in zip(mine, peer, strict=True))  # neighbours in time
    memory, late = max(m["memory"] for m in mine), statistics.median(m["late"] for m in mine)
    print(
        f"http checks  {each:.0f} us a check, blackbox_exporter {his:.0f} us: {ratio:.2f} of it (goal <= {RATIO:.2f});"
        f" {mine[0]['looks']:.0f} looks take {statistics.median(m['core'] for m in mine):.0%} of a core,"
        f" {memory:.0f} MiB (goal <= {MEMORY}), p99 late by {late * 1000:.0f} ms (goal <= {LATE * 1000:.0f})"
    )
    print(f"             rounds: ours {[round(m['each']) for m in mine]}, theirs {[round(p['each']) for p in peer]}")
    return 0 if ratio <= RATIO and memory <= MEMORY and late <= LATE else 1


if __name__ == "__main__":
    raise SystemExit(main())
