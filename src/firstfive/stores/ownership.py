"""One process owns a journal file, and the file lies on a disk that can keep a lock.

Used by `sqlite` before it opens a journal for writing. The lock is the kernel's: it goes away with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from firstfive.errors import Exit, JournalError

# File systems shared between machines: their locks are advisory at best, and SQLite's shared memory does not work across them.
SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ncpfs", "coda", "ceph", "lustre", "gfs2", "ocfs2"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.davfs2", "fuse.gcsfuse"),
    }
)
LETTING_GO = 2.0
_MOUNTS = Path("/proc/self/mountinfo")


def take(path: Path) -> int:
    """Own the journal at `path`; returns the file descriptor that holds the lock until it is closed.

    Raises JournalError naming the process that owns it already, or that the folder cannot be used.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        held = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise JournalError(
            f"the journal's folder cannot be used: {problem.strerror}",
            where=str(beside),
            remedy="make sure that it exists and that the user that runs Firstfive may write there",
        ) from problem
    try:
        _locked(held)
    except OSError as problem:
        owner = os.pread(held, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(held)
        raise JournalError(
            f"process {owner} uses this journal",
            where=str(path),
            remedy="use the server that runs already, or stop that process, or set another state folder",
            exit_code=Exit.CONFLICT,
        ) from problem
    try:
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        pass  # on a full disk the lock still holds, only its owner has no name
    return held


def _locked(held: int) -> None:
    """Take the lock. One that this very process has just let go is waited for: a child of it may hold it until its exec.

    Raises OSError when another process has it.
    """
    until = time.monotonic() + LETTING_GO
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            ours = os.pread(held, 20, 0).strip() == str(os.getpid()).encode()
            if not ours or time.monotonic() >= until:
                raise
            time.sleep(0.02)
        else:
            return


def refuse_shared(path: Path, *, mounts: str | None = None) -> None:
    """Raise JournalError when the journal would lie on a file system that machines share.

    `mounts` is text in the form of /proc/self/mountinfo; where there is no such file, nothing is refused.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(errors="surrogateescape")
        except OSError:
            return
    kind, place = filesystem(path.resolve(), mounts)
    if kind in SHARED:
        raise JournalError(
            f"the journal would lie on {kind}, where locks cannot be trusted",
            where=f"{path} (mounted at {place})",
            remedy="set the state folder to a local disk; copies of the journal may lie anywhere",
        )


def filesystem(path: Path, mounts: str) -> tuple[str, str]:
    """Kind and mount point of the file system that an absolute path lies on; the last mount on a place hides those before it."""
    kind, place = "", ""
    for line in mounts.splitlines():
        left, separator, right = line.partition(" - ")
        words = left.split(" ")
        if not separator or len(words) < 5:
            continue
        point = words[4].encode().decode("unicode_escape") if "\\" in words[4] else words[4]
        if path.is_relative_to(point) and len(point) >= len(place):
            kind, place = right.split(" ")[0], point
    return kind, place
