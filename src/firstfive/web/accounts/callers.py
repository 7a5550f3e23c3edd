"""Who a request comes from, once the door knows it.

Put on a request by `gate`, read by every route through `caller_of`. Without accounts there is none, and people type their names.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from firstfive.stores.accounts.model import Role

KEPT = "firstfive.caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who proved who they are.

    `name` stands on the timeline; it is empty for the command line of this machine, which says its person itself. `how` is passkey,
    password, oidc, break-glass, token or key; `session` names the session of a browser; `scopes` is None for whoever has no token.
    """

    name: str
    role: Role
    how: str
    session: str = ""
    scopes: frozenset[str] | None = None


def caller_of(request: Request) -> Caller | None:
    """Who sent this request; None where there are no accounts."""
    found: Caller | None = request.scope.get(KEPT)
    return found


def client_of(request: Request) -> str:
    """The address that a request came from, as far as the server knows it."""
    return request.client.host if request.client else "unknown"
