"""A block at nginx itself: a real nginx behind a proxy refuses that client and nobody else, lets the block lapse, and takes it back."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.incident.packs.block import How, block
from firstfive.incident.packs.nginx_block import before, lines

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""
HOUR = timedelta(hours=1)
CONFIGURATION = """\
daemon on;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    include {folder}/blocks.inc;
    location / {{ return 200 "let in\\n"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A running nginx."""

    folder: Path
    port: int

    @property
    def call(self) -> tuple[str, ...]:
        """The words that call it."""
        return (NGINX, "-c", f"{self.folder}/nginx.conf")

    def block(self, address: str, expires: timedelta = HOUR) -> str:
        """The three scripts of a block, the first one run; returns the undo."""
        packed = self.packed(address, expires)
        ran = bash(packed.script)
        assert ran.returncode == 0, ran.stderr
        return packed.undo

    def packed(self, address: str, expires: timedelta = HOUR):
        """A block of that address here."""
        file = f"{self.folder}/blocks.inc"
        return block(address, expires=expires, now=datetime.now(UTC), how=How.NGINX, file=file, nginx=self.call)

    def lets_in(self, client: str) -> bool:
        """Whether a request of that client is answered; workers of the configuration before may take a moment to go."""
        words = ["curl", "-sS", "-m", "5", "-H", f"X-Forwarded-For: {client}", f"http://127.0.0.1:{self.port}/"]
        return subprocess.run(words, capture_output=True, check=False).stdout == b"let in\n"

    def soon(self, client: str, *, let_in: bool) -> bool:
        """The same, within some seconds."""
        until = time.monotonic() + 20
        while self.lets_in(client) is not let_in:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True


def bash(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    if not NGINX:
        pytest.skip("nginx is not installed (tests/prepare does it)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Edge(folder=tmp_path, port=port)
    (tmp_path / "nginx.conf").write_text(CONFIGURATION.format(folder=tmp_path, port=port))
    (tmp_path / "blocks.inc").write_text("# blocks\n")
    subprocess.run(made.call, check=True, capture_output=True)
    try:
        assert made.soon("203.0.113.7", let_in=True)
        yield made
    finally:
        (tmp_path / "blocks.inc").write_text("# blocks\n")  # nginx reads its configuration before it is ended
        subprocess.run([*made.call, "-s", "stop"], check=True, capture_output=True)


@pytest.mark.process
def test_it_ends_the_requests_of_that_client_and_of_nobody_else(edge: Edge) -> None:
    edge.block("203.0.113.7")
    assert edge.soon("203.0.113.7", let_in=False)
    assert edge.lets_in("203.0.113.70")
    assert edge.lets_in("203.0.113.6")
    assert bash(edge.packed("203.0.113.7").verify).returncode in (0, 1)
    assert '" 444 ' in (edge.folder / "access.log").read_text(), "logged as ended, not as refused"


@pytest.mark.process
def test_a_network_is_blocked_whole_and_to_its_ends(edge: Edge) -> None:
    edge.block("203.0.113.64/26")
    assert edge.soon("203.0.113.64", let_in=False)
    assert not edge.lets_in("203.0.113.127")
    assert edge.lets_in("203.0.113.63")
    assert edge.lets_in("203.0.113.128")


@pytest.mark.process
def test_it_lapses_by_itself_and_the_line_goes_with_the_next_block(edge: Edge) -> None:
    edge.block("203.0.113.7", timedelta(seconds=4))
    over = time.monotonic() + 5  # its end is a whole second
    assert edge.soon("203.0.113.7", let_in=False)
    assert edge.soon("203.0.113.7", let_in=True), "nothing of ours had to run for that"
    time.sleep(max(0.0, over - time.monotonic()))  # a worker that was told to end may still have let it in
    edge.block("203.0.113.9")
    text = (edge.folder / "blocks.inc").read_text()
    assert "203.0.113.7" not in text
    assert text.startswith("# blocks\n"), "what was there stays"


@pytest.mark.process
def test_twice_is_once_and_the_undo_takes_back_that_one(edge: Edge) -> None:
    edge.block("203.0.113.7", timedelta(minutes=5))
    edge.block("203.0.113.8")
    undo = edge.block("203.0.113.7")
    assert (edge.folder / "blocks.inc").read_text().count("# firstfive 203.0.113.7 ") == 1
    assert edge.soon("203.0.113.7", let_in=False)
    assert bash(undo).returncode == 0
    assert edge.soon("203.0.113.7", let_in=True)
    assert not edge.lets_in("203.0.113.8")


@pytest.mark.process
def test_an_address_of_the_newer_family(edge: Edge) -> None:
    edge.block("2001:db8::7")
    assert edge.soon("2001:db8::7", let_in=False)
    assert edge.lets_in("2001:db8::8")


@pytest.mark.process
def test_a_file_that_nginx_does_not_read_is_said_and_nothing_is_written(edge: Edge) -> None:
    conf = edge.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("include ", "# include "))
    ran = bash(edge.packed("203.0.113.7").script)
    assert ran.returncode == 1
    assert "does not include blocks.inc" in ran.stderr
    assert (edge.folder / "blocks.inc").read_text() == "# blocks\n"


@pytest.mark.process
def test_what_nginx_does_not_take_is_put_back(edge: Edge) -> None:
    (edge.folder / "blocks.inc").write_text("set $firstfive_broken;\n")
    ran = bash(edge.packed("203.0.113.7").script)
    assert ran.returncode == 1
    assert (edge.folder / "blocks.inc").read_text() == "set $firstfive_broken;\n"


def test_without_a_file_it_is_refused_with_what_to_write() -> None:
    with pytest.raises(Refused, match="no file is named"):
        block("203.0.113.7", expires=HOUR, now=datetime.now(UTC), how=How.NGINX)


@pytest.mark.parametrize("end", [1764423000, 1800000000, 1999999999, 1764423001])
def test_the_pattern_of_seconds_knows_every_second_before_its_end(end: int) -> None:
    pattern = re.compile(before(end))
    for second in (end - 1, end - 10, end - 3601, end - 86400 * 400, end, end + 1, end + 100_000, end + 10**8):
        assert bool(pattern.fullmatch(str(second))) is (second < end), second


def test_the_mark_tells_whom_and_until_when() -> None:
    mark, rule = lines(ip_network("203.0.113.7"), datetime(2026, 11, 29, 15, tzinfo=UTC))
    assert mark == "# firstfive 203.0.113.7 until 2026-11-29T15:00:00Z"
    assert rule.endswith("{ return 444; }")
