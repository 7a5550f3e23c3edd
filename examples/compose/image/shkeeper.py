"""A stand-in of the payment gateway: its paths, its header, its answers (200 with an error inside), and a switch for its bad days.

/tmp/mode: "5xx" answers 500 to everything, "empty" has no coin online.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KEY = os.environ["SHKEEPER_API_KEY"]
MODE = Path("/tmp/mode")


class Gateway(BaseHTTPRequestHandler):
    """One request, answered as the real one words it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Coins, invoices."""
        self._answer()

    def do_POST(self) -> None:
        """A payment request."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer()

    def _answer(self) -> None:
        mode = MODE.read_text().strip() if MODE.exists() else ""
        path = self.path.split("?")[0]
        if mode == "5xx":
            return self._send(500, {"code": 500, "status": "Internal Server Error"})
        if path == "/api/v1/crypto":
            coins = [] if mode == "empty" else ["BTC", "LTC"]
            return self._send(200, {"status": "success", "crypto": coins, "crypto_list": coins})
        if not path.startswith("/api/v1/") or path.endswith("healthcheck"):
            return self._send(404, {"code": 404, "status": "Not Found"})
        if self.headers.get("X-Shkeeper-Api-Key") != KEY:
            given = "Bad" if self.headers.get("X-Shkeeper-Api-Key") else "No"
            return self._send(200, {"status": "error", "message": f"{given} API key"})
        if path.endswith("/payment_request"):
            return self._send(200, {"status": "success", "id": 1, "wallet": "bc1qlab", "amount": "0.0001"})
        return self._send(200, {"status": "success", "invoices": []})

    def _send(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, form: str, *args: object) -> None:
        """Quiet but for what failed."""
        if args[1:2] >= ("500",):
            print(form % args, flush=True)


ThreadingHTTPServer(("0.0.0.0", 5080), Gateway).serve_forever()
