"""Every call of the API in one table: its name, what it takes, what it answers, what it means.

Read by `taking`, which holds calls to it, and by `document` and `reference`, which show it. A route of the API without a row does not
start; which role and scope a row takes stands in `accounts.roles`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from firstfive.client.wire import asks, beside, incident, outside, past, people, practice, queries

AT = "/api/v1"
JSON, TEXT, CSV, STREAM = "application/json", "text/plain", "text/csv", "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: `name` is unique, `path` as the route has it, `about` one sentence.

    `takes` is the body, `asks` what may stand behind the question mark, `answers` the JSON of a good answer with `status`; None for
    another `media`. `also` is a second media type that can be asked for. `secret` answers hold something that is told once.
    """

    name: str
    method: str
    path: str
    about: str
    area: str
    answers: type[Any] | None
    takes: type[Any] | None = None
    asks: type[Any] = queries.Nothing
    status: int = 200
    media: str = JSON
    also: str = ""
    secret: bool = False


def _get(name: str, path: str, area: str, answers: type[Any] | None, about: str, **more: Any) -> Operation:
    return Operation(name=name, method="GET", path=path, area=area, answers=answers, about=about, **more)


def _post(name: str, path: str, area: str, takes: type[Any], answers: type[Any], about: str, **more: Any) -> Operation:
    return Operation(name=name, method="POST", path=path, area=area, takes=takes, answers=answers, about=about, **more)


ONE = f"{AT}/incidents/{{id}}"

VERBS: Mapping[str, tuple[type[Any], str]] = {
    "ack": (asks.Signed, "Acknowledge: somebody has taken it."),
    "hypothesis": (asks.Say, "Say what it may be; stops the clock of the roll-back."),
    "note": (asks.Say, "Put a remark on the timeline."),
    "update": (asks.Say, "Send an update to the team now, with this text under what is known."),
    "public": (
        asks.TellPublic,
        "Tell everybody on the status page. A wording that must not go out is refused with what is wrong in it.",
    ),
    "tick": (asks.Tick, "Tick a box of the closing list, or say that it is not needed here."),
    "write-up": (asks.Signed, "Have a post-mortem written of an incident of which the page asks for none."),
    "severity": (asks.Grade, "Grade it anew, with the reason."),
    "run": (asks.RunStep, "Ask for a step of a runbook; what changes anything waits for approval."),
    "set": (asks.SetValue, "Give a value for a placeholder of a step."),
    "approve": (
        asks.Approve,
        "Approve a waiting run: exactly these bytes, once. If anything changed in between, the answer is 409 and nothing runs.",
    ),
    "undo": (asks.OfRun, "Ask for the newest change that names its undo to be taken back."),
    "decline": (asks.Decline, "Say no to a waiting run."),
    "settle": (asks.Settle, "Say whether a run of unknown outcome ran."),
    "resume": (asks.Resume, "Let changes go on after the journal was restored, once somebody looked."),
    "resolve": (asks.Resolve, "Declare it over."),
}

INCIDENTS = (
    _get(
        "incidents",
        f"{AT}/incidents",
        "incidents",
        incident.Incidents,
        "Open incidents, or with all=1 every one, newest first, a few words each.",
        asks=queries.IncidentsAsked,
    ),
    _post(
        "declare", f"{AT}/incidents", "incidents", asks.Declare, incident.Incident, "Declare an incident.", status=201
    ),
    _post(
        "report", f"{AT}/reports", "incidents", asks.Report, incident.Incident, "Report that something does not work."
    ),
    _get("incident", ONE, "incidents", incident.Incident, "One incident in full."),
    _get(
        "timeline",
        f"{ONE}/timeline",
        "incidents",
        incident.Timeline,
        "Its timeline with the hash of each entry, 1000 entries at most.",
        asks=queries.TimelineAsked,
    ),
    _get(
        "output",
        f"{ONE}/output/{{run}}",
        "incidents",
        incident.Said,
        "All that was kept of what a run said; `run` may name a step too, and then its newest run is meant.",
    ),
    *(
        _post(name, f"{ONE}/{name}", "incidents", takes, incident.Incident, about)
        for name, (takes, about) in VERBS.items()
    ),
    _post(
        "offer",
        f"{ONE}/offer",
        "incidents",
        asks.AskChange,
        incident.Incident,
        "Ask for a change out of a pack; it waits for approval.",
    ),
    _post(
        "merge",
        f"{ONE}/merge",
        "incidents",
        asks.MergeLog,
        beside.Merged,
        "Take in the sealed log of a break-glass bundle, once, after proving it.",
    ),
    _post(
        "look-back",
        f"{ONE}/look-back",
        "incidents",
        asks.Signed,
        incident.Incident,
        "Read the post-mortem in the vault again.",
    ),
)

