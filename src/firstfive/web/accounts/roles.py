"""Which role each route takes: the one table of it.

Read by `gate`. A route without a row opens for nobody; a test walks every route of the application. What approving a step takes
beside this is said by `approving`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from re import Pattern

from starlette.routing import compile_path

from firstfive.stores.accounts.model import Role

# OPEN: everybody, signed in or not, since these are the ways in, or prove by themselves who may.
OPEN = None
VIEWER, RESPONDER, COMMANDER, ADMIN = Role.VIEWER, Role.RESPONDER, Role.COMMANDER, Role.ADMIN
API = "/api/v1"
REPORTS, WHO_AM_I = f"{API}/reports", f"{API}/account"

Row = Mapping[str, Role | None]

# What a person can say about an incident; `public` speaks to everybody, and takes the one who leads.
_VERBS: Mapping[str, Role] = {
    **dict.fromkeys(
        ("ack", "hypothesis", "note", "update", "severity", "tick", "write-up", "run", "set", "approve"), RESPONDER
    ),
    **dict.fromkeys(("undo", "decline", "settle", "resume", "resolve"), RESPONDER),
    "public": COMMANDER,
}

# Pages beside the room, and what they show as data.
_BESIDE = (
    *(
        "/more",
        "/report",
        "/oncall",
        "/oncall.ics",
        "/deploys",
        "/actions",
        "/approvals",
        "/outbox",
        "/handbook/{runbook}",
        "/drills",
        "/drills/{card}",
        "/post-mortems/{file:path}",
        "/incidents/{id}/timeline.txt",
        "/incidents/{id}/output/{run}",
    ),
    *(
        f"{API}/{name}"
        for name in (
            "oncall",
            "deploys",
            "actions",
            "approvals",
            "coverage",
            "handbook",
            "handbook/{runbook}",
            "drills",
        )
    ),
)

ROUTES: Mapping[str, Row] = {
    "/static/{name}": {"GET": OPEN},
    "/health": {"GET": OPEN},
    "/act/{token}": {"GET": OPEN, "POST": OPEN},
    "/status": {"GET": OPEN},
    "/status/{file:path}": {"GET": OPEN},
    "/status/report": {"GET": OPEN, "POST": OPEN},
    "/status/report/thanks": {"GET": OPEN},
    "/sign-in": {"GET": OPEN, "POST": OPEN},
    "/sign-in/break-glass": {"POST": OPEN},
    "/sign-in/passkey/options": {"POST": OPEN},
    "/sign-in/passkey": {"POST": OPEN},
    "/sign-in/provider": {"GET": OPEN},
    "/sign-in/provider/back": {"GET": OPEN},
    "/welcome/{secret}": {"GET": OPEN, "POST": OPEN},
    "/welcome/{secret}/options": {"POST": OPEN},
    "/welcome/{secret}/passkey": {"POST": OPEN},
    "/sign-out": {"POST": VIEWER},
    "/account": {"GET": VIEWER},
    "/account/sessions/end": {"POST": VIEWER},
    "/account/passkeys/options": {"POST": VIEWER},
    "/account/passkeys": {"POST": VIEWER},
    "/account/passkeys/remove": {"POST": VIEWER},
    "/account/tokens": {"POST": VIEWER},
    "/account/tokens/revoke": {"POST": VIEWER},
    "/people": {"GET": ADMIN, "POST": ADMIN},
    "/people/invitations/revoke": {"POST": ADMIN},
    "/people/role": {"POST": ADMIN},
    "/people/disable": {"POST": ADMIN},
    "/people/audit": {"GET": ADMIN},
    "/": {"GET": VIEWER},
    "/handbook": {"GET": VIEWER},
    "/me": {"POST": VIEWER},
    "/live": {"GET": VIEWER},
    f"{API}/live": {"GET": VIEWER},
    f"{API}/incidents/{{id}}/live": {"GET": VIEWER},
    "/api": {"GET": VIEWER},
    f"{API}/openapi.json": {"GET": VIEWER},
    WHO_AM_I: {"GET": VIEWER},
    f"{API}/account/sessions/end": {"POST": VIEWER},
    f"{API}/account/tokens/revoke": {"POST": VIEWER},
    f"{API}/people": {"GET": ADMIN, "POST": ADMIN},
    f"{API}/people/invitations": {"GET": ADMIN},
    f"{API}/people/invitations/revoke": {"POST": ADMIN},
    f"{API}/people/role": {"POST": ADMIN},
    f"{API}/people/disable": {"POST": ADMIN},
    f"{API}/people/audit": {"GET": ADMIN},
    "/signals": {"GET": VIEWER},
    "/signals/{number}": {"GET": VIEWER},
    "/silences": {"POST": RESPONDER},
    "/silences/{silence}/end": {"POST": RESPONDER},
    "/reports": {"POST": VIEWER},
    "/incidents": {"POST": RESPONDER},
    "/incidents/{id}": {"GET": VIEWER},
    "/incidents/{id}/live": {"GET": VIEWER},
    "/incidents/{id}/offer": {"POST": RESPONDER},
    **{f"/incidents/{{id}}/{verb}": {"POST": role} for verb, role in _VERBS.items()},
    "/history": {"GET": VIEWER},
    "/figures": {"GET": VIEWER},
    **{path: {"GET": VIEWER} for path in _BESIDE},
    "/doctor": {"GET": ADMIN},
    "/nodes": {"GET": ADMIN},
    f"{API}/nodes": {"GET": ADMIN},
    f"{API}/doctor": {"GET": ADMIN},
    "/settings": {"GET": ADMIN},
    f"{API}/settings": {"GET": ADMIN},
    f"{API}/history": {"GET": VIEWER},
    f"{API}/search": {"GET": VIEWER},
    f"{API}/metrics": {"GET": VIEWER},
    "/metrics": {"GET": VIEWER},
    REPORTS: {"POST": VIEWER},
    f"{API}/incidents": {"GET": VIEWER, "POST": RESPONDER},
    f"{API}/incidents/{{id}}": {"GET": VIEWER},
    f"{API}/incidents/{{id}}/timeline": {"GET": VIEWER},
    f"{API}/incidents/{{id}}/output/{{run}}": {"GET": VIEWER},
    f"{API}/incidents/{{id}}/offer": {"POST": RESPONDER},
    f"{API}/incidents/{{id}}/look-back": {"POST": RESPONDER},
    f"{API}/incidents/{{id}}/merge": {"POST": RESPONDER},
    **{f"{API}/incidents/{{id}}/{verb}": {"POST": role} for verb, role in _VERBS.items()},
    f"{API}/signals": {"GET": VIEWER},
    f"{API}/signals/{{number}}": {"GET": VIEWER},
    f"{API}/alerts": {"GET": VIEWER},
    f"{API}/silences": {"GET": VIEWER, "POST": RESPONDER},
    f"{API}/silences/{{silence}}/end": {"POST": RESPONDER},
    f"{API}/heartbeats": {"GET": VIEWER, "POST": RESPONDER},
    f"{API}/outbox": {"GET": VIEWER},
    f"{API}/outbox/again": {"POST": RESPONDER},
    f"{API}/simulate": {"POST": VIEWER},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a route takes: a role, or nothing when `open`; `scope` is what a token must hold."""

    role: Role
    scope: str
    open: bool = False


@cache
def _patterns() -> tuple[tuple[Pattern[str], str], ...]:
    """Paths without a variable first, as they are found first."""
    return tuple((compile_path(path)[0], path) for path in sorted(ROUTES, key=lambda path: "{" in path))


def need_of(path: str, method: str) -> Need | None:
    """What this request takes. None for a path without a row: it opens for nobody.

    A method that the route does not know takes a viewer, and is then refused by the route itself.
    """
    for pattern, name in _patterns():
        if pattern.match(path):
            row = ROUTES[name]
            wanted = "GET" if method == "HEAD" else method
            role = row.get(wanted, VIEWER)
            return Need(role=role or VIEWER, scope=_scope(name, wanted, role or VIEWER), open=role is OPEN)
    return None


def _scope(name: str, method: str, role: Role) -> str:
    if name == REPORTS:
        return "report"
    if role is ADMIN:
        return "admin"
    if name in ("/sign-out", "/me") or (name.removeprefix(API).startswith("/account") and name != WHO_AM_I):
        return "admin"  # a token gives out no further tokens, whosever it is
    return "read" if role is VIEWER else "act"
