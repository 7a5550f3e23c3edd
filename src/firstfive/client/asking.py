"""The client: a server's incidents and everything beside them, as values.

For programs of the team. Each call is one request; what acts is sent again when the line broke, under one idempotency key, so that it
acts once. Errors are the server's own: what, where, what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from firstfive.client import stream
from firstfive.client.areas import Beside, Outside, Past, People
from firstfive.client.line import Line
from firstfive.client.typed import Typed, at
from firstfive.client.wire.beside import Merged
from firstfive.client.wire.incident import Entry, Incident, Incidents, Said, Saying, Summary, Timeline, Waiting


@dataclass(frozen=True, slots=True)
class Client:
    """A server at `url`, such as `https://ops.example.org`, asked with a token of `firstfive token new`, or its key.

    `by` is the person in whose name is acted where there are no accounts. `certificate` is the file of a certificate of its own,
    `timeout` the seconds of one try, `tries` how often a call is sent at most. With `light` the incident that comes back from what is
    said about it holds of its timeline only the entries that came since, which is most of its size when it has gone on for long.
    """

    url: str
    token: str = field(default="", repr=False)
    by: str = ""
    certificate: str = ""
    timeout: float = 20
    tries: int = 3
    light: bool = False
    line: Line = field(init=False, repr=False)
    typed: Typed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises FirstfiveError for an address that is none."""
        line = Line(
            url=self.url,
            token=self.token,
            certificate=self.certificate,
            timeout=self.timeout,
            tries=self.tries,
            light=self.light,
        )
        object.__setattr__(self, "line", line)
        object.__setattr__(self, "typed", Typed(line=line, by=self.by))

    @property
    def outside(self) -> Outside:
        """What came from senders, and what stands against it."""
        return Outside(typed=self.typed)

    @property
    def past(self) -> Past:
        """Everything that ever happened."""
        return Past(typed=self.typed)

    @property
    def beside(self) -> Beside:
        """On call, deploys, promises, approvals, health, the handbook."""
        return Beside(typed=self.typed)

    @property
    def people(self) -> People:
        """Accounts."""
        return People(typed=self.typed)

    # ------------------------------------------------------------------------------------------------------ reading

    def incidents(self, *, finished: bool = False, limit: int | None = None) -> Iterator[Summary]:
        """Open incidents, or with `finished` every one, newest first; `limit` is the size of a part."""
        return self.typed.rows(Incidents, "/incidents", lambda part: part.incidents, all=finished or None, limit=limit)

    def incident(self, incident: str) -> Incident:
        """One incident in full."""
        return self.typed.get(Incident, f"/incidents/{at(incident)}")

    def timeline(self, incident: str, *, after: int = 0) -> Iterator[Entry]:
        """Its entries behind number `after`, oldest first."""
        path = f"/incidents/{at(incident)}/timeline"
        return self.typed.rows(Timeline, path, lambda part: part.timeline, cursor="after", after=after)

    def output(self, incident: str, run: str) -> Said:
        """All that was kept of what a run said, or the newest run of a step."""
        return self.typed.get(Said, f"/incidents/{at(incident)}/output/{at(run)}")

    def follow(self, incident: str, *, after: int = 0, patience: float = 60) -> Iterator[Entry | Saying]:
        """Entries behind number `after` and then each one as it is written, with what running steps say in between, for ever.

        A server that goes away is waited for, `patience` seconds at most; no entry is lost and none comes twice.
        """
        path = f"/incidents/{at(incident)}/live"
        for event in stream.follow(self.line, path, after=str(after) if after else "", patience=patience):
            match event.kind:
                case "entry":
                    yield msgspec.json.decode(event.data, type=Entry)
                case "output":
                    yield msgspec.json.decode(event.data, type=Saying)
                case _:
                    pass

    def changes(self, *, after: str = "", patience: float = 60) -> Iterator[str]:
        """A word for the new state whenever some incident changed, for ever; `after` is the word that is known."""
        for event in stream.follow(self.line, "/live", after=after, patience=patience):
            if event.kind == "change":
                yield event.data

    # ------------------------------------------------------------------------------------------------------- acting

    def declare(self, title: str, *, level: int | None = None, why: str | None = None, once: str = "") -> Incident:
        """Declare an incident. `once` is an idempotency key of one's own: the same call with it acts once, for a day."""
        return self.typed.post(Incident, "/incidents", title=title, level=level, why=why, once=once)

    def report(self, text: str, *, incident: str | None = None, once: str = "") -> Incident:
        """Report that something does not work."""
        return self.typed.post(Incident, "/reports", text=text, incident=incident, once=once)

    def say(self, verb: str, incident: str, *, once: str = "", **fields: Any) -> Incident:
        """Any verb of the reference with its fields; those that are used most have methods of their own."""
        return self.typed.post(Incident, f"/incidents/{at(incident)}/{at(verb)}", once=once, **fields)

    def ack(self, incident: str) -> Incident:
        """Acknowledge: somebody has taken it."""
        return self.say("ack", incident)

    def note(self, incident: str, text: str) -> Incident:
        """Put a remark on the timeline."""
        return self.say("note", incident, text=text)

    def hypothesis(self, incident: str, text: str) -> Incident:
        """Say what it may be."""
        return self.say("hypothesis", incident, text=text)

    def update(self, incident: str, text: str) -> Incident:
        """Send an update to the team now."""
        return self.say("update", incident, text=text)

    def public(self, incident: str, status: str, text: str, *, components: str | None = None) -> Incident:
        """Tell everybody on the status page."""
        return self.say("public", incident, status=status, text=text, components=components)

    def severity(self, incident: str, level: int, why: str) -> Incident:
        """Grade it anew, with the reason."""
        return self.say("severity", incident, level=level, why=why)

    def run(self, incident: str, step: str) -> Incident:
        """Ask for a step of a runbook; what changes anything waits for approval."""
        return self.say("run", incident, step=step)

    def set(self, incident: str, step: str, name: str, value: str) -> Incident:
        """Give a value for a placeholder of a step."""
        return self.say("set", incident, step=step, name=name, value=value)

    def approve(
        self, incident: str, waiting: Waiting, *, confirm: str = "", affirmed: bool = False, alone: str = ""
    ) -> Incident:
        """Approve a run that waits, as it was read: exactly these bytes, once."""
        fields: dict[str, Any] = {"confirm": confirm, "affirmed": affirmed, "alone": alone}
        return self.say("approve", incident, run=waiting.run, sha256=waiting.sha256, **fields)

    def decline(self, incident: str, run: str, why: str | None = None) -> Incident:
        """Say no to a waiting run."""
        return self.say("decline", incident, run=run, why=why)

    def undo(self, incident: str, run: str) -> Incident:
        """Ask for the newest change to be taken back."""
        return self.say("undo", incident, run=run)

    def settle(self, incident: str, run: str, *, ran: bool, note: str | None = None) -> Incident:
        """Say whether a run of unknown outcome ran."""
        return self.say("settle", incident, run=run, ran=ran, note=note)

    def resume(self, incident: str, note: str | None = None) -> Incident:
        """Let changes go on after the journal was restored, once somebody looked."""
        return self.say("resume", incident, note=note)

    def tick(self, incident: str, item: str, *, done: bool = True, note: str | None = None) -> Incident:
        """Tick a box of the closing list."""
        return self.say("tick", incident, item=item, done=done, note=note)

    def resolve(self, incident: str, *, root_cause: str | None = None, why: str | None = None) -> Incident:
        """Declare it over."""
        return self.say("resolve", incident, root_cause=root_cause, why=why)

    def offer(self, incident: str, pack: str, **fields: Any) -> Incident:
        """Ask for a change out of a pack; it waits for approval."""
        return self.say("offer", incident, pack=pack, **fields)

    def write_up(self, incident: str) -> Incident:
        """Have a post-mortem written of an incident of which the page asks for none."""
        return self.say("write-up", incident)

    def merge(self, incident: str, log: str) -> Merged:
        """Take in the sealed log of a break-glass bundle, its whole text."""
        return self.typed.post(Merged, f"/incidents/{at(incident)}/merge", log=log)

    def look_back(self, incident: str) -> Incident:
        """Read the post-mortem in the vault again."""
        return self.say("look-back", incident)
