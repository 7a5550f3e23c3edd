"""The whole boundary on one screen: how the program looks, changes, tells, remembers and knows the time.

The rooms `probes`, `targets`, `notifiers` and `stores` implement these; `engine` calls them; `app` joins them. Nothing here
does anything.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

from firstfive.incident.events import Entry, Event, Imported
from firstfive.incident.records import Run
from firstfive.incident.signals import Beat, Deploy, Observation, Signal, Spike
from firstfive.incident.triage.silences import Silence as Silence

T = TypeVar("T")


class Clock(Protocol):
    """Knows the time, and waits. Tests bring one that is turned by hand."""

    def now(self) -> datetime: ...  # aware UTC
    async def sleep(self, seconds: float) -> None: ...


class Probe(Protocol):
    """Looks, and never changes anything. Returns what it sees now: one Signal a subject, firing or not, or Deploys."""

    @property
    def name(self) -> str: ...
    @property
    def symptoms(self) -> tuple[str, ...]: ...  # ids of the page's symptoms that it watches
    async def look(self, now: datetime) -> Sequence[Signal | Deploy]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a run left behind. `text` is stdout and stderr as they came, head and tail kept when `dropped` bytes did not fit.

    `exit_code` is the command's; 124 when `timed_out` ended it, `killed` when it did not end when asked to. `took` is wall time on the target.
    """

    exit_code: int
    text: str
    stdout: str
    dropped: int
    took: timedelta
    timed_out: bool = False
    killed: bool = False
    stderr: str = ""  # empty where a target keeps both streams as one


class Trace(StrEnum):
    """What a target remembers of a run id."""

    ABSENT = "absent"  # never began: it may be started
    RUNNING = "running"
    FINISHED = "finished"
    LOST = "lost"  # began, and left no outcome: a person is asked


Heard = Callable[[str], None]  # called with output as it comes: a live view, never the record


class Target(Protocol):
    """Where commands run. A run id executes at most once there, whatever dies. `heard` gets the output while it comes."""

    @property
    def name(self) -> str: ...
    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output: ...
    async def run(
        self, run: Run, heard: Heard | None = None
    ) -> Output: ...  # raises OutcomeLost, OutOfTouch; FirstfiveError only when it did not begin now; attaches when it already began
    async def trace(self, run_id: str) -> Trace: ...


@runtime_checkable
class Remembering(Protocol):
    """A target that can be asked which runs of an incident it knows: id -> a word for how each stands, oldest first."""

    async def remembered(self, incident: str) -> Mapping[str, str]: ...  # raises FirstfiveError when it does not answer


class OutcomeLost(Exception):
    """The run began and nobody knows how it ended."""


