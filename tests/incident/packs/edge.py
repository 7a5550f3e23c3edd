"""Cloudflare's rulesets as its documentation describes them, on the loopback: a rule can be made, found and removed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "token-of-the-zone"
PHASE = "http_request_firewall_custom"


@dataclass(slots=True)
class Edge:
    """One zone. `rules` is None until somebody makes the phase's first rule."""

    zone: str
    rules: list[dict[str, object]] | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def answer(
        self, method: str, path: str, body: dict[str, object] | None, token: str
    ) -> tuple[int, dict[str, object]]:
        if token != f"Bearer {TOKEN}":
            return 403, _no(9109, "Invalid access token")
        if self.broken:
            return 500, _no(10000, "the edge is broken")
        rest = path.removeprefix(f"/client/v4/zones/{self.zone}")
        one = re.fullmatch(r"/rulesets/rs1/rules/(\w+)", rest)
        if (method, rest) == ("GET", f"/rulesets/phases/{PHASE}/entrypoint"):
            return (
                (200, self._yes()) if self.rules is not None else (404, _no(10003, "could not find entrypoint ruleset"))
            )
        if (method, rest) == ("POST", "/rulesets") and body and self.rules is None:
            assert (body["kind"], body["phase"]) == ("zone", PHASE)
            assert isinstance(body["rules"], list)
            self.rules = []
            return 200, self._add(body["rules"][0], 0)
        if (method, rest) == ("POST", "/rulesets/rs1/rules") and body and self.rules is not None:
            position = body.pop("position")
            assert position == {"index": 1}
            return 200, self._add(body, 0)
        if method == "DELETE" and one and self.rules is not None:
            self.rules = [rule for rule in self.rules if rule["id"] != one[1]]
            return 200, self._yes()
        return 400, _no(10001, f"{method} {rest} is not understood")

    def _add(self, rule: dict[str, object], index: int) -> dict[str, object]:
        assert self.rules is not None
        assert set(rule) == {"action", "description", "enabled", "expression"}
        self.rules.insert(index, rule | {"id": f"r{len(self.asked)}"})
        return self._yes()

    def _yes(self) -> dict[str, object]:
        return {
            "success": True,
            "errors": [],
            "messages": [],
            "result": {"id": "rs1", "phase": PHASE, "rules": self.rules},
        }


def _no(code: int, message: str) -> dict[str, object]:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


@contextmanager
def edge(zone: str) -> Iterator[Edge]:
    """The zone's API on a free port, until the end."""
    here = Edge(zone)

    class Asked(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            here.asked.append(f"{self.command} {self.path}")
            status, said = here.answer(self.command, self.path, body, self.headers.get("Authorization", ""))
            sent = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = do_PUT = _any

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    here.url = f"http://127.0.0.1:{server.server_port}/client/v4"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
