"""A container that is being exchanged, in the words of Docker's own listing."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.incident.signals import Signal, SignalKind
from firstfive.probes.docker import EngineApi, Turning


@contextmanager
def engine(folder: Path, status: str | None) -> Iterator[EngineApi]:
    """A socket that answers one listing as Docker words it; with None there is no such container."""
    rows = [{"Names": ["/other"], "Status": "Up 3 seconds"}]
    rows += [{"Names": ["/shop-backend"], "Status": status}] if status is not None else []
    body = json.dumps(rows).encode()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "d.sock"))
    listening.listen()

    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield EngineApi(socket=folder / "d.sock")
    finally:
        thread.join(10)
        listening.close()


SAID = [
    ("Up Less than a second", True, "made anew"),
    ("Up 4 seconds (health: starting)", True, "hardly up"),
    ("Exited (0) 2 seconds ago", True, "stopped a moment ago, its successor is on the way"),
    ("Created", True, "about to start"),
    (None, True, "between the old one and the new one"),
    ("Up 40 seconds", False, "it has been up"),
    ("Up 3 hours (healthy)", False, "it has been up long"),
    ("Exited (1) 5 minutes ago", False, "it is down, and nobody is exchanging it"),
    ("Restarting (1) 2 seconds ago", False, "a crash loop is trouble at once"),
]


def signal(symptom: str = "down.1") -> Signal:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Signal(kind=SignalKind.HTTP, source="http", subject="u", firing=True, text="502", at=at, symptom=symptom)


@pytest.mark.parametrize(("status", "turning", "because"), SAID, ids=[row[2] for row in SAID])
def test_what_docker_says_of_it(tmp_path: Path, status: str | None, turning: bool, because: str) -> None:
    with engine(tmp_path, status) as api:
        asked = Turning(engine=api, behind={"down.1": ("shop-backend",)})
        assert asyncio.run(asked(signal())) is turning, because


def test_a_symptom_whose_runbook_names_no_container_is_not_held_up(tmp_path: Path) -> None:
    asked = Turning(engine=EngineApi(socket=tmp_path / "none"), behind={"down.1": ("shop-backend",)})
    assert asyncio.run(asked(signal("mail.1"))) is False
    assert asyncio.run(asked(signal())) is False, "an Engine that does not answer holds nothing up"
