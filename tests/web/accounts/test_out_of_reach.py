"""While the place of the accounts cannot be asked, a request is told so in words, and nothing else waits for it."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from pathlib import Path

import pytest

from firstfive.errors import JournalError
from web.accounts.house import house


def a_port_that_says_nothing() -> socket.socket:
    """Connections are taken in by the kernel, and nobody ever answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    return listener


def test_a_database_that_nobody_answers_for_is_a_clear_503(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = house(tmp_path, database=f"postgresql://ada:hidden@127.0.0.1:{port}/none")
    answer = here.browser().json("/api/v1/incidents", {"title": "x"})
    assert answer.status == 503
    assert "PostgreSQL is not reached" in answer.text
    assert "hidden" not in answer.text


def test_a_torn_file_of_accounts_is_a_clear_503(tmp_path: Path) -> None:
    here = house(tmp_path)
    here.entrance.accounts.close()
    (tmp_path / "accounts.db").write_bytes(b"\xff" * 8192)
    (tmp_path / "accounts.db-wal").unlink(missing_ok=True)
    answer = here.browser().get("/")
    assert answer.status == 503
    assert "accounts.db" in answer.text


def test_a_slow_database_holds_nothing_else_up(tmp_path: Path) -> None:
    with a_port_that_says_nothing() as silent:
        url = f"postgresql://ada@127.0.0.1:{silent.getsockname()[1]}/none?connect_timeout=2"
        here = house(tmp_path, database=url)

        async def beside() -> int:
            asking = asyncio.create_task(here.entrance.asks())
            turns = 0
            while not asking.done():
                await asyncio.sleep(0.01)
                turns += 1
            with pytest.raises(JournalError):
                await asking
            return turns

        assert asyncio.run(beside()) > 50


def test_a_file_that_holds_somebody_asks_for_names(tmp_path: Path) -> None:
    here = house(tmp_path)
    assert asyncio.run(here.entrance.asks()) is False
    assert not (tmp_path / "accounts.db").exists(), "nothing is opened to find that out"
    here.entrance.accounts.close()
    with sqlite3.connect(tmp_path / "accounts.db") as file:
        assert file.execute("SELECT count(*) FROM account").fetchone() == (0,)
