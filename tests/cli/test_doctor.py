"""The doctor: each thing that must hold, what was found, and the fix to the word."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.door import Ask, page


@pytest.fixture
def well(vault: Path) -> Path:
    """The demo's vault with everything around it that its settings name."""
    shop = vault.parent / "shop"
    (shop / "var").mkdir(parents=True)
    (shop / "var" / "web.log").touch()
    (shop / "var" / "pay.log").touch()
    (shop / "current").symlink_to("releases/1")
    settings = vault / "firstfive.toml"
    settings.write_text(settings.read_text() + "\n[listen]\nport = 0\n")
    return vault


def findings(ask: Ask) -> dict[str, tuple[bool, str, str]]:
    told = ask("doctor", "--json").json
    assert told["ok"] == all(f["ok"] for f in told["findings"])
    return {f["what"]: (f["ok"], f["found"], f["remedy"]) for f in told["findings"]}


def test_all_is_well(ask: Ask, well: Path) -> None:
    said = ask("doctor")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert all(line.startswith("ok    ") for line in lines), said.out
    named = [line.split(":")[0].removeprefix("ok    ") for line in lines]
    assert [name for name in named if name != "the image before"] == [  # that is said where an Engine is
        *(
            "settings",
            "page",
            "who is paged",
            "template initial",
            "template resolution",
            "notifiers",
            "symptoms watched",
            "log web",
            "log pay",
            "release link web",
            "targets",
        ),
        *("disk", "journal", "port", "SQLite", "tools"),
    ]


@pytest.mark.parametrize(
    ("pinned", "told"),
    [
        ("true", "kept by a tag"),
        ("false", "not kept: a prune can take the roll-back away ([docker] pin_images = true keeps it)"),
    ],
)
def test_beside_an_engine_it_says_whether_a_roll_back_survives_a_prune(
    ask: Ask, well: Path, pinned: str, told: str
) -> None:
    settings = well / "firstfive.toml"
    settings.write_text(settings.read_text() + f'[docker]\nsocket = "engine.sock"\npin_images = {pinned}\n')
    with closing(socket.socket(socket.AF_UNIX)) as engine:
        engine.bind(os.path.relpath(well / "engine.sock"))
        assert findings(ask)["the image before"] == (True, told, "")


def test_each_thing_that_is_missing_has_its_remedy(ask: Ask, vault: Path) -> None:
    said = ask("doctor")
    assert said.code == 1
    found = findings(ask)
    shop = f"{vault}/../shop"
    assert found["log web"] == (
        False,
        f"{shop}/var/web.log",
        "the file is not there; mend [logs] web or start the program",
    )
    assert found["release link web"] == (False, f"{shop}/current", "no link is there; mend [deploys] web")
    assert f"MEND  release link web: {shop}/current\n      help: no link is there; mend [deploys] web\n" in said.out


def test_a_port_in_use(ask: Ask, well: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        settings = well / "firstfive.toml"
        settings.write_text(settings.read_text().replace("port = 0", f"port = {port}"))
        assert findings(ask)["port"] == (
            False,
            f"127.0.0.1:{port}: Address already in use",
            "set [listen] port to a free one",
        )


def test_a_journal_that_cannot_be_used(ask: Ask, well: Path) -> None:
    assert findings(ask)["journal"] == (True, "none yet; the first incident makes it", "")
    ask("declare", "x")
    journal = well / ".firstfive" / "journal.db"
    assert findings(ask)["journal"] == (True, str(journal), "")
    with closing(sqlite3.connect(journal)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    ok, found, remedy = findings(ask)["journal"]
    assert (ok, found) == (
        False,
        "a newer version of Firstfive wrote this journal (schema 9999, known here up to 0008)",
    )
    assert remedy.startswith("start that version again")


def test_a_page_that_does_not_compile_ends_the_list(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page(tmp_path, "# Incident\n")
    monkeypatch.chdir(tmp_path)
    found = findings(ask)
    assert list(found) == ["settings", "page"]
    assert found["settings"] == (False, "none", "firstfive init makes one")
    assert found["page"][:2] == (False, "nothing on the page was understood")


def test_a_contact_that_is_a_placeholder_pages_nobody(ask: Ask, well: Path) -> None:
    text = (well / "Incident Response.md").read_text()
    for name in ("Sam", "Kim", "Alex", "Robin"):
        text = text.replace(f"{name} Example", "<name>")
    (well / "Incident Response.md").write_text(text)
    assert findings(ask)["who is paged"] == (
        False,
        "nobody: every contact of the page is a placeholder",
        "fill the contacts table of the page; a placeholder pages nobody",
    )


def test_tools_that_are_missing(ask: Ask, well: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in os.environ["PATH"].split(":"):
        shfmt = Path(name) / "shfmt"
        if shfmt.exists():
            (tools / "shfmt").symlink_to(shfmt)
            break
    monkeypatch.setenv("PATH", str(tools))
    assert findings(ask)["tools"] == (
        False,
        "missing: bash, env, setsid, timeout",
        "install coreutils, util-linux and bash",
    )


def test_a_way_that_nobody_ever_answered_is_said(ask: Ask, well: Path) -> None:
    settings = well / "firstfive.toml"
    people = '[people.ann]\nntfy = "ann-phone"\n[notifiers.push]\nkind = "ntfy"\n'
    settings.write_text(settings.read_text() + people)
    assert findings(ask)["ann by push"][:2] == (False, "never answered")


def test_a_damaged_journal_is_seen(ask: Ask, well: Path) -> None:
    ask("declare", "the shop is shut")
    ask("note", "INC-1", "the first thing that was seen")
    journal = well / ".firstfive" / "journal.db"
    with closing(sqlite3.connect(journal)) as altered:
        altered.execute("PRAGMA journal_mode = DELETE")
        altered.execute("UPDATE event SET data = replace(data, 'first thing', 'other thing')")
        altered.commit()
    ok, found, remedy = findings(ask)["journal"]
    assert (ok, found.startswith("INC-1")) == (False, True)
    assert "firstfive restore" in remedy


def test_incidents_that_wait_for_a_server_are_seen(ask: Ask, well: Path) -> None:
    ask("declare", "the shop is shut")
    assert findings(ask)["server"] == (False, "none runs, and INC-1 waits for one", "start it: firstfive serve")


def test_a_target_that_cannot_work_is_seen(ask: Ask, well: Path) -> None:
    settings = well / "firstfive.toml"
    settings.write_text(
        settings.read_text()
        + '[targets.bare]\nworkdir = "/nonexistent"\n[targets.far]\nkind = "ssh"\nconfig_file = "/nonexistent"\n'
        + '[targets.dead]\nkind = "ssh"\nhost = "127.0.0.1"\nconfig_file = "ssh"\n'
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as once:
        port = once.getsockname()[1]
    (well / "ssh").write_text(f"Host *\n  Port {port}\n")
    notes = well / "Incident Response.md"
    restart = "# 4. If it does not answer: restart it\n"
    assert restart in notes.read_text()
    notes.write_text(notes.read_text().replace(restart, f"{restart}#: on=hsot\n"))
    found = findings(ask)
    assert found["target bare"] == (
        False,
        "there is no folder /nonexistent",
        "make it, or mend workdir under [targets.bare]",
    )
    assert found["target far"] == (
        False,
        "there is no file /nonexistent",
        "mend config_file under [targets.far]",
    )
    assert found["target dead"][0] is False
    assert found["target hsot"][0] is False
    assert "settings name no such target" in found["target hsot"][1]
    assert found["targets"] == (True, "local", "")
