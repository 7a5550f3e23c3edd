"""What an account lets its person do out of a chat: the same as in the room.

Asked by `engine.telling.pressing` before anything is said. A person without an account may do what a sealed link lets them.
"""

from __future__ import annotations

from pathlib import Path

from firstfive.incident.timeline import Attempt
from firstfive.stores.accounts.model import Role
from firstfive.stores.accounts.opening import open_accounts, there_may_be


def barred(state: Path, database: str, person: str, attempt: Attempt | None) -> str:
    """Why this person may not answer at all, or not approve the run of `attempt`; empty when they may."""
    if not there_may_be(state, database):
        return ""
    book = open_accounts(state, database)
    try:
        account = book.find(person)
    finally:
        book.close()
    if account is None:
        return ""
    if account.disabled:
        return f"the account of {account.name} is disabled"
    if account.role < Role.RESPONDER:
        return f"{account.name} is {account.role.word}, and this takes a responder"
    final = attempt is not None and (attempt.run.destructive or not (attempt.run.undo or attempt.run.undoes))
    if final and account.role < Role.COMMANDER:
        return (
            f"this step cannot be taken back, so approving it takes a commander; {account.name} is {account.role.word}"
        )
    return ""
