"""A real process, plain and over TLS: it leaves in time with a hundred rooms open, and all go on where they were once it is back."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from probes.network.certificates import Authority
from programs import end, start
from web.served import Stream

pytestmark = pytest.mark.process

PAGE = """\
# Incident response

## 1. Severity levels

| Severity | Definition | Response time |
|---|---|---|
| Sev 1 | All is down | 15 min |

## 3. Runbooks

### 3.1 All is down

Steps:

1. Look

   ```bash
   uptime
   ```
"""
INCIDENTS, ROOMS = 10, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One `firstfive serve`, and whom its certificate is signed by."""

    process: subprocess.Popen[str]
    port: int
    key: str
    authority: Path | None

    def connection(self) -> http.client.HTTPConnection:
        if self.authority is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        trusting = ssl.create_default_context(cafile=str(self.authority))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=trusting)

    def call(self, path: str, **body: str) -> Any:
        connection = self.connection()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        told = json.loads(connection.getresponse().read())
        connection.close()
        return told

    @contextmanager
    def stream(self, incident: str, last: int) -> Iterator[Stream]:
        connection = self.connection()
        headers = {"Authorization": f"Bearer {self.key}", "Last-Event-ID": str(last)}
        connection.request("GET", f"/incidents/{incident}/live", headers=headers)
        answer = connection.getresponse()
        try:
            yield Stream(connection, answer)
        finally:
            answer.close()
            connection.close()


@contextmanager
def serving(vault: Path, authority: Path | None) -> Iterator[Server]:
    """Serve until the block is left; what is said on standard error is nothing."""
    words = ("--vault", str(vault), "--port", "0", "--json")
    process = start(vault, *words, log=vault / "log", out=subprocess.PIPE)
    try:
        known = json.loads((vault / ".firstfive" / "server.json").read_text())
        yield Server(process=process, port=known["port"], key=known["key"], authority=authority)
    finally:
        end(process)
    assert "rror" not in (vault / "log").read_text()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "over TLS"])
def test_it_leaves_within_five_seconds_with_a_hundred_rooms_open_and_all_go_on_after_it_is_back(
    tmp_path: Path, tls: bool
) -> None:
    (tmp_path / "Incidents.md").write_text(PAGE)
    authority = None
    if tls:
        made = Authority(tmp_path)
        authority, pair = made.path, made.sign("127.0.0.1")
        (tmp_path / "firstfive.toml").write_text(f'[listen]\ntls_cert = "{pair}"\ntls_key = "{pair}"\n')
    with ExitStack() as rooms:
        with serving(tmp_path, authority) as server:
            ids = [server.call("incidents", by="ana", title=f"{number} is down")["id"] for number in range(INCIDENTS)]
            open_ones = [rooms.enter_context(server.stream(ids[n % INCIDENTS], 0)) for n in range(ROOMS)]
            had = [one.entries(1)[-1]["seq"] for one in open_ones]
            for name in ids:
                server.call(f"incidents/{name}/note", by="ana", text="before it left")
            for n, one in enumerate(open_ones):
                while "before it left" not in (row := one.entries(1)[0])["text"]:
                    assert row["seq"] == had[n] + 1
                    had[n] = row["seq"]
                had[n] = row["seq"]
            begun = time.monotonic()
            server.process.terminate()
            ends = [one.answer.read() for one in open_ones]
            server.process.wait(10)
            assert time.monotonic() - begun < 5
            assert {b"entry" in end for end in ends} == {False}, "a clean end of every answer"
        with serving(tmp_path, authority) as server:
            for name in ids:
                server.call(f"incidents/{name}/note", by="ana", text="it is back")
            for n in range(ROOMS):
                with server.stream(ids[n % INCIDENTS], had[n]) as one:
                    row = one.entries(1)[0]
                    assert row["seq"] == had[n] + 1
                    while "it is back" not in row["text"]:
                        following = one.entries(1)[0]
                        assert following["seq"] == row["seq"] + 1
                        row = following
