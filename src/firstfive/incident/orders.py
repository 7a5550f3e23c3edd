"""Everything the rules can ask the shell to do, in the imperative.

Made by `decide`, obeyed by `engine.obey`. Every order has a key that is unique within its incident, so that ordering the
same thing again is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from firstfive.incident.events import Event, NoticeSent, Paged, Reminded
from firstfive.incident.records import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write this fact on the timeline: a conclusion needs no deed."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCheck:
    """Answer one item of the first-five list."""

    check: str

    @property
    def key(self) -> str:
        """One run of each check an incident."""
        return f"check:{self.check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRollback:
    """Find out on the target what going back to the image that ran before would take. Only looks."""

    step: str

    @property
    def key(self) -> str:
        """One plan for a proposal."""
        return f"plan:{self.step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeekMends:
    """Look on the target for what could mend it, for the `number`th time, and offer that. Only looks."""

    number: int

    @property
    def key(self) -> str:
        """One look of each number."""
        return f"mends:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """Run exactly this on its target."""

    run: Run

    @property
    def key(self) -> str:
        """A run id is used once, for ever."""
        return f"run:{self.run.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNotice:
    """Tell a channel, with the page's template `kind`, notice number `number`."""

    kind: str
    number: int
    channel: str

    @property
    def key(self) -> str:
        """A notice goes to a channel once."""
        return f"notice:{self.kind}:{self.number}:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind:
    """Remind `to` (a channel), or `person` alone, of something that is owed, for the `number`th time. `run` waits for that person's yes."""

    what: str
    number: int
    to: str
    text: str
    person: str = ""
    run: str = ""

    @property
    def key(self) -> str:
        """A reminder goes out once."""
        return f"remind:{self.what}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Wake a person."""

    number: int
    role: str
    contact: str
    channel: str
    why: str

    @property
    def key(self) -> str:
        """Page number n goes to one contact once."""
        return f"page:{self.number}:{self.contact}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Hand one message to one address of one notifier. Made when a notice, a page or a reminder was put into words, never by the rules.

    `since` is when that was. One of `notice`, `paged` and `reminded` is what the timeline gets when the first destination took it;
    `siblings` are the keys of the same message's rows, `spare` marks one that is tried only when nobody took it before. `person` is
    whom it is for and `own` marks an address that is theirs alone; `run` is a run that they may approve or decline.
    """

    channel: str
    title: str
    text: str
    since: datetime
    urgent: bool = False
    notice: NoticeSent | None = None
    paged: Paged | None = None
    reminded: Reminded | None = None
    person: str = ""
    run: str = ""
    notifier: str = ""
    address: str = ""
    siblings: tuple[str, ...] = ()
    spare: bool = False
    own: bool = False

    @property
    def key(self) -> str:
        """A message goes to a destination once; whoever posts it names the message."""
        return f"{self.notifier}:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePostmortem:
    """Write the post-mortem into the vault; due on `due` (local calendar of the team), None when the page names no limit."""

    path: str
    due: date | None

    @property
    def key(self) -> str:
        """One post-mortem an incident."""
        return "postmortem"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPostmortem:
    """Look into the vault how far the post-mortem is, for the `number`th time."""

    path: str
    number: int

    @property
    def key(self) -> str:
        """One look back of each number."""
        return f"readback:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHosts:
    """Ask every host which runs of this incident it knows, since the journal may have forgotten some."""

    epoch: int

    @property
    def key(self) -> str:
        """Once an epoch."""
        return f"hosts:{self.epoch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    """Decide again at `at` (aware UTC): something becomes due then."""

    at: datetime
    why: str

    @property
    def key(self) -> str:
        """A deadline is a kind of waiting and an instant."""
        return f"wake:{self.why}:{self.at.isoformat()}"


Deed = (
    RunCheck
    | PlanRollback
    | SeekMends
    | RunStep
    | SendNotice
    | Remind
    | Page
    | Deliver
    | WritePostmortem
    | ReadPostmortem
    | AskHosts
    | WakeAt
)
Order = Record | Deed
