"""The team's notes in a folder: every page read as bytes, new files written into one folder and never over a person's.

Built by `app`; read by it to compile the page, written by the engine for post-mortems. It changes, renames and deletes nothing that
it did not just make, and follows no link out of the vault.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from firstfive.errors import VaultError
from firstfive.stores.files.committed import commit
from firstfive.stores.files.held import holds

LARGEST = 5 * 1024 * 1024
MOST_CONFLICTS = 99

# What every system that may sync the vault can store, and what does not break a link in a note.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|#^\[\]]|^[ .]|[ .]$')
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
_WHY = {
    errno.ENOSPC: ("the disk is full", "free space on that file system; it is tried again"),
    errno.EDQUOT: ("the quota is used up", "free space or raise the quota; it is tried again"),
    errno.EROFS: ("it is read-only", "mount it writable, or set the post-mortem folder to one that is"),
    errno.EACCES: ("it may not be written", "give the user that runs Firstfive the right to write there"),
    errno.EPERM: ("it may not be written", "give the user that runs Firstfive the right to write there"),
}


@dataclass(frozen=True, slots=True)
class FolderVault:
    """`ports.Vault` on the folder `root`; new files go below `postmortem_folder`, which is relative to it.

    With `commits` a new file is put into the vault's git history; `told` hears why it was not.
    """

    root: Path
    postmortem_folder: str
    commits: bool = False
    told: Callable[[str], None] = lambda _: None

    def pages(self) -> Mapping[str, bytes]:
        """Every readable `.md` file by its vault-relative path, in order. Raises VaultError when there is no such folder."""
        return {name: found for name, found in self._look() if isinstance(found, bytes)}

    def unreadable(self) -> Mapping[str, str]:
        """Each page that `pages` leaves out, and why."""
        return {name: found for name, found in self._look() if isinstance(found, str)}

    def stamp(self) -> int:
        """A number that changes when a page is written, added or removed; far cheaper than reading them all."""
        seen: list[tuple[str, int, int]] = []
        for folder, below, files in os.walk(self._real_root()):
            below[:] = [name for name in below if not name.startswith(".")]
            for name in files:
                if name.lower().endswith(".md"):
                    with contextlib.suppress(OSError):
                        status = os.stat(os.path.join(folder, name))
                        seen.append((os.path.join(folder, name), status.st_mtime_ns, status.st_size))
        return hash(tuple(sorted(seen)))

    def write_new(self, path: str, text: str) -> str:
        """Write a new file, whole or not at all, and return the vault-relative path that it got.

        When the file is there with these very bytes, nothing is written; with other bytes it stays, and the text goes beside it as
        `name.conflict.md`, `name.conflict-2.md` and so on. Raises VaultError when the path is not one of ours or cannot be written.
        """
        inside = _names(path, within=self.postmortem_folder)
        data = text.encode("utf-8", "replace")
        try:
            folder = _open_folder(self._real_root(), inside[:-1])
            try:
                written = "/".join((*inside[:-1], _place(folder, inside[-1], data)))
            finally:
                os.close(folder)
        except OSError as problem:
            what, remedy = _WHY.get(problem.errno or 0, (problem.strerror or str(problem), "look at the folder"))
            raise VaultError(
                f"{path} could not be written: {what}", where=str(self.root / path), remedy=remedy
            ) from problem

        if self.commits and (why := commit(self._real_root(), written, f"Add {written}")):
            self.told(why)
        return written

    def _real_root(self) -> Path:
        try:
            real = self.root.resolve(strict=True)
        except OSError as problem:
            raise VaultError(
                f"there is no vault: {problem.strerror}",
                where=str(self.root),
                remedy="set vault to the folder of the notes",
            ) from problem
        if not real.is_dir():
            raise VaultError(
                "the vault is not a folder", where=str(self.root), remedy="set vault to the folder of the notes"
            )
        return real

    def _look(self) -> Iterator[tuple[str, bytes | str]]:
        """Each page with its bytes, or with the reason why it cannot be read, by path."""
        root = self._real_root()
        found: dict[str, Path | str] = {}
        for folder, below, files in os.walk(root, onerror=_raise):
            here = Path(folder)
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in below:
                if (here / name).is_symlink() and not _within(here / name, root):
                    found[_relative(here / name, root)] = "a link that leaves the vault"
            for name in files:
                if name.lower().endswith(".md") and not name.startswith("."):
                    found[_relative(here / name, root)] = here / name
        for name, page in sorted(found.items()):
            yield _shown(name), page if isinstance(page, str) else _read(page, root)


def _raise(problem: OSError) -> None:
    if isinstance(problem, FileNotFoundError):
        return  # it went away while we looked
    raise VaultError(
        f"a folder of the vault cannot be read: {problem.strerror}",
        where=str(problem.filename),
        remedy="give the user that runs Firstfive the right to read it",
    ) from problem


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _shown(name: str) -> str:
    """A file name that is not UTF-8, made printable; such a page is read all the same."""
    return os.fsencode(name).decode("utf-8", "replace")


def _within(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _read(path: Path, root: Path) -> bytes | str:
    if path.is_symlink() and not _within(path, root):
        return "a link that leaves the vault"
    try:
        opened = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as problem:
        return f"it cannot be opened: {problem.strerror}"
    with open(opened, "rb") as page:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            return "not a file"
        data = page.read(LARGEST + 1)
    return data if len(data) <= LARGEST else f"larger than {LARGEST // 2**20} MB"


def _names(path: str, *, within: str) -> tuple[str, ...]:
    """The parts of a vault-relative path below the one folder we write to. Raises VaultError for any other."""
    allowed = tuple(PurePosixPath(within).parts)
    names = tuple(path.split("/"))
    wrong = ""
    if not allowed or within.startswith("/") or any(_UNSAFE.search(name) for name in allowed):
        wrong = f"{within!r} is no folder inside the vault"
    elif names[: len(allowed)] != allowed or len(names) <= len(allowed):
        wrong = f"only {within}/ is written to"
    elif any(not name or _UNSAFE.search(name) or len(name.encode("utf-8", "replace")) > 200 for name in names):
        wrong = "its name holds what not every system can store"
    elif not names[-1].endswith(".md"):
        wrong = "it is no Markdown file"
    if wrong:
        raise VaultError(
            f"{path!r} is not written: {wrong}", where=path, remedy="set the post-mortem folder to one inside the vault"
        )
    return names


def _open_folder(root: Path, names: tuple[str, ...]) -> int:
    """A descriptor of the folder below `root`, made where it is missing; a link on the way must stay inside the vault."""
    folder = root.joinpath(*names)
    if not _within(folder, root):
        raise VaultError(
            f"{'/'.join(names)} leads out of the vault", where=str(folder), remedy="replace the link by a folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(os.path.realpath(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _place(folder: int, name: str, data: bytes) -> str:
    """Put `data` into the folder under `name` or the first conflict name that is free or holds it already."""
    stem = name.removesuffix(".md")
    numbered = (f"{stem}.conflict-{n}.md" for n in range(2, MOST_CONFLICTS + 1))
    for candidate in (name, f"{stem}.conflict.md", *numbered):
        if holds(folder, candidate, data) or (not _exists(folder, candidate) and _publish(folder, candidate, data)):
            return candidate
    raise VaultError(
        f"{name} has {MOST_CONFLICTS} conflicting copies", where=name, remedy="merge them into one and delete the rest"
    )


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _publish(folder: int, name: str, data: bytes) -> bool:
    """Make the file appear whole and on disk under its name; False when somebody was faster."""
    made = f".{secrets.token_hex(8)}.tmp"
    opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        with open(opened, "wb") as page:
            page.write(data)
            page.flush()
            os.fsync(opened)
        if not _name(folder, made, name):
            return False
        os.fsync(folder)
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made, dir_fd=folder)


def _name(folder: int, made: str, name: str) -> bool:
    """Give the finished file its name without ever taking that from another; False when it is taken."""
    try:
        os.link(made, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        if _exists(folder, name):  # a file system without links: the nearest thing it offers
            return False
        os.rename(made, name, src_dir_fd=folder, dst_dir_fd=folder)
    return True
