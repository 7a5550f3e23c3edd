"""The live stream: 1,000 viewers of one room while its timeline grows by five entries a second, beside uvicorn with a queue for each viewer
and beside nginx with nchan. One core for the server, the other for the load; the three take turns, all in one run.

`make bench` runs it. Prints CPU for each delivery (the rules and the journal behind our entries included), the time from asking for an
event until the last viewer has it, the same with a viewer that reads nothing, and what 1,000 reconnects lost or repeated.
Wants Debian's nginx-light and libnginx-mod-nchan; says so when they are missing, and measures the rest.
"""

from __future__ import annotations

import os
import re
import resource
import select
import shutil
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

from live_servers import NCHAN, Server, nchan, ours, queues

VIEWERS, RATE, SECONDS, ROUNDS, RECONNECTS = 1000, 5, 8, 3, 1000
WORDS = "tick %06d " + "the shop answers again on three of four backends, the fourth is still warming up; " * 2
TICK, EVENT_ID = re.compile(rb"tick (\d{6})"), re.compile(rb"\nid: ?(\d+)\r?\n")
NUMBERS = count(1)
GOALS = {"uvicorn and queues": "goal 0.6x", "nginx and nchan": "goal 1.25x, which is 0.8 of its efficiency"}


# ---------------------------------------------------------------------------------------------------------------- the load


@dataclass(slots=True)
class Viewer:
    """One connection: the events it had, the last id, and what is not a whole event yet."""

    socket: socket.socket
    had: set[int] = field(default_factory=set)
    last: str = ""
    tail: bytes = b""


class Load:
    """Every viewer on one epoll, and one more connection that says the events."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.poll = select.epoll()
        self.viewers: dict[int, Viewer] = {}
        self.begun: dict[int, float] = {}
        self.left: dict[int, int] = {}
        self.delays: list[float] = []
        self.repeated = 0
        self.buffer = bytearray(1 << 18)
        self.speaker: socket.socket | None = None

    def close(self) -> None:
        """Everybody leaves."""
        for viewer in tuple(self.viewers.values()):
            self.leave(viewer)
        self._hang_up()
        self.poll.close()

    def _hang_up(self) -> None:
        if self.speaker is not None:
            self.speaker.close()
            self.speaker = None

    def join(self, after: str, viewer: Viewer | None = None) -> Viewer:
        """Open one stream after this id; a viewer that comes back keeps what it had."""
        one = socket.create_connection(("127.0.0.1", self.server.port))
        one.sendall(self.server.asks(after))
        one.setblocking(False)
        self.poll.register(one, select.EPOLLIN)
        if viewer is None:
            viewer = Viewer(one)
        viewer.socket, viewer.last, viewer.tail = one, after, b""
        self.viewers[one.fileno()] = viewer
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Hang up without a word."""
        self.viewers.pop(viewer.socket.fileno())
        self.poll.unregister(viewer.socket)
        viewer.socket.close()

    def settle(self) -> float:
        """Wait until the server is at rest after all have come; the share of a core that it takes then."""
        for _ in range(30):
            begun = self.server.cpu()
            self.hear(1.0)
            if (taken := self.server.cpu() - begun) < 0.02:
                break
        return taken

    def newest(self) -> str:
        """The id of the newest event."""
        if not self.server.head:
            return ""
        viewer = self.join("1")
        self.hear(1.0)
        self.leave(viewer)
        return viewer.last

    def deaf(self, after: str) -> socket.socket:
        """A viewer that asks and never reads; long entries fill what the kernel holds for it."""
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.connect(("127.0.0.1", self.server.port))
        one.sendall(self.server.asks(after))
        self.hear(0.5)
        for _ in range(200):
            self.say("tick %06d " + "\N{FIRE}" * 285)
            self.hear(0.02)
        self.hear(1.0)
        return one

    def say(self, text: str = WORDS) -> None:
        """Ask for one event; the clock starts here."""
        if self.speaker is None:
            self.speaker = socket.create_connection(("127.0.0.1", self.server.port))
            self.poll.register(self.speaker, select.EPOLLIN)
        number = next(NUMBERS)
        self.begun[number], self.left[number] = time.perf_counter(), len(self.viewers)
        self.speaker.send(self.server.says(text % number))

    def hear(self, seconds: float, *, until_done: bool = False) -> None:
        """Take in what comes."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0 and not (until_done and not any(self.left.values())):
            for descriptor, _ in self.poll.poll(left, 512):
                viewer = self.viewers.get(descriptor)
                if viewer is not None:
                    self._heard(viewer)
                elif self.speaker is not None:
                    self._answered(self.speaker)

    def _answered(self, speaker: socket.socket) -> None:
        answer = speaker.recv(1 << 16)
        if not answer:  # it was silent for longer than the server keeps a connection
            self._hang_up()
        assert not answer.startswith(b"HTTP/1.1") or answer[9:10] in b"23", answer

    def _heard(self, viewer: Viewer) -> None:
        size = viewer.socket.recv_into(self.buffer)
        assert size, "the server hung up"
        data = viewer.tail + self.buffer[:size]
        whole = max(data.rfind(b"\n\r\n") + 3, data.rfind(b"\n\n") + 2)
        viewer.tail = bytes(data[whole:])
        now = time.perf_counter()
        for number in map(int, TICK.findall(data, 0, whole)):
            if number in viewer.had:
                self.repeated += 1
                continue
            viewer.had.add(number)
            self.left[number] = self.left.get(number, 0) - 1
            if not self.left[number]:
                self.delays.append(now - self.begun[number])
        for last in EVENT_ID.findall(data, 0, whole)[-1:]:
            viewer.last = last.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one stretch of it took: microseconds of CPU for a delivery, seconds of CPU for an event, milliseconds from asking until the
    last viewer had it (half of the events, 99 of 100), KiB of memory for a viewer, the share of a core while nothing happens.
    """

    delivery: float
    event: float
    half: float
    most: float
    memory: float
    idle: float


