"""The team's own command that carries the published folder on, such as rsync: run without a shell, with a deadline.

Called by `Place`. What it runs stands in the settings, word by word; nothing of an incident is ever one of its words.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from firstfive.documents.plain import brief, line

COPY_WITHIN = timedelta(seconds=60)
KEPT = 300
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How the copy went: whether it ended well, why in one line, and how long it took."""

    ok: bool
    why: str
    took: timedelta


def copy_out(
    words: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    within: timedelta = COPY_WITHIN,
    leave: threading.Event | None = None,
) -> Copied:
    """Run the command in the folder and say how it went. Raises nothing.

    After `within`, or once `leave` is set, it is ended with all that it started.
    """
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            list(words),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        return Copied(ok=False, why=f"{words[0]} cannot be started: {problem}", took=timedelta(0))
    with child:
        said = _waited(child, began + within.total_seconds(), leave or threading.Event())
        if said is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    took = timedelta(seconds=time.monotonic() - began)
    if said is None:
        return Copied(ok=False, why=f"{words[0]} was ended after {brief(took)}", took=took)
    told = line(said.decode("utf-8", "replace")[-2000:], KEPT)
    if child.returncode:
        return Copied(ok=False, why=f"{words[0]} ended with {child.returncode}{f': {told}' if told else ''}", took=took)
    return Copied(ok=True, why=f"{words[0]} copied it in {brief(took)}", took=took)


def _waited(child: subprocess.Popen[bytes], until: float, leave: threading.Event) -> bytes | None:
    """What it said once it has ended by itself; None when there is no more time for it."""
    while time.monotonic() < until and not leave.is_set():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=LOOK_EVERY)[0]
    return None
