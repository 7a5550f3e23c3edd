"""Which sessions and tokens let somebody in: the rule, and one question for all of those who listen at this moment.

Used by `book` and `sessions`. Knows digests only.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta

import sqlalchemy as sa

from firstfive.stores.accounts import tables as t
from firstfive.stores.tables import ticks

SEEN_EVERY = timedelta(minutes=1)
WITH_ACCOUNT = sa.outerjoin(t.session, t.account, t.session.c.name == t.account.c.name)


def alive(now: datetime) -> sa.ColumnElement[bool]:
    """Sessions that let somebody in: not too old, of break-glass or of an account that is not disabled."""
    able = sa.or_(t.session.c.role.is_not(None), ~t.account.c.disabled)
    return sa.and_(able, t.session.c.until > ticks(now))


def opens(now: datetime) -> sa.ColumnElement[bool]:
    """Tokens that open something: not too old, not revoked, of an account that is not disabled."""
    return sa.and_(~t.token.c.revoked, t.token.c.until > ticks(now), ~t.account.c.disabled)


def still_good(engine: sa.Engine, digests: Set[str], now: datetime) -> frozenset[str]:
    """Those of these digests of sessions and tokens that let somebody in; that they were used now is kept, to the minute."""
    sessions = sa.select(t.session.c.digest, t.session.c.seen_at).select_from(WITH_ACCOUNT).where(alive(now))
    tokens = sa.select(t.token.c.digest, t.token.c.used_at).join(t.account).where(opens(now))
    good: set[str] = set()
    with engine.begin() as c:
        for query, table, when in ((sessions, t.session, "seen_at"), (tokens, t.token, "used_at")):
            used = {digest: at for digest, at in c.execute(query).all() if digest in digests}
            due = [{"which": one} for one, at in used.items() if at is None or at <= ticks(now - SEEN_EVERY)]
            if due:
                mine = table.c.digest == sa.bindparam("which")
                c.execute(table.update().where(mine).values({when: ticks(now)}), due)
            good |= used.keys()
    return frozenset(good)
