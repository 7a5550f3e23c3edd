"""One drill from its first harm to its card: break the lab, watch the server answer, play the person, heal, and score.

Called by the command line. Talks to the running server by the calls it is given, to the lab through a target. Whatever happens in
between, the fault is taken out at the end.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from firstfive.app.hands import target_of
from firstfive.app.program import DRILL
from firstfive.documents.drill import Card, Read, Times, Wanted, card, card_from, markdown
from firstfive.engine.clock import SystemClock
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.faults import Fault, Lab
from firstfive.settings import Settings

View = dict[str, Any]
Ask = Callable[[str, str, View | None], View]
Say = Callable[[str], None]

PERSON, SECOND = "drill", "drill-second"
LOOK = 0.2
NOTICED_WITHIN, PLAYED_WITHIN, OVER_WITHIN, WELL_WITHIN = 30.0, 45.0, 60.0, 60.0
IDLE = 10.0  # seconds without anything to approve until the scripted person ends the harm by hand
READS = 3.0  # seconds in which the scripted person reads what comes in, before anything is approved
WATCHED = 6.0  # seconds after a change in which the scripted person only watches
STEADY = 5.0  # seconds without a symptom until it counts as mended; a process that restarts is well in between
FOLDER = "drills"


def lab_of(settings: Settings) -> Lab:
    """The default target as a lab. Its scripts see nothing of the env file, so that what is edited there counts."""
    name = settings.default_target
    held = settings.targets[name]
    target = target_of(name, replace(held, env_file=None) if held.kind == "local" else held, settings)
    return Lab(target=target, allowed=held.lab, note=settings.state / DRILL)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Only one drill at a time on a state folder; raises Refused naming the process that drills already."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = os.open(settings.state / "drill.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(held, 20, 0).decode(errors="replace").strip() or "another process"
        os.close(held)
        raise Refused(f"a drill is on already, by process {owner}", remedy="wait for its end, or end it") from None
    try:
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(held)


@dataclass(slots=True, kw_only=True)
class Practice:
    """Drills on one lab against one server. `ask` is one call of the API; `say` tells whoever watches; `scripted`
    plays the person too."""

    settings: Settings
    lab: Lab
    ask: Ask
    say: Say
    page: str
    scripted: bool = True
    clock: SystemClock = field(default_factory=SystemClock)
    patience: float = PLAYED_WITHIN
    propose: Callable[[Fault], str] = lambda _: (
        ""
    )  # the edit of the page that would have shown a silent fault, as a diff
    lacks: Callable[[bytes], Sequence[str]] = lambda _: ()  # what a post-mortem lacks that the program itself owes
    seen: View | None = None  # the incident of the newest drill, as it stood at its end
    known: dict[str, View] = field(default_factory=dict)  # incidents that were opened while drilling, as they began

    async def heal(self) -> Fault | None:
        """Take out what a drill left in place; the fault, or None when nothing was."""
        left = self.lab.left()
        if left is not None:
            await self.lab.undo(left)
            await self._until(self.lab.well, WELL_WITHIN)
            self._called_off(frozenset())  # what it declared would take in what the next drill causes
            self.lab.clear()
        return left

    async def run(self, fault: Fault) -> Card:
        """One drill. Raises Refused when it must not begin; then nothing was touched."""
        await self.lab.check()
        left = await self.heal()
        if left is not None:
            self.say(f"healed {left.name}, which an earlier drill had left")
        before = self._fit_to_begin()
        if not await self._until(self.lab.well, WELL_WITHIN):
            raise Refused(
                "the lab is not well, so a drill would show nothing", remedy="firstfive drill heal, or make lab"
            )
        times = Times(injected=self.clock.now())
        seen: View | None = None
        try:
            times = await self._broken(fault, times)
            times, seen = await self._noticed(fault, times, before)
            if seen is not None:
                seen = await self._played(fault, seen, before)
                stood = seen["mitigated_at"]
                times = replace(times, mitigated=datetime.fromisoformat(stood) if stood else None)
        except BaseException:
            await self.lab.undo(fault)
            self.lab.clear()
            self._called_off(before)
            raise
        caused = len(self._opened(before))  # making the lab as new is no fault, whatever it makes for a moment
        times = replace(times, healed=self.clock.now())
        await self.lab.undo(fault)
        times = replace(times, well=await self._well())
        if seen is not None:
            seen = await self._over(seen["id"], fault)
        for other in self._opened(before):
            if seen is None or other != seen["id"]:
                await self._over(other, fault)
        self.lab.clear()
        self.seen = seen
        return self._card(fault, times, seen, caused)

    # ------------------------------------------------------------------------------------------------- before it begins

    def _fit_to_begin(self) -> frozenset[str]:
        """Ids of the incidents that are there already. Raises Refused while a real one is open."""
        for row in self.ask("GET", "/incidents", None)["incidents"]:
            whole = self.ask("GET", f"/incidents/{row['id']}", None)
            if whole["resolved_at"] is None and not whole["drill"]:
                raise Refused(
                    f"{row['id']} is open and no drill: {row['title']}",
                    remedy="end it first; drills wait for the real thing",
                )
        return frozenset(str(row["id"]) for row in self.ask("GET", "/incidents?all=1", None)["incidents"])

    def _give_way(self, before: frozenset[str]) -> None:
        """Raise Refused once a real incident has begun beside the drill: whoever is on call has that one to look at."""
        for name in self._opened(before):
            if name not in self.known:
                self.known[name] = self.ask("GET", f"/incidents/{name}", None)
            whole = self.known[name]
            if not whole["drill"]:
                raise Refused(
                    f"{name} began during the drill and is real: {whole['title']}",
                    remedy="the fault is out and the drill is over; drill again when the real one has ended",
                )

    def _called_off(self, before: frozenset[str]) -> None:
        """End what a drill that was broken off has declared, as far as the server still answers."""
        with suppress(FirstfiveError):
            for name in self._opened(before):
                whole = self.ask("GET", f"/incidents/{name}", None)
                if whole["drill"] and whole["resolved_at"] is None:
                    self._say(name, "resolve", {"root_cause": "a drill", "why": "the drill was called off"})

    def _opened(self, before: frozenset[str]) -> list[str]:
        listed = self.ask("GET", "/incidents?all=1", None)["incidents"]
        return [str(row["id"]) for row in reversed(listed) if row["id"] not in before]

    # --------------------------------------------------------------------------------------------------------- during it

    async def _broken(self, fault: Fault, times: Times) -> Times:
        """Inject, and look meanwhile when it begins to hurt: some faults hurt before they are in whole."""
        going = asyncio.create_task(self.lab.inject(fault, times.injected))
        try:
            while not going.done():
                if times.hurt is None and await self.lab.hurts(fault):
                    times = replace(times, hurt=self.clock.now())
                await self.clock.sleep(LOOK)
        finally:
            await going
        self.say(f"in place: {fault.what}")
        return times

    async def _noticed(self, fault: Fault, times: Times, before: frozenset[str]) -> tuple[Times, View | None]:
        """Until it hurts and an incident stands, or until patience ends."""
        until = self.clock.now() + fault.patience + timedelta(seconds=NOTICED_WITHIN)
        found: list[str] = []
        while self.clock.now() < until and not (times.hurt and found):
            if times.hurt is None and await self.lab.hurts(fault):
                times = replace(times, hurt=self.clock.now())
                self.say("it hurts")
                until = self.clock.now() + timedelta(seconds=NOTICED_WITHIN)
            found = found or self._opened(before)
            self._give_way(before)
            await self.clock.sleep(LOOK)
        if not found:
            self.say("nothing was declared")
            return times, None
        seen = self.ask("GET", f"/incidents/{found[0]}", None)
        self.say(f"{seen['id']} SEV-{seen['level']} {seen['title']}")
        return times, seen

    async def _played(self, fault: Fault, seen: View, before: frozenset[str]) -> View:
        """Act until it is mitigated, or until nothing is left to approve."""
        name, started, patience = seen["id"], self.clock.now(), self.patience
        idle = quiet = started
        taken: set[str] = set()
        if self.scripted:
            self._say(name, "ack", {})
        while True:
            self._give_way(before)
            seen, now = self.ask("GET", f"/incidents/{name}", None), self.clock.now()
            if seen["resolved_at"]:
                return seen
            if not seen["mitigated_at"] or any(signal["firing"] for signal in seen["signals"]):
                quiet = now
            if (now - quiet).total_seconds() > STEADY:
                return seen
            busy = any(row["state"] in ("approved", "started") for row in (*seen["steps"], *seen["offered"]))
            # what comes in is read first, and what was just done is given time to show
            looks = (now - idle).total_seconds() > WATCHED if taken else (now - started).total_seconds() > READS
            looks = looks and quiet == now  # while nothing is wrong, nobody says yes to more
            if busy or (self.scripted and looks and self._approved(seen, taken)):
                idle = now
            over = (now - started).total_seconds() > patience
            if over or (self.scripted and (now - idle).total_seconds() > IDLE * (2 if taken else 1)):
                well = await self._until(self.lab.well, STEADY)  # one look that fails on a busy machine is no suffering
                if not well or (over and (patience > self.patience or not taken)):
                    return seen  # nothing left to approve and customers still suffer, or time is up
                if over:
                    patience += (
                        fault.fades.total_seconds() + STEADY
                    )  # some symptoms are counted over a while, and stand that long
            await self.clock.sleep(LOOK)

    def _approved(self, seen: View, taken: set[str]) -> bool:
        """Approve the first that waits and needs no value, one at a time, as many people as it takes."""
        for waiting in _in_order(seen):
            if waiting["step"] in taken or waiting["missing"]:
                continue  # what did not help once is not tried again
            taken.add(waiting["step"])
            if not seen["hypothesis"]:
                self._say(seen["id"], "hypothesis", {"text": "what this drill practises"})
            fields = {"run": waiting["run"], "sha256": waiting["sha256"]}
            fields |= {"affirmed": True} if waiting.get("first") else {}
            fields |= {"confirm": waiting["confirm"]} if waiting.get("confirm") else {}
            people = (PERSON, SECOND)[: waiting.get("people", 1)]
            if all([self._say(seen["id"], "approve", fields, by=name) for name in people]):
                self.say(f"approved {waiting['step']}: {str(waiting['script']).strip().splitlines()[0][:90]}")
                return True
        return False

    def _say(self, name: str, verb: str, fields: View, *, by: str = PERSON) -> bool:
        """The drill's person says something; False when it was refused, as what comes too late is."""
        try:
            self.ask("POST", f"/incidents/{name}/{verb}", {"by": by, **fields})
        except FirstfiveError as refused:
            self.say(f"refused: {verb}: {refused.what}")
            return False
        return True

    async def _well(self) -> datetime | None:
        return self.clock.now() if await self._until(self.lab.well, WELL_WITHIN) else None

    async def _over(self, name: str, fault: Fault) -> View:
        """The update that a person sends, then until it is resolved and written up; a person ends what does not end itself."""
        said = False
        until = self.clock.now() + timedelta(seconds=OVER_WITHIN) + fault.fades
        while self.clock.now() < until:
            seen = self.ask("GET", f"/incidents/{name}", None)
            if not said and self.scripted and not seen["resolved_at"]:
                said = True
                self._say(name, "update", {"text": f"The fault is out: {fault.what}."})
            if seen["resolved_at"] and self._told(seen):
                return seen
            await self.clock.sleep(LOOK)
        seen = self.ask("GET", f"/incidents/{name}", None)
        if not seen["resolved_at"]:
            self.say(f"{name} did not end by itself")
            self._say(name, "resolve", {"root_cause": fault.what, "why": "the drill is over"})
        return self.ask("GET", f"/incidents/{name}", None)

    @staticmethod
    def _told(seen: View) -> bool:
        owed = seen["postmortem_due"] and not seen["postmortem"] and not seen["postmortem_why_not"]
        return not owed and any(notice["kind"] == "resolution" for notice in seen["notices"])

    async def _until(self, true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        until = self.clock.now() + timedelta(seconds=seconds)
        while not await true():
            if self.clock.now() > until:
                return False
            await self.clock.sleep(LOOK)
        return True

    # --------------------------------------------------------------------------------------------------------- after it

    def _card(self, fault: Fault, times: Times, seen: View | None, opened: int) -> Card:
        read = None
        if seen is not None and seen["postmortem"]:
            with suppress(OSError):
                raw = (self.settings.vault / seen["postmortem"]["path"]).read_bytes()
                read = Read(places=raw.count("…".encode()), lacks=tuple(self.lacks(raw)))
        wanted = Wanted(fault=fault.name, what=fault.what, level=fault.level, fits=fault.fits, outside=fault.outside)
        mode = "auto" if self.scripted else "hands-on"
        proposed = self.propose(fault) if seen is None else ""
        return card(wanted, times, seen, opened=opened, mode=mode, page=self.page, read=read, proposed=proposed)


def _in_order(seen: View) -> list[View]:
    """What waits, as a person would take it: the roll-back that the page puts first, what evidence offers, then the leading runbook."""
    leading = seen["ranking"][0]["runbook"] if seen["ranking"] else ""
    back = seen["rollback"]["step"] if seen["rollback"] else ""

    def place(waiting: View) -> int:
        if waiting["step"] == back:
            return 0
        return 1 if waiting.get("unasked") else 2 if str(waiting["step"]).startswith(leading) else 3

    return sorted((waiting for waiting in seen["waiting"] if place(waiting) < 3), key=place)


def keep(settings: Settings, one: Card, seen: View | None = None) -> Path:
    """The card beside the journal, as JSON and to read, and what was seen, to be played at a table; returns the readable one."""
    folder = settings.state / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = name_of(one)
    (folder / f"{name}.json").write_text(json.dumps(one.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    readable = folder / f"{name}.md"
    readable.write_text(markdown(one), encoding="utf-8")
    if seen is not None:
        (folder / f"{name}.seen").write_text(json.dumps(seen, ensure_ascii=False), encoding="utf-8")
    return readable


def name_of(one: Card) -> str:
    """What a card is called: when it went in and the fault, as a name of a file."""
    return f"{one.at.replace(':', '').replace('+0000', 'Z')}-{one.fault}"


def recording(settings: Settings, fault: Fault) -> View:
    """What the newest drill of that fault showed. Raises FirstfiveError when there was none."""
    for file in sorted((settings.state / FOLDER).glob(f"*-{fault.name}.seen"), reverse=True):
        with suppress(OSError, ValueError):
            found: View = json.loads(file.read_text(encoding="utf-8"))
            return found
    raise FirstfiveError(
        f"nothing was recorded of {fault.name} yet",
        where=str(settings.state / FOLDER),
        remedy=f"run it once in a lab: firstfive drill run {fault.name}",
    )


def history(settings: Settings) -> tuple[Card, ...]:
    """Every card that was kept, the oldest first; what is no card is left out."""
    found: list[Card] = []
    for file in sorted((settings.state / FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            data: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            found.append(card_from(data))
    return tuple(found)


def needs_server() -> FirstfiveError:
    """What to say when no server answers for these settings."""
    return FirstfiveError(
        "a drill needs the server that it is about, and none runs on these settings",
        remedy="start firstfive serve with the same settings first",
        exit_code=Exit.TARGET_UNREACHABLE,
    )
