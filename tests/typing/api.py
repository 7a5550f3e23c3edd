"""Type-checked, never run: what somebody writes who adds an edge of their own must satisfy the ports as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.incident.records import Run
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.ports import (
    Clock,
    Delivered,
    Heard,
    Journal,
    Message,
    Notifier,
    Output,
    Probe,
    Receipt,
    Retry,
    Target,
    Trace,
    Vault,
)


@dataclass(frozen=True, slots=True)
class Pager:
    """A notifier."""

    name: str = "pager"

    async def send(self, message: Message) -> Receipt:
        return Delivered(reference=message.key) if message.urgent else Retry(after=timedelta(seconds=5), why="busy")


@dataclass(frozen=True, slots=True)
class Queue:
    """A probe."""

    name: str = "queue"
    symptoms: tuple[str, ...] = ("queue.s1",)

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        return [Signal(kind=SignalKind.STATUS, source="queue", subject="jobs", firing=False, text="short", at=now)]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A target."""

    name: str = "elsewhere"

    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output:
        return Output(exit_code=0, text=script, stdout=script, dropped=0, took=timeout)

    async def run(self, run: Run, heard: Heard | None = None) -> Output:
        return await self.look(run.script, timeout=run.timeout)

    async def trace(self, run_id: str) -> Trace:
        return Trace.ABSENT


def wired(clock: Clock, journal: Journal, vault: Vault) -> tuple[Notifier, Probe, Target, Clock, Journal, Vault]:
    """Every edge where its port is expected."""
    return Pager(), Queue(), Elsewhere(), clock, journal, vault
