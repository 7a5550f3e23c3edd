"""What guards a change, by the commands that a person types, on the original page as it is: who says yes, to what, for how long.

The page's own commands run for real, on a target whose `docker` writes down how it was called. Nothing here has a network.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.door import ROOT, Ask, Said, environment, process
from firstfive.__main__ import main
from page import NAME, original_page

pytestmark = pytest.mark.process

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
DOCKER = """#!/bin/sh
echo "docker $*" >>"$PLACE/calls"
case "$*" in
"ps -q --filter name=backend") cat "$PLACE/running" ;;
"ps -a --filter name="*) echo 'nickapp-mongodb  Exited (14) 5 minutes ago' ;;
"inspect -f {{.State.Status}} "*) echo 'restarting 3' ;;
"logs --since 10m"*) echo 'WiredTiger: the data file is corrupted' ;;
"inspect -f {{.RestartCount}}"*) echo 0 ;;
"inspect -f {{.State.Running}}"*) echo 'true false 0' ;;
*mongosh*) echo '{ ok: 1 }' ;;
esac
"""
NGINX = """#!/bin/sh
echo "# configuration file $PLACE/blocks.inc:"
"""
SETTINGS = """
[listen]
port = 0

[targets.prod]
path = ["bin"]
[targets.prod.environment]
PLACE = "{folder}"