LIVE = (
    _get(
        "follow",
        f"{ONE}/live",
        "live",
        None,
        "Follow one incident. `entry` events carry an Entry and its number as their id; `output` events carry a Saying, whole each"
        " time and without an id; `ping` comes every 15 seconds. The stream begins behind Last-Event-ID.",
        asks=queries.FollowAsked,
        media=STREAM,
    ),
    _get(
        "changes",
        f"{AT}/live",
        "live",
        None,
        "Follow all incidents. A `change` event says that some incident changed; its id is a word for the new state.",
        asks=queries.ChangesAsked,
        media=STREAM,
    ),
)

OUTSIDE = (
    _get(
        "signals",
        f"{AT}/signals",
        "outside",
        outside.Signals,
        "Requests of senders, newest first, each with its outcomes.",
        asks=queries.Part,
    ),
    _get(
        "signal",
        f"{AT}/signals/{{number}}",
        "outside",
        outside.WholeRequest,
        "One request: what came, what was made of it.",
    ),
    _get(
        "alerts",
        f"{AT}/alerts",
        "outside",
        outside.Alerts,
        "The last state of every trouble, 1000 at once when limit is left out.",
        asks=queries.AlertsAsked,
    ),
    _get(
        "silences",
        f"{AT}/silences",
        "outside",
        outside.Silences,
        "Silences that are not over, 1000 at once when limit is left out.",
        asks=queries.Part,
    ),
    _post(
        "silence",
        f"{AT}/silences",
        "outside",
        asks.AddSilence,
        outside.Silence,
        "Act on no signal that matches, for a while.",
        status=201,
    ),
    _post(
        "end-silence", f"{AT}/silences/{{silence}}/end", "outside", asks.Signed, outside.Silence, "End a silence now."
    ),
    _get(
        "heartbeats",
        f"{AT}/heartbeats",
        "outside",
        outside.Heartbeats,
        "Signs of life that must keep coming, 1000 at once when limit is left out.",
        asks=queries.Part,
    ),
    _post("expect", f"{AT}/heartbeats", "outside", asks.Expect, outside.Heartbeats, "Expect a heartbeat from now on."),
    _get(
        "outbox",
        f"{AT}/outbox",
        "outside",
        outside.Outbox,
        "Messages that were given up, then those that wait.",
        asks=queries.Part,
    ),
    _post("try-again", f"{AT}/outbox/again", "outside", asks.TryAgain, outside.TriedAgain, "Try a message once more."),
    _post(
        "simulate",
        f"{AT}/simulate",
        "outside",
        asks.Simulate,
        outside.Simulated,
        "What would be made of a sender's message; nothing is kept.",
    ),
)

PAST = (
    _get("history", f"{AT}/history", "past", past.History, "Every incident, newest first.", asks=queries.HistoryAsked),
    _get(
        "search",
        f"{AT}/search",
        "past",
        past.Found,
        "Sentences of timelines and post-mortems that hold every word.",
        asks=queries.SearchAsked,
    ),
    _get(
        "metrics",
        f"{AT}/metrics",
        "past",
        past.Metrics,
        "How long incidents took, each number with its definition; format=csv gives one incident a line.",
        asks=queries.MetricsAsked,
        also=CSV,
    ),
)

