"""A copy holds together or is not kept; put back it is whole, whatever cuts it off."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError, JournalError, Refused
from firstfive.incident.events import Noted
from firstfive.stores import open_journal
from firstfive.stores.backup import make, newest, prune, put_back
from firstfive.stores.backup.archive import JOURNAL, MANIFEST

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def write(path: Path, *texts: str) -> None:
    async def story() -> None:
        journal = await asyncio.to_thread(open_journal, f"sqlite:///{path}")
        try:
            await journal.write(
                lambda tx: tx.append(tx.open_incident(NOON), "ada", [Noted(text=text) for text in texts], NOON)
            )
        finally:
            await journal.close()

    asyncio.run(story())


def read(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as plain:
        return [json.loads(row[0])["text"] for row in plain.execute("SELECT data FROM event ORDER BY incident, seq")]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / "journal.db"
    write(path, "one", "two")
    return path


def test_a_copy_is_put_back_elsewhere_as_it_was(journal: Path, tmp_path: Path) -> None:
    made = make(journal, tmp_path / "copies" / "a.tar.gz", NOON, beside={"firstfive.toml": Path(__file__)})
    assert (made.proved.incidents, made.proved.entries) == (1, 2)
    assert made.path.stat().st_mode & 0o777 == 0o600
    elsewhere = tmp_path / "new" / "journal.db"
    done = put_back(made.path, elsewhere)
    assert (read(elsewhere), done.before, done.made_at) == (["one", "two"], None, NOON.isoformat())
    assert "A copy holds together" in done.settings
    write(elsewhere, "three")
    assert read(elsewhere) == ["one", "two", "three"], "and goes on"


def test_it_is_made_beside_somebody_who_writes(journal: Path, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime\n"
        "from firstfive.incident.events import Noted\n"
        "from firstfive.stores import open_journal\n"
        "async def go():\n"
        "    journal = open_journal(sys.argv[1])\n"
        "    now = datetime(2026, 11, 23, tzinfo=UTC)\n"
        "    while True:\n"
        "        await journal.write(lambda tx: tx.append('INC-1', 'ada', [Noted(text='more')], now))\n"
        "        print('written', flush=True)\n"
        "asyncio.run(go())\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{journal}"], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        counts = [make(journal, tmp_path / f"{n}.tar.gz", NOON).proved.entries for n in range(3)]
        with pytest.raises(JournalError, match="uses this journal"):
            put_back(tmp_path / "0.tar.gz", journal, replace=True)
    finally:
        writer.kill()
        writer.wait()
        assert writer.stdout is not None
        writer.stdout.close()
    assert counts == sorted(counts)
    assert counts[0] > 2


def test_it_never_writes_over_anything(journal: Path, tmp_path: Path) -> None:
    made = make(journal, tmp_path / "a.tar.gz", NOON)
    with pytest.raises(JournalError, match="never written over"):
        make(journal, tmp_path / "a.tar.gz", NOON)
    with pytest.raises(Refused, match="a journal is here already"):
        put_back(made.path, journal)


def test_what_was_there_is_kept_with_its_newest_entries(journal: Path, tmp_path: Path) -> None:
    made = make(journal, tmp_path / "a.tar.gz", NOON)
    write(journal, "three")
    done = put_back(made.path, journal, replace=True)
    assert done.before is not None
    assert (read(journal), read(done.before)) == (["one", "two"], ["one", "two", "three"])
    again = put_back(made.path, journal, replace=True)
    assert again.before != done.before


def test_a_journal_that_was_altered_is_not_copied(journal: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(journal)) as plain:
        plain.execute("UPDATE event SET data = replace(data, 'two', 'too')")
        plain.commit()
    with pytest.raises(JournalError, match="a chain of the copy does not hold"):
        make(journal, tmp_path / "a.tar.gz", NOON)
    assert [one.name for one in tmp_path.iterdir()] == ["state"], "nothing is left behind"


def packed(path: Path, *files: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def manifest(**files: object) -> tuple[str, bytes]:
    return MANIFEST, json.dumps({"format": 1, "files": files}).encode()


def strange(folder: Path) -> list[tuple[Path, str]]:
    whole = {"bytes": 3, "sha256": "0" * 64}
    one = {JOURNAL: whole}
    link = folder / "link.tar.gz"
    with tarfile.open(link, "w:gz") as tar:
        name, content = manifest(**one)
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
        hard = tarfile.TarInfo(JOURNAL)
        hard.type, hard.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(hard)
    bomb = folder / "bomb.tar.gz"
    bomb.write_bytes(gzip.compress(b"\0" * (64 << 20)))
    (folder / "text").write_text("no archive")
    return [
        (folder / "text", "Not a gzipped file"),
        (packed(folder / "a", ("x", b"1")), "does not begin with a manifest"),
        (packed(folder / "b", (MANIFEST, b"{")), "does not begin with a manifest"),
        (packed(folder / "c", (MANIFEST, b"x" * 99_999)), "does not begin with a manifest"),
        (packed(folder / "d", (MANIFEST, json.dumps({"format": 9, "files": one}).encode())), "of format 9"),
        (packed(folder / "e", manifest(**one)), "journal.db is missing"),
        (packed(folder / "f", manifest(**one), ("../../evil", b"1")), "is not in its manifest"),
        (packed(folder / "g", manifest(**one, **{"../evil": whole}), ("../evil", b"123")), "is not in its manifest"),
        (packed(folder / "h", manifest(**one), (JOURNAL, b"12345")), "not as long as its manifest says"),
        (packed(folder / "i", manifest(**one), (JOURNAL, b"123")), "not what its manifest says"),
        (link, "is no file"),
        (bomb, "does not begin with a manifest|missing|empty|cannot be used"),
    ]


def test_what_is_no_copy_of_ours_changes_nothing(journal: Path, tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    folder.mkdir()
    for archive, why in strange(folder):
        with pytest.raises(JournalError, match=why):
            put_back(archive, journal, replace=True)
        assert read(journal) == ["one", "two"], why
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_copy_that_was_cut_off_is_refused(journal: Path, tmp_path: Path, share: float) -> None:
    whole = make(journal, tmp_path / "a.tar.gz", NOON).path.read_bytes()
    (tmp_path / "b.tar.gz").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FirstfiveError):
        put_back(tmp_path / "b.tar.gz", tmp_path / "new" / "journal.db")
    assert not (tmp_path / "new" / "journal.db").exists()


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2, 0.3])
def test_kill_nine_leaves_the_old_or_the_new_one_whole(journal: Path, tmp_path: Path, after: float) -> None:
    made = make(journal, tmp_path / "a.tar.gz", NOON)
    write(journal, "three")
    code = (
        "import sys\nfrom pathlib import Path\nfrom firstfive.stores.backup import put_back\nprint('go', flush=True)\n"
        "put_back(Path(sys.argv[1]), Path(sys.argv[2]), replace=True)\n"
    )
    words = [sys.executable, "-c", code, str(made.path), str(journal)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert read(journal) in (["one", "two"], ["one", "two", "three"])
    write(journal, "four")
    journal_opened = open_journal(f"sqlite:///{journal}", read_only=True)
    try:
        assert journal_opened.verify() == ()
    finally:
        asyncio.run(journal_opened.close())


def test_a_full_disk_is_said_and_leaves_nothing(journal: Path, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="could not be made"):
        make(journal, Path("/dev/full/x.tar.gz"), NOON)


def test_the_oldest_copies_go_and_other_files_stay(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"2026-11-0{day}T020000Z.firstfive.tar.gz").touch()
    (tmp_path / "mine.tar.gz").touch()
    assert [path.name[:10] for path in prune(tmp_path, 2)] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert (newest(tmp_path) or tmp_path).name.startswith("2026-11-05")
    assert (tmp_path / "mine.tar.gz").exists()


def test_two_at_once_do_not_hinder_each_other(journal: Path, tmp_path: Path) -> None:
    threads = [threading.Thread(target=make, args=(journal, tmp_path / f"{n}.tar.gz", NOON)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.glob("*.tar.gz"))) == 4


def test_accounts_and_keys_go_along_when_they_are_asked_for_and_never_over_others(
    journal: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(journal.with_name("accounts.db"))) as plain:
        plain.execute("CREATE TABLE account (name TEXT)")
        plain.execute("INSERT INTO account VALUES ('ana')")
        plain.commit()
    journal.with_name("links.key").write_text("k" * 32)
    beside = {name: journal.with_name(name) for name in ("accounts.db", "links.key")}
    made = make(journal, tmp_path / "a.tar.gz", NOON, beside=beside)
    new = tmp_path / "new" / "journal.db"
    new.parent.mkdir()
    new.with_name("links.key").write_text("another")
    put_back(made.path, new)
    with closing(sqlite3.connect(new.with_name("accounts.db"))) as plain:
        assert plain.execute("SELECT name FROM account").fetchall() == [("ana",)]
    assert new.with_name("links.key").read_text() == "another"
