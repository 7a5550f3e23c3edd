"""One process owns a journal, on a disk that can keep a lock."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firstfive.errors import JournalError
from firstfive.stores import open_journal, ownership

HOLD = """
import sys
from firstfive.stores import open_journal
journal = open_journal("sqlite:///" + sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_by_name_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    holding = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(JournalError, match=f"process {holder.pid} uses this journal") as caught:
            open_journal(f"sqlite:///{path}")
        assert caught.value.remedy
        holder.kill()
    asyncio.run(open_journal(f"sqlite:///{path}").close())


def test_a_process_cannot_open_its_own_journal_twice(tmp_path: Path) -> None:
    journal = open_journal(f"sqlite:///{tmp_path / 'j.db'}")
    with pytest.raises(JournalError, match=f"process {os.getpid()}"):
        open_journal(f"sqlite:///{tmp_path / 'j.db'}")
    asyncio.run(journal.close())
    asyncio.run(open_journal(f"sqlite:///{tmp_path / 'j.db'}").close())


def test_programs_that_we_start_do_not_inherit_the_lock(tmp_path: Path) -> None:
    journal = open_journal(f"sqlite:///{tmp_path / 'j.db'}")
    with subprocess.Popen(["sleep", "30"], close_fds=False) as child:
        asyncio.run(journal.close())
        asyncio.run(open_journal(f"sqlite:///{tmp_path / 'j.db'}").close())
        child.kill()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "j.db.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(JournalError):
        open_journal(f"sqlite:///{tmp_path / 'j.db'}")
    assert (tmp_path / "victim").read_text() == "precious"


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:44 / /srv rw,relatime shared:2 - nfs4 nas:/export rw,vers=4.2
41 40 8:2 / /srv/local rw,relatime - xfs /dev/sdb1 rw
42 22 0:45 / /home/an\\040admin rw - fuse.sshfs host: rw
43 22 0:46 / /mnt rw - cifs //nas/share rw
44 22 8:3 / /mnt rw - ext4 /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("/var/lib/firstfive/journal.db", "ext4", "the root's own disk"),
        ("/srv/firstfive/journal.db", "nfs4", "a share"),
        ("/srvice/journal.db", "ext4", "not below /srv, only spelled like it"),
        ("/srv/local/journal.db", "xfs", "a local disk mounted on a share"),
        ("/home/an admin/journal.db", "fuse.sshfs", "a mount point with a space"),
        ("/mnt/journal.db", "ext4", "the later mount hides the earlier"),
    ],
)
def test_the_file_system_is_the_one_mounted_nearest(path: str, kind: str, reason: str) -> None:
    assert ownership.filesystem(Path(path), MOUNTS)[0] == kind, reason
    if kind in ownership.SHARED:
        with pytest.raises(JournalError, match=kind) as caught:
            ownership.refuse_shared(Path(path), mounts=MOUNTS)
        assert "local disk" in caught.value.remedy
    else:
        ownership.refuse_shared(Path(path), mounts=MOUNTS)


def test_where_no_mounts_are_told_nothing_is_refused() -> None:
    assert ownership.filesystem(Path("/x"), "") == ("", "")
    ownership.refuse_shared(Path("/x"), mounts="garbage\n - \n")
