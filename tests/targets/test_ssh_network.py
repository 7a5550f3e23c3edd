"""A target behind a bastion, and a cable that is pulled while a step runs: real sshd in network namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.targets import ssh_connection
from firstfive.targets.ssh import Ssh
from sshd.network import Network, lay, take_up
from sshd.server import needed

from .conftest import SHORT, a_run, ask


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A bastion and a target behind it."""
    needed(root=True)
    made = lay(tmp_path)
    yield made
    take_up(made)


def behind(network: Network, folder: Path) -> Ssh:
    return Ssh(name="prod", host="prod", workdir=str(folder), config_file=network.config, runs=str(folder / "runs"))


def test_a_target_is_reached_through_its_bastion_only(network: Network, tmp_path: Path) -> None:
    output = ask(behind(network, tmp_path), lambda t: t.run(a_run("echo behind; ip -o addr show near | wc -l")))
    assert output.text.startswith("behind\n")
    assert network.bastion.log.read_text().count("Accepted publickey") == 1
    assert network.target.log.read_text().count("Accepted publickey") == 1


def test_an_unknown_bastion_is_refused(network: Network, tmp_path: Path) -> None:
    network.known.write_text(network.target.public())
    with pytest.raises(FirstfiveError, match="not connected"):
        ask(behind(network, tmp_path), lambda t: t.look("echo x", timeout=SHORT))
    assert "Accepted publickey" not in network.bastion.log.read_text()


def test_a_wrong_key_behind_the_bastion_is_refused(network: Network, tmp_path: Path) -> None:
    swapped = network.bastion.public().split(" ", 1)[1]
    name = network.target.public().split(" ", 1)[0]
    network.known.write_text(network.bastion.public() + f"{name} {swapped}")
    with pytest.raises(FirstfiveError, match="not connected"):
        ask(behind(network, tmp_path), lambda t: t.look("echo x", timeout=SHORT))


def test_a_step_goes_on_through_a_partition_and_its_outcome_is_recovered(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_connection, "KEEPALIVE_SECONDS", 0.5)
    monkeypatch.setattr(ssh_connection, "CONNECT_SECONDS", 1.0)

    async def parted(target: Ssh) -> str:
        run = a_run("echo ran >>log; sleep 2; touch ended; echo end", timeout=timedelta(seconds=30))
        task = asyncio.create_task(target.run(run))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        network.partition()
        while not (tmp_path / "ended").exists():
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        assert not task.done()
        network.heal()
        return (await task).text

    assert ask(behind(network, tmp_path), parted) == "end\n"
    assert (tmp_path / "log").read_text() == "ran\n"


def test_the_time_limit_holds_on_the_target_while_nobody_can_reach_it(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_connection, "KEEPALIVE_SECONDS", 0.5)
    monkeypatch.setattr(ssh_connection, "CONNECT_SECONDS", 1.0)

    async def parted(target: Ssh) -> tuple[bool, int]:
        run = a_run("echo ran >>log; trap 'touch ended; exit 1' TERM; sleep 50 & wait", timeout=timedelta(seconds=2))
        task = asyncio.create_task(target.run(run))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        network.partition()
        while not (tmp_path / "ended").exists():
            await asyncio.sleep(0.05)
        network.heal()
        output = await task
        return output.timed_out, output.exit_code

    assert ask(behind(network, tmp_path), parted) == (True, 124)
