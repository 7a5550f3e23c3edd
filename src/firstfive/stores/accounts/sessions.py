"""Who is signed in, on the server's side, so that it can be ended at once.

A part of `book`. A session is 256 random bits in a cookie and their digest here; it lives twelve hours, one of break-glass one.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from firstfive.documents.plain import line
from firstfive.errors import Refused
from firstfive.stores.accounts import tables as t
from firstfive.stores.accounts.model import BROKEN_GLASS_LIVES, SESSION_LIVES, Role, Session, digest_of
from firstfive.stores.accounts.standing import SEEN_EVERY, WITH_ACCOUNT, alive
from firstfive.stores.tables import instant, ticks


class Sessions:
    """The sessions of one installation."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, name: str, how: str, source: str, now: datetime, *, role: Role | None = None) -> str:
        """The secret of a new session. With a `role` it is one of break-glass: short, and of nobody's account."""
        secret = secrets.token_urlsafe(32)
        lives = SESSION_LIVES if role is None else BROKEN_GLASS_LIVES
        row = {"name": name, "role": int(role) if role else None, "how": how, "source": line(source, 120)}
        times = {"made_at": ticks(now), "until": ticks(now + lives), "seen_at": ticks(now)}
        with self._engine.begin() as c:
            c.execute(t.session.delete().where(t.session.c.until <= ticks(now)))
            c.execute(t.session.insert().values(digest=digest_of(secret), **row, **times))
        return secret

    def find(self, secret: str, now: datetime) -> Session | None:
        """The session of that secret; None when it is unknown, ended, too old, or its account is disabled."""
        return next(iter(self._those(now, t.session.c.digest == digest_of(secret))), None)

    def of(self, name: str, now: datetime) -> tuple[Session, ...]:
        """Where somebody is signed in, newest first."""
        return self._those(now, t.session.c.name == name)

    def all(self, now: datetime) -> tuple[Session, ...]:
        """Everybody who is signed in, newest first."""
        return self._those(now, sa.true())

    def _those(self, now: datetime, which: sa.ColumnElement[bool]) -> tuple[Session, ...]:
        columns = sa.select(t.session, t.account.c.role.label("account_role")).select_from(WITH_ACCOUNT)
        query = columns.where(which, alive(now)).order_by(t.session.c.made_at.desc())
        with self._engine.connect() as c:
            return tuple(_session(row) for row in c.execute(query).all())

    def seen(self, session: Session, now: datetime) -> bool:
        """Whether it is time to write down that the session was used, by `touch`."""
        return now - session.seen_at >= SEEN_EVERY

    def touch(self, session: Session, now: datetime) -> None:
        """Write down that it was used."""
        with self._engine.begin() as c:
            c.execute(t.session.update().where(_named(session.id)).values(seen_at=ticks(now)))

    def end(self, session_id: str, name: str = "") -> None:
        """End a session, of this person or of anybody. Raises Refused when there is none."""
        whose = t.session.c.name == name if name else sa.true()
        with self._engine.begin() as c:
            if not c.execute(t.session.delete().where(_named(session_id), whose)).rowcount:
                raise Refused("there is no such session", remedy="it has ended already, or is not yours")


def _named(session_id: str) -> sa.ColumnElement[bool]:
    return t.session.c.digest.startswith(session_id, autoescape=True) if len(session_id) == 16 else sa.false()


def _session(row: Any) -> Session:
    return Session(
        id=row.digest[:16],
        name=row.name,
        role=Role(row.role if row.role is not None else row.account_role),
        how=row.how,
        source=row.source,
        made_at=instant(row.made_at),
        until=instant(row.until),
        seen_at=instant(row.seen_at),
    )
