"""Every fault on the page unchanged and on the corrected one: one table, with what Prometheus saw of the same faults beside it.

`make drills` runs it. For each page: a quiet time (QUIET minutes, 10) and an ordinary deploy that must declare nothing, then every
fault. The lab is new for each page and gone at the end; KEEP names a folder that keeps the cards, the incidents and the server's log. Where
Debian's Prometheus, blackbox_exporter and Alertmanager are installed they watch the same health URL, once with intervals of a second and
once with their defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import lab  # noqa: E402 - beside this file
from firstfive.documents.drill import Card, card_from, table  # noqa: E402 - beside this file
from firstfive.errors import FirstfiveError  # noqa: E402
from firstfive.faults import FAULTS, by_name  # noqa: E402
from firstfive.faults.stack import AT_REST, pushed  # noqa: E402

ROOT = HERE.parents[1]
DEPLOYED = "1.4.3"  # a release that works, for the ordinary deploy
AGAIN = 2.0  # minutes of quiet on the second page: it is the same lab
PEERS = ("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter")


def main() -> int:
    """Print the table of each page; 1 when a fault was not answered rightly or a quiet time was not quiet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, help="the page to run unchanged, beside the corrected one")
    parser.add_argument("--quiet", type=float, default=float(os.environ.get("QUIET", "10")), help="minutes of quiet")
    parser.add_argument("--only", nargs="*", default=[], help="these faults only")
    parser.add_argument("--alone", action="store_true", help="not the corrected page as well")
    keep = os.environ.get("KEEP")
    parser.add_argument("--keep", type=Path, default=Path(keep) if keep else None, help="where evidence is kept")
    chosen = parser.parse_args()
    pages: list[tuple[str, Path | None]] = [] if chosen.alone and chosen.page else [("the corrected page", None)]
    if chosen.page:
        pages.insert(0, (f"{chosen.page.name}, unchanged", chosen.page))
        if not chosen.page.is_file():
            parser.error(f"there is no page {chosen.page}")
    try:
        for name in chosen.only:
            by_name(name)
    except FirstfiveError as unknown:
        parser.error(f"{unknown.what}; {unknown.remedy}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    good = True
    for number, (name, page) in enumerate(pages):
        print(f"\n=== {name}", flush=True)
        try:
            with lab.of_its_own():
                try:
                    good &= on_page(page, chosen.quiet if number == 0 else min(chosen.quiet, AGAIN), chosen.only)
                finally:
                    if chosen.keep:
                        kept(chosen.keep / ("corrected" if page is None else "unchanged"))
        except lab.LabError as problem:
            print(f"drills: {problem}", file=sys.stderr)
            return 1
    return 0 if good else 1


def kept(folder: Path) -> None:
    """What shows why a fault went as it did: cards with their incidents, and what the server said."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        shutil.copytree(lab.RUN / "vault/.firstfive/drills", folder / "drills")
        shutil.copy(lab.RUN / "serve.log", folder)


def on_page(page: Path | None, quiet: float, only: Sequence[str]) -> bool:
    """Quiet, a deploy, every fault; True when all was as it should be."""
    settings = lab.lay_vault(page)
    with served(settings) as server, ExitStack() as beside:
        missing = [name for name in PEERS if shutil.which(name) is None]
        print(
            f"not side by side: {', '.join(missing)} not installed" if missing else "side by side with Prometheus",
            flush=True,
        )
        peers = [] if missing else [beside.enter_context(peer(fast=fast)) for fast in (True, False)]
        time.sleep(5)
        false = quiet_time(settings, quiet * 60) + quiet_deploy(settings)
        print(f"{quiet:g} quiet minutes and an ordinary deploy: {false} false incidents", flush=True)
        cards = drilled(settings, server, only)
        print(table(cards), flush=True)
        if peers:
            print(
                "\nseconds to an alert, from the first effect: Firstfive, Prometheus at 1 s, Prometheus at its defaults"
            )
            for one in cards:
                took = [one.mark("declared").seconds, *(after(alerts, one) for alerts in peers)]
                print(f"  {one.fault:<26} {'  '.join('-' if s is None else f'{s:6.1f}' for s in took)}", flush=True)
    return false == 0 and len(cards) == len(only or FAULTS) and all(one.passed for one in cards)


def drilled(settings: Path, server: subprocess.Popen[bytes], only: Sequence[str]) -> list[Card]:
    """The card of each fault, told as it comes. One that breaks off leaves the others their turn, unless its server is gone."""
    cards: list[Card] = []
    for fault in only or [one.name for one in sorted(FAULTS, key=lambda one: one.deploys)]:
        told = json.loads(firstfive(settings, "drill", "run", fault, "--json", patience=900).splitlines()[0])
        if "drills" in told:
            cards += [card_from(one) for one in told["drills"]]
            print(table(cards[-1:]).splitlines()[2], flush=True)
            continue
        print(f"broken off at {fault}: {told['error']['what']}", flush=True)
        print(f"its server said last: {(lab.RUN / 'serve.log').read_text()[-1500:]}", flush=True)
        if server.poll() is not None:
            print(f"its server ended with {server.returncode}", flush=True)
            break
    return cards


@contextmanager
def served(settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`firstfive serve` where the stack is."""
    argv = [*lab.door(ROOT), sys.executable, "-m", "firstfive", "serve", "--config", str(settings), "--port", "0"]
    with (lab.RUN / "serve.log").open("wb") as log:
        process = subprocess.Popen(argv, env=environment(), stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not (settings.parent / ".firstfive/server.json").exists():
            if process.poll() is not None or time.monotonic() > until:
                raise lab.LabError(f"firstfive serve did not come up: {(lab.RUN / 'serve.log').read_text()[-600:]}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """The lab's, with this repository's program on the path."""
    return {**lab.environment(), "PYTHONPATH": str(ROOT / "src")}


def firstfive(settings: Path, *words: str, patience: float = 60) -> str:
    """What a command prints; a drill that is not passed exits with 1 and is no failure of this script."""
    argv = [*lab.door(ROOT), sys.executable, "-m", "firstfive", *words, "--config", str(settings)]
    ran = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=patience, check=False)
    if not ran.stdout.startswith("{"):
        raise lab.LabError(f"firstfive {words[0]}: {ran.stderr[-600:]}")
    return ran.stdout


def incidents(settings: Path) -> int:
    """How many there are by now."""
    answer: dict[str, Any] = json.loads(firstfive(settings, "status", "--all", "--json"))
    return len(answer["incidents"])


def quiet_time(settings: Path, seconds: float) -> int:
    """Incidents that were declared while nothing was wrong."""
    before = incidents(settings)
    time.sleep(seconds)
    return incidents(settings) - before


def quiet_deploy(settings: Path) -> int:
    """Incidents that an ordinary deploy declared: a good release is pushed behind the tag, the updater pulls it, and all goes back."""
    before = incidents(settings)
    lab.inside(["bash", "-ec", AT_REST + pushed(DEPLOYED) + "docker start watchtower\n"])
    until = time.monotonic() + 90
    asked = ("--filter", "name=^nickapp-backend$", "--format", '{{.Label "org.opencontainers.image.version"}}')
    while lab.docker("ps", "-a", *asked) != DEPLOYED:
        if time.monotonic() > until:
            raise lab.LabError(f"the updater did not take {DEPLOYED} in 90 s")
        time.sleep(0.5)
    time.sleep(20)
    lab.restore()
    time.sleep(10)
    return incidents(settings) - before


# ------------------------------------------------------------------------------------------------------ side by side


@contextmanager
def peer(*, fast: bool) -> Iterator[list[datetime]]:
    """Prometheus, blackbox_exporter and Alertmanager on the health URL; yields the times at which an alert was delivered."""
    delivered: list[datetime] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if json.loads(body or b"{}").get("status") == "firing":
                delivered.append(datetime.now(UTC))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = lab.RUN / ("peer-fast" if fast else "peer")
    place.mkdir()
    ports = configured(place, server.server_address[1], fast=fast)
    commands = (
        [
            "prometheus-alertmanager",
            "--config.file=am.yml",
            "--storage.path=am",
            f"--web.listen-address=127.0.0.1:{ports[0]}",
            "--cluster.listen-address=",
        ],
        ["prometheus-blackbox-exporter", "--config.file=bb.yml", f"--web.listen-address=127.0.0.1:{ports[1]}"],
        ["prometheus", "--config.file=p.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{ports[2]}"],
    )
    with ExitStack() as running:
        for words in commands:
            process = subprocess.Popen(
                [*lab.door(place), *words], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            running.callback(ended, process)
        yield delivered
    server.shutdown()


def configured(place: Path, hook: int, *, fast: bool) -> list[int]:
    """Write their files; returns the ports of Alertmanager, exporter and Prometheus."""
    ports = [free_port() for _ in range(3)]
    interval, wait = ("1s", "0s") if fast else ("1m", "30s")
    (place / "am.yml").write_text(
        f"route: {{receiver: shop, group_wait: {wait}, group_interval: {'1s' if fast else '5m'}}}\n"
        f"receivers: [{{name: shop, webhook_configs: [{{url: 'http://127.0.0.1:{hook}/', send_resolved: false}}]}}]\n"
    )
    (place / "bb.yml").write_text("modules: {http_2xx: {prober: http, timeout: 3s}}\n")
    (place / "rules.yml").write_text("groups: [{name: a, rules: [{alert: Down, expr: probe_success == 0}]}]\n")
    (place / "p.yml").write_text(
        f"global: {{scrape_interval: {interval}, evaluation_interval: {interval}, scrape_timeout: {'1s' if fast else '10s'}}}\n"
        f"rule_files: [rules.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{ports[0]}']}}]}}]}}\n"
        "scrape_configs:\n- job_name: b\n  metrics_path: /probe\n  params: {module: [http_2xx], target: "
        f"['https://amn.gg/api/health']}}\n  static_configs: [{{targets: ['127.0.0.1:{ports[1]}']}}]\n"
    )
    return ports


def free_port() -> int:
    """A port that nobody has."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ended(process: subprocess.Popen[bytes]) -> None:
    """End it and wait."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def after(alerts: Sequence[datetime], one: Card) -> float | None:
    """Seconds from a fault's first effect to the first alert since it went in and before its drill was over; None for none."""
    began = datetime.fromisoformat(one.hurt)
    over = one.mark("healed").seconds or 60.0
    since = [at for at in alerts if at >= datetime.fromisoformat(one.at)]
    return next((round(took, 1) for at in since if (took := (at - began).total_seconds()) <= over), None)


if __name__ == "__main__":
    sys.exit(main())