BESIDE = (
    _get("oncall", f"{AT}/oncall", "beside", beside.Oncall, "Who is on call in the next four weeks, and the gaps."),
    _get("deploys", f"{AT}/deploys", "beside", beside.Deploys, "The deploy ledger, newest first.", asks=queries.Part),
    _get(
        "actions",
        f"{AT}/actions",
        "beside",
        beside.Actions,
        "Open promises out of post-mortems, or with all=1 done ones too.",
        asks=queries.ActionsAsked,
    ),
    _get(
        "approvals",
        f"{AT}/approvals",
        "beside",
        beside.Approvals,
        "Every question for a yes and every answer, newest first.",
        asks=queries.Part,
    ),
    _get(
        "coverage", f"{AT}/coverage", "beside", beside.Coverage, "How far the page was ever tried, runbook by runbook."
    ),
    _get("doctor", f"{AT}/doctor", "beside", beside.Doctor, "What must hold, and the remedy where it does not."),
    _get("nodes", f"{AT}/nodes", "beside", beside.Nodes, "Who writes the journal, and what each node looks after."),
    _get("drills", f"{AT}/drills", "beside", practice.Drills, "What was practised, how it went, what is due."),
    _get("settings", f"{AT}/settings", "beside", practice.SettingsRead, "What the settings say, without secrets."),
    _get("handbook", f"{AT}/handbook", "beside", beside.Handbook, "The page in force as it was understood."),
    _get("runbook", f"{AT}/handbook/{{runbook}}", "beside", beside.Runbook, "One of its runbooks, by its id."),
)

PEOPLE = (
    _get("account", f"{AT}/account", "people", people.Me, "Who I am, where I am signed in, what acts in my name."),
    _post("end-session", f"{AT}/account/sessions/end", "people", asks.EndSession, people.Me, "End one of my sessions."),
    _post(
        "revoke-token",
        f"{AT}/account/tokens/revoke",
        "people",
        asks.RevokeToken,
        people.Me,
        "Make a token of mine void.",
    ),
    _get("people", f"{AT}/people", "people", people.People, "Everybody who has an account.", asks=queries.Part),
    _post(
        "invite",
        f"{AT}/people",
        "people",
        asks.GiveRole,
        people.Invited,
        "Invite somebody; the link is told once.",
        status=201,
        secret=True,
    ),
    _get(
        "invitations",
        f"{AT}/people/invitations",
        "people",
        people.Invitations,
        "Who was invited and has not come yet.",
        asks=queries.Part,
    ),
    _post(
        "revoke-invitation",
        f"{AT}/people/invitations/revoke",
        "people",
        asks.RevokeInvitation,
        people.Invitations,
        "Make an invitation void before somebody uses it.",
    ),
    _post("role", f"{AT}/people/role", "people", asks.GiveRole, people.Person, "Give somebody another role."),
    _post(
        "disable",
        f"{AT}/people/disable",
        "people",
        asks.Disable,
        people.Person,
        "Shut somebody out, or let them in again.",
    ),
    _get(
        "audit",
        f"{AT}/people/audit",
        "people",
        people.Audit,
        "Every use of an account, newest first.",
        asks=queries.Part,
    ),
)

ITSELF = (
    _get("health", "/health", "itself", beside.Health, "That the server answers, and which version it is."),
    _get("own-metrics", "/metrics", "itself", None, "How Firstfive itself does, as text for Prometheus.", media=TEXT),
    _get("openapi", f"{AT}/openapi.json", "itself", None, "This document.", media=JSON),
)

OPERATIONS = (*INCIDENTS, *LIVE, *OUTSIDE, *PAST, *BESIDE, *PEOPLE, *ITSELF)


@cache
def by_route() -> Mapping[tuple[str, str], Operation]:
    """Each operation by method and path."""
    return {(one.method, one.path): one for one in OPERATIONS}


@cache
def _templates() -> tuple[tuple[str, re.Pattern[str], Operation], ...]:
    return tuple((one.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", one.path)), one) for one in OPERATIONS)


def called(method: str, path: str) -> Operation | None:
    """The operation that a request asks for; None when there is none at this address."""
    return next((one for verb, path_of, one in _templates() if verb == method and path_of.fullmatch(path)), None)
