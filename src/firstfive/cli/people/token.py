"""`firstfive token`: what programs show the room in a person's name.

Works on the state folder itself. A token is printed once, when it is made; its digest is all that is kept.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from firstfive.cli.line import options, settings_of, show
from firstfive.cli.people.account import SOURCE, now, opened

SCOPES = ("read", "report", "act", "admin")


@click.group()
def token() -> None:
    """Tokens with which programs act in a person's name. Each of these takes --json."""


@token.command("new")
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=("read",), help="What it opens.")
@click.option("--for", "label", default="command line", show_default=True, help="What it is for.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lives.")
@options
def new(
    name: str, scopes: tuple[str, ...], label: str, days: int, vault: Path | None, config: Path | None, as_json: bool
) -> None:
    """Print a token of this person: put it into FIRSTFIVE_TOKEN, or send it as a bearer token."""
    settings = settings_of(vault, config)
    with opened(settings) as book:
        made = book.make_token(name, label, scopes, timedelta(days=days), now())
        book.note(now(), settings.person, SOURCE, "token made", f"{name}: {label} ({', '.join(scopes)})")
    show({"token": made, "scopes": list(scopes), "days": days}, as_json=as_json, text=lambda _: made)


@token.command("list")
@options
def listed(vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Tokens that open something now."""
    with opened(settings_of(vault, config)) as book:
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "for": one.label,
                "scopes": list(one.scopes),
                "until": one.until.isoformat(),
                "used": one.used_at.isoformat() if one.used_at else None,
            }
            for one in book.tokens(now())
        ]
    lines = [
        f"{r['id']}  {r['name']}  {', '.join(r['scopes'] or [])}  until {str(r['until'])[:10]}  {r['for']}"
        for r in rows
    ]
    show({"tokens": rows}, as_json=as_json, text=lambda _: "\n".join(lines) or "There is no token.")


@token.command()
@click.argument("token_id", metavar="ID")
@options
def revoke(token_id: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Make a token void at once."""
    settings = settings_of(vault, config)
    with opened(settings) as book:
        book.revoke_token(token_id)
        book.note(now(), settings.person, SOURCE, "token revoked", token_id)
    show({"revoked": token_id}, as_json=as_json, text=lambda _: f"{token_id} is void.")
