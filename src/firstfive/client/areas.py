"""What is asked of a server beside incidents: the outside, the past, what stands beside the room, people. Parts of `Client`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firstfive.client.typed import Typed, at
from firstfive.client.wire import beside, outside, past, people, practice


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What came from senders, and what stands against it."""

    typed: Typed

    def signals(self, *, limit: int | None = None) -> Iterator[outside.SenderRequest]:
        """Requests of senders, newest first; `limit` is the size of a part."""
        return self.typed.rows(outside.Signals, "/signals", lambda part: part.signals, limit=limit)

    def signal(self, number: int) -> outside.WholeRequest:
        """One request: what came, what was made of it."""
        return self.typed.get(outside.WholeRequest, f"/signals/{number}")

    def alerts(self, verdict: str | None = None) -> Iterator[outside.Alert]:
        """The last state of every trouble, or of those of which this was made."""
        return self.typed.rows(outside.Alerts, "/alerts", lambda part: part.alerts, verdict=verdict)

    def silences(self) -> Iterator[outside.Silence]:
        """Silences that are not over."""
        return self.typed.rows(outside.Silences, "/silences", lambda part: part.silences)

    def silence(self, *matchers: str, seconds: int, comment: str = "", maintenance: bool = False) -> outside.Silence:
        """Act on no signal that matches all of these, from now on for so long."""
        text = "\n".join(matchers)
        return self.typed.post(
            outside.Silence, "/silences", matchers=text, seconds=seconds, comment=comment, maintenance=maintenance
        )

    def end_silence(self, silence: str) -> outside.Silence:
        """End a silence now."""
        return self.typed.post(outside.Silence, f"/silences/{at(silence)}/end")

    def heartbeats(self) -> Iterator[outside.Heartbeat]:
        """Signs of life that must keep coming."""
        return self.typed.rows(outside.Heartbeats, "/heartbeats", lambda part: part.heartbeats)

    def expect(self, name: str, *, every: int, grace: int | None = None) -> outside.Heartbeats:
        """Expect a heartbeat every so many seconds from now on."""
        return self.typed.post(outside.Heartbeats, "/heartbeats", name=name, every=every, grace=grace)

    def outbox(self) -> Iterator[outside.Letter]:
        """Messages that were given up, then those that wait."""
        return self.typed.rows(outside.Outbox, "/outbox", lambda part: part.outbox)

    def try_again(self, key: str) -> outside.TriedAgain:
        """Try a message once more that was given up."""
        return self.typed.post(outside.TriedAgain, "/outbox/again", key=key)

    def simulate(self, sender: str, message: str) -> outside.Simulated:
        """What would be made of a sender's message; nothing is kept."""
        return self.typed.post(outside.Simulated, "/simulate", sender=sender, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Everything that ever happened."""

    typed: Typed

    def history(
        self,
        *,
        severity: int | None = None,
        runbook: str | None = None,
        since: str | None = None,
        until: str | None = None,
        only_open: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[past.PastIncident]:
        """Incidents, newest first; `since` and `until` are days such as 2026-01-01, `limit` the size of a part."""
        asked: dict[str, Any] = {
            "severity": severity,
            "runbook": runbook,
            "since": since,
            "until": until,
            "open": only_open,
        }
        return self.typed.rows(past.History, "/history", lambda part: part.incidents, limit=limit, **asked)

    def search(self, words: str, *, limit: int | None = None) -> Iterator[past.Hit]:
        """Sentences of timelines and post-mortems that hold every word."""
        return self.typed.rows(past.Found, "/search", lambda part: part.hits, q=words, limit=limit)

    def metrics(self, by: str = "severity") -> past.Metrics:
        """How long incidents took, grouped by severity, runbook or month."""
        return self.typed.get(past.Metrics, "/metrics", by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside the room."""

    typed: Typed

    def oncall(self) -> beside.Oncall:
        """Who is on call in the next four weeks."""
        return self.typed.get(beside.Oncall, "/oncall")

    def deploys(self, *, limit: int | None = None) -> Iterator[beside.Deploy]:
        """The deploy ledger, newest first; `limit` is the size of a part."""
        return self.typed.rows(beside.Deploys, "/deploys", lambda part: part.deploys, limit=limit)

    def actions(self, *, done: bool = False) -> Iterator[beside.Promise]:
        """Open promises out of post-mortems, or with `done` all of them."""
        return self.typed.rows(beside.Actions, "/actions", lambda part: part.actions, all=done or None)

    def approvals(self, *, limit: int | None = None) -> Iterator[beside.Consent]:
        """Every question for a yes and every answer, newest first."""
        return self.typed.rows(beside.Approvals, "/approvals", lambda part: part.approvals, limit=limit)

    def doctor(self) -> beside.Doctor:
        """What must hold, and the remedy where it does not."""
        return self.typed.get(beside.Doctor, "/doctor")

    def drills(self) -> practice.Drills:
        """What was practised, how it went, what is due."""
        return self.typed.get(practice.Drills, "/drills")

    def nodes(self) -> beside.Nodes:
        """Which nodes share the journal, and what each looks after."""
        return self.typed.get(beside.Nodes, "/nodes")

    def settings(self) -> practice.SettingsRead:
        """What the settings say, without secrets."""
        return self.typed.get(practice.SettingsRead, "/settings")

    def coverage(self) -> beside.Coverage:
        """How far the page was ever tried."""
        return self.typed.get(beside.Coverage, "/coverage")

    def handbook(self) -> beside.Handbook:
        """The page in force as it was understood."""
        return self.typed.get(beside.Handbook, "/handbook")

    def runbook(self, runbook: str) -> beside.Runbook:
        """One of its runbooks, by its id."""
        return self.typed.get(beside.Runbook, f"/handbook/{at(runbook)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Accounts. Without accounts everything here is refused."""

    typed: Typed

    def me(self) -> people.Me:
        """Who I am."""
        return self.typed.get(people.Me, "/account")

    def end_session(self, session: str) -> people.Me:
        """End one of my sessions."""
        return self.typed.post(people.Me, "/account/sessions/end", session=session)

    def revoke_token(self, token: str) -> people.Me:
        """Make a token of mine void, by its id."""
        return self.typed.post(people.Me, "/account/tokens/revoke", token=token)

    def everybody(self) -> Iterator[people.Person]:
        """Everybody who has an account."""
        return self.typed.rows(people.People, "/people", lambda part: part.people)

    def invite(self, name: str, role: str) -> people.Invited:
        """A link that makes one account; it is told once."""
        return self.typed.post(people.Invited, "/people", name=name, role=role)

    def invitations(self) -> Iterator[people.Invitation]:
        """Who was invited and has not come yet."""
        return self.typed.rows(people.Invitations, "/people/invitations", lambda part: part.invitations)

    def revoke_invitation(self, invitation: str) -> people.Invitations:
        """Make an invitation void before somebody uses it, by its id."""
        return self.typed.post(people.Invitations, "/people/invitations/revoke", invitation=invitation)

    def give_role(self, name: str, role: str) -> people.Person:
        """Give somebody another role."""
        return self.typed.post(people.Person, "/people/role", name=name, role=role)

    def disable(self, name: str, *, disabled: bool = True) -> people.Person:
        """Shut somebody out, or let them in again."""
        return self.typed.post(people.Person, "/people/disable", name=name, disabled=disabled)

    def audit(self, *, limit: int | None = None) -> Iterator[people.UseOfAccount]:
        """Every use of an account, newest first."""
        return self.typed.rows(people.Audit, "/people/audit", lambda part: part.audit, limit=limit)
