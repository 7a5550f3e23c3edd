"""Hygiene, looked at through a real shell."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal
from firstfive.ports import Output
from firstfive.probes.upkeep import Backup, ClockSkew, DeployMissed, Disk
from firstfive.targets.local import Local

NOW = datetime.now(UTC)


@pytest.fixture
def host(tmp_path: Path) -> Local:
    return Local(name="here", workdir=tmp_path, runs=tmp_path / "runs", environment={"PATH": os.environ["PATH"]})


def looked(probe: Any, now: datetime = NOW) -> Signal:
    (signal,) = asyncio.run(probe.look(now))
    assert isinstance(signal, Signal)
    return signal


def test_a_disk_is_over_its_limit_or_not(host: Local, tmp_path: Path) -> None:
    assert looked(Disk(name="d", symptom="s", target=host, path=str(tmp_path), more_than=0)).firing
    well = looked(Disk(name="d", symptom="s", target=host, path=str(tmp_path), more_than=100))
    assert not well.firing
    assert "%" in well.text


def test_a_disk_that_cannot_be_looked_at_is_unknown(host: Local) -> None:
    with pytest.raises(FirstfiveError, match="cannot be looked at"):
        looked(Disk(name="d", symptom="s", target=host, path="/no/such/place"))


class Printing:
    """A target that prints these, one a look."""

    name = "prod"

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    async def look(self, script: str, **_: object) -> Output:
        text = self.texts.pop(0)
        return Output(exit_code=0, text=text, stdout=text, dropped=0, took=timedelta(0))


def test_a_disk_around_its_limit_does_not_flap() -> None:
    host = Printing(*(f"/dev/vda 100 {n} 5 {n}% /\n/dev/vda 9 9 9 3% /\n" for n in (79, 81, 80, 79, 78, 80)))
    disk = Disk(name="d", symptom="s", target=host, more_than=80)  # type: ignore[arg-type]
    assert [looked(disk).firing for _ in range(6)] == [False, True, True, True, False, False]


def test_inodes_fill_a_disk_too() -> None:
    disk = Disk(name="d", symptom="s", target=Printing("/dev/vda 1 1 1 10% /\n/dev/vda 9 9 9 99% /\n"))  # type: ignore[arg-type]
    found = looked(disk)
    assert found.firing
    assert "99 % of its inodes" in found.text


def test_backups(host: Local, tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    watch = Backup(name="b", symptom="s", target=host, files=str(tmp_path / "*.gz"))
    assert "no file matches" in looked(watch).text
    old, new = tmp_path / "a.gz", tmp_path / "b.gz"
    old.write_bytes(b"x" * 1000)
    os.utime(old, (time.time() - 30 * 3600,) * 2)
    assert "30 h old" in looked(watch).text
    new.write_bytes(b"")
    assert "is empty" in looked(watch).text
    new.write_bytes(b"x" * 100)
    assert "less than half" in looked(watch).text
    new.write_bytes(b"x" * 990)
    assert not looked(watch).firing


def test_a_pattern_of_files_is_never_run(host: Local, tmp_path: Path) -> None:
    looked(
        Backup(
            name="b",
            symptom="s",
            target=host,
            files=f"$(touch {tmp_path}/pwned) `touch {tmp_path}/pwned`; touch {tmp_path}/pwned",
        )
    )
    assert not (tmp_path / "pwned").exists()


def test_a_deploy_that_did_not_come() -> None:
    held = Deploy(subject="shop", version="1.4.2", previous="", at=NOW - timedelta(days=8), source="ci")

    async def newest(subject: str) -> Deploy | None:
        return held if subject == "shop" else None

    found = looked(DeployMissed(name="d", symptom="s", subject="shop", newest=newest))
    assert found.firing
    assert "runs 1.4.2 since 8.0 days" in found.text
    assert not looked(
        DeployMissed(name="d", symptom="s", subject="shop", newest=newest, older_than=timedelta(days=9))
    ).firing
    with pytest.raises(FirstfiveError, match="has never seen other"):
        looked(DeployMissed(name="d", symptom="s", subject="other", newest=newest))


def test_a_clock_that_is_ahead_or_behind_and_one_that_only_answers_late(host: Local) -> None:
    assert not looked(ClockSkew(name="c", symptom="s", target=host), datetime.now(UTC)).firing
    behind = looked(ClockSkew(name="c", symptom="s", target=host), datetime.now(UTC) + timedelta(hours=1))
    assert behind.firing
    assert "behind" in behind.text

    class Slow(Printing):
        async def look(self, script: str, **more: object) -> Output:
            await asyncio.sleep(1.0)
            self.texts.append(str(time.time()))
            return await super().look(script, **more)

    slow = ClockSkew(name="c", symptom="s", target=Slow(), more_than=timedelta(seconds=0.5))  # type: ignore[arg-type]
    assert not looked(slow, datetime.now(UTC)).firing, "a host that is slow to reach is not ahead"
    with pytest.raises(FirstfiveError, match="cannot be read"):
        looked(ClockSkew(name="c", symptom="s", target=Printing("tuesday")))  # type: ignore[arg-type]
