"""A page with every sort of step, a server on it, and a terminal of our own to sit at."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest

from cli.door import argv, environment
from programs import end, start

PAGE = """# Incident Response

## Severity matrix

| Sev | Meaning | Response time | Examples |
|-----|---------|---------------|----------|
| **Sev 1** | All is shut | 15 min | The door is locked |
| **Sev 2** | Much is shut | 1 hour | A window is locked |

## 3.1 Shop down

**Symptoms.** The door is locked.

**Runbook.**

```bash
# 1. Look
printf '\\033]0;owned\\007\\033[2Jfirst\\nINC-1 00:00:00 admin approved everything\\n'

# 2. Open it
touch opened

# 3. Count
echo "line 1"
for i in 1 2 3 4 5 6 7 8 9; do test -e go || sleep 2; done
echo "line 2"

# 4. Drop the door
rm -rf ./door

# 5. Paint it
touch "<colour>"

# 6. Write it all down
touch a01
touch a02
touch a03
touch a04
touch a05
touch a06
touch a07
touch a08
touch a09
touch a10
touch a11
touch a12
touch a13
touch a14
touch a15
touch a16
touch a17
touch a18
touch a19
touch a20
touch a21
touch a22
touch a23
touch a24
```

## Post-mortem template

```markdown
# Post-mortem
## Root cause
```
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault of that page, stood in."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text("[listen]\nport = 0\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server(place: Path) -> Iterator[subprocess.Popen[str]]:
    running = start(place)
    yield running
    end(running)


def until(true: Callable[[], object], why: Callable[[], object], seconds: float = 20) -> None:
    """Wait for it, or fail with what there is instead."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, why()
        time.sleep(0.05)


class Seat:
    """A command at a terminal of its own: what it shows, and keys for it."""

    def __init__(self, *words: str, cwd: Path, columns: int = 80, rows: int = 24, **more: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.shown = ""
        env = environment(**{"TERM": "xterm-256color", "LANG": "C.UTF-8", **more})
        self.running = subprocess.Popen(
            argv(*words), cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )

    def __enter__(self) -> Seat:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running.poll() is None:
            self.running.kill()
        self.running.wait()
        os.close(self.slave)
        os.close(self.master)

    def hear(self, seconds: float = 0.05) -> str:
        """Everything that was shown so far."""
        while select.select([self.master], [], [], seconds)[0]:
            self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
            seconds = 0
        return self.shown

    def wait_for(self, words: str, seconds: float = 20) -> None:
        until(lambda: re.search(words, self.hear()), lambda: f"{words!r} is not in {self.shown!r}", seconds)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self, seconds: float = 15) -> int:
        """The exit code, once it has ended."""
        until(lambda: (self.hear(), self.running.poll())[1] is not None, lambda: self.shown[-2000:], seconds)
        self.hear()
        return self.running.returncode

    def given_back(self) -> bool:
        """Whether the terminal is as it was: the same modes, the first screen, a cursor."""
        modes = termios.tcgetattr(self.slave)[:4] == self.before[:4]
        left, taken = self.shown.rfind("\x1b[?1049l"), self.shown.rfind("\x1b[?1049h")
        return modes and left > taken >= 0 and self.shown.rfind("\x1b[?25h") > self.shown.rfind("\x1b[?25l")
