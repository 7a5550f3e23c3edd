"""An HTTP look on names: what does not exist is trouble, what cannot be looked up is unknown."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest

from firstfive.errors import FirstfiveError
from firstfive.probes.network import Http


@pytest.mark.parametrize(("errno", "fires"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_a_name_that_does_not_exist_fires_and_a_resolver_that_is_silent_does_not(
    monkeypatch: pytest.MonkeyPatch, errno: int, fires: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(errno, "no")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    probe = Http(name="http", symptom="s", url="https://shop.invalid/health", fails_when=frozenset({"timeout"}))
    if fires:
        (seen,) = asyncio.run(probe.look(datetime(2026, 11, 23, tzinfo=UTC)))
        assert (seen.firing, seen.text) == (True, "the name shop.invalid does not resolve")
        return
    with pytest.raises(FirstfiveError) as unknown:
        asyncio.run(probe.look(datetime(2026, 11, 23, tzinfo=UTC)))
    assert "nobody knows" in unknown.value.what
