"""What a call of the API takes in its body: one JSON object of text, numbers, true or false. Null is the same as absent.

The server reads every body into one of these and refuses what does not fit, so nothing here is description only. `by` is the person
who says it; where there are accounts the name of the account stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

SAYS_SOMETHING = r"\S"
By = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=80,
        description="a name of at most 80 characters: who says it; left out where there are accounts",
    ),
]
Title = Annotated[
    str, Meta(min_length=1, max_length=300, pattern=SAYS_SOMETHING, description="one line of at most 300 characters")
]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4000,
        pattern=SAYS_SOMETHING,
        description="text of at most 4000 characters, and not empty",
    ),
]
Words = Annotated[str, Meta(max_length=4000, description="text of at most 4000 characters")]
Name = Annotated[str, Meta(min_length=1, max_length=4000, pattern=SAYS_SOMETHING, description="text, and not empty")]
Level = Annotated[int, Meta(ge=1, le=9, description="a severity level: a number from the page's matrix")]
Seconds = Annotated[int, Meta(ge=1, le=366 * 24 * 3600, description="a whole number of seconds, a year's at most")]
Flag = Annotated[bool, Meta(description="true or false")]
RoleName = Literal["viewer", "responder", "commander", "admin"]
PublicWord = Annotated[
    str, Meta(min_length=1, max_length=80, description="investigating, applying fix, monitoring or resolved")
]
PackName = Literal["block", "evidence", "disable-account", "mend-websocket", "resume-updater"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """A new incident. Without a level the worst of the page's matrix is assumed, and the timeline says so."""

    title: Title
    level: Level | None = None
    why: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something does not work: joins the incident named, else the newest open one, else declares one."""

    text: Text
    incident: Name | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Nothing but who says it."""

    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Something that a person says about an incident."""

    text: Text
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Another severity, with the reason."""

    level: Level
    why: Text
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellPublic:
    """What everybody is told on the status page. `override` says why a wording goes out that should not."""

    status: PublicWord
    text: Text
    components: Annotated[str, Meta(max_length=4000, description="names with commas between")] | None = None
    override: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A box of the closing list, by its id or its number from 1; `done` false says that it is not needed here."""

    item: Name
    done: Flag
    note: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """A step of a runbook by its id, such as `redis#2`; a changing one then waits for approval."""

    step: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValue:
    """A value for a placeholder of a step."""

    step: Name
    name: Name
    value: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A yes to exactly these bytes, once: `run` and `sha256` as the incident shows them under `waiting`.

    `confirm` is the word that `waiting` asks for, `affirmed` is true when what comes first is done, `alone` is the reason why one
    person is enough.
    """

    run: Name
    sha256: Name
    confirm: Words | None = None
    affirmed: Flag | None = None
    alone: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRun:
    """A run by its id."""

    run: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """A no to a waiting run."""

    run: Name
    why: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """What somebody found on the hosts, so that changes may go on after the journal was restored."""

    note: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Whether a run of unknown outcome ran, as somebody found out on its target."""

    run: Name
    ran: Flag
    note: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """It is over."""

    root_cause: Words | None = None
    why: Words | None = None
    by: By | None = None


SealedLog = Annotated[
    str, Meta(min_length=1, max_length=1_000_000, description="the lines of a break-glass log, and not empty")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLog:
    """The sealed log of a break-glass bundle of this installation, whole. It is proved before anything of it is taken in."""

    log: SealedLog
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskChange:
    """A change out of a pack; it waits for approval. Each pack takes its own fields, and `on`, a target; another one is refused."""

    pack: PackName
    on: Name | None = None
    address: Name | None = None
    seconds: Seconds | None = None
    how: Name | None = None
    mine: Words | None = None
    containers: Words | None = None
    files: Words | None = None
    journal: Flag | None = None
    value: Name | None = None
    by_field: Words | None = None
    container: Name | None = None
    database: Name | None = None
    collection: Words | None = None
    field: Words | None = None
    path: Words | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSilence:
    """Signals that are not acted on from now for `seconds`; `matchers` stand one a line, such as `alertname="RedisDown"`."""

    matchers: Text
    seconds: Seconds
    comment: Words | None = None
    maintenance: Flag | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """A sign of life that must come every so many seconds, with some grace."""

    name: Annotated[
        str, Meta(min_length=1, max_length=100, pattern=r"^[^/]*[^/\s][^/]*$", description="a name without /")
    ]
    every: Seconds
    grace: Seconds | None = None
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """A message that was given up, by the key that the outbox shows."""

    key: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulate:
    """A sender's name and a message of it, as text."""

    sender: Name
    message: str = ""
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    """One of my sessions, by the id that my account shows."""

    session: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """One of my tokens, by the id that my account shows."""

    token: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeInvitation:
    """An invitation that waits to be used, by the id that the list of them shows."""

    invitation: Name
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRole:
    """Somebody and the role that they have from now on; for an invitation, the role that their account begins with."""

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=SAYS_SOMETHING, description="the name of a person")]
    role: RoleName
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disable:
    """Somebody to be shut out, or with false to be let in again."""

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=SAYS_SOMETHING, description="the name of a person")]
    disabled: Flag
    by: By | None = None
