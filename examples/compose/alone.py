"""One hand at a time on a lab: nobody starts or removes what another is just starting or removing.

Called by `lab`. The sign is a name of this machine's own and no file, so nothing is left of it, however its holder ends.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from place import LabError
from share import GROUP


@contextmanager
def alone() -> Iterator[None]:
    """Raises LabError that names the process which is at work on this lab."""
    name = f"\0{GROUP}"
    with socket.socket(socket.AF_UNIX) as held:
        try:
            held.bind(name)
        except OSError:
            raise LabError(f"{_holder(name)} is at work on this lab; wait for its end") from None
        held.listen()
        yield


def _holder(name: str) -> str:
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(name)
            pid, _, _ = struct.unpack("3i", asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError:
            return "another process"
        return f"process {pid}"
