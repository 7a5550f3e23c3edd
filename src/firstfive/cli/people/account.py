"""`firstfive account`: who may sign in, as which role, and the code for when nothing else does.

Works on the state folder itself, whether a server runs or not: whoever may write there may already do everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstfive.cli.line import options, settings_of, show

if TYPE_CHECKING:
    from firstfive.settings import Settings
    from firstfive.stores.accounts import Accounts
    from firstfive.stores.accounts.model import Invitation

ROLES = ("viewer", "responder", "commander", "admin")
SOURCE = "command line"


def now() -> datetime:
    """This moment, of the program's own clock."""
    from firstfive.engine.clock import SystemClock

    return SystemClock().now()


@contextmanager
def opened(settings: Settings) -> Iterator[Accounts]:
    """The accounts of these settings, closed afterwards."""
    from firstfive.stores.accounts.opening import open_accounts

    book = open_accounts(settings.state, settings.database)
    try:
        yield book
    finally:
        book.close()


def _reached(settings: Settings) -> str:
    """How people reach the room: the address of settings, else the server that runs, else where it would listen."""
    from firstfive.cli.line import server_of

    server = server_of(settings)
    port = server.port if server is not None else settings.port
    return settings.address or f"http://localhost:{port}"


@click.group()
def account() -> None:
    """Who may sign in. As soon as there is one account, everybody signs in by name. Each of these takes --json."""


def _told(book: Accounts, name: str) -> dict[str, Any]:
    one = book.get(name)
    proof = {"passkeys": one.passkeys, "password": one.has_password}
    return {"name": one.name, "role": one.role.word, "disabled": one.disabled, **proof}


def _line(row: dict[str, Any]) -> str:
    proof = f"{row['passkeys']} passkeys, {'a' if row['password'] else 'no'} password"
    return f"{row['name']}: {row['role']}{', disabled' if row['disabled'] else ''} ({proof})"


@account.command("list")
@options
def listed(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Everybody who has an account, and who was invited and has not come yet."""
    with opened(settings_of(vault, config)) as book:
        rows = [_told(book, one.name) for one in book.all()]
        invited = [_waiting(one) for one in book.invitations.open(now())]
    show({"accounts": rows, "invitations": invited}, as_json=as_json, text=_everybody)


def _everybody(told: dict[str, Any]) -> str:
    lines = [_line(row) for row in told["accounts"]] or ["Nobody has an account."]
    return "\n".join(
        lines
        + [
            f"invited: {one['name']} as {one['role']}, until {one['until'][:16]} ({one['id']})"
            for one in told["invitations"]
        ]
    )


def _waiting(one: Invitation) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "role": one.role.word, "until": one.until.isoformat()}


@account.command()
@click.argument("invitation", metavar="ID")
@options
def uninvite(invitation: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Make an invitation void that nobody used yet; `account list` shows their ids."""
    settings = settings_of(vault, config)
    with opened(settings) as book:
        name = book.invitations.take_back(invitation, now())
        book.note(now(), settings.person, SOURCE, "invitation revoked", name)
    show({"name": name}, as_json=as_json, text=lambda told: f"The invitation of {told['name']} opens nothing any more.")


@account.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="responder", show_default=True, help="What they may do.")
@options
def invite(name: str, role: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Print a one-time link: a new account, or new proof for one that there is."""
    from firstfive.settings.people import account_name
    from firstfive.stores.accounts import role_named

    settings = settings_of(vault, config)
    with opened(settings) as book:
        whose = account_name(name, settings.people)
        secret = book.invite(whose, role_named(role), now())
        book.note(now(), settings.person, SOURCE, "invited", f"{whose}, {role}")
    link = f"{_reached(settings)}/welcome/{secret}"
    words = f"For {whose} as {role}, once, within three days:\n  {link}"
    show({"name": whose, "role": role, "link": link}, as_json=as_json, text=lambda _: words)


@account.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@options
def role_of(name: str, role: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Give somebody another role, at once."""
    from firstfive.stores.accounts import role_named

    settings = settings_of(vault, config)
    with opened(settings) as book:
        book.set_role(name, role_named(role))
        book.note(now(), settings.person, SOURCE, "role changed", f"{name}, {role}")
        answer = _told(book, name)
    show(answer, as_json=as_json, text=_line)


@account.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Let them in again.")
@options
def disable(name: str, again: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Shut somebody out at once, with their sessions and tokens."""
    settings = settings_of(vault, config)
    with opened(settings) as book:
        book.disable(name, disabled=not again)
        book.note(now(), settings.person, SOURCE, "enabled" if again else "disabled", name)
        answer = _told(book, name)
    show(answer, as_json=as_json, text=_line)


@account.command("break-glass")
@options
def break_glass(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Print a code that signs in once, for an hour, when nothing else does. The code before it is void."""
    settings = settings_of(vault, config)
    with opened(settings) as book:
        code = book.make_glass(now())
        book.note(now(), settings.person, SOURCE, "break-glass code made")
    words = (
        f"Put this on paper, in a sealed envelope. It works once, for one hour, and its use is said aloud:\n  {code}"
    )
    show({"code": code}, as_json=as_json, text=lambda _: words)


@account.command()
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True, help="How many.")
@options
def audit(limit: int, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Who signed in, when, from where, and what was refused; newest first."""
    with opened(settings_of(vault, config)) as book:
        rows = [
            {"at": r.at.isoformat(), "who": r.who, "from": r.source, "what": r.what, "detail": r.detail}
            for r in book.audit(limit)
        ]
    lines = [
        f"{r['at'][:19]}  {r['who'] or 'somebody'}  {r['from']}  {r['what']}  {r['detail']}".rstrip() for r in rows
    ]
    show({"audit": rows}, as_json=as_json, text=lambda _: "\n".join(lines) or "Nothing yet.")
