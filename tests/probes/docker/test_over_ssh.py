"""The Engine of another host: a real one, watched through its socket that a real sshd leads to."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy
from firstfive.probes.docker import Containers, ContainerTail, EngineApi, Ledger
from firstfive.targets.ssh import Ssh
from lab.engine import Lab, engine
from sshd.server import Bench, bench, needed

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]

# A tail begins a second before the present, so what it shall hear is said again and again.
SERVES = "trap 'exit 0' TERM; while :; do echo 'I serve'; /bin/busybox sleep 0.2; done\n"
T = TypeVar("T")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder, engine(Path(folder)) as up:
        up.release("shop", "1", SERVES)
        up.docker("run", "-d", "--name", "shop", "--network", "none", "shop:1")
        until = monotonic() + 30
        while "I serve" not in up.docker("logs", "shop"):
            assert monotonic() < until, "it never said that it serves"
            sleep(0.05)
        yield up


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Bench]:
    needed()
    made = bench(tmp_path / "sshd")
    yield made
    made.server.stop()


def with_engine(lab: Lab, host: Bench, talk: Callable[[EngineApi, Ssh], Awaitable[T]]) -> T:
    """One conversation with the Engine behind the ssh connection."""

    async def whole() -> T:
        target = Ssh(name="prod", host="prod", workdir="/", config_file=host.config)
        try:
            return await talk(EngineApi(socket=lab.socket, host="prod", forward=target.forward), target)
        finally:
            await target.close()

    return asyncio.run(whole())


def now() -> datetime:
    return datetime.now(UTC)


def test_containers_ledger_and_logs_are_those_of_the_host(lab: Lab, host: Bench) -> None:
    async def looked(api: EngineApi, _: Ssh) -> tuple[str, Deploy | object, bytes]:
        watched = Containers(name="docker", engine=api, wanted={"s1": ("shop", "Restarting")})
        book = Ledger(name="ledger", engine=api, known={})
        tail = ContainerTail(engine=api, container="shop", _begun=datetime(2026, 1, 1, tzinfo=UTC))
        (seen,), entries, said = await watched.look(now()), await book.look(now()), await tail.fresh(now())
        assert not getattr(seen, "firing", True)
        return getattr(seen, "text", ""), entries[0], said

    text, entry, said = with_engine(lab, host, looked)
    assert text.startswith("running since")
    assert isinstance(entry, Deploy)
    assert (entry.container, entry.version) == ("shop", "1")
    assert b"I serve" in said
    assert host.server.log.read_text().count("Accepted publickey") == 1, "one connection for everything"


def test_a_connection_that_breaks_costs_one_look_at_most_and_leaves_no_socket_behind(
    lab: Lab, host: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "s"
    left.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(left))

    async def broken(api: EngineApi, _: Ssh) -> list[bool]:
        told = []
        for _round in range(3):
            told.append(bool(await api.containers()))
            assert host.server.cut() > 0
            try:
                told.append(bool(await api.containers()))
            except FirstfiveError:
                told.append(bool(await api.containers()))
        assert [oct(folder.stat().st_mode & 0o777) for folder in left.iterdir()] == ["0o700"]
        return told

    assert with_engine(lab, host, broken) == [True] * 6
    assert list(left.iterdir()) == []


def test_many_looks_at_once_lay_one_socket(lab: Lab, host: Bench) -> None:
    async def crowd(api: EngineApi, target: Ssh) -> set[Path]:
        await asyncio.gather(*(api.containers() for _ in range(12)))
        return {await target.forward(str(lab.socket)) for _ in range(3)}

    assert len(with_engine(lab, host, crowd)) == 1


def test_a_host_that_forbids_it_is_told_with_what_to_change(lab: Lab, tmp_path: Path) -> None:
    needed()
    strict = bench(tmp_path / "strict", extra="AllowStreamLocalForwarding no\n")
    try:
        with pytest.raises(FirstfiveError) as told:
            with_engine(lab, strict, lambda api, _: api.containers())
    finally:
        strict.server.stop()
    assert "Docker does not answer" in told.value.what
    assert told.value.where == f"prod:{lab.socket}"
    assert "AllowStreamLocalForwarding" in told.value.remedy


def test_a_host_that_is_away_is_told_as_that_and_not_as_docker(lab: Lab, host: Bench) -> None:
    host.server.stop()
    with pytest.raises(FirstfiveError, match="could not be reached"):
        with_engine(lab, host, lambda api, _: api.containers())
