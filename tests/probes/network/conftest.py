"""A resolver of our own, in place of the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firstfive.probes.network import resolver

from .peers import NameServer


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[NameServer]:
    """The only resolver that looks know; its zone is empty."""
    server = NameServer({})
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\n")
    monkeypatch.setattr(resolver, "RESOLV_CONF", str(conf))
    monkeypatch.setattr(resolver, "PORT", server.port)
    monkeypatch.setattr(resolver, "LIFETIME", 2.0)
    monkeypatch.setattr(resolver, "PATIENCE", 4.0)
    yield server
    server.close()
