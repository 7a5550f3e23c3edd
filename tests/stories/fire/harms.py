"""What is done to nodes and to their database while they work. Each harm leaves everything as it was, but for what died."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stories.fire.ground import Ground
from stories.nodes import Node

LEASE = 15.0
SLOW = 18.0
LONGEST = 40.0


@dataclass(slots=True)
class Takeovers:
    """How long the running steps of a dead node were nobody's. `late` is how much of it came after their leases had ended, and `slow`
    what else happened while the slow ones waited.
    """

    seconds: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    harms: list[tuple[float, str]] = field(default_factory=list)
    watching: list[threading.Thread] = field(default_factory=list)

    def happened(self, harm: str, node: Node) -> None:
        self.harms.append((time.monotonic(), f"{harm} {node.name}"))

    def watch(self, here: Ground, process: int) -> None:
        """Remember what the process holds, and from another thread when others have it."""
        rows = here.sql(
            "SELECT work.id, work.owner, work.lease / 1e6 - extract(epoch FROM clock_timestamp()) FROM work"
            " JOIN node ON node.boot = work.owner"
            f" WHERE work.kind = 'step' AND work.state = 'leased' AND node.process = {process}"
        )
        if not rows:
            return
        held = {int(one): (str(owner), float(left)) for one, owner, left in rows}
        watching = threading.Thread(target=self._watch, args=(here, held, time.monotonic()), daemon=True)
        self.watching.append(watching)
        watching.start()

    def _watch(self, here: Ground, held: dict[int, tuple[str, float]], since: float) -> None:
        names = ",".join(str(one) for one in held)
        while held and time.monotonic() - since < 120:
            time.sleep(0.2)
            try:
                rows = dict(here.sql(f"SELECT id, owner FROM work WHERE id IN ({names})"))
            except Exception:
                continue
            for one, (owner, left) in list(held.items()):
                if rows.get(one) != owner:
                    del held[one]
                    self._took(since, left, time.monotonic() - since)
        for _, left in held.values():
            self._took(since, left, 120.0)

    def _took(self, since: float, left: float, seconds: float) -> None:
        self.seconds.append(seconds)
        self.late.append(seconds - left)
        if seconds > SLOW:
            meanwhile = [f"{at - since:.0f} s {harm}" for at, harm in self.harms if since < at < since + seconds]
            self.slow.append(f"{seconds:.1f} s with {left:.1f} s of the lease left; meanwhile: {', '.join(meanwhile)}")

    def settled(self) -> list[float]:
        for one in self.watching:
            one.join(timeout=130)
        return sorted(self.seconds)


def killed(here: Ground, node: Node, took: Takeovers) -> None:
    if node.process is None or node.process.poll() is not None:
        return
    with contextlib.suppress(Exception):  # the database may be away: the kill is no less one
        took.watch(here, node.process.pid)
    node.kill()
    here.harms["kill"] += 1


def stopped_past_its_lease(here: Ground, node: Node, took: Takeovers) -> None:
    """A zombie: it stands still until others have taken what it held, and then goes on as if nothing had been."""
    here.harms["stop"] += 1
    node.signal(signal.SIGSTOP)
    time.sleep(LEASE + random.uniform(2, 5))
    node.signal(signal.SIGCONT)


def cut_off(here: Ground, node: Node, took: Takeovers) -> None:
    cable = here.cables[here.nodes.index(node)]
    if not cable.space:
        return
    here.harms["cut"] += 1
    cable.cut(here.server.port)
    time.sleep(LEASE + random.uniform(2, 8))
    cable.mend()


def connections_dropped(here: Ground, node: Node, took: Takeovers) -> None:
    here.harms["drop"] += 1
    name = here.database.rpartition("/")[2]
    here.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def database_restarted(here: Ground, node: Node, took: Takeovers) -> None:
    here.harms["restart"] += 1
    here.server.stop(random.choice((signal.SIGQUIT, signal.SIGINT)))
    time.sleep(random.uniform(0, 2))
    here.server.start()


def everybody_killed(here: Ground, node: Node, took: Takeovers) -> None:
    """No takeover is measured: nobody is left to take anything over."""
    for one in here.alive():
        one.kill()
        here.harms["kill"] += 1


Harm = Callable[[Ground, Node, Takeovers], None]
OF_A_NODE: tuple[Harm, ...] = (killed, stopped_past_its_lease, cut_off)
OF_ALL: tuple[Harm, ...] = (connections_dropped, database_restarted, everybody_killed)


def burn(here: Ground, took: Takeovers, kills: int, every: float, changes: float = 0) -> None:
    """Hurt one thing after the other until `kills` nodes were killed or it is `over`; what died is started again after a moment.

    Where the machine is slow, the next harm waits a while until `changes` more were made since the last: else nodes do nothing but start.
    """
    busy: dict[str, threading.Thread] = {}
    while not here.over.is_set() and here.harms["kill"] < kills:
        enough, until = here.changes() + changes * random.uniform(0.5, 1.5), time.monotonic() + LONGEST
        here.over.wait(random.uniform(0.5, 1.5) * every)
        while here.changes() < enough and time.monotonic() < until and not here.over.wait(1):
            pass
        free = [node for node in here.nodes if node.name not in busy or not busy[node.name].is_alive()]
        harm = random.choices((*OF_A_NODE, *OF_ALL), weights=(70, 5, 5, 6, 3, 4))[0]
        if here.over.is_set() or len(free) < 2:  # somebody is left to take over, but for when everybody is killed
            continue
        if harm in OF_ALL:
            took.happened(harm.__name__, free[0])
            harm(here, free[0], took)
            here.raise_the_dead()
            continue
        node = random.choice(free)
        busy[node.name] = threading.Thread(target=_one, args=(here, node, harm, took), daemon=True)
        busy[node.name].start()
    for one in busy.values():
        one.join(timeout=60)


def _one(here: Ground, node: Node, harm: Harm, took: Takeovers) -> None:
    if node.process is None or node.process.poll() is not None:
        return
    took.happened(harm.__name__, node)
    harm(here, node, took)
    here.over.wait(random.uniform(0, 2))
    here.raised(node)
    here.up(node)
