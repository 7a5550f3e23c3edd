"""Whether a deploy goes on, asked of real engines: an ordinary deploy declares nothing, a bad one does at once, one that hangs in time."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.engine.clock import SystemClock
from firstfive.engine.redact import Redactor
from firstfive.engine.watch import Watch
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.docker import Containers, EngineApi, Turning
from firstfive.probes.network import Guard, Http
from lab.engine import Lab, engine

GRACE = timedelta(seconds=8)
SLOW = 3  # seconds that a release takes until it listens
COMPOSE = """\
services:
  backend:
    container_name: nickapp-backend
    image: nickapp-backend:latest
    network_mode: host
    restart: unless-stopped
    stop_grace_period: 5s
    {check}
"""
HEALTH = 'healthcheck: {test: ["CMD", "/bin/busybox", "true"], interval: 30s, start_period: 12s}'
engines = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]


def listens(port: int, after: float) -> str:
    """A release that answers every request from so many seconds after its start, and takes a second to end."""
    return (
        "trap '/bin/busybox kill $server 2>/dev/null; /bin/busybox sleep 1; exit 0' TERM\n"
        f"/bin/busybox sleep {after}\n/bin/busybox mkdir -p /www\necho well > /www/index.html\n"
        f"/bin/busybox httpd -f -p 127.0.0.1:{port} -h /www & server=$!\nwhile :; do /bin/busybox sleep 0.2; done\n"
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with (
        tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder,
        engine(Path(folder)) as running,
    ):
        yield running


@dataclass(slots=True)
class Watched:
    """The page's two looks at the backend, as the program looks, and what came through."""

    lab: Lab
    folder: Path
    port: int
    heard: list[tuple[float, Signal]] = field(default_factory=list)

    def release(self, tag: str, script: str, check: str = "") -> None:
        self.lab.release("nickapp-backend", tag, script)
        self.lab.docker("tag", f"nickapp-backend:{tag}", "nickapp-backend:latest")
        (self.folder / "docker-compose.production.yml").write_text(COMPOSE.format(check=check))
        self.lab.compose(self.folder, "up", "-d")

    def answers(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    async def observe(self, seen: Signal | Deploy) -> str:
        if isinstance(seen, Signal) and seen.firing:
            self.heard.append((time.monotonic(), seen))
        return ""

    def during(self, tag: str, script: str, seconds: float, check: str = "") -> list[tuple[float, Signal]]:
        """Signals from the beginning of that deploy on, with their seconds; ends at the first or after so long."""
        return asyncio.run(self._during(tag, script, seconds, check))

    async def _during(self, tag: str, script: str, seconds: float, check: str) -> list[tuple[float, Signal]]:
        api = EngineApi(socket=self.lab.socket)
        url = f"http://127.0.0.1:{self.port}/"
        web = Http(
            name="health",
            symptom="down.1",
            url=url,
            fails_when=frozenset({"timeout", "refused", "5xx"}),
            guard=Guard(networks=("127.0.0.0/8",)),
        )
        box = Containers(name="docker", engine=api, wanted={"down.2": ("nickapp-backend", "Restarting")})
        watch = Watch(
            probes=(web, box),
            clock=SystemClock(),
            observe=self.observe,
            redactor=Redactor(),
            log=lambda _: None,
            interval=timedelta(milliseconds=500),
            turning=Turning(engine=api, behind={"down.1": ("nickapp-backend",)}, grace=GRACE),
        )
        stop = asyncio.Event()
        watching = asyncio.create_task(watch.run(stop))
        await asyncio.sleep(1.5)
        began = time.monotonic()
        await asyncio.to_thread(self.release, tag, script, check)
        while time.monotonic() - began < seconds and not self.heard:
            await asyncio.sleep(0.1)
        stop.set()
        await watching
        return [(at - began, signal) for at, signal in self.heard]


@pytest.fixture
def watched(lab: Lab, tmp_path: Path) -> Watched:
    """1.4.1 is up and answers."""
    lab.tidy()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    made = Watched(lab=lab, folder=tmp_path, port=port)
    made.release("1.4.1", listens(port, 0))
    until = time.monotonic() + 20
    while not made.answers():
        assert time.monotonic() < until, "the first release never answers"
        time.sleep(0.1)
    return made


class TestOnARealEngine:
    pytestmark = engines

    def test_an_ordinary_deploy_of_a_release_that_takes_its_time_is_no_trouble(self, watched: Watched) -> None:
        assert watched.during("1.4.2", listens(watched.port, SLOW), SLOW + 5) == []
        assert watched.answers()

    def test_a_release_whose_health_check_gives_it_longer_gets_that(self, watched: Watched) -> None:
        longer = GRACE.total_seconds() + 1
        assert watched.during("1.4.2", listens(watched.port, longer), longer + 4, HEALTH) == []
        assert watched.answers()

    def test_a_release_that_crashes_is_trouble_at_once(self, watched: Watched) -> None:
        ((after, signal),) = watched.during("1.4.2", "/bin/busybox sleep 0.5; exit 3\n", 20)[:1]
        assert after < GRACE.total_seconds(), signal.text

    def test_a_release_that_never_answers_is_trouble_after_its_time(self, watched: Watched) -> None:
        ((after, signal),) = watched.during("1.4.2", listens(watched.port, 100), 25)[:1]
        assert signal.kind is SignalKind.HTTP
        assert GRACE.total_seconds() <= after < GRACE.total_seconds() + 8

    def test_a_backend_that_was_stopped_and_stays_so_is_trouble_after_five_seconds(self, watched: Watched) -> None:
        watched.lab.docker("stop", "-t", "3", "nickapp-backend")
        api = EngineApi(socket=watched.lab.socket)
        asked = Turning(engine=api, behind={"down.1": ("nickapp-backend",)}, grace=GRACE)

        def held(back: float) -> bool:
            now = datetime.now(UTC)
            return asyncio.run(asked(signal(), now - timedelta(seconds=back), now))

        assert held(0.5)
        time.sleep(5)
        assert not held(5.5)


def signal(symptom: str = "down.1") -> Signal:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Signal(kind=SignalKind.HTTP, source="http", subject="u", firing=True, text="502", at=at, symptom=symptom)


def test_a_symptom_whose_runbook_names_no_container_is_not_held_up(tmp_path: Path) -> None:
    asked = Turning(engine=EngineApi(socket=tmp_path / "none"), behind={"down.1": ("shop-backend",)}, grace=GRACE)
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert asyncio.run(asked(signal("mail.1"), at, at)) is False
    assert asyncio.run(asked(signal(), at, at)) is False, "an Engine that does not answer holds nothing up"
