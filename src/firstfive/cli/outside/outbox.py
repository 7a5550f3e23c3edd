"""The outbox: messages that wait for their destination or were given up, and one more try for one of these.

Each is one call of the API.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.line import View, anywhere, ask, settings_of, show


@click.command()
@click.option("--again", metavar="KEY", default="", help="Try this message once more, which was given up.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many to show.")
@anywhere
def outbox(again: str, limit: int, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Messages that were given up, then those that wait, each with the newest reason."""
    settings = settings_of(vault, config)
    if again:
        answer = ask(settings, "POST", "/outbox/again", {"key": again})
        show(answer, as_json=as_json, text=lambda a: f"It is tried once more: {a['key']}")
        return
    show(ask(settings, "GET", f"/outbox?limit={limit}"), as_json=as_json, text=_listed)


def _listed(answer: View) -> str:
    return "\n".join(_row(one) for one in answer["outbox"]) or "Nothing waits, nothing was given up."


def _row(one: View) -> str:
    where = f"{one['notifier']}:{one['address']}" if one["address"] else one["notifier"]
    whom = f" for {one['person']}" if one["person"] else ""
    head = f"{one['state']:<8}  {one['incident'] or '-'}  {one['title']}  to {where}{whom}, due {one['due']}"
    why = f"\n  {one['why']} ({one['tries']} tries)" if one["why"] else ""
    return f"{head}{why}\n  key {one['key']}"
