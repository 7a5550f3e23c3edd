"""Killed with -9 at any moment: every acknowledged write is there, whole, and every chain holds."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from firstfive.stores import open_journal

APPENDER = Path(__file__).with_name("appender.py")


def killed(path: Path, *, after: float, writers: int) -> set[str]:
    """What one appender had acknowledged `after` seconds past its first acknowledgement, when it was killed."""
    with subprocess.Popen([sys.executable, str(APPENDER), str(path), str(writers)], stdout=subprocess.PIPE) as appender:
        assert appender.stdout is not None
        first = appender.stdout.readline()
        try:
            appender.wait(after)
        except subprocess.TimeoutExpired:
            appender.kill()
        rest = appender.stdout.read()
    assert appender.returncode == -9, "it was killed, it did not fall"
    whole = (first + rest).decode().split("\n")
    return set(whole[:-1])  # a line without its end was never said


def survivors(path: Path) -> tuple[list[str], set[str], str]:
    """Texts on the timeline in order, keys of the work rows, the summary; after proving the chains."""

    async def look() -> list[str]:
        journal = open_journal(f"sqlite:///{path}")
        try:
            assert journal.verify() == ()
            return [entry.event.text for entry in await journal.read(lambda tx: tx.entries("INC-1"))]
        finally:
            await journal.close()

    texts = asyncio.run(look())
    with closing(sqlite3.connect(path)) as looking:
        keys = {key for (key,) in looking.execute("SELECT key FROM work")}
        (summary,) = looking.execute("SELECT summary FROM incident").fetchone()
    return texts, keys, summary.decode()


def proved(path: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for n in range(kills):
        acknowledged |= killed(path, after=chance.uniform(0, 0.08), writers=chance.choice((1, 4, 16)))
        if n % 5 == 4 or n == kills - 1:
            texts, keys, summary = survivors(path)
            lost = acknowledged - set(texts)
            assert not lost, f"lost (seed {seed}, kill {n}): {sorted(lost)[:3]}"
            assert keys == set(texts), "an entry and its work row stand and fall together"
            assert summary == texts[-1], "and the summary with them"
    assert len(acknowledged) >= kills


@pytest.mark.timeout(110)
def test_thirty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    proved(tmp_path / "journal.db", 30, seed=int.from_bytes(os.urandom(4), "big"))


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_five_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    proved(tmp_path / "journal.db", 500, seed=int.from_bytes(os.urandom(4), "big"))
