"""Events about steps and their runs: wanted, asked, approved, started, ended, taken back; and the way back that was planned.

Part of `events`, which hands them on. An event never changes once written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from firstfive.incident.records import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackProposed:
    """Stability before forensics: this step rolls back, and this is why now."""

    step: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """A value for a placeholder of a step, from a person or from a fact."""

    step: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequested:
    """A person asked for this step out of turn; a changing one still needs approval."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped:
    """A step that will not run, and why: its condition is false, or a person said so."""

    step: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """This exact run waits for a person. `doubts` are conditions nobody could check; `missing` are open placeholders.

    `people` different persons must say yes, out of `who` when it is not empty; `confirm` is to be typed word for word; each text of
    `first` is something the page wants done before, to be affirmed. `warnings` are to be read before the yes.
    """

    run: Run
    why: str
    doubts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    people: int = 1
    who: tuple[str, ...] = ()
    confirm: str = ""
    first: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOffered:
    """A change that the page does not hold: out of the pack `pack`, exactly this, on this target.

    `id` stands where a step's id would. `undo` takes it back, `verify` looks whether it worked; either may be empty.
    `afterwards` is set when it makes sense after the incident is over as well; `unasked` when nobody asked for it and the rules offer it
    on evidence. It takes `people` names, who type `confirm` where it is not empty; `first` is what the page wants done before, and
    exit 0 of each of `proofs` on the target shows it.
    """

    id: str
    pack: str
    title: str
    target: str
    script: str
    undo: str
    verify: str
    timeout: timedelta
    why: str
    warnings: tuple[str, ...] = ()
    afterwards: bool = False
    unasked: bool = False
    people: int = 1
    confirm: str = ""
    first: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A person approved exactly these bytes for this target, once. Valid for ten minutes.

    `confirm` is what they typed; `affirmed` is whether they said that what must come first is done; `alone` is why one person was
    enough where two are asked for.
    """

    run: str
    sha256: str
    confirm: str = ""
    affirmed: bool = False
    alone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequested:
    """A person wants the change of this run taken back; that is a change of its own and needs approval."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlanned:
    """What going back would be here, found out on the target: the service's image that ran before, pinned in its own Compose file.

    `script` is exactly what would run on `target` with `environment`; `undo` takes it back; `diff` is the change of the file. `paused`
    are the updaters that it stops first, since they would move the tag again.
    """

    step: str
    target: str
    script: str
    environment: tuple[tuple[str, str], ...]
    undo: str
    diff: str
    service: str
    image: str
    paused: tuple[str, ...]
    timeout: timedelta
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackImpossible:
    """Nobody can go back by the ledger, and why; the page's own step is what is left."""

    step: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A person said no."""

    run: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalExpired:
    """Ten minutes passed before the run began; it must be asked for again."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """Intent, written before the first byte goes out."""

    run: Run
    approved_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotBegun:
    """A run that certainly did not run, and the whole reason: its target cannot be had, or what comes first does not hold.

    A look stays so until a person asks again; a change is asked for anew, since its approval is used up.
    """

    run: str
    step: str
    target: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """Outcome. `output` is redacted, stripped and capped; `dropped` counts bytes left out of it; `met` tells if it met its expectation.

    `attached` is the SHA-256 of what was kept beside the timeline where `output` holds only both ends of it; `lost` counts bytes that
    are missing there too.
    """

    run: str
    step: str
    exit_code: int
    output: str
    dropped: int
    took: timedelta
    met: bool
    why: str = ""
    attached: str = ""
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """Somebody died in between and the target does not remember. A person settles it; nothing runs again by itself."""

    run: str
    step: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettled:
    """A person found out whether it ran."""

    run: str
    step: str
    ran: bool
    note: str
