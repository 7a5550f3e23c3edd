"""Invitations that wait to be used: listed, and taken back before somebody opens them.

A part of `book`. One is named by the beginning of its digest, which opens nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from firstfive.errors import Refused
from firstfive.stores.accounts import tables as t
from firstfive.stores.accounts.model import Invitation, Role
from firstfive.stores.tables import instant, ticks

SHOWN = 12


class Invitations:
    """The invitations of one installation."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def open(self, now: datetime) -> tuple[Invitation, ...]:
        """Those that somebody could still use, the one that ends first at the top."""
        query = sa.select(t.invitation).where(_open(now)).order_by(t.invitation.c.until, t.invitation.c.digest)
        with self._engine.connect() as c:
            return tuple(invitation_of(row) for row in c.execute(query))

    def take_back(self, invitation_id: str, now: datetime) -> str:
        """Make one void before it is used; for whom it was. Raises Refused when none of that id is open."""
        which = t.invitation.c.digest.startswith(invitation_id, autoescape=True)
        mine = sa.and_(which if len(invitation_id) == SHOWN else sa.false(), _open(now))
        with self._engine.begin() as c:
            name = c.execute(sa.select(t.invitation.c.name).where(mine)).scalar_one_or_none()
            if name is None:
                raise Refused(
                    "there is no such invitation",
                    remedy="it was used, taken back or is too old; look at the list again",
                )
            c.execute(t.invitation.delete().where(mine))
        return str(name)


def invitation_of(row: Any) -> Invitation:
    """A stored one, named by the beginning of its digest."""
    return Invitation(id=row.digest[:SHOWN], name=row.name, role=Role(row.role), until=instant(row.until))


def _open(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(t.invitation.c.used_at.is_(None), t.invitation.c.until > ticks(now))
