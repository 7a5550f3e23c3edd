"""Whether a folder already holds a file as it should be: asked before anything is written there.

Called by `vault` and `published`. Follows no link and writes nothing.
"""

from __future__ import annotations

import os
import stat


def holds(folder: int, name: str, data: bytes) -> bool:
    """Whether a real file of that name in the folder of this descriptor holds exactly this. A link never does: it may change behind our
    back.
    """
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    with open(opened, "rb") as there:
        return stat.S_ISREG(os.fstat(opened).st_mode) and there.read(len(data) + 1) == data
