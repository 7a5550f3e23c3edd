"""The little HTTP that web and pay both speak: JSON and HTML answers, and log lines with time, level and message.

Imported by the processes of the demo shop. Listens on loopback only; keeper sends the log lines to a file.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a path answers: a JSON object, or text that is HTML already."""

    body: Mapping[str, object] | str
    status: int = 200


def log(level: str, message: str) -> None:
    """One line on standard output: ISO time in UTC, level, message."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(f"{now} {level} {message}", flush=True)


def serve(name: str, port: int, paths: Mapping[str, Callable[[], Answer]]) -> None:
    """Answer GET on 127.0.0.1:port until the process is stopped. Ends the process with 1 when the port is taken."""

    class Visitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            answer = paths[path]() if path in paths else Answer(status=404, body={"error": f"no {path} here"})
            page = isinstance(answer.body, str)
            content = (answer.body if page else json.dumps(answer.body) + "\n").encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if path != "/api/health" or answer.status != 200:
                log("INFO" if answer.status < 500 else "ERROR", f"GET {path} {answer.status}")

        def log_message(self, format: str, *args: object) -> None:
            """The answers are logged above, once, in the shop's own form."""

    class Counter(ThreadingHTTPServer):
        daemon_threads = True

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = Counter(("127.0.0.1", port), Visitor)
    except OSError as problem:
        log("ERROR", f"Error: cannot listen on 127.0.0.1:{port}: {problem.strerror}")
        sys.exit(1)
    log("INFO", f"{name} listens on 127.0.0.1:{port}")
    with server:
        server.serve_forever(poll_interval=0.05)
