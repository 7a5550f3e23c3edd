"""What steps say while they run: a live view for whoever watches the room. The record is what the step left at its end.

Filled by `running`; read by `web`. Keeps the newest of what each live run said, in memory only; secrets and control sequences are out
of it before anybody sees a byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from firstfive.engine.redact import Redactor

KEPT = 64 * 1024
SHOWN = 4000
BREATH = 0.25


@dataclass(slots=True, kw_only=True)
class _Saying:
    incident: str
    step: str
    raw: str = ""
    cut: bool = False
    told_soon: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The newest of what one live run said, cleaned: whole lines only, so that no secret is told in two halves."""

    run: str
    step: str
    text: str


@dataclass(slots=True, kw_only=True)
class Aloud:
    """The live runs of every incident."""

    redactor: Redactor
    _runs: dict[str, _Saying] = field(default_factory=dict)
    _followers: tuple[Callable[[str], None], ...] = ()

    def begin(self, incident: str, run: str, step: str) -> Callable[[str], None]:
        """A run begins; the returned function takes its output as it comes, in the event loop."""
        self._runs[run] = _Saying(incident=incident, step=step)
        return lambda block: self._hear(run, block)

    def end(self, run: str) -> None:
        """It ended: its record stands on the timeline now."""
        self._runs.pop(run, None)

    def of(self, incident: str) -> tuple[Said, ...]:
        """What the live runs of an incident say, in the order in which they began."""
        mine = ((run, one) for run, one in self._runs.items() if one.incident == incident)
        return tuple(Said(run=run, step=one.step, text=self._shown(one)) for run, one in mine)

    def follow(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call `heard` with an incident's id when one of its runs said something, until the returned function is called."""

        def mine(incident: str) -> None:
            heard(incident)

        self._followers = (*self._followers, mine)

        def stop() -> None:
            self._followers = tuple(other for other in self._followers if other is not mine)

        return stop

    def _shown(self, one: _Saying) -> str:
        start = one.raw.find("\n") + 1 if one.cut else 0
        text = self.redactor.clean(one.raw[start : one.raw.rfind("\n") + 1])[0]
        if len(text) > SHOWN:
            text = text[-SHOWN:]
            text = text[text.find("\n") + 1 :]
        return text

    def _hear(self, run: str, block: str) -> None:
        one = self._runs.get(run)
        if one is None:
            return
        one.raw += block
        if len(one.raw) > KEPT:
            one.raw, one.cut = one.raw[-KEPT:], True
        if not one.told_soon and self._followers:
            one.told_soon = True
            asyncio.get_running_loop().call_later(BREATH, self._tell, one)

    def _tell(self, one: _Saying) -> None:
        one.told_soon = False
        for follower in self._followers:
            follower(one.incident)
