"""The two kinds of target as one fixture: the contract is checked over both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from firstfive.incident.records import Run
from firstfive.targets.local import Local
from firstfive.targets.ssh import Ssh
from sshd.server import Bench, bench, needed

SHORT = timedelta(seconds=20)
T = TypeVar("T")


def a_run(
    script: str,
    *,
    number: int = 1,
    timeout: timedelta = SHORT,
    environment: tuple[tuple[str, str], ...] = (),
    sha256: str = "0" * 64,
) -> Run:
    return Run(
        id=f"INC-1.step.{number}",
        step="r#1",
        target="prod",
        script=script,
        environment=environment,
        sha256=sha256,
        changing=True,
        timeout=timeout,
    )


def over_ssh(host: Bench, folder: Path, *, name: str = "prod") -> Ssh:
    return Ssh(name=name, host="prod", workdir=str(folder), config_file=host.config, runs=str(folder / "runs"))


def here(folder: Path) -> Local:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return Local(name="local", workdir=folder, runs=folder / "runs", environment=environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """A target of either kind and its folder; `do` runs one conversation with it in a fresh loop."""

    folder: Path
    make: Callable[[], Local | Ssh]

    def do(self, talk: Callable[[Local | Ssh], Awaitable[T]]) -> T:
        async def whole() -> T:
            target = self.make()
            try:
                return await talk(target)
            finally:
                if isinstance(target, Ssh):
                    await target.close()

        return asyncio.run(whole())


def ask(target: Ssh, talk: Callable[[Ssh], Awaitable[T]]) -> T:
    """One conversation in a fresh loop; the connection is closed after it."""

    async def whole() -> T:
        try:
            return await talk(target)
        finally:
            await target.close()

    return asyncio.run(whole())


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One sshd for the tests that do it no harm."""
    needed()
    made = bench(tmp_path_factory.mktemp("sshd"))
    yield made
    made.server.stop()


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Bench]:
    """An sshd for a test that harms it."""
    needed()
    made = bench(tmp_path / "sshd")
    yield made
    made.server.stop()


@pytest.fixture(params=["local", "ssh"])
def hands(request: pytest.FixtureRequest, tmp_path: Path) -> Hands:
    """Each kind in turn."""
    if request.param == "local":
        return Hands(folder=tmp_path, make=lambda: here(tmp_path))
    host = request.getfixturevalue("host")
    return Hands(folder=tmp_path, make=lambda: over_ssh(host, tmp_path))
