"""What a node has seen on the disk of the journal, kept on its own: where timelines ended, and which database it was.

A journal that no longer holds what was seen was put back to an earlier moment. Kept in the state folder, so that it outlives a restart.
Called by the two databases and by `app`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from firstfive.stores.tables import event

FILE = "seen.json"
MOST = 50
Ends = dict[str, tuple[int, str]]


@dataclass(slots=True, kw_only=True)
class Mark:
    """`ends` is incident -> (seq, hash) of entries that were durable, the newest last; `epoch` the epoch that was known then."""

    ends: Ends = field(default_factory=dict)
    epoch: int = 0

    def saw(self, ends: Mapping[str, tuple[int, str]]) -> None:
        """These timelines ended so, in a commit that is done."""
        for name, end in ends.items():
            self.ends.pop(name, None)
            self.ends[name] = end
        while len(self.ends) > MOST:
            self.ends.pop(next(iter(self.ends)), None)


def forgotten(connection: sa.Connection, mark: Mark) -> str:
    """What the journal held and holds no more, in words; empty when all that was seen is there."""
    if not mark.ends:
        return ""
    names = list(mark.ends)
    wanted = sa.select(event.c.incident, event.c.seq, event.c.hash).where(
        sa.tuple_(event.c.incident, event.c.seq).in_([(name, mark.ends[name][0]) for name in names])
    )
    there = {(row.incident, row.seq, row.hash) for row in connection.execute(wanted)}
    lost = [name for name in names if (name, *mark.ends[name]) not in there]
    if not lost:
        return ""
    seq = mark.ends[lost[-1]][0]
    return f"entry {seq} of {lost[-1]} was written here and is gone, so the journal was put back to an earlier moment"


def kept(folder: Path, journal: str) -> Mark:
    """The mark that was kept for this journal; an empty one when there is none, or one of another journal."""
    try:
        held = json.loads((folder / FILE).read_text())
        if held["journal"] != journal:
            return Mark()
        ends = {str(name): (int(end[0]), str(end[1])) for name, end in held["ends"]}
        return Mark(ends=ends, epoch=int(held["epoch"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return Mark()


def keep(folder: Path, journal: str, mark: Mark) -> None:
    """Keep it, whole or not at all; a folder that cannot be written keeps what was there."""
    ends = [[name, list(end)] for name, end in list(mark.ends.items())]
    part = folder / f"{FILE}.part"
    with contextlib.suppress(OSError):
        part.write_text(json.dumps({"journal": journal, "epoch": mark.epoch, "ends": ends}))
        os.replace(part, folder / FILE)
