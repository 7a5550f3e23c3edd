"""`--server URL`: each command asks the server that it names, or says why it works only on the machine of the vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.door import ROOT, Ask, process
from firstfive.cli.commands import COMMANDS, ONLY_HERE, group_for, within
from firstfive.errors import Exit
from web.contract.served_contract import Vault, serving

FILES_OF_THIS_MACHINE = {"check", "fmt", "postmortem-check", "scan", "serve"}
NO_SETTINGS = {"init", "risk", "lsp", "offenders", "migrate", "oncall-import", "completion", "break-glass", "demo"}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with serving(tmp_path_factory.mktemp("elsewhere") / "vault") as made:
        made.declare()
        yield made


@pytest.fixture
def laptop(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of another machine, with a token for the server."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FIRSTFIVE_TOKEN", vault.key)
    return folder


def all_of(command: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield names, command
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from all_of(below, *names, name)


EVERY = [(words, one) for name in COMMANDS for words, one in all_of(group_for([name]).commands[name], name)]


@pytest.mark.parametrize(("words", "command"), EVERY, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_each_command_takes_a_server_or_refuses_it_with_a_reason(
    words: tuple[str, ...], command: click.Command, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert any("--server" in option.opts for option in command.params), "a group's own options, or its commands' ones"
    if words[0] in ONLY_HERE:
        said = ask(*words, "--server", "http://127.0.0.1:1")
        assert said.code == Exit.USAGE
        assert said.err.startswith(
            f"error: {' '.join(words)} works only on the machine of the vault: {ONLY_HERE[words[0]]}\n"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", sorted(ONLY_HERE.keys() - FILES_OF_THIS_MACHINE - NO_SETTINGS - {"account", "token", "drill"})
)
def test_the_variable_is_refused_where_the_option_is(
    name: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRSTFIVE_SERVER", "http://127.0.0.1:1")
    (tmp_path / "x").write_text("nothing\n")
    more = {"learn": ["INC-1"], "restore": ["x"], "import": ["x"], "export": ["--out", "y"]}
    more |= {"status-page": ["preview"]}
    said = ask(name, *more.get(name, ()))
    assert (said.code, "works only on the machine of the vault" in said.err) == (Exit.USAGE, True), said.err


def test_the_reference_says_which_is_which() -> None:
    page = ROOT / "docs" / "reference" / "cli.md"
    assert within(page.read_text()) == page.read_text(), "run make help-text"


ASKED = [
    "metrics",
    "metrics --by month",
    "actions",
    "coverage",
    "oncall",
    "nodes",
    "history",
    "status",
    "timeline INC-1",
]


@pytest.mark.process
@pytest.mark.parametrize("words", ASKED)
def test_what_a_server_says_is_what_is_said_beside_it(
    words: str, vault: Vault, laptop: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = ask(*words.split(), "--server", vault.url)
    monkeypatch.chdir(vault.folder)
    beside = ask(*words.split())
    assert far.err == ""
    assert (far.code, far.out) == (beside.code, beside.out)
    monkeypatch.chdir(laptop)
    assert list(laptop.iterdir()) == []


@pytest.mark.process
@pytest.mark.parametrize(
    "words", [["metrics"], ["metrics", "--csv"], ["metrics", "--prometheus"], ["coverage"], ["actions", "--all"]]
)
def test_and_for_machines_too(
    words: list[str], vault: Vault, laptop: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = ask(*words, "--json", "--server", vault.url).json
    monkeypatch.chdir(vault.folder)
    beside = ask(*words, "--json").json
    assert {**far, "folder": ""} == {**beside, "folder": ""}


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("metrics --past", "--past works only on the machine of the vault: it reads the vault's post-mortems"),
        ("actions --file", "--file works only on the machine of the vault: it files issues"),
        ("oncall --at 2026-01-05", "--at works only on the machine of the vault: it is reckoned"),
        ("oncall --ical", "--ical works only on the machine of the vault"),
        ("postmortem INC-1 --html x.html", "--html works only on the machine of the vault: the post-mortem is a file"),
        ("timeline INC-1 --json", "timeline --json works only on the machine of the vault: it is the record"),
        ("nodes restored --why x", "nodes restored works only on the machine of the vault: it writes"),
    ],
)
def test_an_option_that_needs_the_vault_is_refused(words: str, why: str, vault: Vault, laptop: Path, ask: Ask) -> None:
    said = ask(*words.split(), "--server", vault.url)
    assert said.code == Exit.USAGE
    assert said.err.startswith(f"error: {why}"), said.err
    assert list(laptop.iterdir()) == []


@pytest.mark.process
def test_a_post_mortem_is_named_as_it_lies_there(vault: Vault, laptop: Path, ask: Ask) -> None:
    made = vault.ask("POST", "/api/v1/incidents", {"by": "sam", "title": "short"}).json()["id"]
    said = ask("postmortem", made, "--server", vault.url)
    assert said.err.startswith(f"error: {made} has no post-mortem yet: ")
    vault.ask("POST", f"/api/v1/incidents/{made}/resolve", {"by": "sam", "root_cause": "a typo", "why": "seen"})
    ask("postmortem", made, "--write", "--server", vault.url)


@pytest.mark.process
def test_what_takes_several_values_is_asked_over_a_server_too(
    vault: Vault, laptop: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CLIENT", "198.51.100.7 50000 22")
    said = ask("block", "INC-1", "203.0.113.9", "--server", vault.url)
    assert said.code == 0, said.err
    mine = ask("block", "INC-1", "198.51.100.7", "--server", vault.url)
    assert mine.code != 0, "whoever asks is never shut out"
    words = ("--container", "shop", "--container", "pay", "--file", "/etc/hosts", "--file", "/etc/passwd")
    kept = ask("evidence", "INC-1", *words, "--server", vault.url, "--json")
    assert kept.code == 0, kept.err
    (offer,) = [one for one in kept.json["offered"] if one["id"].startswith("evidence")]
    assert all(name in offer["title"] for name in ("shop", "pay", "/etc/hosts", "/etc/passwd"))


@pytest.mark.process
def test_the_room_in_lines_follows_and_acts_on_a_server_elsewhere(vault: Vault, laptop: Path, ask: Ask) -> None:
    words = ("room", "INC-1", "--plain", "--server", vault.url)
    said = process(*words, cwd=laptop, typed="note said from afar\nquit\n", FIRSTFIVE_TOKEN=vault.key)
    assert said.code == 0, said.err
    assert "said from afar" in json.dumps(vault.ask("GET", "/api/v1/incidents/INC-1").json()["timeline"])
    gone = ask("room", "INC-1", "--plain", "--server", "http://127.0.0.1:1")
    assert gone.code == Exit.TARGET_UNREACHABLE
    assert "the server at 127.0.0.1:1 does not answer" in gone.err
    assert list(laptop.iterdir()) == []
