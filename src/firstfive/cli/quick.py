"""`firstfive status` without loading the program: one read-only look at the journal's own summaries.

Called by `__main__` before anything else is imported. Answers only the plain cases; returns None for everything else, and the full
command takes over. Never writes.
"""

from __future__ import annotations

import os
import sys

UNWATCHED = "note: no server runs, so nothing is watched and nobody is paged; `firstfive serve` starts it\n"


def status(words: list[str]) -> int | None:
    """Print the open incidents. None when this look is not enough: an incident named, options, settings beyond plain ones."""
    as_json = words == ["--json"]
    if words and not as_json:
        return None
    database = _database()
    if database is None:
        return None
    from firstfive.stores.glance import glance

    try:
        rows = glance(database)
    except Exception:
        return None
    if as_json:
        import json

        sys.stdout.write(json.dumps({"schema": "firstfive/1", "incidents": rows}) + "\n")
        return 0
    if not rows:
        sys.stdout.write("No open incident.\n")
    for row in rows:
        sys.stdout.write(line(row) + "\n")
    if not _served(os.path.dirname(database)):
        sys.stdout.flush()
        sys.stderr.write(UNWATCHED)
    return 0


def _served(state: str) -> bool:
    """Whether the server that owns this state folder lives; its own file says which process it is."""
    try:
        with open(os.path.join(state, "server.json"), encoding="utf-8") as text:
            process = text.read().partition('"pid": ')[2]
        os.kill(int("".join(c for c in process.partition(",")[0] if c.isdigit())), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def line(row: dict[str, object]) -> str:
    """One open incident in one line."""
    taken = f"taken by {row['acknowledged_by']}" if row.get("acknowledged_by") else "nobody has taken it"
    waiting = row.get("waiting")
    ask = f", {waiting} waiting for approval" if waiting else ""
    return f"{row['id']}  SEV-{row.get('level', '?')}  {row.get('status', '')}  {row.get('title', '')}  ({taken}{ask})"


def _database() -> str | None:
    """Where the journal is, read off a plain settings file; None when it takes more than that to know."""
    if os.environ.get("FIRSTFIVE_SERVER"):  # noqa: TID251 - as below
        return None
    named = os.environ.get("FIRSTFIVE_CONFIG")  # noqa: TID251 - settings is too heavy for this path; same variable, same meaning
    folder = os.getcwd()
    file = named
    while file is None:
        candidate = os.path.join(folder, "firstfive.toml")
        if os.path.isfile(candidate):
            file = candidate
        elif folder == os.path.dirname(folder):
            return None
        else:
            folder = os.path.dirname(folder)
    try:
        with open(file, encoding="utf-8") as text:
            lines = text.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    state = ".firstfive"
    for row in lines:
        key, separator, value = (part.strip() for part in row.partition("="))
        key = key.strip("\"'")
        if row.lstrip().startswith("["):
            break
        if separator and key == "database":
            return None
        if separator and key == "state":
            state = value.partition("#")[0].strip().strip("\"'")
    return os.path.join(os.path.dirname(os.path.abspath(file)), state, "journal.db")
