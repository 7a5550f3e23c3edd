"""TLS: who is trusted, how long a certificate lasts, and what a broken one is called; the peer is openssl's own server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Certificate, Http, Websocket

from .certificates import TODAY, Authority
from .peers import saying, speaking

OPENSSL = shutil.which("openssl")
Serve = Callable[[Path], int]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts `openssl s_server -www` with a certificate; gives its port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(certificate: Path) -> int:
        if OPENSSL is None:
            pytest.skip("openssl is not installed: TLS is not tested against its server")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        command = [OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(certificate), "-www", "-quiet"]
        command += ["-key", str(certificate)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.05)
        raise AssertionError("openssl s_server does not listen")

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def look(url: str, now: datetime = TODAY, **options: Any) -> Signal:
    options.setdefault("patience", timedelta(seconds=20))
    (seen,) = asyncio.run(Http(name="http", symptom="s", url=url, **options).look(now))
    assert isinstance(seen, Signal)
    return seen


@pytest.mark.parametrize(
    ("days_left", "after", "firing", "why"),
    [
        (14, 0, False, "90 days are enough"),
        (14, 75, False, "14 days and a little"),
        (14, 77, True, "12 days and a little"),
        (None, 89, False, "nobody asked how long it lasts"),
        (0, 89, False, "it has not ended yet"),
    ],
)
def test_a_certificate_that_ends_soon_fires(
    serve: Serve, authority: Authority, days_left: int | None, after: int, firing: bool, why: str
) -> None:
    port = serve(authority.sign("127.0.0.1"))
    now = TODAY + timedelta(days=after)
    seen = look(f"HTTPS://127.0.0.1:{port}/", now, days_left=days_left, authorities=authority.path)
    assert seen.firing is firing, f"{why}: {seen.text}"
    if firing:
        assert seen.family == "certificate runs out"
        assert seen.text.startswith("its certificate ends in 12 days, on ")


@pytest.mark.parametrize(
    ("host", "begins", "ends", "word"),
    [
        ("127.0.0.1", -400, -1, "expired"),
        ("127.0.0.1", 2, 90, "not yet valid"),
        ("shop.example", -1, 90, "127.0.0.1"),
    ],
)
def test_a_certificate_that_browsers_refuse_fires(
    serve: Serve, authority: Authority, host: str, begins: int, ends: int, word: str
) -> None:
    port = serve(authority.sign(host, begins=begins, ends=ends))
    seen = look(f"https://127.0.0.1:{port}/", authorities=authority.path)
    assert seen.firing
    assert seen.family == "certificate not accepted"
    assert word in seen.text
    context = ssl.create_default_context(cafile=str(authority.path))
    probe = Websocket(name="ws", symptom="s", url=f"wss://127.0.0.1:{port}/", tls=context)
    (opened,) = asyncio.run(probe.look(TODAY))
    assert isinstance(opened, Signal)
    assert opened.firing
    assert opened.family == "certificate not accepted"
    assert word in opened.text


def test_an_authority_that_nobody_knows_is_not_trusted(serve: Serve, authority: Authority) -> None:
    port = serve(authority.sign("127.0.0.1"))
    seen = look(f"https://127.0.0.1:{port}/", days_left=14)
    assert (seen.firing, seen.family) == (True, "certificate not accepted")


def test_a_port_without_tls_is_said() -> None:
    with speaking(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), listens=False) as (port, _):
        seen = look(f"https://127.0.0.1:{port}/")
    assert seen.firing
    assert seen.text.startswith("TLS fails: ")


def test_an_upgrade_over_tls_is_asked_for(serve: Serve, authority: Authority) -> None:
    port = serve(authority.sign("127.0.0.1"))
    context = ssl.create_default_context(cafile=str(authority.path))
    (seen,) = asyncio.run(Websocket(name="ws", symptom="s", url=f"wss://127.0.0.1:{port}/", tls=context).look(TODAY))
    assert isinstance(seen, Signal)
    assert seen.text == "HTTP 200 instead of 101: it answers like an ordinary page, the upgrade is not passed on"


BEFORE = TODAY - timedelta(minutes=1)  # a certificate counts whole seconds


def certificate(port: int, authority: Authority, now: datetime = BEFORE) -> Signal:
    probe = Certificate(
        name="site", symptom="matrix.4.certificate", url=f"https://127.0.0.1:{port}", authorities=authority.path
    )
    (signal,) = asyncio.run(probe.look(now))
    assert isinstance(signal, Signal)
    return signal


def test_a_certificate_is_seen_ending_two_weeks_ahead_and_no_sooner(authority: Authority, serve: Serve) -> None:
    port = serve(authority.sign("127.0.0.1", ends=90))
    well = certificate(port, authority)
    assert not well.firing
    assert "ends in 90 days" in well.text
    assert not certificate(port, authority, BEFORE + timedelta(days=76)).firing
    late = certificate(port, authority, BEFORE + timedelta(days=77))
    assert late.firing
    assert "ends in 13 days" in late.text
    assert late.family == "certificate ending"


def test_a_certificate_that_ended_is_told_with_the_reason(authority: Authority, serve: Serve) -> None:
    ended = certificate(serve(authority.sign("127.0.0.1", ends=-2)), authority)
    assert ended.firing
    assert "not accepted: certificate has expired" in ended.text


def test_a_site_that_is_down_says_nothing_about_its_certificate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    probe = Certificate(name="site", symptom="s", url=f"https://127.0.0.1:{port}")
    with pytest.raises(FirstfiveError, match="is not seen: connection refused"):
        asyncio.run(probe.look(TODAY))
