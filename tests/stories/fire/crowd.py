"""The people and the senders of the fire: each asks whoever answers, asks again until somebody does, and remembers what was accepted."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from stories.fire.ground import COMPONENT, Ground

STEP = "web-down#2"
PATIENCE = 600.0


@dataclass(slots=True)
class Accepted:
    """What was answered with 2xx, and so may never be lost. `troubles` are sentences about what went wrong for a person."""

    signals: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    public: list[tuple[str, str]] = field(default_factory=list)  # (status, text) that everybody was told
    approved: list[tuple[str, str]] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True, kw_only=True)
class Crowd:
    """`steps` changes are asked for in all, a few on each incident; after `seconds` nobody begins another incident."""

    here: Ground
    steps: int
    a_room: int = 8
    seconds: float = 7200
    accepted: Accepted = field(default_factory=Accepted)
    _rooms: itertools.count[int] = field(default_factory=itertools.count)

    def work(self, people: int) -> None:
        """Until all of it is done; a sender posts alerts all the while."""
        self.seconds += time.monotonic()
        sending = threading.Thread(target=self._send, daemon=True)
        sending.start()
        reading = threading.Thread(target=self._customer, daemon=True)
        reading.start()
        rooms = -(-self.steps // self.a_room)
        working = [threading.Thread(target=self._person, args=(rooms,), daemon=True) for _ in range(people)]
        for one in working:
            one.start()
        for one in working:
            one.join()
        self.here.over.set()
        sending.join(timeout=60)
        reading.join(timeout=60)

    # ------------------------------------------------------------------------------------------------------- senders

    def _send(self) -> None:
        for number in itertools.count():
            if self.here.over.wait(0.3):
                return
            name = f"backup-{number}"
            alert = {"title": f"Backup older than 24h {number}", "service": name, "severity": "hygiene", "dedup": name}
            for _ in range(200):
                node = random.choice(self.here.nodes)
                try:
                    status, _ = node.ask("POST", "/hooks/generic", alert, patience=10, **{"Idempotency-Key": name})
                except (OSError, AssertionError):
                    status = 0
                if 200 <= status < 300:
                    with self.accepted.lock:
                        self.accepted.signals.append(name)
                    break
                time.sleep(0.2)

    def _customer(self) -> None:
        """Reads the public page of one node after the other."""
        while not self.here.over.wait(2):
            self.here.public.look(random.choice(self.here.nodes))

    # -------------------------------------------------------------------------------------------------------- people

    def _person(self, rooms: int) -> None:
        while (number := next(self._rooms)) < rooms and time.monotonic() < self.seconds:
            try:
                self._incident(number, min(self.a_room, self.steps - number * self.a_room))
            except AssertionError as trouble:
                with self.accepted.lock:
                    self.accepted.troubles.append(f"room {number}: {trouble}"[:3000])

    def _incident(self, number: int, steps: int) -> None:
        made = self._said("/incidents", {"by": "ada", "title": f"web is down {number}", "level": 1 + number % 2})
        name = str(made["id"])
        self._said(f"/incidents/{name}/ack", {"by": "ada"})
        self._told(name, number, "investigating")
        for step in range(steps):
            text = f"note {number}.{step}"
            self._said(f"/incidents/{name}/note", {"by": "ada", "text": text})
            with self.accepted.lock:
                self.accepted.notes.append((name, text))
            self._changed(name, step + 1)
        self._said(f"/incidents/{name}/resolve", {"by": "ada", "root_cause": "fire", "why": "done"})
        with self.accepted.lock:
            self.accepted.resolved.append(name)
        self._told(name, number, "resolved")

    def _told(self, name: str, number: int, status: str) -> None:
        """Everybody is told."""
        texts = {
            "investigating": f"Checkout {number} does not work. We'll post the next update in 30 minutes.",
            "resolved": f"Checkout {number} works again. Resolved at 15:10 UTC.",
        }
        body = {"by": "ada", "text": texts[status], "status": status, "components": COMPONENT}
        self._said(f"/incidents/{name}/public", body)
        with self.accepted.lock:
            self.accepted.public.append((status, texts[status]))

    def _changed(self, name: str, wanted: int) -> None:
        """One change: asked for, approved, ended. Whoever gets no answer looks first and then says it again."""
        until = time.monotonic() + PATIENCE
        asked = approved = ""
        seen: Any = None
        while time.monotonic() < until:
            began = time.monotonic()
            seen = self._asked("GET", f"/incidents/{name}")
            pause = max(
                0.7, 4 * (time.monotonic() - began)
            )  # where the machine is slow, looking must not be all that it does
            if seen is None:
                continue
            kinds = [
                row["kind"] for row in seen["timeline"] if "Restart" in row["text"] or row["kind"] == "StepFinished"
            ]
            done = kinds.count("StepFinished") + kinds.count("OutcomeSettled")
            if done >= wanted:
                return
            if seen["waiting"]:
                row = seen["waiting"][0]
                said = {"by": "ada", "run": row["run"], "sha256": row["sha256"]}
                if self._asked("POST", f"/incidents/{name}/approve", said) is not None:
                    approved = row["run"]
                    with self.accepted.lock:
                        self.accepted.approved.append((name, approved))
            elif seen["timeline"][-1]["seq"] and len([k for k in kinds if k == "StepRequested"]) < wanted:
                asked = STEP
                self._asked("POST", f"/incidents/{name}/run", {"by": "ada", "step": STEP})
            else:
                time.sleep(pause)
        last = [f"{row['kind']} {row['text'][:80]}" for row in seen["timeline"][-8:]] if seen else []
        raise AssertionError(f"{name}: change {wanted} did not end (asked {asked!r}, approved {approved!r}): {last}")

    def _said(self, path: str, body: dict[str, Any]) -> Any:
        """The answer of the first that gives one. The same words again, with the same key, act once."""
        until = time.monotonic() + PATIENCE
        key = f"{path}{json.dumps(body, sort_keys=True)}"
        while time.monotonic() < until:
            if (answer := self._asked("POST", path, body, key)) is not None:
                return answer
        raise AssertionError(f"nobody took {path}")

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> Any:
        """One try with one node: what it answers, or None after a moment."""
        headers = {"Idempotency-Key": str(abs(hash(key)))} if key else {}
        try:
            status, said = random.choice(self.here.nodes).ask(method, f"/api/v1{path}", body, patience=12, **headers)
        except (OSError, AssertionError):
            status, said = 0, b""
        if 200 <= status < 300:
            return json.loads(said)
        time.sleep(0.2)
        return None
