"""One new file of the vault put into its git history, when the vault has one and the team wants it.

Called by `vault` after a file was written. Commits that file alone, whatever else is staged; a repository that is in the middle of
something is left alone. Never raises: the file is there, and what did not work is said in words.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE = 20
_MIDDLE = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "BISECT_LOG", "index.lock")
_WHO = ("-c", "user.name=Firstfive", "-c", "user.email=firstfive@localhost")


def commit(vault: Path, path: str, message: str) -> str:
    """Commit `path` (relative to the vault). Empty when it was done, else why it was not."""
    try:
        folder = _git(vault, "rev-parse", "--absolute-git-dir").strip()
        middle = next((name for name in _MIDDLE if (Path(folder) / name).exists()), "")
        if middle:
            return f"{path} is not committed: the repository is in the middle of something ({middle})"
        _git(vault, "add", "--intent-to-add", "--", path)
        known = _try(vault, "config", "user.email")
        _git(vault, *(() if known else _WHO), "commit", "--quiet", "--only", "-m", message, "--", path)
    except FileNotFoundError:
        return f"{path} is not committed: git is not installed"
    except subprocess.TimeoutExpired:
        return f"{path} is not committed: git took longer than {PATIENCE} s"
    except subprocess.CalledProcessError as problem:
        said = " ".join(str(problem.stderr or problem.stdout or problem).split())[:300]
        return f"{path} is not committed: {said}"
    return ""


def _git(vault: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"}  # noqa: TID251 - git needs its own
    ran = subprocess.run(
        ["git", "-C", str(vault), *words],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
        check=True,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    return ran.stdout


def _try(vault: Path, *words: str) -> str:
    try:
        return _git(vault, *words).strip()
    except subprocess.CalledProcessError:
        return ""
