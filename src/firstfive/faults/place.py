"""A lab as the place of a drill: it is marked as one, faults go in, and they come out again whatever happens.

Called by `app.practice`. What is in place stands in a file before it is injected, so that whoever comes next can heal it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.faults.model import Fault
from firstfive.faults.registry import by_name
from firstfive.faults.stack import LABELLED, MARKED, RESTORE, WELL
from firstfive.ports import Output, Target

UNMARKED, UNLABELLED = 97, 98
LONG, SHORT = timedelta(seconds=120), timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A fault that is or may be in place: `at` is ISO 8601 in UTC, `pid` the process that drills."""

    fault: str
    target: str
    at: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A target that may be harmed. `allowed` is what settings say; the mark on the host must say so too. `note` is the healing note."""

    target: Target
    allowed: bool
    note: Path

    async def check(self) -> None:
        """Raise Refused unless both settings and the host say that this is a lab."""
        if not self.allowed:
            raise Refused(
                f"{self.target.name} is no lab: settings do not say so",
                remedy=f"only where nothing real runs: [targets.{self.target.name}] lab = true",
            )
        told = await self._look(MARKED + LABELLED, SHORT)
        if told.exit_code:
            raise Refused(
                f"{self.target.name} does not carry the mark of a lab: {told.text.strip()[-200:] or 'it does not answer'}",
                remedy="make lab starts one; nothing was touched",
            )

    async def inject(self, fault: Fault, now: datetime) -> None:
        """Write down what goes in, then put it in. Raises Refused for no lab, FirstfiveError when it does not go in."""
        await self.check()
        self.write(Standing(fault=fault.name, target=self.target.name, at=now.isoformat(), pid=os.getpid()))
        told = await self._look("set -e\n" + fault.inject, LONG)
        if told.exit_code:
            raise FirstfiveError(
                f"{fault.name} did not go in: {told.text.strip()[-300:]}",
                where=self.target.name,
                remedy="firstfive drill heal makes the lab whole",
                exit_code=Exit.TARGET_UNREACHABLE,
            )

    async def hurts(self, fault: Fault) -> bool:
        """Whether its effect can be seen now."""
        return (await self._look(fault.seen, SHORT)).exit_code == 0

    async def well(self) -> bool:
        """Whether the shop works for its customers."""
        return (await self._look("set -e\n" + WELL, SHORT)).exit_code == 0

    async def undo(self, fault: Fault) -> None:
        """Take it out and make the stack as new. Needs the mark in the folder only: a container may be gone."""
        if not self.allowed:
            raise Refused(f"{self.target.name} is no lab", remedy="nothing was touched")
        told = await self._look(MARKED + fault.heal + "\nset -e\n" + RESTORE, LONG)
        if told.exit_code:
            raise FirstfiveError(
                f"{fault.name} could not be healed: {told.text.strip()[-300:]}",
                where=self.target.name,
                remedy="firstfive drill heal tries again; make lab-down and make lab make a new one",
                exit_code=Exit.TARGET_UNREACHABLE,
            )

    def standing(self) -> Standing | None:
        """What the note says is in place; None when nothing is. An unreadable note is some fault: everything is healed."""
        try:
            return Standing(**json.loads(self.note.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            return Standing(fault="", target=self.target.name, at="", pid=0)

    def left(self) -> Fault | None:
        """The fault that the note names; one that nobody knows is healed like the first of the table."""
        held = self.standing()
        if held is None:
            return None
        try:
            return by_name(held.fault)
        except FirstfiveError:
            return by_name("backend-missing-env")

    def write(self, standing: Standing) -> None:
        """Keep the note, whole or not at all."""
        self.note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.note.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(asdict(standing), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.note)

    def clear(self) -> None:
        """Nothing is in place any more."""
        self.note.unlink(missing_ok=True)

    async def _look(self, script: str, patience: timedelta) -> Output:
        return await self.target.look(script, timeout=patience)