class OutOfTouch(OutcomeLost):
    """The run may have begun and its target cannot be asked now; once it can, its memory tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button below a message: `url` is a signed link that shows on GET and acts on POST, once.

    Where the chat itself says who pressed, `press` stands in its place: a sealed word that comes back with who it was. `at_once` marks what
    needs no look before it is done.
    """

    label: str
    url: str = ""
    press: str = ""
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a notifier is asked to tell. `key` is the idempotency key; `thread` names the incident, whose first message opens it.

    `channel` is the page's word for where it goes; `address` is where that is at this notifier (a room, a chat, a mail address),
    empty for its own default. `root` is the reference of the message that opened the thread there, empty when this one opens it.
    """

    key: str
    thread: str
    channel: str
    title: str
    text: str
    urgent: bool = False
    address: str = ""
    root: str = ""
    actions: tuple[Action, ...] = ()
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The other side took it; `reference` finds it again."""

    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not now: try again after `after`."""

    after: timedelta
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """Never: trying again cannot help."""

    why: str


Receipt = Delivered | Retry | GaveUp


class Tracker(Protocol):
    """An error tracker that can be asked. Raises FirstfiveError when it cannot answer."""

    @property
    def name(self) -> str: ...
    async def spikes(self, since: datetime) -> Sequence[Spike]: ...  # most events first


class Notifier(Protocol):
    """Tells people. Returns a receipt, never raises for a refused message."""

    @property
    def name(self) -> str: ...
    async def send(self, message: Message) -> Receipt: ...


class Vault(Protocol):
    """The team's notes: read whole, written only as new files inside one folder, never over a person's edit."""

    def pages(self) -> Mapping[str, bytes]: ...  # vault-relative path -> bytes; raises VaultError
    def write_new(
        self, path: str, text: str
    ) -> str: ...  # returns the path written (a `.conflict` beside an edited file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of work: something to do, due at `due`. `fence` grows with every claim and guards the closing write."""

    id: int
    key: str
    incident: str
    kind: str
    due: datetime
    data: bytes
    tries: int
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The last state of one fingerprint: what is remembered of signals outside any timeline."""

    fingerprint: str
    signal: Signal
    first: datetime
    last: datetime
    count: int
    incident: str
    verdict: str = ""  # declared, joined, ignored, silenced or backlog: what was last made of it
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was made of one observation of an outside sender, and why: why it paged, or why it did not."""

    fingerprint: str
    subject: str
    verdict: str
    why: str
    incident: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request of an outside sender, kept before it was answered. `key` is its idempotency key.

    `body` is what came, redacted and capped. `state` is waiting, sorted or unrecognised; `outcomes` is one row an observation.
    While it waits, `seen` is empty unless it was read at once; `asked` (JSON) is how it came, so that it can be read later.
    """

    id: int
    key: str
    source: str
    at: datetime
    body: bytes
    seen: tuple[Observation, ...]
    state: str
    outcomes: tuple[Outcome, ...] = ()
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A sign of life that must keep coming: late when nothing came for `every` + `grace` since `last` (or since `since`)."""

    name: str
    every: timedelta
    grace: timedelta
    since: datetime
    last: datetime | None = None
    state: str = "new"  # new, ok, started, failed
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One row of the outbox: `state` is ready, leased or dead, `why` the newest reason why it was not taken."""

    key: str
    incident: str
    state: str
    due: datetime
    tries: int
    why: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The journal may have forgotten what happened before `at` (aware UTC), for the `number`th time. New incidents begin at `first`."""

    number: int
    at: datetime
    why: str
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a timeline ends: its number, how many entries it has, the hash of the last, and whether something is still due on it."""

    incident: str
    number: int
    seq: int
    hash: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One way of reaching a person (the name of a notifier): when it was last tried in a test, and when they last answered through it."""

    person: str
    way: str
    asked_at: datetime | None = None
    answered_at: datetime | None = None


class Fenced(Exception):
    """Somebody else owns this row now; nothing was written."""


