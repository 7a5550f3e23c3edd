"""A TCP look: a port that takes connections is well, everything else says what it is."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import Tcp
from firstfive.probes.network.address import Guard

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def look(address: str, *networks: str, seconds: float = 5) -> Signal:
    probe = Tcp(
        name="port", symptom="s", address=address, patience=timedelta(seconds=seconds), guard=Guard(networks=networks)
    )
    (seen,) = asyncio.run(probe.look(NOW))
    assert isinstance(seen, Signal)
    return seen


def test_a_port_that_takes_connections_is_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = look(f"127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(10) == b"", "it hangs up without a word"
    assert (seen.firing, seen.text, seen.family) == (False, "takes connections", "")


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    seen = look(f"127.0.0.1:{port}")
    assert (seen.firing, seen.text, seen.family) == (True, "connection refused", "port refuses connections")


def test_a_port_that_lets_connections_hang_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # fill the queue of connections that nobody accepts
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        seen = look(f"127.0.0.1:{full.getsockname()[1]}", seconds=0.5)
        for one in waiting:
            one.close()
    assert (seen.firing, seen.text, seen.family) == (True, "no connection within 0.5 s", "port times out")


def test_a_name_that_leads_inside_needs_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
        with pytest.raises(FirstfiveError):
            look(f"redis:{port}")
        assert not look(f"redis:{port}", "127.0.0.0/8").firing


def test_a_name_that_does_not_exist_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    seen = look("redis.example:6379")
    assert (seen.firing, seen.family) == (True, "name does not resolve")
