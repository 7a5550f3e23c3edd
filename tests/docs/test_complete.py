"""Every command, option, exit code and setting is documented, and nothing is documented that is not there."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest

from docs.reading import ROOT, fences, headings
from firstfive import settings
from firstfive.cli.commands import COMMANDS, group_for
from firstfive.errors import Exit
from firstfive.handbook.compile import compile_vault
from firstfive.settings import entrance, mouth, people, status_page, watching
from firstfive.settings import packs as settings_packs
from firstfive.settings import toml_file as reading
from firstfive.settings.oncall import schedules
from firstfive.settings.reading import span

CLI = ROOT / "docs" / "reference" / "cli.md"
SETTINGS = ROOT / "docs" / "reference" / "settings.md"
EVERYWHERE = {"--json", "--help", "--vault", "--config", "--by", "--server"}


def section(name: str) -> str:
    """The text under `### name` of the command line's reference."""
    found = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", CLI.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section"
    return found[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_all_its_options(name: str) -> None:
    command = group_for([name]).commands[name]
    text = section(name)
    assert f"`firstfive {name}" in text
    for param in command.params:
        if isinstance(param, click.Option):
            for option in {*param.opts, *param.secondary_opts} - EVERYWHERE:
                assert f"{option}" in text, f"{name} {option}"


def test_no_command_is_documented_that_is_not_there() -> None:
    text = CLI.read_text()
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) == set(COMMANDS)
    assert set(re.findall(r"^\$ firstfive ([a-z][a-z-]*)", text, re.MULTILINE)) <= set(COMMANDS)


def test_every_exit_code_is_documented() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI.read_text(), re.MULTILINE)}
    assert documented == {int(code) for code in Exit}


TABLES = {
    "listen": entrance.LISTEN,
    "oidc": entrance.OIDC,
    "timing": set(reading.TIMING),
    "notify": {"channel", "channels", "fallback", "heartbeat", "reach_test"},
    "notifiers": {"kind", *(key for keys in mouth.KINDS.values() for key in keys)},
    "postmortems": {"folder", "commit"},
    "targets": {field.name for field in fields(settings.TargetSettings)},
    "probes": set(watching.PROBES),
    "docker": {"socket", "pin_images"},
    "trackers": {"kind", "url", "organisation", "project", "token_env"},
    "backup": {"folder", "keep"},
    "forge": {"kind", "project", "url", "token_env"},
    "heartbeats": {"every", "grace"},
    "intake": set(),
    "severity": set(),
    "packs": settings_packs.KEYS,
    "status_page": status_page.KEYS,
    "people": set(people.KEYS),
    "oncall": {*schedules.SCHEDULE, *schedules.OVERRIDE, "name"},
    "holidays": {"country", "subdivision"},
    "logs": set(),
    "deploys": set(),
    "risk": set(),
    "lexicon": set(),
}


def test_every_setting_is_documented() -> None:
    text = SETTINGS.read_text()
    plain = reading.TOP - set(TABLES)
    keys = plain | {key for known in TABLES.values() for key in known}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)) == keys
    for table in TABLES:
        assert any(heading.startswith(f"`[{table}") for heading in headings(SETTINGS)), table
    assert set(TABLES) <= reading.TOP


def test_the_documented_keys_are_the_ones_that_load(tmp_path: Path) -> None:
    """Each documented key of a table is accepted; with an unknown one beside it the error lists exactly these."""
    from firstfive.errors import SettingsError

    for table, known in TABLES.items():
        if not known or table in ("probes", "heartbeats", "oncall", "notifiers"):
            continue
        file = tmp_path / f"{table}.toml"
        place = {"targets": "targets.web", "trackers": "trackers.sentry", "people": "people.ann"}.get(table, table)
        file.write_text(f"[{place}]\nnonsense = 1\n")
        keys = known - {"host", "config_file", "known_hosts"} if table == "targets" else known
        with pytest.raises(SettingsError) as refused:
            settings.load(config=file)
        assert refused.value.remedy == f"known here: {', '.join(sorted(keys))}"


def test_the_defaults_that_are_documented_are_the_defaults() -> None:
    found = re.findall(r'^\| `([a-z_]+)` \| `"?([^`"]+)"?` \|', SETTINGS.read_text(), re.MULTILINE)
    rows = dict(reversed(found))
    defaults = {field.name: field.default for field in fields(settings.Settings)}
    for name in reading.TIMING:
        assert span({name: rows[name]}, name, "", shown="timing") == defaults[name], name
    assert (rows["host"], int(rows["port"]), rows["channel"]) == (
        defaults["host"],
        defaults["port"],
        defaults["channel"],
    )
    for name in settings.INHERITED:
        assert f"`{name}`" in SETTINGS.read_text()


def test_settings_that_are_shown_load(tmp_path: Path) -> None:
    shown = 0
    how_to = ROOT / "docs" / "how-to"
    for file in (SETTINGS, how_to / "watch-your-own-service.md", how_to / "set-up-on-call.md"):
        for label, body in fences(file):
            if label == "toml":
                tomllib.loads(body)
                made = tmp_path / f"{shown}.toml"
                made.write_text(body)
                settings.load(config=made)
                shown += 1
    assert shown >= 3


def test_the_runbook_that_is_shown_is_understood() -> None:
    shown = [body for label, body in fences(ROOT / "docs" / "how-to" / "write-a-runbook.md") if label == "markdown"]
    page = "# Incident Response\n\n## 3. Common incidents\n\n" + shown[0]
    handbook = compile_vault({"Incident Response.md": page.encode()}, main="Incident Response.md")
    [runbook] = handbook.runbooks
    assert (runbook.number, runbook.title, runbook.severity) == ("3.4", "Queue stuck", 2)
    assert len(runbook.symptoms) == 2
    assert [str(step.mode) for step in runbook.steps] == ["auto", "auto", "approve", "auto"]
    assert runbook.steps[2].phrase
    assert not [p for p in handbook.problems if str(p.level) == "error"]


def test_the_environment_variables_are_documented() -> None:
    source = (ROOT / "src" / "firstfive" / "settings" / "toml_file.py").read_text()
    for name in set(re.findall(r'"(FIRSTFIVE_[A-Z]+)"', source)):
        assert f"`{name}`" in SETTINGS.read_text()


def test_every_kind_of_look_is_documented_with_its_keys() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (`.*) \|$", SETTINGS.read_text(), re.MULTILINE))
    for kind, keys in watching.PROBES.items():
        assert set(re.findall(r"`([a-z_]+)`", rows[kind])) == keys, kind
