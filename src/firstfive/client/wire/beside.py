"""What stands beside the room: who is on call, deploys, promises, approvals, health, the handbook."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """That the server answers, and which version it is."""

    ok: bool
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Who is on call from when to when; `person` is null in a gap."""

    person: str | None
    since: str | None
    until: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One schedule: now, what follows, the gaps of 14 days, the stretches of four weeks."""

    schedule: str
    now: Turn
    next: Turn | None
    gaps: tuple[Turn, ...]
    stretches: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oncall:
    """Every schedule, and what could not be taken from calendars."""

    at: str | None
    schedules: tuple[Schedule, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """A version that began to run; `first` marks the first look at something: a baseline, not a change."""

    at: str | None
    subject: str
    version: str
    previous: str
    source: str
    first: bool
    host: str
    actor: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploys:
    """The deploy ledger, newest first."""

    deploys: tuple[Deploy, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An action item of a post-mortem; `days_late` counts whole days past its day."""

    text: str
    owner: str
    due: str | None
    ticket: str
    done: bool
    days_late: int
    incident: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPostmortem:
    """A post-mortem of the vault."""

    file: str
    title: str
    day: str | None
    incident: str
    drill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A place in a post-mortem that could not be read, and the remedy."""

    file: str
    line: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """Promises, open ones first by their day, and the post-mortems that they stand in."""

    on: str
    actions: tuple[Promise, ...]
    next: str | None
    postmortems: tuple[WrittenPostmortem, ...]
    unread: tuple[Unread, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A question for a yes, or an answer to one; `kind` is asked, approved, declined or expired."""

    incident: str
    seq: int
    at: str | None
    by: str
    kind: str
    run: str
    text: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Every question and every answer, newest first."""

    approvals: tuple[Consent, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must hold, what was found, and the remedy where it does not hold."""

    what: str
    ok: bool
    found: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Every finding, in the order in which they should be mended."""

    ok: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProblem:
    """What of the page was not understood, and where."""

    level: str
    code: str
    message: str
    place: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookStep:
    """A step as the page has it, with the verdict on its commands."""

    id: str
    number: int
    title: str
    mode: str
    verdict: str
    script: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A runbook of the page, and how far it was proved: `used` times, last `proven` at, steps that `never` ran."""

    id: str
    number: str
    title: str
    severity: int | None
    symptoms: tuple[str, ...]
    used: int
    proven: str | None
    stale: str
    never: tuple[str, ...]
    steps: tuple[BookStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """The page in force, as it was understood."""

    title: str
    digest: str
    problems: tuple[PageProblem, ...]
    runbooks: tuple[Runbook, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The last time that a runbook mended something: when, in which incident, by whom, how fast, after which step, by which page."""

    at: str
    incident: str
    drill: bool
    by: str
    minutes: float | None
    step: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A runbook: in how many incidents it ran, `drills` among them, its proof, why that is `stale`, steps that never ran, never helped."""

    runbook: str
    number: str
    title: str
    used: int
    drills: int
    proven: Proven | None
    stale: str
    never: tuple[str, ...]
    idle: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """An incident that no runbook fitted, and what was seen in it."""

    incident: str
    at: str
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """After this step all was well, so many times."""

    step: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A fault that no symptom of the page showed when it was last drilled, and the edit that adds one; empty where one is there by now."""

    fault: str
    what: str
    at: str
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far the page was ever tried."""

    runbooks: tuple[Cover, ...]
    unmatched: tuple[Unmatched, ...]
    mended: tuple[Mended, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What of a break-glass log was taken in: its `rows`, and how many were new to the timeline."""

    incident: str
    bundle: str
    rows: int
    merged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process on a shared journal: `alive` while its leases hold, `behind` when it cannot read what a newer version wrote, `this` for
    the one that answers; what it looks after, and how many rows of work it holds.
    """

    boot: str
    host: str
    process: int
    version: str
    beat: str | None
    alive: bool
    page: str
    local: bool
    behind: bool
    looks: tuple[str, ...]
    rows: int
    this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The journal may have forgotten what happened before `at`, for the `number`th time; new incidents begin at `first`."""

    number: int
    at: str | None
    why: str
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Who writes the journal; empty where it is a file, which one process owns. `pages` is how many different ones are followed."""

    shared: bool
    nodes: tuple[Node, ...]
    pages: int
    epoch: Epoch | None
