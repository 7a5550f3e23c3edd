"""Alerts taken in, durable before the answer, beside Alertmanager, which keeps them in memory: one core each, the load on the other.

`make bench` runs it. Batches of 1 and of 100 alerts, 2,000 fingerprints, each body different, rounds interleaved. Needs `wrk` and
`prometheus-alertmanager` of Debian; says so and ends well when one is missing. Prints ratios (ours / Alertmanager's requests a second).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, SECONDS, CONNECTIONS = 3, 3, 256
GOALS = {1: 1.2, 100: 3.0}
MARK = "0000000000"
LOAD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local key = os.getenv("KEY"); if key then wrk.headers["Authorization"] = "Bearer " .. key end
local heads, tails, n = {}, {}, 0
init = function(args)
  for line in io.lines(os.getenv("BODIES")) do
    local whole = wrk.format("POST", nil, nil, line)
    local from, to = string.find(whole, "0000000000", 1, true)
    heads[#heads + 1] = string.sub(whole, 1, from - 1); tails[#tails + 1] = string.sub(whole, to + 1)
  end
end
local base = math.floor(os.time() % 100000) * 10000
request = function()
  n = n + 1
  local i = (n - 1) % #heads + 1
  return heads[i] .. string.format("%010d", base + n) .. tails[i]
end
"""


def alert(number: int, mark: str) -> dict[str, object]:
    return {
        "labels": {
            "alertname": f"HighLatency{number}",
            "instance": f"web-{number}:9100",
            "job": "node",
            "severity": "warning",
        },
        "annotations": {
            "summary": f"latency is high on web-{number}",
            "description": f"over 2 s for 5 minutes, run {mark}",
        },
        "generatorURL": f"http://prometheus.example:9090/graph?g0.expr=latency{number}",
    }


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def ours(folder: Path) -> Iterator[tuple[str, str]]:
    vault = folder / f"vault-{time.monotonic_ns()}"
    vault.mkdir()
    (vault / "Incident Response.md").write_text(
        "# Incident Response\n\n## 3.1 Web slow\n\n**Symptoms.** Logs show `SLOW`.\n"
    )
    (vault / "firstfive.toml").write_text("[listen]\nport = 0\n")
    argv = ["taskset", "-c", "0", sys.executable, "-m", "firstfive", "serve", "--json", "--vault", str(vault)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    known = json.loads((vault / ".firstfive" / "server.json").read_text())
    try:
        yield f"http://127.0.0.1:{known['port']}/api/v2/alerts", known["key"]
    finally:
        running.kill()
        running.communicate()


@contextmanager
def theirs(folder: Path) -> Iterator[tuple[str, str]]:
    (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    port = free_port()
    argv = [
        "taskset",
        "-c",
        "0",
        "prometheus-alertmanager",
        f"--config.file={folder}/am.yml",
        f"--storage.path={folder}/am",
    ]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    environment = {**os.environ, "GOMAXPROCS": "1"}
    running = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    time.sleep(1.5)
    try:
        yield f"http://127.0.0.1:{port}/api/v2/alerts", ""
    finally:
        running.terminate()
        running.wait(timeout=20)


def rate(url: str, key: str, bodies: Path, load: Path) -> float:
    environment = {**os.environ, "BODIES": str(bodies)} | ({"KEY": key} if key else {})
    argv = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(load), url]
    said = subprocess.run(argv, capture_output=True, text=True, env=environment, check=True).stdout
    assert "Non-2xx" not in said, said
    return float(next(line.split()[1] for line in said.splitlines() if line.startswith("Requests/sec")))


def main() -> int:
    """Print the ratios of each batch; the exit code is 0, since a figure is shown and not judged."""
    missing = [name for name in ("wrk", "prometheus-alertmanager", "taskset") if shutil.which(name) is None]
    if missing or (os.cpu_count() or 1) < 2:
        print(f"intake: not measured; needs two cores and {', '.join(missing) or 'nothing more'}")
        return 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        load = folder / "load.lua"
        load.write_text(LOAD)
        for batch, goal in GOALS.items():
            draw = random.Random(1)
            lines = [
                json.dumps([alert(draw.randrange(2000), MARK if n == 0 else "x") for n in range(batch)])
                for _ in range(2000 if batch == 1 else 200)
            ]
            bodies = folder / f"bodies-{batch}"
            bodies.write_text("\n".join(lines) + "\n")
            ratios = []
            for _ in range(ROUNDS):
                with ours(folder) as (url, key):
                    mine = rate(url, key, bodies, load)
                with theirs(folder) as (url, key):
                    their = rate(url, key, bodies, load)
                ratios.append(mine / their)
                print(f"  batch {batch:>3}: {mine:>8.0f}/s beside {their:>8.0f}/s")
            print(
                f"intake, batch {batch}: {median(ratios):.2f}x Alertmanager (goal {goal}x), rounds {', '.join(f'{r:.2f}' for r in ratios)}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
