"""A socket here that leads to one on a host: it answers, and nothing of it stays open when the connection breaks under it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socketserver
import threading
import time
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.docker import EngineApi
from firstfive.targets.ssh import Ssh
from sshd.server import Bench, bench, needed

pytestmark = pytest.mark.process


class Answers(BaseHTTPRequestHandler):
    """One container, after a moment."""

    def do_GET(self) -> None:
        time.sleep(0.02)
        body = b'[{"Id": "1"}]'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Path]:
    """The host's socket."""
    server = Server(str(tmp_path / "far"), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path / "far"
    server.shutdown()
    server.server_close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Bench]:
    needed()
    made = bench(tmp_path / "sshd")
    yield made
    made.server.stop()


def test_many_conversations_and_a_break_leave_no_socket_open(far: Path, host: Bench) -> None:
    async def talked() -> list[int]:
        target = Ssh(name="prod", host="prod", workdir="/", config_file=host.config)
        api = EngineApi(socket=far, host="prod", forward=target.forward)
        told = []
        try:
            for _ in range(3):
                told.append(len(await asyncio.gather(*(api.containers() for _ in range(8)))))
                host.server.cut()
                with contextlib.suppress(FirstfiveError):
                    await api.containers()  # whoever asks first may meet the break
        finally:
            await target.close()
        return told

    gc.collect()
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        assert asyncio.run(talked()) == [8, 8, 8]
        gc.collect()
    assert [str(one.message) for one in left if issubclass(one.category, ResourceWarning)] == []
