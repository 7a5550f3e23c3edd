"""`firstfive`, but it is killed with signal 9 at one moment of its first call under a key. Run as: python dying_calls.py MOMENT serve ...

The moments: `taken` (the key is known, nothing is done yet) and `done` (what was asked for is written, its answer is not).
The program itself is the real one; only its keys are told where to end it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from firstfive.__main__ import main
from firstfive.stores.calls import Call, Keys


def die(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


@contextlib.contextmanager
def dies_first(_: Keys, call: Call) -> Iterator[None]:
    die()
    yield


if __name__ == "__main__":
    match sys.argv[1]:
        case "taken":
            Keys.acting = dies_first  # type: ignore[method-assign, assignment]
        case "done":
            Keys.answered = die  # type: ignore[method-assign]
    sys.exit(main(sys.argv[2:]))
