"""A look at another target than the default one: it runs there, says so, and what follows from it happens there too."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.app import open_program
from firstfive.app.eyes import probes_for
from firstfive.app.hands import target_of
from firstfive.app.pages import read_handbook
from firstfive.errors import SettingsError
from firstfive.incident.signals import Signal
from firstfive.ports import Probe
from firstfive.settings import load

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PAGE = "# Incidents\n\n## 3.1 Jobs stuck\n\n**Symptoms.** Jobs pile up.\n"
LOOKS = {
    "query": 'command = "ls -1 | wc -l"\nmore_than = 1',
    "disk": "more_than = 100",
    "backup": 'files = "*.gz"',
    "clock": "",
}


def probe(home: Path, kind: str, target: str) -> Probe:
    """The one look of a team with two hosts, `local` and `second`, of which the second one has more in its folder."""
    (home / "Incidents.md").write_text(PAGE)
    for name, files in (("first", 1), ("other", 3)):
        (home / name).mkdir(exist_ok=True)
        for number in range(files):
            (home / name / f"{number}.gz").write_text("x")
    (home / "firstfive.toml").write_text(
        f'target = "local"\n[targets.local]\nworkdir = "first"\n[targets.second]\nworkdir = "other"\n'
        f'[probes.one]\nkind = "{kind}"\ntarget = "{target}"\n{LOOKS[kind]}\n'
    )
    settings = load(config=home / "firstfive.toml")
    targets = {name: target_of(name, held, settings) for name, held in settings.targets.items()}
    (made,) = (p for p in probes_for(settings, read_handbook(settings), targets, {})[0] if p.name == "one")
    return made


def signal(made: Probe) -> Signal:
    (seen,) = asyncio.run(made.look(NOW))
    assert isinstance(seen, Signal)
    return seen


@pytest.mark.parametrize("kind", LOOKS)
def test_its_signal_names_the_host_that_it_is_about(tmp_path: Path, kind: str) -> None:
    assert signal(probe(tmp_path, kind, "second")).host == "second"
    assert signal(probe(tmp_path, kind, "local")).host == "", "of the default target no word is made, as everywhere"


def test_it_looks_on_that_host(tmp_path: Path) -> None:
    there, here = signal(probe(tmp_path, "query", "second")), signal(probe(tmp_path, "query", "local"))
    assert (there.firing, here.firing) == (True, False)
    assert there.fingerprint != here.fingerprint, "the same trouble on two hosts is two troubles"


def test_a_host_that_settings_do_not_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"probes.one.target names third, which is no target") as refused:
        probe(tmp_path, "disk", "third")
    assert refused.value.remedy == "add [targets.third]"


def test_a_declaration_names_what_is_watched_once_however_many_hosts_look_at_it(tmp_path: Path) -> None:
    (tmp_path / "Incidents.md").write_text(PAGE)
    hosts = "".join(f'[targets.h{n}]\nworkdir = "."\n' for n in range(9))
    symptom = "jobs-stuck.1"
    looks = "".join(
        f'[probes.jobs-{n}]\nkind = "query"\ntarget = "h{n}"\nsymptom = "{symptom}"\ncommand = "date +%N"\n'
        for n in range(9)
    )
    (tmp_path / "firstfive.toml").write_text(f'target = "h0"\n{hosts}{looks}')

    async def watched() -> tuple[str, ...]:
        program = await open_program(load(config=tmp_path / "firstfive.toml"), notifiers=(), log=lambda _: None)
        try:
            return program.engine.watched
        finally:
            await program.close()

    assert asyncio.run(watched()).count(symptom) == 1


def test_many_different_questions_are_read_in_few_runs_of_the_parser(tmp_path: Path) -> None:
    begun: list[str] = []
    counting = [True]

    def heard(event: str, given: tuple[object, ...]) -> None:
        if counting[0] and event == "subprocess.Popen" and "shfmt" in str(given[0]):
            begun.append(event)

    sys.addaudithook(heard)  # it stays for ever, so it is told when to stop
    (tmp_path / "Incidents.md").write_text(PAGE)
    looks = "".join(f'[probes.q{n}]\nkind = "query"\ncommand = "cat late/{n}"\n' for n in range(60))
    (tmp_path / "firstfive.toml").write_text(looks)
    settings = load(config=tmp_path / "firstfive.toml")
    handbook = read_handbook(settings)
    targets = {name: target_of(name, held, settings) for name, held in settings.targets.items()}
    begun.clear()
    probes = probes_for(settings, handbook, targets, {})[0]
    counting[0] = False
    assert sum(one.name.startswith("q") for one in probes) == 60
    assert len(begun) <= 2
