"""Runs and looks over ssh while the connection or the server goes away: what was begun goes on, and its outcome is recovered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.ports import OutcomeLost, OutOfTouch
from sshd.server import Bench

from .conftest import SHORT, a_run, over_ssh


def test_a_waiting_caller_gets_the_outcome_although_its_connection_is_cut_again_and_again(
    fragile: Bench, tmp_path: Path
) -> None:
    async def cut_often() -> str:
        target = over_ssh(fragile, tmp_path)
        task = asyncio.create_task(
            target.run(a_run("echo ran >>log; while [ ! -e go ]; do sleep 0.05; done; echo end"))
        )
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        cuts = 0
        for _ in range(100):
            cuts += bool(fragile.server.cut())
            if cuts == 3:
                break
            await asyncio.sleep(0.3)
        (tmp_path / "go").touch()
        output = await task
        await target.close()
        return output.text

    assert asyncio.run(cut_often()) == "end\n"
    assert (tmp_path / "log").read_text() == "ran\n"


def test_a_server_that_is_away_for_a_while_is_waited_for(fragile: Bench, tmp_path: Path) -> None:
    async def away() -> str:
        target = over_ssh(fragile, tmp_path)
        task = asyncio.create_task(target.run(a_run("echo ran >>log; sleep 1; echo end")))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        fragile.server.stop()
        await asyncio.sleep(1.5)
        fragile.server.start()
        output = await task
        await target.close()
        return output.text

    assert asyncio.run(away()) == "end\n"
    assert (tmp_path / "log").read_text() == "ran\n"


def test_a_host_that_does_not_come_back_leaves_an_unknown_outcome(fragile: Bench, tmp_path: Path) -> None:
    async def gone() -> None:
        target = over_ssh(fragile, tmp_path)
        object.__setattr__(target, "patience", timedelta(seconds=1))
        run = a_run("echo ran >>log; sleep 1", timeout=timedelta(seconds=1))
        task = asyncio.create_task(target.run(run))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        fragile.server.stop()
        with pytest.raises(OutcomeLost, match="may have begun"):
            await task
        await target.close()

    asyncio.run(gone())


def test_a_host_that_is_not_there_is_said_and_nothing_is_run(fragile: Bench, tmp_path: Path) -> None:
    fragile.server.stop()
    target = over_ssh(fragile, tmp_path)
    with pytest.raises(FirstfiveError, match=r"could not be reached: \[Errno 111\]") as told:
        asyncio.run(target.look("echo x", timeout=SHORT))
    assert told.value.remedy.startswith(f"try ssh -F {fragile.config} prod true from this machine")
    with pytest.raises(FirstfiveError, match="nothing was run"):
        asyncio.run(target.trace("INC-1.step.1"))


def test_a_change_for_a_host_that_is_not_there_says_why_it_could_not_be_reached(
    fragile: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstfive.targets.ssh.ASKING", timedelta(seconds=1))
    fragile.server.stop()
    target = over_ssh(fragile, tmp_path)
    object.__setattr__(target, "patience", timedelta(seconds=0.3))
    with pytest.raises(FirstfiveError, match=r"could not be reached: \[Errno 111\]"):
        asyncio.run(target.run(a_run("echo x")))


def test_a_key_that_changes_under_a_run_leaves_its_outcome_unknown_and_never_says_that_it_was_not_run(
    fragile: Bench, tmp_path: Path
) -> None:
    async def changed() -> None:
        target = over_ssh(fragile, tmp_path)
        object.__setattr__(target, "patience", timedelta(seconds=1))
        task = asyncio.create_task(target.run(a_run("echo ran >>log; sleep 2")))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.02)
        fragile.known.write_text("")
        fragile.server.cut()
        with pytest.raises(OutOfTouch, match="its host key is not known"):
            await task
        await target.close()

    asyncio.run(changed())


def test_a_look_is_repeated_on_a_new_connection_when_the_kept_one_broke(fragile: Bench, tmp_path: Path) -> None:
    async def twice() -> list[str]:
        target = over_ssh(fragile, tmp_path)
        first = await target.look("echo one", timeout=SHORT)
        assert fragile.server.cut() > 0
        second = await target.look("echo two", timeout=SHORT)
        await target.close()
        return [first.text, second.text]

    assert asyncio.run(twice()) == ["one\n", "two\n"]
