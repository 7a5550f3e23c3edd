"""From a fault to a declared incident, beside Prometheus with blackbox_exporter and Alertmanager at their fastest and at their defaults.

`make bench` runs it. The fault is a health URL that stops answering. At "1 s" every interval of theirs is a second and groups wait for
nothing; at "defaults" they scrape and evaluate each minute and groups wait thirty seconds. Rounds are interleaved. Needs Debian's
packages; says so and ends well without them. Ours looks four times a second, which costs it less processor time than their one look
(bench/http_checks.py), and takes two bad looks for a fault. The moment of the fault is drawn at random. Prints ours / theirs.
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
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Shop:
    """A health URL that can be broken, and a place where Alertmanager delivers."""

    def __init__(self) -> None:
        self.well = True
        self.delivered = threading.Event()
        shop = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(200 if shop.well else 503)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if json.loads(body or b"{}").get("status") == "firing":
                    shop.delivered.set()
                self._say(200)

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextmanager
def process(argv: list[str], folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        argv, cwd=folder, stdout=subprocess.PIPE if more.pop("talks", "") else subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **more}, text=True,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=20)


def ours(shop: Shop, folder: Path) -> float:
    vault = folder / f"vault-{time.monotonic_ns()}"
    vault.mkdir()
    url = f"http://127.0.0.1:{shop.port}/health"
    (vault / "Incident Response.md").write_text(
        f"# IR\n\n## 3.1 Shop down\n\n**Symptoms.** `{url}` times out or 5xx.\n\n**Runbook.**\n\n```bash\n# 1. Look\nls\n```\n"
    )
    (vault / "firstfive.toml").write_text('[listen]\nport = 0\n[timing]\nprobe_interval = "250ms"\n')
    argv = [sys.executable, "-m", "firstfive", "serve", "--json"]
    with process(argv, vault, talks="yes", PYTHONPATH=str(ROOT / "src")) as running:
        assert running.stdout is not None
        running.stdout.readline()
        known = json.loads((vault / ".firstfive" / "server.json").read_text())
        time.sleep(random.uniform(2, 3))
        return until(shop, lambda: declared(known))


def declared(known: dict[str, object]) -> bool:
    import http.client

    line = http.client.HTTPConnection("127.0.0.1", int(str(known["port"])), timeout=10)
    line.request("GET", "/api/v1/incidents", headers={"Authorization": f"Bearer {known['key']}"})
    found = json.loads(line.getresponse().read())
    line.close()
    return bool(found["incidents"])


def until(shop: Shop, over: Callable[[], bool]) -> float:
    began = time.perf_counter()
    shop.well = False
    try:
        while not over():
            time.sleep(0.01)
            assert time.perf_counter() - began < 400, "nobody noticed"
        return time.perf_counter() - began
    finally:
        shop.well = True


def theirs(shop: Shop, folder: Path, *, fast: bool) -> float:
    place = folder / f"peer-{time.monotonic_ns()}"
    place.mkdir()
    alertmanager, blackbox, prometheus = free_port(), free_port(), free_port()
    interval, wait = ("1s", "0s") if fast else ("1m", "30s")
    (place / "am.yml").write_text(
        f"route: {{receiver: shop, group_wait: {wait}, group_interval: {'1s' if fast else '5m'}}}\n"
        f"receivers: [{{name: shop, webhook_configs: [{{url: 'http://127.0.0.1:{shop.port}/'}}]}}]\n"
    )
    (place / "bb.yml").write_text("modules: {http_2xx: {prober: http, timeout: 3s}}\n")
    (place / "rules.yml").write_text("groups: [{name: a, rules: [{alert: Down, expr: probe_success == 0}]}]\n")
    (place / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {interval}, evaluation_interval: {interval}, scrape_timeout: {'1s' if fast else '10s'}}}\n"
        "rule_files: [rules.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n"
        "scrape_configs:\n- job_name: b\n  metrics_path: /probe\n  params: {module: [http_2xx], target: "
        f"['http://127.0.0.1:{shop.port}/health']}}\n  static_configs: [{{targets: ['127.0.0.1:{blackbox}']}}]\n"
    )
    shop.delivered.clear()
    with ExitStack() as stack:
        stack.enter_context(
            process(
                [
                    "prometheus-alertmanager",
                    "--config.file=am.yml",
                    "--storage.path=am",
                    f"--web.listen-address=127.0.0.1:{alertmanager}",
                    "--cluster.listen-address=",
                ],
                place,
            )
        )
        stack.enter_context(
            process(
                ["prometheus-blackbox-exporter", "--config.file=bb.yml", f"--web.listen-address=127.0.0.1:{blackbox}"],
                place,
            )
        )
        stack.enter_context(
            process(
                [
                    "prometheus",
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=tsdb",
                    f"--web.listen-address=127.0.0.1:{prometheus}",
                ],
                place,
            )
        )
        time.sleep(random.uniform(6, 7) if fast else 65)
        return until(shop, shop.delivered.is_set)


def main() -> int:
    """Print both ratios; the exit code is 0, since a figure is shown and not judged."""
    needed = ("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter")
    missing = [name for name in needed if shutil.which(name) is None]
    if missing:
        print(f"detection: not measured; needs {', '.join(missing)}")
        return 0
    shop = Shop()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        mine, fast = [], []
        for _ in range(ROUNDS):
            mine.append(ours(shop, folder))
            fast.append(theirs(shop, folder, fast=True))
        print(
            f"detection: {median(mine):.2f} s; at 1 s intervals theirs takes {median(fast):.2f} s:"
            f" {median(mine) / median(fast):.2f}x (goal 0.5x)"
        )
        slow = theirs(shop, folder, fast=False)
        print(f"detection: at their defaults it takes {slow:.1f} s: {median(mine) / slow:.3f}x (goal 0.05x)")
    shop.server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
