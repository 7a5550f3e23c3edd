"""Publishing into a folder: whole files, in order, only what changed, through no link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.stores.published import write

FILES = {"incidents/a.html": b"one", "api/v2/summary.json": b"{}", "index.html": b"front"}


def test_what_is_new_is_written_and_told_and_the_second_time_nothing_is(tmp_path: Path) -> None:
    place = tmp_path / "not" / "there" / "yet"
    assert write(place, FILES) == tuple(FILES)
    assert write(place, FILES) == ()
    assert write(place, {**FILES, "index.html": b"other"}) == ("index.html",)
    found = {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    assert found == {**FILES, "index.html": b"other"}


def test_a_web_server_can_read_it_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path, FILES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "api" / "v2").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "index.html").stat().st_mode) == 0o644


def test_pages_of_before_and_files_of_others_stay(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "robots.txt").write_text("theirs")
    assert write(tmp_path, {"index.html": b"front"}) == ()
    assert (tmp_path / "incidents" / "a.html").read_bytes() == b"one"
    assert (tmp_path / "robots.txt").read_text() == "theirs"


def test_a_link_in_the_place_of_a_file_is_replaced_and_what_it_led_to_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_bytes(b"front")
    place = tmp_path / "place"
    place.mkdir()
    (place / "index.html").symlink_to(outside)
    assert write(place, {"index.html": b"front"}) == ("index.html",), "the same bytes behind a link are not ours"
    assert not (place / "index.html").is_symlink()
    write(place, {"index.html": b"new"})
    assert outside.read_bytes() == b"front"


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    outside, place = tmp_path / "outside", tmp_path / "place"
    outside.mkdir()
    place.mkdir()
    (place / "incidents").symlink_to(outside)
    with pytest.raises(FirstfiveError) as refused:
        write(place, FILES)
    assert refused.value.where == str(place / "incidents/a.html")
    assert refused.value.remedy
    assert list(outside.iterdir()) == []


def test_the_folder_itself_may_be_a_link_of_the_team(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "named").symlink_to(tmp_path / "real")
    write(tmp_path / "named", {"index.html": b"x"})
    assert (tmp_path / "real" / "index.html").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a//b", ".hidden", "a/../b", "", "a\n", "a/", "a b", "é"])
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(FirstfiveError):
        write(tmp_path, {"index.html": b"x", name: b"y"})
    assert list(tmp_path.iterdir()) == []


def test_when_one_file_cannot_be_written_the_front_page_stays_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "index.html": b"old"})
    (tmp_path / "api" / "v2" / "summary.json").unlink()
    (tmp_path / "api" / "v2" / "summary.json").mkdir()
    with pytest.raises(FirstfiveError):
        write(tmp_path, FILES)
    assert (tmp_path / "index.html").read_bytes() == b"old"
    assert [p.name for p in tmp_path.rglob(".*")] == [], "no half-written file is left"


def test_what_a_crash_left_is_taken_away(tmp_path: Path) -> None:
    left = tmp_path / ".firstfive-0123456789abcdef.tmp"
    left.write_bytes(b"half")
    other = tmp_path / ".firstfive-notes.tmp"
    other.write_bytes(b"somebody's")
    write(tmp_path, {"index.html": b"x"})
    assert (left.exists(), other.exists()) == (False, True)
