"""Events about the incident itself and what was found out: declared, graded, taken, seen, ranked, mitigated, resolved.

Part of `events`, which hands them on. An event never changes once written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from firstfive.incident.records import Answer, Fact, Ranked, Status
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
    """The ledger holds a deploy near this incident. An unknown `previous` is empty. What Docker knew of it stands beside it."""

    subject: str
    version: str
    previous: str
    deployed_at: datetime
    source: str
    image_id: str = ""
    previous_image_id: str = ""
    reference: str = ""
    project: str = ""
    service: str = ""
    container: str = ""
    files: tuple[str, ...] = ()
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbooksRanked:
    """The differential diagnosis, best first."""

    ranking: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisSet:
    """What a responder thinks it is; stops the roll-back clock."""

    text: str


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
class Resolved:
    """Over. `root_cause` is one sentence, or empty when nobody has said it yet."""

    why: str
    root_cause: str
