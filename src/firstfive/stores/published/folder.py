"""Files put into a folder one by one, each whole or not at all, in the order given.

Called by `Place`. Writes only what differs, removes nothing that it did not make in the same breath, and goes through no link below the
folder: a link in the place of a file is replaced, one in the place of a folder refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from firstfive.errors import FirstfiveError
from firstfive.stores.files.held import holds

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_LEFT = re.compile(r"\.firstfive-[0-9a-f]{16}\.tmp")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WHY = {
    errno.ENOSPC: ("the disk is full", "free space on that file system; it is tried again"),
    errno.EDQUOT: ("the quota is used up", "free space or raise the quota; it is tried again"),
    errno.EROFS: ("it is read-only", "name another folder in [status_page]"),
    errno.EACCES: ("it may not be written", "give the user that runs Firstfive the right to write there"),
    errno.EPERM: ("it may not be written", "give the user that runs Firstfive the right to write there"),
    errno.ELOOP: ("a link stands in the place of a folder", "replace the link by a folder"),
    errno.ENOTDIR: ("a link or a file stands in the place of a folder", "replace it by a folder"),
}


def write(folder: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Make these files stand in the folder, in their order, and return those that were not there with these bytes.

    Files of other names stay. Everything is readable by all, as a web server needs it. Raises FirstfiveError naming the path.
    """
    for path in files:
        if not all(_NAME.fullmatch(part) for part in path.split("/")):
            raise FirstfiveError(f"{path!r} is no name for a published file", where=str(folder))
    changed: list[str] = []
    at = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = os.open(folder.resolve(), _FOLDER)
        try:
            for path, data in files.items():
                at = folder / path
                *above, name = path.split("/")
                if _put(root, above, name, data):
                    changed.append(path)
        finally:
            os.close(root)
    except OSError as problem:
        what, remedy = _WHY.get(problem.errno or 0, (problem.strerror or str(problem), "look at the folder"))
        raise FirstfiveError(f"the status page cannot be written: {what}", where=str(at), remedy=remedy) from problem
    return tuple(changed)


def _put(root: int, above: list[str], name: str, data: bytes) -> bool:
    """Whether the file had to be written."""
    opened = [os.dup(root)]
    try:
        for part in above:
            made = _made(opened[-1], part)
            opened.append(os.open(part, _FOLDER, dir_fd=opened[-1]))
            if made:
                os.fchmod(opened[-1], 0o755)
        if holds(opened[-1], name, data):
            return False
        _replace(opened[-1], name, data)
        return True
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)


def _made(folder: int, name: str) -> bool:
    """Whether the folder was not there before."""
    try:
        os.mkdir(name, 0o755, dir_fd=folder)
    except FileExistsError:
        return False
    return True


def _replace(folder: int, name: str, data: bytes) -> None:
    """Give the name to a new file, once that is on disk."""
    _tidy(folder)
    made = f".firstfive-{secrets.token_hex(8)}.tmp"
    opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        with open(opened, "wb") as new:
            new.write(data)
            new.flush()
            os.fchmod(opened, 0o644)
            os.fsync(opened)
        os.rename(made, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(made, dir_fd=folder)
        raise
    os.fsync(folder)


def _tidy(folder: int) -> None:
    """Take away what a crash left of our own half-written files."""
    for name in os.listdir(folder):
        if _LEFT.fullmatch(name):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
