"""Starting a program in a folder and a session of its own.

Called by `local`. Waits for nothing but the program's beginning.

The C library's own `posix_spawn` is asked, because Python's cannot choose the folder, and its `subprocess` waits for a pipe that closes
as the program begins: Linux takes that for a hand-over and leaves us on the processor that the program was given, so that we come back
when it is nearly over. A C library that is too old to choose the folder (glibc before 2.29) leaves `subprocess`.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

_LIBC = ctypes.CDLL(None)
_CHOOSES_FOLDER = hasattr(_LIBC, "posix_spawn_file_actions_addchdir_np")
# Of <spawn.h> and <signal.h>, the same in glibc and musl on every processor; the room is more than either asks for.
_SETSIGDEF, _SETSID = 0x04, 0x80
_ATTRIBUTES, _ACTIONS, _SIGNALS = 512, 128, 128
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)  # by Python, and a program expects them as they were
_FIRST_FREE = 3


def started(
    program: str, argv: Sequence[str], workdir: Path, environment: Mapping[str, str], streams: tuple[int, int, int]
) -> int:
    """The pid of `program`, a path with a folder. It inherits what is not closed on exec. Raises OSError as exec and chdir do."""
    words = [os.fsencode(word) for word in argv]
    given = [os.fsencode(f"{name}={value}") for name, value in environment.items()]
    if any(b"\0" in text for text in (*words, *given)):
        raise OSError(errno.EINVAL, "a NUL character cannot be passed on")  # what comes behind it would be lost
    if "/" not in program:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)  # never one that lies in `workdir`
    if not _CHOOSES_FOLDER:
        return by_subprocess(program, argv, workdir, environment, streams)
    if min(streams) < _FIRST_FREE:  # one of them would be written over before its turn
        moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for end in streams]
        try:
            return started(program, argv, workdir, environment, (moved[0], moved[1], moved[2]))
        finally:
            for end in moved:
                os.close(end)
    actions = ctypes.create_string_buffer(_ACTIONS)
    pid = ctypes.c_int()
    _LIBC.posix_spawn_file_actions_init(actions)
    try:
        for place, end in enumerate(streams):
            _LIBC.posix_spawn_file_actions_adddup2(actions, end, place)
        _LIBC.posix_spawn_file_actions_addchdir_np(actions, os.fsencode(workdir))
        problem = _LIBC.posix_spawn(
            ctypes.byref(pid), os.fsencode(program), actions, _attributes(), _ended(words), _ended(given)
        )
    finally:
        _LIBC.posix_spawn_file_actions_destroy(actions)
    if problem:
        raise OSError(problem, os.strerror(problem))
    return pid.value


def by_subprocess(
    program: str, argv: Sequence[str], workdir: Path, environment: Mapping[str, str], streams: tuple[int, int, int]
) -> int:
    """The same by Python's own means."""
    source, out, err = streams
    child = subprocess.Popen(
        argv,
        executable=program,
        stdin=source,
        stdout=out,
        stderr=err,
        cwd=workdir,
        env=dict(environment),
        start_new_session=True,
        close_fds=False,  # every descriptor of ours is closed on exec already
    )
    child.returncode = 0  # it is awaited by its pid
    return child.pid


def _ended(texts: list[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)


@lru_cache(maxsize=1)
def _attributes() -> ctypes.Array[ctypes.c_char]:
    attributes, signals = ctypes.create_string_buffer(_ATTRIBUTES), ctypes.create_string_buffer(_SIGNALS)
    _LIBC.posix_spawnattr_init(attributes)
    _LIBC.sigemptyset(signals)
    for number in _IGNORED:
        _LIBC.sigaddset(signals, int(number))
    _LIBC.posix_spawnattr_setsigdefault(attributes, signals)
    _LIBC.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSID))
    return attributes
