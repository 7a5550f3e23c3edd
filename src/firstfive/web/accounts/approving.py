"""What approving a step takes of a signed-in person beside the rules of response.

Asked by the room and the API before an approval is said. A change that the page can take back, and taking one back, takes a
responder, any other a commander; who must be asked, and how many, is decided by `incident.safety` all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from firstfive.stores.accounts.model import Role
from firstfive.web.accounts.callers import KEPT, Caller, caller_of
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.problems import NotAllowed


def by_link(request: Request, name: str) -> None:
    """Whoever holds a sealed link acts as the account of the person it was made for. Raises NotAllowed when that one is disabled.

    A link for somebody without an account works as it does without accounts.
    """
    entrance: Entrance | None = getattr(request.app.state, "entrance", None)
    if entrance is None or not entrance.required():
        return
    account = entrance.accounts.find(name)
    if account is None:
        return
    if account.disabled:
        raise NotAllowed(
            f"the account of {account.name} is disabled", remedy="ask an admin, or act under your own name"
        )
    request.scope[KEPT] = Caller(name=account.name, role=account.role, how="link")


def may(request: Request, verb: str, run: object, shown: Callable[[], Mapping[str, Any]]) -> None:
    """Raises NotAllowed when this person may not approve that waiting run of the incident that `shown` gives. Other verbs pass."""
    caller = caller_of(request)
    if caller is None or verb != "approve" or caller.role >= Role.COMMANDER:
        return
    row = next((row for row in shown()["waiting"] if row["run"] == run), None)
    if row is None or row["undoes"] or (row["undo"] and row["verdict"] != "destructive"):
        return
    why = "destroys something" if row["verdict"] == "destructive" else "cannot be taken back"
    raise NotAllowed(
        f"this step {why}, so approving it takes a commander; {caller.name or 'the key of this machine'} is {caller.role.word}",
        remedy="ask a commander, or an admin for the role",
    )
