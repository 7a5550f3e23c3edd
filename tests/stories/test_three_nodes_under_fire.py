"""Three nodes on one PostgreSQL while everything dies under them: no change runs twice, none is lost, and every chain holds.

The long form of `test_two_nodes`. Each round asks for the page's change, approves it and hurts something while it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstfive.stores import open_journal
from postgres.cluster import Cluster, begun, ended
from stories.nodes import Node, Site, site, soon

pytestmark = [pytest.mark.process, pytest.mark.soak]

ROUNDS = 24
SECONDS = 2.0


def alive(here: Site) -> list[Node]:
    return [node for node in here.nodes if node.process is not None and node.process.poll() is None]


def ask(here: Site, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer of the first node that gives one."""
    problems: list[object] = []
    for node in random.sample(alive(here), len(alive(here))):
        try:
            return node.call(method, path, body)
        except (OSError, AssertionError) as problem:
            problems.append(problem)
    raise OSError(str(problems))


def the_incident(here: Site) -> Any:
    found = ask(here, "GET", "/incidents")["incidents"]
    return ask(here, "GET", f"/incidents/{found[-1]['id']}") if found else None


def waits(here: Site) -> Any:
    """The incident once its change waits for approval."""
    incident = the_incident(here)
    return incident if incident and incident["waiting"] else None


def approved(here: Site, number: int) -> str:
    """Ask for the change and approve it, again as long as nobody answers; its run."""
    name = soon(lambda: the_incident(here))["id"]

    def requested() -> Any:
        if not (incident := waits(here)):
            ask(here, "POST", f"/incidents/{name}/run", {"by": "ada", "step": "web-down#2"})
            incident = waits(here)
        return incident

    waiting = soon(requested)["waiting"][0]
    body = {"by": "ada", "run": waiting["run"], "sha256": waiting["sha256"]}

    def said() -> bool:
        with contextlib.suppress(OSError):
            ask(here, "POST", f"/incidents/{name}/approve", body)
        return len([word for word in here.ran if word == "begun"]) >= number

    soon(said)
    return str(waiting["run"])


def finished(here: Site) -> int:
    incident = the_incident(here)
    return len([one for one in incident["timeline"] if one["kind"] == "StepFinished" and "Restart" in one["text"]])


def killed(here: Site) -> None:
    holder = here.doing("step")
    if holder is not None:
        holder.kill()


def stopped_past_its_lease(here: Site) -> None:
    holder = here.doing("step")
    if holder is not None:
        holder.signal(signal.SIGSTOP)
        time.sleep(18)
        holder.signal(signal.SIGCONT)


def everybody_killed(here: Site) -> None:
    for node in alive(here):
        node.kill()


def connections_cut(here: Site) -> None:
    name = here.database.rpartition("/")[2]
    here.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def database_crashed(here: Site) -> None:
    here.server.stop(signal.SIGQUIT)
    here.server.start()


HARMS: tuple[Callable[[Site], None], ...] = (
    database_crashed,
    killed,
    stopped_past_its_lease,
    connections_cut,
    database_crashed,
    everybody_killed,
    killed,
)


def restarted(here: Site) -> None:
    for node in here.nodes:
        if node not in alive(here):
            node.start()
    for node in here.nodes:
        soon(node.known)


@pytest.fixture
def server() -> Any:
    own: Cluster = begun()
    yield own
    ended(own)


@pytest.mark.timeout(1200)
def test_no_change_runs_twice_and_none_is_lost(tmp_path: Path, server: Cluster) -> None:
    took: list[float] = []
    with site(tmp_path, 3, seconds=SECONDS, server=server) as here:
        for number in range(1, ROUNDS + 1):
            approved(here, number)
            HARMS[(number - 1) % len(HARMS)](here)
            began = time.monotonic()
            if HARMS[(number - 1) % len(HARMS)] is everybody_killed:
                restarted(here)
            try:
                soon(lambda number=number: finished(here) >= number, within=45)
            except AssertionError:
                said = [(one["kind"], one["text"][:150]) for one in the_incident(here)["timeline"][-12:]]
                raise AssertionError(f"round {number}, ran {here.ran}: {said}") from None
            took.append(time.monotonic() - began)
            restarted(here)
        assert here.ran == ["begun", "done"] * ROUNDS, "each approved change ran once, to its end"
        incident = the_incident(here)
        starts = [one for one in incident["timeline"] if one["kind"] == "StepStarted" and "Restart" in one["text"]]
        assert len(starts) == finished(here) == ROUNDS
        journal = open_journal(here.database, read_only=True)
        assert journal.verify() == ()
        asyncio.run(journal.close())
        assert here.sql("SELECT count(*) FROM incident") == [(1,)], "three nodes saw the same trouble"
    print(f"taken over after {sorted(round(one, 1) for one in took)} s")
    assert sorted(took)[int(len(took) * 0.95) - 1] < 25
