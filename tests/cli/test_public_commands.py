"""Telling the public from the command line, and the page that comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from cli.door import Ask
from cli.test_serve import quiet_vault as quiet_vault
from programs import start

TOLD = "Chat does not work. Next update in 30 minutes."


@pytest.fixture
def settled(vault: Path) -> Path:
    """A vault whose settings name a status page."""
    with (vault / "firstfive.toml").open("a") as settings:
        settings.write(
            '[status_page]\nname = "Shop"\nurl = "https://status.example.com"\ncomponents = ["Chat", "Checkout"]\n'
        )
    return vault


def test_what_was_told_stands_in_the_folder_and_nothing_else_does(settled: Path, ask: Ask) -> None:
    ask("declare", "an internal title")
    ask("declare", "another internal title")
    assert ask("public", "INC-1", TOLD, "--status", "investigating", "--component", "Chat").code == 0
    said = ask("status-page", "preview", "--json")
    assert said.code == 0, said.err
    assert said.json["changed"] == said.json["files"]
    shown = "".join(file.read_text() for file in (settled / "preview").rglob("*") if file.is_file())
    assert TOLD in shown
    assert "internal title" not in shown
    assert "INC-" not in shown
    assert json.loads((settled / "preview" / "banner.json").read_text()) == {
        "show": True,
        "text": f"Problem with Chat (investigating): {TOLD}",
    }
    again = ask("status-page", "preview")
    assert again.out.endswith("0 of them new or changed\n")


def test_a_wording_that_must_not_go_out_is_refused_with_each_finding_and_can_be_overruled(
    settled: Path, ask: Ask
) -> None:
    ask("declare", "x")
    refused = ask("public", "INC-1", "Probably the database.", "--status", "monitoring")
    assert refused.code == 2
    for finding in ("“Probably”: it is a guess", "“database”", "when the next update comes", "--override WHY"):
        assert finding in refused.err
    let_out = ask("public", "INC-1", "Probably the database.", "--status", "monitoring", "--override", "the law asks")
    assert let_out.code == 0
    assert "against the check of wording: the law asks" in let_out.out


def test_only_a_component_of_the_page_is_taken(settled: Path, ask: Ask) -> None:
    ask("declare", "x")
    refused = ask("public", "INC-1", TOLD, "--status", "investigating", "--component", "Chatt")
    assert refused.code == 2
    assert "it has: Chat, Checkout" in refused.err


def test_an_empty_text_is_refused(settled: Path, ask: Ask) -> None:
    ask("declare", "x")
    assert "text is missing" in ask("public", "INC-1", " ", "--status", "resolved").err


@pytest.mark.process
def test_what_is_told_over_the_server_is_there_for_everybody_at_once(quiet_vault: Path, ask: Ask) -> None:
    with (quiet_vault / "firstfive.toml").open("a") as settings:
        settings.write('[status_page]\nname = "Shop"\nurl = "https://status.example.com"\n')
    running = start(quiet_vault)
    try:
        port = json.loads((quiet_vault / ".firstfive" / "server.json").read_text())["port"]

        def banner() -> Any:
            with urlopen(f"http://127.0.0.1:{port}/status/banner.json", timeout=20) as answer:
                return json.load(answer)

        assert banner() == {"show": False, "text": ""}
        ask("declare", "an internal title", "--severity", "1")
        assert ask("public", "INC-1", TOLD, "--status", "investigating", "--component", "Chat").code == 0
        assert banner() == {"show": True, "text": f"Problem with Chat (investigating): {TOLD}"}
        assert "against the check" not in ask("timeline", "INC-1").out
        assert ask("status-page", "preview").code == 0, "beside the running server"
        assert (quiet_vault / "preview" / "index.html").exists()
    finally:
        running.terminate()
        running.communicate(timeout=20)


def test_without_settings_for_it_there_is_no_page_to_write(vault: Path, ask: Ask) -> None:
    ask("declare", "x")
    refused = ask("status-page", "preview")
    assert refused.code == 2
    assert "write [status_page] with name and url" in refused.err
    assert not (vault / "preview").exists()