class Transaction(Protocol):
    """One atomic write: state, its outbox rows and its deadlines together, or nothing. Only database work belongs in it."""

    def epoch(self) -> Epoch | None: ...  # the newest; None when this journal never forgot anything
    def open_incident(self, at: datetime) -> str: ...  # a new id, INC-1, INC-2, ...
    def append(self, incident: str, by: str, events: Sequence[Event], at: datetime) -> tuple[Entry, ...]: ...
    def entries(self, incident: str, after: int = 0) -> tuple[Entry, ...]: ...  # ordered by seq; locks the incident
    def incidents(self, *, only_open: bool, limit: int | None = None) -> tuple[str, ...]: ...  # newest first
    def imported(self) -> tuple[tuple[str, Imported], ...]: ...  # incidents carried over from elsewhere
    def heads(self, *, only_open: bool = False) -> tuple[Head, ...]: ...  # of every timeline, oldest first
    def attach(self, incident: str, run: str, text: str) -> None: ...  # what a run said, whole
    def attached(self, incident: str, run: str) -> str | None: ...  # None: nothing was kept
    def close_incident(self, incident: str) -> None: ...  # resolved and written up: nothing is due any more
    def summarise(self, incident: str, summary: bytes) -> None: ...  # a JSON object kept beside it for a quick look
    def enqueue(
        self, *, key: str, incident: str, kind: str, due: datetime, data: bytes
    ) -> bool: ...  # False: key known
    def claim(
        self, *, kinds: Sequence[str], now: datetime, limit: int, without: Collection[str] = ()
    ) -> tuple[Work, ...]: ...  # `without` rows of these incidents
    def close(self, work: Work, *, state: str = "done") -> None: ...  # raises Fenced
    def give_up(self, work: Work, why: str) -> None: ...  # the row is dead, and why; raises Fenced
    def states(
        self, keys: Sequence[str]
    ) -> Mapping[str, str]: ...  # key -> ready, leased, done or dead, of those known
    def open_before(self, work: Work, ending: str) -> bool: ...  # an older open row of its incident whose key ends so
    def outbox(self, limit: int) -> tuple[Letter, ...]: ...  # messages that wait or were given up, the oldest first
    def take(
        self, key: str, now: datetime
    ) -> Work | None: ...  # claim this ready row, due or not; None when it is not ready
    def revive(self, key: str, due: datetime) -> bool: ...  # a row given up is due once more; False: no such dead row
    def put_off(
        self, work: Work, due: datetime, why: str, *, tried: bool = True
    ) -> None: ...  # again later; one that was not tried counts no try; raises Fenced
    def next_due(self, kinds: Sequence[str], without: Collection[str] = ()) -> datetime | None: ...
    def see(
        self, signal: Signal, incident: str, verdict: str = "", why: str = ""
    ) -> Alert: ...  # upsert by fingerprint
    def alert(self, fingerprint: str) -> Alert | None: ...
    def alerts(self, verdict: str = "") -> tuple[Alert, ...]: ...  # all, or those of which this was made
    def receive(self, received: Received) -> tuple[int, bool]: ...  # its id, and False when its key was known already
    def received(self, received_id: int) -> Received | None: ...
    def waiting(self, limit: int) -> tuple[Received, ...]: ...  # not sorted yet, oldest first
    def recent(
        self, limit: int, before: int | None = None
    ) -> tuple[Received, ...]: ...  # newest first; `before` is an id
    def lapsed(self, at: datetime) -> tuple[Alert, ...]: ...  # firing, and not sent again before their `until`
    def count_waiting(self) -> int: ...
    def count_entries(self) -> int: ...  # over all timelines
    def forget(self, before: datetime, limit: int) -> int: ...  # sorted requests older than that, deleted; how many
    def sorted_out(
        self,
        received_id: int,
        outcomes: Sequence[Outcome],
        *,
        seen: Sequence[Observation] | None = None,
        state: str = "sorted",
    ) -> None: ...
    def silence(self, silence: Silence) -> None: ...  # upsert by id
    def silences(self, at: datetime) -> tuple[Silence, ...]: ...  # not over yet at that instant
    def heartbeat(self, heartbeat: Heartbeat) -> None: ...  # upsert by name
    def beat(self, beat: Beat) -> None: ...  # an unknown name is kept with the default period
    def heartbeats(self) -> tuple[Heartbeat, ...]: ...
    def reached(self, reached: Reached) -> None: ...  # upsert by person and way; a time that is None stays as it was
    def all_reached(self) -> tuple[Reached, ...]: ...
    def pace(self, person: str) -> bytes: ...  # when a person was paged last and what waits for them; empty when never
    def keep_pace(self, person: str, kept: bytes) -> None: ...
    def report(self, at: datetime, reporter: str, text: str, incident: str) -> None: ...
    def reports_since(self, at: datetime) -> tuple[datetime, ...]: ...
    def record_deploy(self, deploy: Deploy) -> bool: ...  # False when the newest entry already says so
    def deploys(self, limit: int = 50) -> tuple[Deploy, ...]: ...  # newest first
    def keep_handbook(self, digest: str, sources: bytes, at: datetime) -> None: ...
    def handbook(self, digest: str) -> bytes | None: ...
    def newest_handbook(self) -> tuple[str, bytes] | None: ...  # digest and sources of the page in force last


class Journal(Protocol):
    """Remembers. A `write` that returned is durable; `read` sees only committed rows. Functions are plain and may be retried."""

    async def write(self, work: Callable[[Transaction], T]) -> T: ...
    async def read(self, work: Callable[[Transaction], T]) -> T: ...
    async def keep(self, received: Received) -> tuple[int, bool]: ...  # `Transaction.receive` alone, the shortest way
    def keep_soon(self, received: Received) -> Future[tuple[int, bool]]: ...  # the same, without a coroutine
    def follow(
        self, heard: Callable[[str], None]
    ) -> Callable[[], None]: ...  # called with an incident id after a commit
    def verify(self) -> tuple[str, ...]: ...  # problems of the hash chains, empty when they hold
    async def close(self) -> None: ...
