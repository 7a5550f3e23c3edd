"""Commands for the public: tell everybody one thing about an incident, and write the status page now.

What is told is checked word by word by the engine before it is written down; nothing is sent by these commands.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from firstfive.cli.incident import BY, INCIDENT, say
from firstfive.cli.line import View, anywhere, options, settings_of, show
from firstfive.errors import Exit, Refused
from firstfive.settings import Settings


@click.command()
@INCIDENT
@click.argument("text")
@click.option("--status", required=True, help="investigating, applying-fix, monitoring or resolved.")
@click.option(
    "--component", "components", multiple=True, help="What it is about, as customers know it; may be repeated."
)
@click.option("--override", default="", help="Why it goes out although the check of wording speaks against it.")
@BY
@anywhere
def public(
    incident: str,
    text: str,
    status: str,
    components: tuple[str, ...],
    override: str,
    named: str | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Tell everybody TEXT on the status page; it promises the next update unless it is resolved."""
    known = _known(settings_of(vault, config))
    for name in components:
        if known and name not in known:
            raise Refused(
                f"the status page has no component {name!r}", remedy=f"it has: {', '.join(known)}", exit_code=Exit.USAGE
            )
    fields: View = {"status": status, "text": text, "components": ",".join(components), "override": override}
    given = {name: value for name, value in fields.items() if value}
    say("public", incident, {"text": text, **given}, named=named, vault=vault, config=config, as_json=as_json)


def _known(settings: Settings) -> tuple[str, ...]:
    return settings.status_page.components if settings.status_page is not None else ()


@click.command("status-page")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@options
def status_page(folder: Path, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Write the status page into DIR as it stands now, beside a running server or without one."""
    settings = settings_of(vault, config)
    written, changed = asyncio.run(_write(settings, folder))
    show(
        {"folder": str(folder), "files": list(written), "changed": list(changed)},
        as_json=as_json,
        text=lambda a: f"{len(a['files'])} files in {a['folder']}, {len(a['changed'])} of them new or changed",
    )


async def _write(settings: Settings, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from firstfive.app.status import book_of
    from firstfive.engine.clock import SystemClock
    from firstfive.stores import open_journal
    from firstfive.stores.published import write

    journal = open_journal(settings.database, read_only=True)
    try:
        book = book_of(settings, journal, SystemClock())
        if book is None:
            raise Refused(
                "the settings name no status page", remedy="write [status_page] with name and url", exit_code=Exit.USAGE
            )
        files = await book.files()
    finally:
        await journal.close()
    return tuple(files), await asyncio.to_thread(write, folder, files)
