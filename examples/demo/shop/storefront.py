"""The shop's web process: a front page, a checkout that asks pay, and a health endpoint with the version.

Started by a release's web.py, which says the version. Holds no orders and no money; it is there to be broken and mended.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request

from talk import Answer, log, serve

PATIENCE = 2.0  # seconds that a checkout waits for pay
FRONT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The small shop</title>
<h1>The small shop</h1><p>Release {version}. Three sorts of tea, one sort of cup.</p>
<p><a href="/api/checkout">Check out</a> · <a href="/api/health">Health</a></p></html>
"""


def open_shop(version: str) -> None:
    """Serve this release on SHOP_WEB_PORT (8480), with pay at SHOP_PAY_PORT (8481)."""
    pay = f"http://127.0.0.1:{int(os.environ.get('SHOP_PAY_PORT', '8481'))}/api/charge"
    begun = time.monotonic()

    def health() -> Answer:
        return Answer(body={"status": "ok", "version": version, "uptime_seconds": round(time.monotonic() - begun, 1)})

    log("INFO", f"release {version} starts")
    serve(
        "web",
        int(os.environ.get("SHOP_WEB_PORT", "8480")),
        {
            "/": lambda: Answer(body=FRONT.format(version=version)),
            "/api/health": health,
            "/api/checkout": lambda: _checkout(pay),
        },
    )


def _checkout(pay: str) -> Answer:
    try:
        with urllib.request.urlopen(pay, timeout=PATIENCE) as answer:
            return Answer(body={"paid": True, "receipt": json.load(answer)["receipt"]})
    except urllib.error.HTTPError as problem:
        problem.close()
        log("ERROR", f"Payment gateway answered {problem.code}")
    except (OSError, ValueError, KeyError) as problem:
        refused = isinstance(getattr(problem, "reason", problem), ConnectionRefusedError)
        log("ERROR", f"Payment gateway failed: {'ECONNREFUSED' if refused else problem!r}")
    return Answer(status=503, body={"paid": False, "error": "Payment unavailable"})
