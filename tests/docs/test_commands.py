"""Every command line in the documentation is run here, or named with the test that runs it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.reading import FILES, ROOT, command_blocks, name_of
from firstfive.__main__ import main

# Lines that want a path of the reader's own, a server, or minutes: the test that runs the same elsewhere.
ELSEWHERE = {
    'firstfive check "path/to/Incident Response.md"': (
        "tests/cli/test_page_commands.py::test_check_takes_a_folder_a_page_or_an_option"
    ),
    "firstfive init path/to/vault": (
        "tests/cli/test_page_commands.py::test_init_writes_settings_that_load_and_that_check_accepts"
    ),
    "firstfive serve": "tests/cli/test_serve.py::test_serve_says_where_the_room_is",
    "firstfive room": "tests/cli/terminal/test_plain.py::test_the_open_incident_is_found_and_several_are_named",
    "firstfive room INC-1": "tests/cli/terminal/test_seat.py::test_the_main_job_by_keys_inside_tmux",
    "firstfive room INC-1 --plain": "tests/cli/terminal/test_plain.py::test_a_whole_incident_by_typed_words",
    "firstfive room INC-1 --json": "tests/cli/terminal/test_plain.py::test_json_is_one_object_a_line",
    "firstfive doctor": "tests/cli/test_serve.py::test_the_doctor_sees_the_server",
    "firstfive status-page preview": (
        "tests/cli/test_public_commands.py::test_what_was_told_stands_in_the_folder_and_nothing_else_does"
    ),
    "firstfive migrate --from sqlite:///.firstfive/journal.db --to postgresql://firstfive@db.example.org/firstfive": (
        "tests/cli/several/test_nodes.py::test_a_journal_is_moved_and_goes_on_there"
    ),
    "firstfive output INC-1 shop-down#1": (
        "tests/cli/test_whole_output.py::test_all_of_it_is_read_again_and_its_hash_stands_in_the_timeline"
    ),
    "firstfive check --strict": "tests/cli/test_page_commands.py::test_check_strict_fails_on_a_warning",
}
BLOCKS = [(file, block) for file in FILES for block in command_blocks(file)]


def repository(shop: Path) -> Path:
    """A repository of a reader's own, with the page below docs/operations."""
    folder = shop.parent / "repository" / "docs" / "operations"
    folder.mkdir(parents=True)
    shutil.copy(shop / "Incident Response.md", folder / "Incident.md")
    return shop.parent / "repository"


@pytest.mark.parametrize(("file", "block"), BLOCKS, ids=[f"{name_of(f)}-{b[0]}" for f, b in BLOCKS])
def test_a_block_of_commands_works(
    file: Path,
    block: list[str],
    shop: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if any("docs/operations" in line for line in block):
        monkeypatch.chdir(repository(shop))
    else:
        assert main(["declare", "the shop is shut"]) == 0
    for line in block:
        if line in ELSEWHERE:
            continue
        words = shlex.split(line)
        if words[0] == "make":
            done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"
            continue
        code = main(words[1:])
        told = capsys.readouterr()
        assert code == 0, f"{line}: {told.err}"


def test_the_documentation_shows_commands() -> None:
    assert len(BLOCKS) >= 10


@pytest.mark.parametrize(("line", "test"), ELSEWHERE.items(), ids=list(ELSEWHERE))
def test_what_is_proven_elsewhere_is_there(line: str, test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE)
    assert any(line in block for _, block in BLOCKS), "no page shows it any more"


def test_the_make_targets_that_are_named_in_prose_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for file in FILES for word in re.findall(r"`make ([a-z-]+)", file.read_text())}
    assert named
    assert named <= targets
