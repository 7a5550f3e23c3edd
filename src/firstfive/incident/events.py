"""Everything that can stand on a timeline, in the past tense.

Written by the engine (what the rules ordered and what came of it) and by people through `timeline.accept`. Read by
`timeline.fold` and by `documents`. An event never changes once written; a new kind of fact is a new class here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from firstfive.incident.records import Answer, Fact, Ranked, Run, Status
from firstfive.incident.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The incident exists. `started_at` is the first sign of it; `handbook` the digest of the page it is pinned to."""

    title: str
    level: int
    why: str
    handbook: str
    started_at: datetime
    watched: tuple[str, ...] = ()
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen:
    """A signal joined this incident, or one of its signals changed."""

    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReceived:
    """A person says that something is wrong."""

    text: str
    reporter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityChanged:
    """Graded anew, by the surge rule or by a person, and why."""

    level: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A responder has taken it."""

    responder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDone:
    """One first-five item answered, with its evidence and how long looking took."""

    check: str
    title: str
    answer: Answer
    evidence: str
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFound:
    """Typed findings, and what they were read from."""

    facts: tuple[Fact, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployNoticed:
    """The ledger holds a deploy near this incident. An unknown `previous` is empty."""

    subject: str
    version: str
    previous: str
    deployed_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbooksRanked:
    """The differential diagnosis, best first."""

    ranking: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisSet:
    """What a responder thinks it is; stops the roll-back clock."""

    text: str


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
    """This exact run waits for a person. `doubts` are conditions nobody could check; `missing` are open placeholders."""

    run: Run
    why: str
    doubts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A person approved exactly these bytes for this target, once. Valid for ten minutes."""

    run: str
    sha256: str


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
class StepFinished:
    """Outcome. `output` is redacted, stripped and capped; `dropped` counts bytes left out; `met` tells if it met its expectation."""

    run: str
    step: str
    exit_code: int
    output: str
    dropped: int
    took: timedelta
    met: bool
    why: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged:
    """Investigating, mitigating or monitoring; resolving has an event of its own."""

    status: Status
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigated:
    """Every symptom that was seen is gone: the users' trouble is over."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Looked again after the change, and it is well."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAsked:
    """A responder wants an update sent now, saying this."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent:
    """A notice went out. `unfilled` are the template's fields that nobody could fill yet."""

    kind: str
    number: int
    channel: str
    text: str
    unfilled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFailed:
    """A notice could not be delivered, for good."""

    kind: str
    number: int
    channel: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A person was paged, number `number` of this incident."""

    number: int
    role: str
    contact: str
    channel: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailed:
    """Nobody could be paged, and what is missing."""

    number: int
    role: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Over. `root_cause` is one sentence, or empty when nobody has said it yet."""

    why: str
    root_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemWritten:
    """The file in the vault, its hash when written, and the day it is due."""

    path: str
    sha256: str
    due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemFailed:
    """The vault did not take the file; the journal still has everything."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A remark by a person."""

    text: str


Event = (
    Declared
    | SignalSeen
    | ReportReceived
    | SeverityChanged
    | Acknowledged
    | CheckDone
    | FactsFound
    | DeployNoticed
    | RunbooksRanked
    | HypothesisSet
    | RollbackProposed
    | ParameterSet
    | StepRequested
    | StepSkipped
    | ApprovalAsked
    | Approved
    | Declined
    | ApprovalExpired
    | StepStarted
    | StepFinished
    | OutcomeUnknown
    | OutcomeSettled
    | StatusChanged
    | Mitigated
    | Verified
    | UpdateAsked
    | NoticeSent
    | NoticeFailed
    | Paged
    | PageFailed
    | Resolved
    | PostmortemWritten
    | PostmortemFailed
    | Noted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a timeline: event number `seq` (from 1, no gaps) of `incident`, at `at` (aware UTC), by a person or `firstfive`.

    `hash` is SHA-256 over the previous row's hash and the canonical JSON of this one, in hex.
    """

    incident: str
    seq: int
    at: datetime
    by: str
    event: Event
    hash: str


SELF = "firstfive"
