"""Work rows under every interleaving of claim, close, put off, lost lease and restart: each is closed once, by its last holder."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from firstfive.ports import Fenced, Journal, Work
from firstfive.stores import open_journal
from firstfive.stores.rows import LEASE

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = ("a", "b", "c")


class WorkRows(RuleBasedStateMachine):
    """Beside the real rows stand ours: who holds each (by fence), when it is due or its lease ends, how it was closed."""

    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.db"
        self.loop = asyncio.new_event_loop()
        self.now = START
        self.due: dict[str, datetime] = {}
        self.lease: dict[str, datetime] = {}
        self.fence: dict[str, int] = {}
        self.closed: dict[str, str] = {}
        self.journal: Journal = open_journal(f"sqlite:///{self.path}")

    def write(self, work):
        return self.loop.run_until_complete(self.journal.write(work))

    @rule(key=st.sampled_from(KEYS), wait=st.integers(0, 30))
    def enqueue(self, key: str, wait: int) -> None:
        due = self.now + timedelta(minutes=wait)
        new = self.write(lambda tx: tx.enqueue(key=key, incident="", kind="k", due=due, data=b""))
        assert new is (key not in self.fence)
        if new:
            self.due[key], self.fence[key] = due, 0

    @rule(target=held, limit=st.integers(1, 3))
    def claim(self, limit: int):
        rows = self.write(lambda tx: tx.claim(kinds=("k",), now=self.now, limit=limit))
        may = {k for k, at in (self.due | self.lease).items() if at <= self.now}
        assert {row.key for row in rows} <= may
        assert len(rows) == min(limit, len(may))
        for row in rows:
            self.fence[row.key] += 1
            assert row.fence == row.tries == self.fence[row.key]
            self.due.pop(row.key, None)
            self.lease[row.key] = self.now + LEASE
        return multiple(*rows)

    @rule(row=held, state=st.sampled_from(["done", "dead"]))
    def close(self, row: Work, state: str) -> None:
        if self.mine(row):
            self.write(lambda tx: tx.close(row, state=state))
            del self.lease[row.key]
            assert row.key not in self.closed
            self.closed[row.key] = state
        else:
            with pytest.raises(Fenced):
                self.write(lambda tx: tx.close(row, state=state))

    @rule(row=consumes(held), wait=st.integers(0, 30))
    def put_off(self, row: Work, wait: int) -> None:
        due = self.now + timedelta(minutes=wait)
        if self.mine(row):
            self.write(lambda tx: tx.put_off(row, due, "later"))
            del self.lease[row.key]
            self.due[row.key] = due
        else:
            with pytest.raises(Fenced):
                self.write(lambda tx: tx.put_off(row, due, "later"))

    @rule(minutes=st.integers(1, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.journal.close())
        self.journal = open_journal(f"sqlite:///{self.path}")
        first = {key: at - LEASE for key, at in self.lease.items()}
        self.due |= first  # void leases: such a row was due when it was claimed, so it is due now
        self.lease.clear()

    def mine(self, row: Work) -> bool:
        return row.key in self.lease and row.fence == self.fence[row.key]

    @invariant()
    def rows_and_model_agree(self) -> None:
        if not hasattr(self, "path"):
            return
        with closing(sqlite3.connect(self.path)) as looking:
            rows = dict(looking.execute("SELECT key, state FROM work"))
        expected = dict.fromkeys(self.due, "ready") | dict.fromkeys(self.lease, "leased") | self.closed
        assert rows == expected

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.loop.run_until_complete(self.journal.close())
            self.loop.close()
            self.folder.cleanup()


WorkRows.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWorkRows = WorkRows.TestCase


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "SELECT id FROM work WHERE state = 'ready' AND due <= ? AND kind IN ('k') ORDER BY due LIMIT 9",
            "ix_work_ready",
        ),
        (
            "SELECT id FROM work WHERE state = 'leased' AND lease <= ? AND kind IN ('k') ORDER BY lease",
            "ix_work_leased",
        ),
        ("SELECT id FROM incident WHERE is_open ORDER BY number DESC", "ix_incident_open"),
    ],
)
def test_looking_for_what_is_due_walks_an_index_and_sorts_nothing(tmp_path: Path, query: str, index: str) -> None:
    path = tmp_path / "journal.db"
    asyncio.run(open_journal(f"sqlite:///{path}").close())
    with closing(sqlite3.connect(path)) as looking:
        plan = " ".join(row[3] for row in looking.execute(f"EXPLAIN QUERY PLAN {query}", (1,) if "?" in query else ()))
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_claiming_is_written_so_that_the_index_can_be_seen() -> None:
    from firstfive.stores.rows import LEASED, READY

    assert str(READY.compile()) == "'ready'"
    assert str(LEASED.compile()) == "'leased'"
