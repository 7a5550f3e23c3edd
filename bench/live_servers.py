"""The servers that `live` sets beside each other: ours, uvicorn with a queue for each viewer, nginx with nchan. Each alone on core 0.

Run as a program it is the second one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log /dev/null; worker_rlimit_nofile 8192;
load_module {module};
events {{ worker_connections 4096; }}
http {{ access_log off; nchan_message_buffer_length 10000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location = /say {{ nchan_publisher; nchan_channel_id room; }}
    location = /live {{ nchan_subscriber eventsource; nchan_channel_id room; nchan_subscriber_first_message newest; }} }} }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One of the three, running: how its stream is opened and how an event is said."""

    pid: int
    port: int
    live: str
    say: str
    head: str = ""

    def asks(self, after: str = "") -> bytes:
        """The request that opens a stream."""
        last = f"Last-Event-ID: {after}\r\n" if after else ""
        return f"GET {self.live} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{self.head}{last}\r\n".encode()

    def says(self, text: str) -> bytes:
        """The request that makes one event. The peers are given what our own stream would send, hash and all."""
        row = {"seq": 1, "at": "2026-03-01T00:00:00Z", "by": "ana", "kind": "Noted", "text": text, "hash": "0" * 64}
        body = urlencode({"by": "ana", "text": text}).encode() if self.head else json.dumps(row).encode()
        kind = "x-www-form-urlencoded" if self.head else "json"
        length = f"Content-Type: application/{kind}\r\nContent-Length: {len(body)}\r\n"
        return f"POST {self.say} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.head}{length}\r\n".encode() + body

    def cpu(self) -> float:
        """Seconds of CPU so far, all threads."""
        stats = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9

    def memory(self) -> int:
        """KiB of resident memory now."""
        told = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmRSS:")))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(argv: list[str], port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A server on core 0, once it says something or answers on its port."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    out = subprocess.DEVNULL if port else subprocess.PIPE
    process = subprocess.Popen(["taskset", "-c", "0", *argv], stdout=out, env=environment, text=True)
    try:
        if process.stdout is not None:
            process.stdout.readline()
        for _ in range(200 if port else 0):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def ours(folder: Path) -> Iterator[Server]:
    """`firstfive serve` with one incident open."""
    vault = Path(tempfile.mkdtemp(dir=folder))
    (vault / "Incidents.md").write_text(
        "# Incident response\n\n## 1. Severity levels\n\n| Severity | Definition | Response time |\n|---|---|---|\n"
        "| Sev 1 | All is down | 15 min |\n\n## 3. Runbooks\n\n### 3.1 All is down\n\n1. Look\n"
    )
    argv = [sys.executable, "-m", "firstfive", "serve", "--json", "--vault", str(vault), "--port", "0"]
    with running(argv) as process:
        known = json.loads((vault / ".firstfive" / "server.json").read_text())
        head = f"Authorization: Bearer {known['key']}\r\n"
        declared = json.dumps({"by": "ana", "title": "the shop is down"}).encode()
        asked = f"POST /api/v1/incidents HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Connection: close\r\n"
        length = f"Content-Type: application/json\r\nContent-Length: {len(declared)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", known["port"])) as asking:
            asking.sendall(asked.encode() + length.encode() + declared)
            told = b"".join(iter(lambda: asking.recv(65536), b""))
        made = re.search(rb'"id":"(INC-\d+)"', told)
        assert made, told
        at = f"incidents/{made[1].decode()}"
        time.sleep(1)
        yield Server(pid=process.pid, port=known["port"], live=f"/{at}/live?after=1", say=f"/{at}/note", head=head)


@contextmanager
def queues(folder: Path) -> Iterator[Server]:
    """uvicorn with a queue for each viewer."""
    port = free_port()
    with running([sys.executable, __file__, str(port)], port) as process:
        yield Server(pid=process.pid, port=port, live="/live", say="/say")


@contextmanager
def nchan(folder: Path) -> Iterator[Server]:
    """nginx with nchan, one process."""
    port, place = free_port(), Path(tempfile.mkdtemp(dir=folder))
    (place / "nginx.conf").write_text(NGINX.format(folder=place, module=NCHAN, port=port))
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
    with running([nginx, "-p", str(place), "-c", str(place / "nginx.conf")], port) as process:
        yield Server(pid=process.pid, port=port, live="/live", say="/say")


def serve_queues(port: int) -> None:
    """The peer: bare ASGI, the event encoded once, one bounded queue for each viewer."""
    import uvicorn

    waiting: set[asyncio.Queue[bytes]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/say":
            body = (await receive())["body"]
            event = b"event: entry\nid: 1\ndata: %b\n\n" % body
            for queue in waiting:
                if not queue.full():
                    queue.put_nowait(event)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        mine: asyncio.Queue[bytes] = asyncio.Queue(1000)
        waiting.add(mine)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        try:
            while True:
                await send({"type": "http.response.body", "body": await mine.get(), "more_body": True})
        finally:
            waiting.discard(mine)

    told = {"loop": "uvloop", "http": "httptools", "lifespan": "off", "log_level": "error", "access_log": False}
    uvicorn.run(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=1, **told)  # type: ignore[arg-type]


if __name__ == "__main__":
    serve_queues(int(sys.argv[1]))
