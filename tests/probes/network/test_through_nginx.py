"""A WebSocket and a URL through a real proxy: what nginx makes of its own mistakes."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Http, Websocket

from .peers import Script, saying, speaking
from .test_websocket import accepting

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: nothing is tested through a real proxy")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
UPGRADE = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
CONF = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors; events {{ }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_read_timeout 1s; {extra} }} }} }}
"""


@contextmanager
def proxy(folder: Path, behind: int, extra: str) -> Iterator[int]:
    """The port of an nginx in front of `behind`."""
    assert NGINX is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, port=port, behind=behind, extra=extra))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def wants_upgrade(connection: socket.socket, head: bytes) -> None:
    """As engine.io does: a websocket transport without an upgrade is a bad request."""
    if b"\r\nupgrade: websocket" in head.lower():
        accepting(connection, head)
        connection.recv(10)
    else:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("behind", "extra", "firing", "text"),
    [
        (wants_upgrade, UPGRADE, False, "opens (101)"),
        (wants_upgrade, "", True, "HTTP 400 instead of 101: the server saw no upgrade"),
    ],
)
def test_what_the_proxy_makes_of_an_upgrade(
    tmp_path: Path, behind: Script, extra: str, firing: bool, text: str
) -> None:
    with speaking(behind) as (port, _), proxy(tmp_path, port, extra) as front:
        url = f"ws://127.0.0.1:{front}/socket.io/?EIO=4&transport=websocket"
        probe = Websocket(name="ws", symptom="s", url=url, patience=timedelta(seconds=20))
        (seen,) = asyncio.run(probe.look(NOW))
    assert isinstance(seen, Signal)
    assert seen.firing is firing
    assert text in seen.text


@pytest.mark.parametrize(("behind", "status"), [(silent, 504), (saying(b""), 502)])
def test_a_backend_that_answers_nobody_says_nothing_of_websockets(tmp_path: Path, behind: Script, status: int) -> None:
    with speaking(behind) as (port, _), proxy(tmp_path, port, UPGRADE) as front:
        url = f"ws://127.0.0.1:{front}/socket.io/?EIO=4&transport=websocket"
        probe = Websocket(name="ws", symptom="s", url=url, patience=timedelta(seconds=20))
        with pytest.raises(FirstfiveError, match=f"answers HTTP {status} to everybody"):
            asyncio.run(probe.look(NOW))


def test_a_backend_that_is_gone_is_a_502_of_the_proxy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = int(gone.getsockname()[1])
    with proxy(tmp_path, port, "") as front:
        probe = Http(name="http", symptom="s", url=f"http://127.0.0.1:{front}/", patience=timedelta(seconds=20))
        (seen,) = asyncio.run(probe.look(NOW))
    assert isinstance(seen, Signal)
    assert (seen.firing, seen.text) == (True, "HTTP 502")
