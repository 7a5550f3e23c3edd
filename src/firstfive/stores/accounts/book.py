"""Accounts in one SQLite file of the state folder, beside the journal: made, proved, revoked, and every use written down.

Opened by `web.accounts` and by the command line, also both at once. Keeps digests and hashes, never a secret; decides no route.
Every method is one transaction and blocks for it, so the web calls those that write from a thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from firstfive.documents.plain import line
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.incident.safety import plain_name
from firstfive.stores.accounts import tables as t
from firstfive.stores.accounts.invitations import Invitations, invitation_of
from firstfive.stores.accounts.model import (
    INVITATION_LIVES,
    LONGEST_NAME,
    SCOPES,
    TOKEN_PREFIX,
    Account,
    AuditRow,
    Invitation,
    Passkey,
    Role,
    Token,
    digest_of,
    meant_code,
)
from firstfive.stores.accounts.sessions import Sessions
from firstfive.stores.accounts.standing import opens, still_good
from firstfive.stores.tables import instant, ticks

FILE = "accounts.db"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


class Accounts:
    """Everything about accounts of one installation. Close it when done."""

    def __init__(self, path: PurePath, *, engine: sa.Engine | None = None) -> None:
        """Open the file, readable by its owner only, and make what it lacks; or take an `engine` whose tables are made, `path` then
        only says where. Raises FirstfiveError when it cannot.
        """
        self.path = path
        self._engine = engine if engine is not None else _in_file(Path(path))
        self.sessions = Sessions(self._engine)
        self.invitations = Invitations(self._engine)

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    # --------------------------------------------------------------------------------------------------------- people

    def required(self) -> bool:
        """Whether there is any account, so that the installation's key alone no longer signs a person in."""
        with self._engine.connect() as c:
            return c.execute(sa.select(t.account.c.name).limit(1)).first() is not None

    def all(self) -> tuple[Account, ...]:
        """Everybody, by name."""
        keys = sa.select(sa.func.count()).where(t.passkey.c.account == t.account.c.name).scalar_subquery()
        with self._engine.connect() as c:
            rows = c.execute(sa.select(t.account, keys.label("passkeys")).order_by(t.account.c.compared)).all()
        return tuple(_account(row) for row in rows)

    def find(self, name: str) -> Account | None:
        """The account of that name, however it is written; None when there is none."""
        return next((one for one in self.all() if plain_name(one.name) == plain_name(name)), None)

    def get(self, name: str) -> Account:
        """The account of that name. Raises Refused when there is none."""
        found = self.find(name)
        if found is None:
            raise Refused(f"there is no account {name!r}", remedy="firstfive account list shows them")
        return found

    def set_role(self, name: str, role: Role) -> Account:
        """Give another role. Raises Refused when no admin would be left."""
        mine = self.get(name)
        self._change(mine, {"role": int(role)}, stays_admin=role is Role.ADMIN)
        return replace(mine, role=role)

    def disable(self, name: str, *, disabled: bool = True) -> Account:
        """Shut an account out at once, sessions and tokens with it, or let it in again. Raises Refused for the last admin."""
        mine = self.get(name)
        self._change(mine, {"disabled": disabled}, stays_admin=not disabled)
        return replace(mine, disabled=disabled)

    def _change(self, mine: Account, values: dict[str, Any], *, stays_admin: bool) -> None:
        with self._engine.begin() as c:
            c.execute(t.account.update().where(t.account.c.name == mine.name).values(**values))
            if values.get("disabled"):
                c.execute(t.session.delete().where(t.session.c.name == mine.name))
            admins = sa.select(t.account.c.name).where(t.account.c.role == int(Role.ADMIN), ~t.account.c.disabled)
            if mine.role is Role.ADMIN and not stays_admin and c.execute(admins).first() is None:
                raise Refused(f"{mine.name} is the last admin", remedy="make somebody else admin first")

    # ------------------------------------------------------------------------------------------------------- invitations

    def invite(self, name: str, role: Role, now: datetime) -> str:
        """The secret of a one-time link for a new account, or for new proof of one that there is. Raises Refused for a name that
        is none.
        """
        clean = line(name, LONGEST_NAME + 1).strip().lstrip("@")
        if (
            not plain_name(clean)
            or len(clean) > LONGEST_NAME
            or plain_name(clean).startswith(("break-glass", "firstfive"))
        ):
            raise Refused(
                f"{name!r} is no name for an account",
                remedy=f"give the person's name, at most {LONGEST_NAME} characters",
                exit_code=Exit.USAGE,
            )
        secret = secrets.token_urlsafe(32)
        row = {"digest": digest_of(secret), "name": clean, "role": int(role), "until": ticks(now + INVITATION_LIVES)}
        with self._engine.begin() as c:
            c.execute(t.invitation.insert().values(**row))
        return secret

    def invitation(self, secret: str, now: datetime) -> Invitation:
        """What a link invites to. Raises Refused when it is unknown, used or too old: the answer is the same for all three."""
        with self._engine.connect() as c:
            row = c.execute(sa.select(t.invitation).where(t.invitation.c.digest == digest_of(secret))).one_or_none()
        if row is None or row.used_at is not None or row.until <= ticks(now):
            raise _void()
        return invitation_of(row)

    def accept(self, secret: str, now: datetime, *, password: str = "", passkey: Passkey | None = None) -> Account:
        """Use an invitation: the account, made if it is new, with this password hash or passkey. Raises Refused when it is void.

        Who gets new proof loses the old: a link for somebody who has an account replaces a password, and adds a passkey.
        """
        at = ticks(now)
        with self._engine.begin() as c:
            mine = t.invitation.c.digest == digest_of(secret)
            open_still = sa.and_(mine, t.invitation.c.used_at.is_(None), t.invitation.c.until > at)
            if c.execute(t.invitation.update().where(open_still).values(used_at=at)).rowcount != 1:
                raise _void()
            told = c.execute(sa.select(t.invitation).where(mine)).one()
            compared = plain_name(told.name)
            known = c.execute(sa.select(t.account.c.name).where(t.account.c.compared == compared)).scalar_one_or_none()
            if known is None:
                made = {"name": told.name, "compared": compared, "role": told.role, "disabled": False, "made_at": at}
                c.execute(t.account.insert().values(**made))
            name = known or told.name
            if password:
                c.execute(t.account.update().where(t.account.c.name == name).values(password=password))
            if passkey is not None:
                _add(c, replace(passkey, account=name), at)
        return self.get(name)

    def from_outside(self, name: str, subject: str, role: Role, now: datetime) -> Account:
        """The account of somebody whom an identity provider vouches for, made if it is new. `subject` is what the provider never gives
        to another. Who has no other proof gets the role that is claimed now. Raises Refused when the name is another subject's.
        """
        mine = t.account.c.compared == plain_name(name)
        with self._engine.begin() as c:
            known = c.execute(sa.select(t.account).where(mine)).one_or_none()
            if known is None:
                row = {"name": name, "compared": plain_name(name), "role": int(role), "disabled": False}
                c.execute(t.account.insert().values(**row, subject=subject, made_at=ticks(now)))
            elif known.subject not in (None, subject):
                raise Refused(f"the provider gives the name {name} to two people", exit_code=Exit.NOT_AUTHORISED)
            else:
                keys = sa.select(t.passkey.c.id).where(t.passkey.c.account == known.name).limit(1)
                own = known.password is not None or c.execute(keys).first() is not None
                c.execute(t.account.update().where(mine).values(subject=subject, role=known.role if own else int(role)))
        return self.get(name)

    # ------------------------------------------------------------------------------------------------------------- proof

    def password_of(self, name: str) -> tuple[str, str] | None:
        """(account's name, hash) of somebody who may sign in with a password; None for everybody else."""
        query = sa.select(t.account.c.name, t.account.c.password).where(
            t.account.c.compared == plain_name(name), t.account.c.password.is_not(None), ~t.account.c.disabled
        )
        with self._engine.connect() as c:
            row = c.execute(query).one_or_none()
        return (row.name, row.password) if row is not None else None

    def set_password(self, name: str, hashed: str) -> None:
        """Replace the hash of somebody's password."""
        with self._engine.begin() as c:
            c.execute(t.account.update().where(t.account.c.compared == plain_name(name)).values(password=hashed))

    def passkey(self, credential: bytes) -> Passkey | None:
        """The passkey of that credential id, when its account is not disabled."""
        query = sa.select(t.passkey).join(t.account).where(t.passkey.c.id == credential, ~t.account.c.disabled)
        with self._engine.connect() as c:
            row = c.execute(query).one_or_none()
        if row is None:
            return None
        return _passkey(row)

    def passkeys_of(self, name: str) -> tuple[Passkey, ...]:
        """The passkeys of an account, the oldest first."""
        query = sa.select(t.passkey).where(t.passkey.c.account == name).order_by(t.passkey.c.made_at)
        with self._engine.connect() as c:
            return tuple(_passkey(row) for row in c.execute(query))

    def remove_passkey(self, name: str, short: str) -> None:
        """Take one away. Raises Refused for one that the account has not, and for its last way in."""
        with self._engine.begin() as c:
            mine = [_passkey(row) for row in c.execute(sa.select(t.passkey).where(t.passkey.c.account == name))]
            gone = next((one for one in mine if one.short == short), None)
            if gone is None:
                raise Refused("you have no such passkey", remedy="the page of your account lists them")
            own = c.execute(sa.select(t.account.c.password).where(t.account.c.name == name)).scalar_one_or_none()
            if len(mine) == 1 and own is None:
                raise Refused("this is the last way in", remedy="make another passkey first")
            c.execute(t.passkey.delete().where(t.passkey.c.id == gone.id))

    def add_passkey(self, passkey: Passkey, now: datetime) -> None:
        """One more passkey of an account. Raises Refused for one that somebody has."""
        with self._engine.begin() as c:
            _add(c, passkey, ticks(now))

    def used(self, passkey: Passkey, sign_count: int, now: datetime) -> bool:
        """Keep the new count, if nobody else has told it since this passkey was read; False when somebody has: it was copied."""
        mine = sa.and_(t.passkey.c.id == passkey.id, t.passkey.c.sign_count == passkey.sign_count)
        with self._engine.begin() as c:
            changed = c.execute(t.passkey.update().where(mine).values(sign_count=sign_count, used_at=ticks(now)))
        return changed.rowcount == 1

    # ------------------------------------------------------------------------------------------------------- break glass

    def make_glass(self, now: datetime) -> str:
        """A code for when nothing else signs in. The one before it is void."""
        code = "-".join(secrets.token_hex(4) for _ in range(6))
        with self._engine.begin() as c:
            c.execute(t.glass.delete())
            c.execute(t.glass.insert().values(digest=digest_of(code), made_at=ticks(now)))
        return code

    def break_glass(self, code: str, now: datetime) -> bool:
        """Use the code up; False when it is none or was used."""
        open_still = sa.and_(t.glass.c.digest == digest_of(meant_code(code)), t.glass.c.used_at.is_(None))
        with self._engine.begin() as c:
            return c.execute(t.glass.update().where(open_still).values(used_at=ticks(now))).rowcount == 1

    # ------------------------------------------------------------------------------------------------------------ tokens

    def make_token(self, name: str, label: str, scopes: Sequence[str], lives: timedelta, now: datetime) -> str:
        """A token in somebody's name. Raises Refused for an unknown person or scope."""
        mine = self.get(name)
        wrong = [scope for scope in scopes if scope not in SCOPES]
        if wrong or not scopes:
            raise Refused(
                f"there is no scope {wrong[0]!r}" if wrong else "a token without a scope opens nothing",
                remedy=f"one or more of: {', '.join(SCOPES)}",
                exit_code=Exit.USAGE,
            )
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = {"account": mine.name, "label": line(label, 80), "scopes": " ".join(dict.fromkeys(scopes))}
        times = {"made_at": ticks(now), "until": ticks(now + lives)}
        with self._engine.begin() as c:
            c.execute(t.token.insert().values(digest=digest_of(secret), revoked=False, **row, **times))
        return secret

    def token(self, secret: str, now: datetime) -> Token | None:
        """What a token may do now; None when it is unknown, revoked, too old, or its person is disabled."""
        return next(iter(self._tokens(now, t.token.c.digest == digest_of(secret))), None)

    def tokens(self, now: datetime, name: str = "") -> tuple[Token, ...]:
        """Tokens that open something now, of one person or of all, newest first."""
        return self._tokens(now, t.token.c.account == name if name else sa.true())

    def _tokens(self, now: datetime, which: sa.ColumnElement[bool]) -> tuple[Token, ...]:
        columns = sa.select(t.token, t.account.c.role).join(t.account)
        query = columns.where(which, opens(now)).order_by(t.token.c.made_at.desc())
        with self._engine.connect() as c:
            return tuple(_token(row) for row in c.execute(query).all())

    def token_used(self, token: Token, now: datetime) -> None:
        """Keep when a token was last used."""
        with self._engine.begin() as c:
            mine = t.token.c.digest.startswith(token.id, autoescape=True)
            c.execute(t.token.update().where(mine).values(used_at=ticks(now)))

    def still_good(self, digests: Set[str], now: datetime) -> frozenset[str]:
        """Which of these digests of sessions and tokens let somebody in; they were used just now."""
        return still_good(self._engine, digests, now)

    def revoke_token(self, token_id: str, name: str = "") -> None:
        """Make a token void, of this person or of anybody. Raises Refused when there is none."""
        mine = t.token.c.digest.startswith(token_id, autoescape=True) if len(token_id) == 12 else sa.false()
        whose = t.token.c.account == name if name else sa.true()
        with self._engine.begin() as c:
            if not c.execute(t.token.update().where(mine, whose).values(revoked=True)).rowcount:
                raise Refused(f"there is no token {token_id!r}", remedy="firstfive token list shows them")

    # ------------------------------------------------------------------------------------------------------------- audit

    def note(self, now: datetime, who: str, source: str, what: str, detail: str = "") -> None:
        """Write down one use."""
        row = {"who": line(who, 120), "source": line(source, 120), "what": what, "detail": line(detail, 300)}
        with self._engine.begin() as c:
            c.execute(t.audit.insert().values(at=ticks(now), **row))

    def audit(self, limit: int = 200, before: int | None = None) -> tuple[AuditRow, ...]:
        """The newest uses first, or those older than number `before`."""
        wanted = sa.select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)
        with self._engine.connect() as c:
            rows = c.execute(wanted.where(t.audit.c.id < before) if before is not None else wanted).all()
        return tuple(
            AuditRow(id=r.id, at=instant(r.at), who=r.who, source=r.source, what=r.what, detail=r.detail) for r in rows
        )


