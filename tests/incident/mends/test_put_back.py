"""Files as they were when all was well: kept on the host, compared without a value leaving it, put back whole or not at all."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.incident.mends.put_back import Changed, Kept, changed, keeping, looking, put_back
from incident.mends.hosts import Host, host

ENV = "SECRET=hunter2hunter2\nMODE=live\n"
COMPOSE = "services:\n  shop:\n    mem_limit: 256m\n"
NGINX = "proxy_read_timeout 60s;\n"


@pytest.fixture
def place(tmp_path: Path) -> Host:
    made = host(tmp_path)
    (tmp_path / ".env").write_text(ENV)
    (tmp_path / "compose.yml").write_text(COMPOSE)
    (tmp_path / "edge.conf").write_text(NGINX)
    return made


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(
        folder=f"{tmp_path}/kept", compose=("compose.yml", ".env"), nginx=("edge.conf",), settled=timedelta(seconds=0)
    )


def good(place: Host, kept: Kept) -> None:
    place.told(keeping(kept, well=True))


def found(place: Host, kept: Kept) -> Changed | None:
    return changed(kept, place.told(looking(kept)))


def present(place: Host) -> tuple[str, str, str]:
    return tuple((place.folder / name).read_text() for name in (".env", "compose.yml", "edge.conf"))  # type: ignore[return-value]


def test_nothing_is_offered_while_nothing_was_changed(place: Host, kept: Kept) -> None:
    assert found(place, kept) is None, "nothing was ever kept"
    good(place, kept)
    assert found(place, kept) is None


EDITS = [
    # file, its new text, what is told, what takes it up
    (".env", "MODE=live\n", ".env: SECRET is gone", "docker compose -f compose.yml up -d --no-deps shop redis"),
    (".env", ENV + "ADMIN_PORT=5000\n", ".env: ADMIN_PORT is new", "up -d"),
    (".env", ENV.replace("hunter2hunter2", "swordfish!!"), ".env: SECRET has another value", "up -d"),
    ("compose.yml", COMPOSE.replace("256m", "24m"), "compose.yml: - mem_limit: 256m, + mem_limit: 24m", "up -d"),
    (
        "edge.conf",
        "proxy_read_timeout 2s;\n",
        "edge.conf: -proxy_read_timeout 60s;, +proxy_read_timeout 2s;",
        "nginx -s reload",
    ),
]


@pytest.mark.parametrize(("file", "text", "told", "taken_up"), EDITS, ids=[row[2] for row in EDITS])
def test_what_was_changed_is_told_and_put_back(
    place: Host, kept: Kept, file: str, text: str, told: str, taken_up: str
) -> None:
    good(place, kept)
    (place.folder / file).write_text(text)
    seen = found(place, kept)
    assert seen is not None
    assert seen.told == (told,)
    packed = put_back(kept, seen)
    assert place.bash(packed.verify).returncode != 0
    place.told(packed.script)
    assert present(place) == (ENV, COMPOSE, NGINX)
    assert any(taken_up in call for call in place.calls), place.calls
    assert "as they were" in place.told(packed.verify)
    place.told(packed.script)  # twice is once
    place.told(packed.undo)
    assert (place.folder / file).read_text() == text


def test_no_value_of_an_env_file_leaves_the_host_and_none_stays_in_the_shell(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / ".env").write_text("SECRET=swordfish!!\nMODE=live\n")
    told = place.told(looking(kept))
    seen = changed(kept, told)
    assert seen is not None
    packed = put_back(kept, seen)
    for text in (told, packed.script, packed.undo, packed.verify, packed.why):
        assert "hunter2" not in text
        assert "swordfish" not in text
    place.bash(packed.script, SECRET="swordfish!!", MODE="live")
    assert not (place.folder / "calls.env").read_text(), "Compose would take the shell's before the file's"


def test_a_secret_in_a_compose_file_is_not_shown(place: Host, kept: Kept) -> None:
    (place.folder / "compose.yml").write_text(COMPOSE + "    DB_PASSWORD: hunter2hunter2\n")
    good(place, kept)
    (place.folder / "compose.yml").write_text(COMPOSE + "    DB_PASSWORD: swordfish!!\n")
    seen = found(place, kept)
    assert seen is not None
    assert seen.told == ("compose.yml: - DB_PASSWORD: …, + DB_PASSWORD: …",)


def test_a_version_is_good_only_once_it_has_stood(place: Host, kept: Kept) -> None:
    slow = replace(kept, settled=timedelta(minutes=10))
    good(place, slow)
    (place.folder / ".env").write_text("MODE=live\n")
    assert found(place, slow) is None, "nobody knows yet that all was well before"


def test_a_version_is_not_good_while_something_is_wrong(place: Host, kept: Kept) -> None:
    place.told(keeping(kept, well=False))
    (place.folder / ".env").write_text("MODE=live\n")
    assert found(place, kept) is None


def test_with_what_all_was_well_for_long_enough_nothing_is_wrong(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / ".env").write_text("MODE=live\n")
    good(place, kept)
    assert found(place, kept) is None, "the change stood without trouble"


def test_a_bad_version_that_was_put_back_is_no_version_to_go_back_to(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / ".env").write_text("MODE=broken\n")
    place.told(keeping(kept, well=False))
    (place.folder / ".env").write_text("MODE=worse\n")
    seen = found(place, kept)
    assert seen is not None
    place.told(put_back(kept, seen).script)
    assert present(place)[0] == ENV


def test_files_that_changed_again_are_left_alone(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / ".env").write_text("MODE=live\n")
    seen = found(place, kept)
    assert seen is not None
    (place.folder / ".env").write_text("MODE=mended by hand\n")
    ran = place.bash(put_back(kept, seen).script)
    assert ran.returncode == 1
    assert "not what was looked at any more" in ran.stderr
    assert present(place)[0] == "MODE=mended by hand\n"


def test_what_nginx_does_not_take_is_as_it_was(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / "edge.conf").write_text("proxy_read_timeout 2s;\n")
    seen = found(place, kept)
    assert seen is not None
    (place.folder / "calls.broken").touch()
    ran = place.bash(put_back(kept, seen).script)
    assert ran.returncode == 1
    assert "nginx does not take it" in ran.stderr
    assert present(place)[2] == "proxy_read_timeout 2s;\n"


def test_a_file_that_is_new_since_then_is_a_person_s_to_take_away(place: Host, kept: Kept) -> None:
    (place.folder / "edge.conf").unlink()
    good(place, kept)
    (place.folder / "edge.conf").write_text(NGINX)
    assert found(place, kept) is None


def test_a_file_that_is_gone_comes_back(place: Host, kept: Kept) -> None:
    good(place, kept)
    (place.folder / ".env").unlink()
    seen = found(place, kept)
    assert seen is not None
    place.told(put_back(kept, seen).script)
    assert present(place)[0] == ENV


def test_copies_are_for_their_owner_only_and_not_many(place: Host, kept: Kept) -> None:
    for n in range(20):
        (place.folder / ".env").write_text(f"MODE={n}\n")
        good(place, kept)
    found = subprocess.run(
        ["find", f"{place.folder}/kept", "-perm", "/077"], capture_output=True, text=True, check=True
    )
    assert not found.stdout
    (listed,) = (place.folder / "kept").iterdir()
    assert sum(one.is_dir() for one in listed.iterdir()) <= 12


@pytest.mark.parametrize("told", ["", "versions a b", "versions x y 1 2\nfile 0 changed", "file 0 changed", "\x00"])
def test_what_is_no_answer_is_nothing(kept: Kept, told: str) -> None:
    assert changed(kept, told) is None
