"""The shop's two programs: `web`, which a release starts, and `pay`, the payment gateway beside it.

Started by the keeper. Standard library only; listens on loopback, keeps no orders and moves no money.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


def log(level: str, message: str) -> None:
    """One line a message: time, level, text."""
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {level} {message}", flush=True)


def setting(name: str) -> str:
    """A setting from the environment; a program without it cannot start."""
    value = os.environ.get(name)
    if value is None:
        log("error", f"Error: Missing env var {name}")
        sys.exit(1)
    return value


class Quiet(BaseHTTPRequestHandler):
    """Answers JSON and leaves the access log to us."""

    def answer(self, status: int, body: dict[str, object]) -> None:
        """Send a JSON body."""
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the noise out."""


class Web(Quiet):
    """The shop itself."""

    version: ClassVar[str] = "?"
    pay_url: ClassVar[str] = ""

    def do_GET(self) -> None:
        """Front page, health and checkout."""
        if self.path == "/api/health":
            self.answer(200, {"ok": True, "version": self.version})
        elif self.path == "/api/checkout":
            self.checkout()
        elif self.path == "/":
            self.answer(200, {"shop": "open", "version": self.version})
        else:
            self.answer(404, {"error": f"no {self.path} here"})

    def checkout(self) -> None:
        """Ask the payment gateway; a buyer sees 503 when it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.pay_url}/charge", timeout=2) as reply:
                self.answer(200, {"payment": "accepted", "gateway": reply.status})
        except OSError as problem:
            log("error", f"Payment request failed: {getattr(problem, 'reason', problem)}")
            self.answer(503, {"payment": "unavailable"})


class Pay(Quiet):
    """The payment gateway."""

    def do_GET(self) -> None:
        """It is well while it runs, and takes every charge."""
        known = self.path in ("/health", "/charge")
        self.answer(200 if known else 404, {"status": "success" if known else "unknown"})


def serve(kind: type[Quiet], port: int, name: str) -> None:
    """Listen on loopback until the process ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), kind)
    except OSError as problem:
        log("error", f"Error: cannot listen on 127.0.0.1:{port}: {problem.strerror}")
        sys.exit(1)
    server.daemon_threads = True
    log("info", f"{name} listens on {port}")
    server.serve_forever(poll_interval=0.05)


def web(version: str, *, needs: tuple[str, ...] = ()) -> None:
    """Start the shop as one release; `needs` are settings that this release cannot run without."""
    log("info", f"web {version} starts")
    for name in needs:
        setting(name)
    Web.version = version
    Web.pay_url = f"http://127.0.0.1:{os.environ.get('SHOP_PAY_PORT', '8481')}"
    serve(Web, int(os.environ.get("SHOP_WEB_PORT", "8480")), f"web {version}")


if __name__ == "__main__":
    serve(Pay, int(os.environ.get("SHOP_PAY_PORT", "8481")), "pay")
