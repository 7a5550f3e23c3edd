"""How soon people are paged while two hundred webhooks a second come in, half of them repeats: a real server, a real HTTP receiver.

`make bench` runs it. SECONDS (default 60) of the storm; meanwhile somebody declares an incident every second, and nobody is spared a second
page, so that there are many first pages to time. Prints seconds from the declaration to the arrival at the receiver, how the storm itself
was answered, and the load of the machine.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "examples/demo/vault/Incident Response.md"
SECONDS = float(os.environ.get("SECONDS", "60"))
RATE, SENDERS = 200, 8
GOAL = 30.0
HEAD_START = 3.0  # so that the storm declares an incident of its own and joins nobody else's
SERVER = """
import sys
from datetime import timedelta
from firstfive.engine.telling import pace
from firstfive.__main__ import main
pace.APART = timedelta(0)
sys.exit(main(sys.argv[1:]))
"""


@dataclass(slots=True)
class Receiver:
    """Takes signed webhooks and notes when the first page of each incident came."""

    pages: dict[str, float] = field(default_factory=dict)

    def opened(self, stack: ExitStack) -> int:
        receiver = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if told["urgent"]:
                    receiver.pages.setdefault(told["incident"], time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        return int(server.server_address[1])


@dataclass(slots=True)
class Storm:
    """One server, and those who send to it."""

    port: int
    key: str
    over: threading.Event = field(default_factory=threading.Event)
    answered: list[int] = field(default_factory=list)
    slowest: float = 0.0

    def ask(self, connection: http.client.HTTPConnection, path: str, value: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(value), headers)
        answer = connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw or b"{}")

    def sender(self, first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        number = first
        while not self.over.is_set():
            began = time.monotonic()
            value = {"version": "4", "status": "firing", "alerts": [alert(number)], "n": number}
            for _ in range(2):  # each twice, as a sender does that lost the answer
                at = time.monotonic()
                self.answered.append(self.ask(connection, "/hooks/alertmanager", value)[0])
                self.slowest = max(self.slowest, time.monotonic() - at)
            number += SENDERS
            self.over.wait(max(0.0, 2 * SENDERS / RATE - (time.monotonic() - began)))
        connection.close()


def alert(number: int) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": f"Storm{number % 2000}", "severity": "critical"},
        "annotations": {"summary": f"NOAUTH Authentication required, {number}"},
        "startsAt": "2026-11-23T02:58:00Z",
        "fingerprint": f"fp{number % 2000}",
    }


def served(folder: Path, sink: int, stack: ExitStack) -> Storm:
    (folder / "vault").mkdir()
    (folder / "vault" / PAGE.name).write_bytes(PAGE.read_bytes())
    (folder / "hook.env").write_text("HOOK=a-secret\n")
    (folder / "firstfive.toml").write_text(
        'vault = "vault"\nstate = "state"\n[listen]\nport = 0\n[targets.local]\nenv_file = "hook.env"\n'
        f'[notifiers.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:{sink}/"\nsecret_env = "HOOK"\n'
    )
    words = [sys.executable, "-c", SERVER, "serve", "--json", "--config", str(folder / "firstfive.toml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    stack.callback(running.communicate)
    stack.callback(running.kill)
    assert running.stdout is not None
    running.stdout.readline()
    known = json.loads((folder / "state" / "server.json").read_text())
    return Storm(port=known["port"], key=known["key"])


def main() -> int:
    """Print the figures; the exit code is 0, since a figure is shown and not judged."""
    receiver, declared = Receiver(), dict[str, float]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storm = served(folder, receiver.opened(stack), stack)
        crowd = [threading.Thread(target=storm.sender, args=(n,)) for n in range(SENDERS)]
        began = time.monotonic()
        for one in crowd:
            one.start()
        connection = http.client.HTTPConnection("127.0.0.1", storm.port, timeout=30)
        time.sleep(HEAD_START)
        while time.monotonic() - began < SECONDS:
            at = time.monotonic()
            value = {"by": "bench", "title": f"trouble {len(declared)}", "level": 1}
            declared[storm.ask(connection, "/api/v1/incidents", value)[1]["id"]] = at
            time.sleep(max(0.0, 1 - (time.monotonic() - at)))
        storm.over.set()
        for one in crowd:
            one.join()
        lasted = time.monotonic() - began
        until = time.monotonic() + 60
        while time.monotonic() < until and not set(declared) <= set(receiver.pages):
            time.sleep(0.1)
        waits = sorted(receiver.pages.get(name, until) - at for name, at in declared.items())
        own = [at - began for name, at in receiver.pages.items() if name not in declared]
    p99 = waits[max(0, int(len(waits) * 0.99 + 0.999999) - 1)]
    taken = sum(200 <= status < 300 for status in storm.answered)
    print(
        f"telling in a storm: {len(storm.answered) / lasted:.0f} webhooks a second for {lasted:.0f} s, half of them repeats, {taken}"
        f" taken, {len(storm.answered) - taken} refused, slowest answer {storm.slowest * 1000:.0f} ms; first page of {len(waits)}"
        f" incidents p50 {waits[len(waits) // 2]:.2f} s, p99 {p99:.2f} s (goal {GOAL:.0f} s); the storm's own after"
        f" {min(own, default=float('nan')):.2f} s; load {os.getloadavg()[0]:.1f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