def _in_file(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 5})
        sa.event.listen(engine, "connect", _prepared)
        t.metadata.create_all(engine)
    except (OSError, exc.SQLAlchemyError) as problem:
        raise FirstfiveError(
            f"the accounts cannot be opened: {getattr(problem, 'orig', None) or problem}",
            where=str(path),
            remedy="the file must belong to the user who runs firstfive; a backup of it can be put back",
        ) from None
    return engine


def _prepared(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _passkey(row: Any) -> Passkey:
    return Passkey(
        id=row.id,
        account=row.account,
        public_key=row.public_key,
        sign_count=row.sign_count,
        made_at=instant(row.made_at),
        used_at=instant(row.used_at) if row.used_at is not None else None,
    )


def _add(c: sa.Connection, passkey: Passkey, at: int) -> None:
    row = {"id": passkey.id, "account": passkey.account, "public_key": passkey.public_key}
    try:
        c.execute(t.passkey.insert().values(**row, sign_count=passkey.sign_count, made_at=at))
    except exc.IntegrityError:
        raise Refused("this passkey is known already", remedy="sign in with it, or make another") from None


def _void() -> Refused:
    return Refused(
        "this invitation is void: it was used, is older than three days, or never was",
        remedy="ask an admin for another; firstfive account invite NAME prints one",
        exit_code=Exit.NOT_AUTHORISED,
    )


def _account(row: Any) -> Account:
    return Account(
        name=row.name,
        role=Role(row.role),
        disabled=row.disabled,
        made_at=instant(row.made_at),
        has_password=row.password is not None,
        passkeys=row.passkeys,
    )


def _token(row: Any) -> Token:
    return Token(
        id=row.digest[:12],
        name=row.account,
        role=Role(row.role),
        label=row.label,
        scopes=tuple(row.scopes.split()),
        made_at=instant(row.made_at),
        until=instant(row.until),
        used_at=instant(row.used_at) if row.used_at is not None else None,
    )
