"""What is open costs the next signal nothing: the journal is asked the same number of questions beside two incidents and beside twenty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from firstfive.engine import advance
from firstfive.incident.signals import Deploy, Signal, SignalKind
from stories.world import World

FEW, MANY = 2, 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def statements(work: Callable[[], Any]) -> int:
    """How many statements the databases of this process were sent meanwhile."""
    sent: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", heard)
    try:
        work()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", heard)
    return len(sent)


def opened(world: World, count: int) -> None:
    for number in range(count):
        world.do(lambda n=number: world.engine.declare("sam", f"trouble {n}", 2))
    world.work()


def trouble(world: World, number: int) -> Signal:
    return Signal(
        kind=SignalKind.PROBE,
        source="probe",
        subject=f"thing {number}",
        firing=True,
        text="odd",
        at=world.clock.now(),
        host=f"h{number}",
    )


def seen(world: World, number: int) -> int:
    return statements(lambda: world.do(lambda: world.engine.observe(trouble(world, number))))


def test_a_signal_of_another_host_costs_the_same_however_many_are_open(world: World) -> None:
    opened(world, FEW)
    world.pass_(minutes=11)  # so that nothing joins what just began
    among_few = seen(world, 1)
    opened(world, MANY)
    world.pass_(minutes=11)
    assert seen(world, 2) == among_few


def test_the_list_of_what_is_open_is_one_question(world: World) -> None:
    opened(world, MANY)
    asked = statements(lambda: world.do(world.engine.open_incidents))
    assert asked == 2, "BEGIN, and the question"
    assert len(world.do(world.engine.open_incidents)) == MANY


def test_what_somebody_else_wrote_is_seen_all_the_same(world: World) -> None:
    """Another node wrote: our copy is old, and only that one is read again."""
    opened(world, 3)
    old = world.engine.rules.known["INC-2"]
    world.do(lambda: world.engine.declare("sam", "one more", 2))
    world.work()
    world.engine.rules.known["INC-2"] = advance.fold("INC-2", old.entries[:1])
    found = {one.id: one for one in world.do(world.engine.open_incidents)}
    assert found["INC-2"].seq >= old.seq
    assert list(found) == ["INC-4", "INC-3", "INC-2", "INC-1"], "newest first"


def test_a_deploy_is_noted_on_everything_that_is_open(world: World) -> None:
    opened(world, 3)
    world.do(lambda: world.engine.observe(deploy(world, "1", first=True)))
    world.do(lambda: world.engine.observe(deploy(world, "2")))
    for one in world.do(world.engine.open_incidents):
        assert one.deploy is not None
        assert one.deploy.version == "2"


def deploy(world: World, version: str, *, first: bool = False) -> Deploy:
    return Deploy(
        subject="web", version=version, previous="", at=world.clock.now(), source="the link was moved", first=first
    )


def test_folds_of_finished_incidents_are_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advance, "FINISHED_KEPT", 0)
    opened(world, 6)
    for name in ("INC-1", "INC-2", "INC-4", "INC-5", "INC-6"):
        world.do(lambda n=name: world.engine.journal.write(lambda tx: tx.close_incident(n)))
    assert [one.id for one in world.do(world.engine.open_incidents)] == ["INC-3"]
    world.do(world.engine.open_incidents)
    assert set(world.engine.rules.known) == {"INC-3"}
    assert world.do(lambda: world.engine.incident("INC-1")).seq > 0, "it is read again when somebody looks"
