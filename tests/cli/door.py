"""What a command answered, and the same commands as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO = ROOT / "examples" / "demo"
# Commands that answer in a protocol of their own, so `--json` means nothing there.
PROTOCOLS = {"lsp", "mcp"}
ALONE = "note: no server runs, so this is only written down; `firstfive serve` acts on it\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that it must be."""
        return json.loads(self.out)


class Ask(Protocol):
    """The `ask` fixture."""

    def __call__(self, *words: str, typed: str = "") -> Said: ...


def argv(*words: str) -> list[str]:
    return [sys.executable, "-m", "firstfive", *words]


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "FIRSTFIVE_USER": "sam", **more}


def process(*words: str, cwd: Path, typed: str = "", **more: str) -> Said:
    """One command as a process of its own."""
    done = subprocess.run(
        argv(*words),
        cwd=cwd,
        env=environment(**more),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def page(folder: Path, text: str | bytes, name: str = "Incident Response.md") -> Path:
    """A vault of one page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
