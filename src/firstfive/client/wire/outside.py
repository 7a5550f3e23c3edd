"""What came from outside and what stands against it: requests of senders, alerts, silences, heartbeats, the outbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was made of one observation, and why; `verdict` is declared, joined, silenced, backlog, ignored and the like."""

    subject: str
    verdict: str
    why: str
    incident: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One observation as it was read out of a message: `kind` is signal, deploy or beat; null where that kind has no such field."""

    kind: str
    subject: str
    at: str | None
    state: str | None
    text: str | None
    severity: str | None
    labels: dict[str, str] | None
    fingerprint: str | None
    version: str | None
    source: str | None
    actor: str | None
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRequest:
    """One request of a sender and what was made of it; `state` is waiting, sorted or unrecognised."""

    id: int
    at: str | None
    source: str
    state: str
    summary: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRequest:
    """The same with what came: the beginning of its body, and how long that was."""

    id: int
    at: str | None
    source: str
    state: str
    summary: str
    outcomes: tuple[Outcome, ...]
    seen: tuple[Observation, ...]
    body: str
    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Requests of senders, newest first."""

    signals: tuple[SenderRequest, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The last state of one trouble, by its fingerprint; `state` is firing or well."""

    fingerprint: str
    source: str
    subject: str
    state: str
    text: str
    first: str | None
    last: str | None
    count: int
    verdict: str
    why: str
    incident: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Troubles, the latest seen first."""

    alerts: tuple[Alert, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Signals that are not acted on for a while; `state` is pending, active or over."""

    id: str
    matchers: tuple[str, ...]
    starts: str | None
    ends: str | None
    by: str
    comment: str
    maintenance: bool
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """Silences that are not over, the one that ends first first."""

    silences: tuple[Silence, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A sign of life that must keep coming; `state` is waiting, alive, failing or late."""

    name: str
    every_seconds: int
    grace_seconds: int
    last: str | None
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """Every heartbeat, by name."""

    heartbeats: tuple[Heartbeat, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that waits or was given up, and why."""

    key: str
    incident: str
    state: str
    due: str | None
    tries: int
    why: str
    notifier: str
    address: str
    channel: str
    person: str
    title: str
    urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Messages that were given up, then those that wait."""

    outbox: tuple[Letter, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAgain:
    """The message that is tried once more."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What would be made of a sender's message; nothing was kept. `not_understood` says what could not be read."""

    simulated: bool
    sender: str
    not_understood: str
    seen: tuple[Observation, ...]
    outcomes: tuple[Outcome, ...]
