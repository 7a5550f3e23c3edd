"""What the address of a call may ask for, behind its question mark. An unknown name is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

Limit = Annotated[int, Meta(ge=1, le=1000, description="a number from 1 to 1000")]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$", description="the `next` of the part before")]
Sequence = Annotated[int, Meta(ge=0, le=999_999_999, description="the number of a timeline's entry, from 0")]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="a day in UTC, such as 2026-01-01")]
IncidentName = Annotated[str, Meta(pattern=r"^(INC-)?[0-9]{1,9}$", description="an incident, such as INC-7")]
Words = Annotated[str, Meta(max_length=200, description="text of at most 200 characters")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a list."""

    limit: Limit | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsAsked:
    """A part of the open incidents, or with `all=1` of every incident."""

    all: Literal["0", "1"] | None = None
    limit: Limit | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineAsked:
    """Entries behind number `after`."""

    after: Sequence | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowAsked:
    """Where an incident's stream begins when there is no Last-Event-ID: behind entry number `after`."""

    after: Sequence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAsked:
    """The state that the caller has seen, as the stream named it, when there is no Last-Event-ID."""

    after: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsked:
    """Which incidents of the past: `since` and `until` are days on which they began, `severity` the gravest they had."""

    severity: Annotated[str, Meta(pattern=r"^[1-9]$", description="a level of the page's matrix")] | None = None
    runbook: Words | None = None
    since: Day | None = None
    until: Day | None = None
    open: Annotated[str, Meta(max_length=10, description="1 for open incidents only, 0 or no for all")] | None = None
    limit: Limit | None = None
    before: IncidentName | None = None
    cursor: IncidentName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsked:
    """The words to look for, in which incidents."""

    q: (
        Annotated[str, Meta(max_length=400, description="words that a sentence must hold, 400 characters at most")]
        | None
    ) = None
    severity: Annotated[str, Meta(pattern=r"^[1-9]$", description="a level of the page's matrix")] | None = None
    runbook: Words | None = None
    since: Day | None = None
    until: Day | None = None
    open: Annotated[str, Meta(max_length=10, description="1 for open incidents only, 0 or no for all")] | None = None
    limit: Limit | None = None
    before: IncidentName | None = None
    cursor: Annotated[str, Meta(pattern=r"^[0-9]{1,5}$", description="the `next` of the part before")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsAsked:
    """How the figures are grouped, and in which form they come."""

    by: Literal["severity", "runbook", "month"] | None = None
    format: Literal["json", "csv"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsAsked:
    """Troubles of which this was made."""

    verdict: (
        Annotated[str, Meta(max_length=200, description="a verdict: declared, joined, silenced, backlog or ignored")]
        | None
    ) = None
    limit: Limit | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsAsked:
    """A part of the open promises, or with `all=1` of all."""

    all: Literal["0", "1"] | None = None
    limit: Limit | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No field at all."""
