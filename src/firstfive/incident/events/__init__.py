"""Everything that can stand on a timeline, in the past tense.

Written by the engine (what the rules ordered and what came of it) and by people through `timeline.accept`. Read by
`timeline.fold` and by `documents`. An event never changes once written; a new kind of fact is a new class here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from firstfive.incident.events.findings import Acknowledged as Acknowledged
from firstfive.incident.events.findings import CheckDone as CheckDone
from firstfive.incident.events.findings import Declared as Declared
from firstfive.incident.events.findings import DeployNoticed as DeployNoticed
from firstfive.incident.events.findings import FactsFound as FactsFound
from firstfive.incident.events.findings import HypothesisSet as HypothesisSet
from firstfive.incident.events.findings import Mitigated as Mitigated
from firstfive.incident.events.findings import ReportReceived as ReportReceived
from firstfive.incident.events.findings import Resolved as Resolved
from firstfive.incident.events.findings import RunbooksRanked as RunbooksRanked
from firstfive.incident.events.findings import SeverityChanged as SeverityChanged
from firstfive.incident.events.findings import SignalSeen as SignalSeen
from firstfive.incident.events.findings import StatusChanged as StatusChanged
from firstfive.incident.events.findings import Verified as Verified
from firstfive.incident.events.restored import HostsAsked as HostsAsked
from firstfive.incident.events.restored import JournalRestored as JournalRestored
from firstfive.incident.events.restored import Resumed as Resumed
from firstfive.incident.events.runs import ApprovalAsked as ApprovalAsked
from firstfive.incident.events.runs import ApprovalExpired as ApprovalExpired
from firstfive.incident.events.runs import Approved as Approved
from firstfive.incident.events.runs import ChangeOffered as ChangeOffered
from firstfive.incident.events.runs import Declined as Declined
from firstfive.incident.events.runs import OutcomeSettled as OutcomeSettled
from firstfive.incident.events.runs import OutcomeUnknown as OutcomeUnknown
from firstfive.incident.events.runs import ParameterSet as ParameterSet
from firstfive.incident.events.runs import RollbackImpossible as RollbackImpossible
from firstfive.incident.events.runs import RollbackPlanned as RollbackPlanned
from firstfive.incident.events.runs import RollbackProposed as RollbackProposed
from firstfive.incident.events.runs import StepFinished as StepFinished
from firstfive.incident.events.runs import StepNotBegun as StepNotBegun
from firstfive.incident.events.runs import StepRequested as StepRequested
from firstfive.incident.events.runs import StepSkipped as StepSkipped
from firstfive.incident.events.runs import StepStarted as StepStarted
from firstfive.incident.events.runs import UndoRequested as UndoRequested
from firstfive.incident.events.telling import ClosingTicked as ClosingTicked
from firstfive.incident.events.telling import Imported as Imported
from firstfive.incident.events.telling import Noted as Noted
from firstfive.incident.events.telling import NoticeFailed as NoticeFailed
from firstfive.incident.events.telling import NoticeSent as NoticeSent
from firstfive.incident.events.telling import Paged as Paged
from firstfive.incident.events.telling import PageFailed as PageFailed
from firstfive.incident.events.telling import PostmortemAsked as PostmortemAsked
from firstfive.incident.events.telling import PostmortemFailed as PostmortemFailed
from firstfive.incident.events.telling import PostmortemRead as PostmortemRead
from firstfive.incident.events.telling import PostmortemWritten as PostmortemWritten
from firstfive.incident.events.telling import PublicUpdate as PublicUpdate
from firstfive.incident.events.telling import Reminded as Reminded
from firstfive.incident.events.telling import ThreadOpened as ThreadOpened
from firstfive.incident.events.telling import Unacknowledged as Unacknowledged
from firstfive.incident.events.telling import UpdateAsked as UpdateAsked

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
    | ChangeOffered
    | Approved
    | UndoRequested
    | RollbackPlanned
    | RollbackImpossible
    | Declined
    | ApprovalExpired
    | StepStarted
    | StepNotBegun
    | StepFinished
    | OutcomeUnknown
    | OutcomeSettled
    | StatusChanged
    | Mitigated
    | Verified
    | UpdateAsked
    | NoticeSent
    | NoticeFailed
    | PublicUpdate
    | Paged
    | PageFailed
    | Resolved
    | PostmortemWritten
    | PostmortemFailed
    | PostmortemRead
    | ClosingTicked
    | PostmortemAsked
    | Imported
    | Noted
    | Reminded
    | Unacknowledged
    | ThreadOpened
    | JournalRestored
    | HostsAsked
    | Resumed
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
