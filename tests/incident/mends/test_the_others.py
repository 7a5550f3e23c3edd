"""Room on a disk, data out of a backup, a name on a network: what is read from a look, and scripts that do it once and can be looked at."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.incident.mends import make_room, rejoin, restore
from firstfive.incident.mends.make_room import Filling
from firstfive.shell.risk import Verdict, judge
from incident.mends.hosts import Host, host

NOW = datetime(2026, 11, 29, 14, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Host:
    return host(tmp_path)


# ------------------------------------------------------------------------------------------------------------ make room


def test_a_log_on_a_disk_with_room_is_not_offered(place: Host) -> None:
    (place.folder / "big.log").write_bytes(b"x" * 2_000_000)
    assert make_room.filling(place.told(make_room.looking([f"{place.folder}/*.log"]))) == ()


def test_what_fills_a_disk_is_told_the_largest_first() -> None:
    told = "log 99 2097152 /var/log/a b.log\nlog 99 9437184 /srv/shop/debug.log\nlog x 1 /etc/passwd\nnoise\n"
    assert make_room.filling(told) == (
        Filling(path="/srv/shop/debug.log", size=9437184, used=99),
        Filling(path="/var/log/a b.log", size=2097152, used=99),
    )


def test_a_log_is_emptied_in_place_and_its_end_is_kept(place: Host) -> None:
    log = place.folder / "debug.log"
    log.write_bytes(b"old\n" * 400_000 + b"the last line\n")
    writer = log.open("ab")
    packed = make_room.make_room([Filling(path=str(log), size=1_600_014, used=99)], folder=f"{place.folder}/kept")
    place.told(packed.script)
    assert log.stat().st_size == 0
    with writer:
        writer.write(b"goes on\n")
    assert log.read_bytes() == b"goes on\n", "who writes into it still does"
    (last,) = (place.folder / "kept/logs").iterdir()
    assert last.read_bytes().endswith(b"the last line\n")
    assert last.stat().st_size == make_room.KEEP
    assert "its disk is full to" in place.bash(packed.verify).stdout


def test_a_link_is_not_followed(place: Host) -> None:
    (place.folder / "precious").write_text("precious")
    (place.folder / "a.log").symlink_to(place.folder / "precious")
    packed = make_room.make_room(
        [Filling(path=f"{place.folder}/a.log", size=1, used=99)], folder=f"{place.folder}/kept"
    )
    assert place.bash(packed.script).returncode == 1
    assert (place.folder / "precious").read_text() == "precious"


# -------------------------------------------------------------------------------------------------------------- restore


def stored(place: Host) -> restore.Stored:
    return restore.Stored(
        name="shop", container="db", data=f"{place.folder}/data", backups=f"{place.folder}/backup/*.tar", stop=("shop",)
    )


def damaged(place: Host) -> restore.Damage:
    """A backup that holds `good`, and data that holds `garbage`."""
    for name in ("data", "backup", "source"):
        (place.folder / name).mkdir()
    (place.folder / "data/file").write_text("garbage")
    (place.folder / "source/file").write_text("good")
    backup = place.folder / "backup/night.tar"
    with tarfile.open(backup, "w") as tar:
        tar.add(place.folder / "source", ".")
    return restore.Damage(line="is corrupted", backup=str(backup), at=NOW, size=backup.stat().st_size)


def test_the_backup_takes_the_place_of_the_data_and_goes_back(place: Host) -> None:
    packed = restore.restore(stored(place), damaged(place), now=NOW)
    place.told(packed.script)
    assert (place.folder / "data/file").read_text() == "good"
    assert (place.folder / "data.broken-20261129T140000Z/file").read_text() == "garbage", "nothing is removed"
    stopped = [call for call in place.calls if call.startswith("docker stop")]
    assert stopped == ["docker stop -t 10 shop", "docker stop -t 10 db"], "who writes is stopped first"
    assert place.calls[-2:] == ["docker start db", "docker start shop"]
    assert "restored already" in place.told(packed.script), "twice is once"
    place.told(packed.undo)
    assert (place.folder / "data/file").read_text() == "garbage"


WANTED = {"stop the backend container first (page:101:1)": 'running=$(cat running) && test -z "$running"'}


def test_what_the_page_wants_stopped_is_proved_before_the_data_is_touched(place: Host) -> None:
    packed = restore.restore(stored(place), damaged(place), now=NOW, proofs=WANTED)
    assert any("stop the backend container first" in warning for warning in packed.warnings)
    for running in ("5f3a\n", None):  # it runs, or nobody can tell
        if running is not None:
            (place.folder / "running").write_text(running)
        else:
            (place.folder / "running").unlink()
        ran = place.bash(packed.script)
        assert ran.returncode == 1
        assert "what the page wants stopped still runs: the data is as it was" in ran.stderr
        assert (place.folder / "data/file").read_text() == "garbage"
        assert place.calls[-2:] == ["docker start db", "docker start shop"]
    (place.folder / "running").write_text("")
    place.told(packed.script)
    assert (place.folder / "data/file").read_text() == "good"


def test_a_backup_that_is_none_changes_nothing(place: Host) -> None:
    found = damaged(place)
    Path(found.backup).write_text("no archive")
    assert place.bash(restore.restore(stored(place), found, now=NOW).script).returncode != 0
    assert (place.folder / "data/file").read_text() == "garbage"
    assert place.calls == [], "nobody was stopped"


def test_a_store_that_runs_is_not_damaged(place: Host) -> None:
    assert restore.damage(place.told(restore.looking(stored(place)))) is None


TOLD = [
    ("damage is corrupted\nbackup 1764423000 10240 /srv/backup/night.tar\n", True, "both"),
    ("damage is corrupted\n", False, "no backup"),
    ("backup 1764423000 10240 /srv/backup/night.tar\n", False, "no damage"),
    ("damage x\nbackup 1 1 relative.tar\n", False, "no absolute path"),
    ("", False, "nothing"),
]


@pytest.mark.parametrize(("told", "is_one", "why"), TOLD, ids=[row[2] for row in TOLD])
def test_damage_wants_words_and_a_backup(told: str, is_one: bool, why: str) -> None:
    assert (restore.damage(told) is not None) is is_one, why


# --------------------------------------------------------------------------------------------------------------- rejoin


def test_a_lost_name_is_read_and_given_back() -> None:
    (found,) = rejoin.lost("lost nickapp-pay pay nickapp_default\nlost a;b c d\nother line\n")
    packed = rejoin.rejoin([found])
    assert "docker network connect --alias pay --alias nickapp-pay nickapp_default nickapp-pay" in packed.script
    assert "others of the project look for it by that name" in packed.why


# ------------------------------------------------------------------------------------------------------------------ all


def test_what_looks_only_looks_and_what_changes_is_known_to(place: Host) -> None:
    packs = (
        make_room.make_room([Filling(path="/srv/a.log", size=1, used=99)], folder="/srv/kept"),
        restore.restore(stored(place), damaged(place), now=NOW),
        rejoin.rejoin([rejoin.Lost(container="a", service="b", network="c")]),
    )
    for packed in packs:
        assert judge(packed.script).verdict >= Verdict.CHANGING
        assert packed.script.startswith("set -euf -o pipefail\n")
        assert packed.warnings