def steady(server: Server, viewers: int, seconds: float = SECONDS, *, deaf: bool = False) -> Seen:
    """Everybody listens, five events a second."""
    load = Load(server)
    asleep = load.deaf(load.newest()) if deaf else None
    newest, before = load.newest(), server.memory()
    for _ in range(viewers):
        load.join(newest)
    load.hear(1.0)
    idle, memory, begun = load.settle(), (server.memory() - before) / viewers, server.cpu()
    load.delays.clear()
    events = int(RATE * seconds)
    for _ in range(events):
        load.say()
        load.hear(1 / RATE)
    load.hear(20.0, until_done=True)
    used, late = server.cpu() - begun, sorted(load.delays)
    assert (len(late), load.repeated) == (events, 0), f"{events - len(late)} lost, {load.repeated} twice"
    load.close()
    if asleep is not None:
        asleep.close()
    return Seen(
        delivery=used / events / viewers * 1e6,
        event=used / events,
        half=median(late) * 1e3,
        most=late[int(len(late) * 0.99)] * 1e3,
        memory=memory,
        idle=idle,
    )


def restless(server: Server) -> tuple[int, int]:
    """Every viewer hangs up once, at any moment, and comes back with its last id: how much was lost, how much came twice."""
    load, chance = Load(server), Random(1)
    newest = load.newest()
    crowd = [load.join(newest) for _ in range(VIEWERS)]
    load.settle()
    first, leaving = next(NUMBERS), chance.sample(crowd, RECONNECTS)
    for _ in range(RATE * SECONDS):
        load.say()
        for viewer in leaving[: RECONNECTS // (RATE * SECONDS)]:
            load.hear(chance.uniform(0, 0.01))
            load.leave(viewer)
            load.join(viewer.last, viewer)
        del leaving[: RECONNECTS // (RATE * SECONDS)]
        load.hear(0.05)
    load.hear(10.0, until_done=True)
    said = set(range(first + 1, next(NUMBERS)))
    lost, repeated = sum(len(said - viewer.had) for viewer in crowd), load.repeated
    load.close()
    return lost, repeated


# -------------------------------------------------------------------------------------------------------------- the figures


def main() -> int:
    """Print the ratios against their goals; the exit code is 0, since a figure is shown and not judged."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        print("live: not measured; needs two cores and taskset")
        return 0
    peers = {"uvicorn and queues": queues} | ({"nginx and nchan": nchan} if NCHAN.exists() else {})
    if len(peers) == 1:
        print("live: without nchan; apt-get install nginx-light libnginx-mod-nchan")
    os.sched_setaffinity(0, {1})
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    mine: list[tuple[Seen, Seen]] = []
    theirs: dict[str, list[Seen]] = {name: [] for name in peers}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for _ in range(ROUNDS):
            with ours(folder) as server:
                mine.append((steady(server, 1, 4), steady(server, VIEWERS)))
            for name, peer in peers.items():
                with peer(folder) as server:
                    theirs[name].append(steady(server, VIEWERS))
        with ours(folder) as server:
            deaf = [(steady(server, VIEWERS, deaf=True), steady(server, VIEWERS)) for _ in range(ROUNDS)]
        with ours(folder) as server:
            lost, repeated = restless(server)
    show(mine, theirs)
    half, most = median(one.half / two.half for one, two in deaf), median(one.most / two.most for one, two in deaf)
    print(
        f"live, one viewer reads nothing: the last of the others has it after {half:.2f}x the time, {most:.2f}x at 99 of 100 (goal 1.1x)"
    )
    print(f"live, {RECONNECTS} reconnects while it grows: {lost} lost, {repeated} twice (goal 0)")
    return 0


def show(mine: list[tuple[Seen, Seen]], theirs: dict[str, list[Seen]]) -> None:
    """The table, and the ratios of each round's neighbours."""
    streams = [many.delivery - one.event / VIEWERS * 1e6 for one, many in mine]
    rows = {"firstfive": [many for _, many in mine]} | theirs
    print(f"{'':<20} {'us/delivery':>11} {'last viewer, half':>18} {'99 of 100':>10} {'KiB/viewer':>11} {'idle':>6}")
    for name, seen in rows.items():
        cpu = median(streams) if name == "firstfive" else median(one.delivery for one in seen)
        half, most = median(one.half for one in seen), median(one.most for one in seen)
        memory, idle = median(one.memory for one in seen), median(one.idle for one in seen)
        print(f"{name:<20} {cpu:>11.1f} {half:>15.0f} ms {most:>7.0f} ms {memory:>11.0f} {idle:>6.1%}")
    entry = median(one.event for one, _ in mine) * 1e3
    print(f"live: beside that an entry costs {entry:.1f} ms once, for the rules and the journal, whoever watches")
    for name, seen in theirs.items():
        ratio = median(cpu / one.delivery for cpu, one in zip(streams, seen, strict=True))
        whole = median(many.delivery / one.delivery for (_, many), one in zip(mine, seen, strict=True))
        print(f"live: {ratio:.2f}x the CPU of {name} ({GOALS[name]}), {whole:.2f}x with rules and journal")


if __name__ == "__main__":
    sys.exit(main())