[packs]
offer = ["restore"]
block = "nginx"
nginx_blocks = "{folder}/blocks.inc"
[packs.restore.mongodb]
container = "nickapp-mongodb"
data = "{folder}/data"
backups = "{folder}/backup/*.tar"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A vault of the page, and the host that its commands run on, in one folder."""

    folder: Path
    ask: Ask

    def act(self, *, ahead: float = 0) -> None:
        """What a server would do now, or with its clock that many seconds ahead."""
        ran = subprocess.run(
            ["unshare", "--net", sys.executable, str(ROOT / "tests" / "cli" / "due.py"), str(ahead)],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    def called(self, word: str) -> list[str]:
        """How docker was called with that word in it."""
        calls = self.folder / "calls"
        return [line for line in calls.read_text().splitlines() if word in line] if calls.exists() else []

    def seen(self) -> dict[str, object]:
        return dict(self.ask("status", "INC-1", "--json").json)

    def told(self) -> str:
        """The timeline in words."""
        return self.ask("timeline", "INC-1").out

    def waits(self, step: str) -> bool:
        return any(row["step"] == step for row in self.ask("status", "INC-1", "--json").json["waiting"])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Iterator[Place]:
    folder = tmp_path / "vault"
    (folder / "bin").mkdir(parents=True)
    (folder / NAME).write_bytes(original_page())
    (folder / "firstfive.toml").write_text(SETTINGS.format(folder=folder))
    (folder / "bin" / "docker").write_text(DOCKER)
    (folder / "bin" / "nginx").write_text(NGINX)
    (folder / "blocks.inc").write_text("# blocks\n")
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)
    (folder / "docker-compose.production.yml").write_text(
        "services:\n  nickapp-backend:\n    image: shop/backend:latest\n"
    )
    (folder / "running").write_text("5f3a\n")
    (folder / "data").mkdir()
    (folder / "data" / "WiredTiger.wt").write_text("broken")
    (folder / "backup").mkdir()
    whole = tmp_path / "WiredTiger.wt"
    whole.write_text("whole")
    with tarfile.open(folder / "backup" / "night.tar", "w") as packed:
        packed.add(whole, "WiredTiger.wt")
    monkeypatch.chdir(folder)
    assert ask("declare", "MongoDB unreachable", "--severity", "1").code == 0
    assert ask("ack", "INC-1").code == 0
    yield Place(folder=folder, ask=ask)
    assert ask("verify").out == "Every chain holds.\n"


def one_line(said: Said) -> str:
    return said.err.split("error: ")[-1].splitlines()[0]


# ------------------------------------------------------------------------------------------------------------- one person


def test_what_looks_runs_by_itself_and_what_changes_waits_for_a_yes_and_is_looked_at_afterwards(place: Place) -> None:
    place.ask("report", "MongoNetworkError in the backend log", "--incident", "INC-1")
    place.ask("run", "INC-1", "mongodb-unreachable#5")
    place.act()
    assert place.called("compose") == [], "a change waits"
    assert place.waits("mongodb-unreachable#5")
    shown = place.ask("approve", "INC-1", "mongodb-unreachable#5", "--dry-run")
    assert (shown.code, shown.out) == (0, "nothing was run\n")
    script = place.ask("approve", "INC-1", "mongodb-unreachable#5", "--dry-run", "--json").json["script"]
    assert script.strip() == "docker compose -f docker-compose.production.yml up -d mongodb"
    assert f"  $ {script.strip()}\n" in shown.err
    assert place.ask("approve", "INC-1", "mongodb-unreachable#5", typed="y\n").code == 0
    place.act()
    assert place.called("compose") == [f"{script.strip()}"], "exactly what was shown, once"
    assert len(place.called("mongosh")) == 1, "the page's own look at whether it worked"
    place.act()
    assert len(place.called("compose")) == 1
    assert "step 6" in place.told()


def test_a_yes_counts_once(place: Place) -> None:
    place.ask("run", "INC-1", "mongodb-unreachable#5")
    run = place.ask("status", "INC-1", "--json").json["waiting"][0]["run"]
    assert place.ask("approve", "INC-1", run, "--yes").code == 0
    place.act()
    again = place.ask("approve", "INC-1", run, "--yes")
    assert (again.code, one_line(again)) == (8, f"nothing waits for approval in INC-1 under {run}")
    place.act()
    assert len(place.called("compose")) == 1


def test_a_yes_is_over_after_ten_minutes(place: Place) -> None:
    place.ask("run", "INC-1", "mongodb-unreachable#5")
    run = place.ask("status", "INC-1", "--json").json["waiting"][0]["run"]
    assert place.ask("approve", "INC-1", "--yes").code == 0
    place.act(ahead=601)
    assert place.called("compose") == []
    assert "its time ran out" in place.told()
    late = place.ask("approve", "INC-1", run, "--yes")
    assert one_line(late) == f"nothing waits for approval in INC-1 under {run}"
    assert place.waits("mongodb-unreachable#5"), "it is asked for anew"


def test_what_changed_while_it_was_read_is_not_approved(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.ask("run", "INC-1", "backend-down#4")
    assert place.ask("approve", "INC-1", "--set", "previous-version=1.4.1", typed="n\n").code == 3

    class Meanwhile(io.StringIO):
        """Somebody else gives another value while this person reads."""

        def readline(self, *_: int) -> str:  # type: ignore[override]
            process("approve", "INC-1", "--set", "previous-version=6.6.6", "--by", "ben", cwd=place.folder)
            return "y\n"

    monkeypatch.setattr(sys, "stdin", Meanwhile())
    assert main(["approve", "INC-1"]) == 8
    place.act()
    assert place.called("compose") == []
    assert ":latest" in (place.folder / "docker-compose.production.yml").read_text()
    assert place.ask("approve", "INC-1", "backend-down#4", "--yes").code == 0
    place.act()
    assert ":6.6.6" in (place.folder / "docker-compose.production.yml").read_text()


def test_a_change_that_nothing_looks_at_afterwards_says_so(place: Place) -> None:
    place.ask("run", "INC-1", "websocket-disconnect-storm#5")
    shown = place.ask("approve", "INC-1", "--dry-run")
    assert "no step that looks afterwards whether it worked" in shown.err


# ------------------------------------------------------------------------------------------------------------ two people


def offered(place: Place) -> None:
    """The data of MongoDB cannot be opened, so its restore is offered."""
    place.ask("report", "MongoNetworkError in the backend log", "--incident", "INC-1")
    place.act()
    assert place.waits("restore.1"), place.told()


def approved(place: Place, *words: str, by: str) -> Said:
    return place.ask("approve", "INC-1", "restore.1", "--yes", "--by", by, *words)


def restored(place: Place) -> bool:
    return (place.folder / "data" / "WiredTiger.wt").read_text() == "whole"


def test_what_destroys_takes_two_people_the_name_typed_and_what_comes_first(place: Place) -> None:
    offered(place)
    shown = place.ask("approve", "INC-1", "restore.1", "--dry-run")
    assert "stop the backend container first" in shown.err
    said = approved(place, "--done-first", by="ann")
    assert one_line(said) == "step restore.1 destroys something on prod, so its name has to be typed"
    said = approved(place, "--confirm", "prod", by="ann")
    assert one_line(said).startswith("the page wants something done first: If Mongo is corrupted")
    assert "--done-first" in said.err
    assert approved(place, "--confirm", "prod", "--done-first", by="ann").code == 0
    assert approved(place, "--confirm", "prod", "--done-first", by=" @ANN ").code == 0, "the same person once more"
    place.act()
    assert not restored(place), "one is not enough"
    assert approved(place, "--confirm", "prod", "--done-first", by="ben").code == 0
    place.act()
    assert not restored(place), "the backend runs, whatever they said"
    assert "what the page wants first does not hold (" in place.told()
    (place.folder / "running").write_text("")
    for by in ("ann", "ben"):
        assert approved(place, "--confirm", "prod", "--done-first", by=by).code == 0
    place.act()
    assert restored(place)


def test_a_restore_that_stops_the_backend_itself_proves_it_instead_of_asking(place: Place) -> None:
    settings = place.folder / "firstfive.toml"
    settings.write_text(settings.read_text() + 'stop = ["nickapp-backend"]\n')
    offered(place)
    shown = place.ask("approve", "INC-1", "restore.1", "--dry-run")
    assert "test -z" in shown.out + shown.err, "the proof stands in the bytes that are approved"
    for by in ("ann", "ben"):
        assert approved(place, "--confirm", "prod", by=by).code == 0, "nobody says that it is done, for it is not"
    place.act()
    assert not restored(place), "it was stopped and still runs, so the data is not touched"
    assert "step restore.1 finished not as expected: exit 1" in place.told()


def five_minutes_on(place: Place, *words: str) -> Said:
    """A person types it five minutes from now."""
    clock = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+310s"}
    return process("approve", "INC-1", "restore.1", "--yes", "--by", "sam", *words, cwd=place.folder, **clock)


ALONE = ("--confirm", "prod", "--done-first", "--alone", "nobody answers the phone")


def test_one_alone_in_a_severity_1_after_five_minutes_is_recorded(place: Place) -> None:
    (place.folder / "running").write_text("")
    offered(place)
    said = approved(place, *ALONE, by="sam")
    assert said.code == 3
    assert one_line(said) == (
        "step restore.1 takes two people: one alone may approve it only in a severity 1, 5 minutes after it was asked for,"
        " when nobody else has acted in that time"
    )
    assert five_minutes_on(place, *ALONE).code == 0
    place.act(ahead=311)
    assert restored(place)
    assert "nobody answers the phone" in place.told()


def test_one_alone_is_not_enough_in_a_severity_2(place: Place) -> None:
    (place.folder / "running").write_text("")
    offered(place)
    place.ask("severity", "INC-1", "2", "only some")
    assert "only in a severity 1" in one_line(five_minutes_on(place, *ALONE))


# ----------------------------------------------------------------------------------------------- what is left to a person

BY_HAND = [
    (
        "mongodb-unreachable#7",
        "3.2 step 7",
        "first: If Mongo is corrupted and you must restore, stop the backend container first",
    ),
    (
        "mongodb-unreachable#4",
        "3.2 step 4",
        "mind: prune removes stopped containers with their logs, and the untagged image",
    ),
    ("shkeeper-api-down#2", "3.4 step 2", "never: the page forbids SHKEEPER_FORCE_PAYOUT_DEMO=true here"),
]


def test_work_that_the_page_leaves_to_a_person_is_explained_with_its_guards(place: Place) -> None:
    for step, spoken, told in BY_HAND:
        said = place.ask("run", "INC-1", step)
        assert said.code == 0
        assert f"{spoken} is done by hand. {told}" in said.out
    place.ask("run", "INC-1", BY_HAND[0][0])
    assert place.told().count("3.2 step 7 is done by hand") == 1


# ------------------------------------------------------------------------------------------------------------------ undo


def test_changes_are_taken_back_the_newest_first_and_only_on_a_yes_of_their_own(place: Place) -> None:
    (place.folder / "running").write_text("")
    offered(place)
    for by in ("ann", "ben"):
        approved(place, "--confirm", "prod", "--done-first", by=by)
    place.ask("block", "INC-1", "203.0.113.7", "--for", "30m")
    assert place.ask("approve", "INC-1", "block.1", "--yes").code == 0
    place.act()
    blocks = place.folder / "blocks.inc"
    assert (restored(place), "203" in blocks.read_text()) == (True, True), place.told()
    said = place.ask("undo", "INC-1", "INC-1.restore.1.1")
    assert (
        one_line(said) == "the newest change goes first: INC-1.block.1.1 is to be taken back before INC-1.restore.1.1"
    )
    for word, step in (("block", "block.1~undo"), ("restore", "restore.1~undo")):
        assert place.ask("undo", "INC-1").code == 0
        place.act()
        assert place.waits(step), f"the undo of {word} waits for a yes"
        assert place.ask("approve", "INC-1", step, "--yes").code == 0
        place.act()
    assert (restored(place), "203" in blocks.read_text()) == (False, False), place.told()
    said = place.ask("undo", "INC-1")
    assert one_line(said) == "there is nothing to take back in INC-1"
