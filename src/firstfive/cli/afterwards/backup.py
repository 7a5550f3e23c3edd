"""`firstfive backup` and `firstfive restore`: everything that is remembered in one file, and back.

Called by the front door. The first works beside a running server, the second refuses while one runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.line import View, options, settings_of, show
from firstfive.errors import Exit, FirstfiveError
from firstfive.settings import Settings


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="Also keys and accounts: keep such a copy like a password.")
@options
def backup(
    file: Path | None, with_keys: bool, vault: Path | None, config: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Copy the journal with the settings into FILE, beside a running server; it is proved before it counts."""
    from firstfive.engine.clock import SystemClock
    from firstfive.stores import backup as copies
    from firstfive.stores.backup.archive import SUFFIX

    settings = settings_of(vault, config)
    now = SystemClock().now()
    out = (file or Path(f"{now:%Y-%m-%dT%H%M%SZ}{SUFFIX}")).resolve()
    beside = {"firstfive.toml": settings.file} if settings.file is not None else {}
    if with_keys:
        beside |= {name: settings.state / name for name in ("room.key", "links.key", "accounts.db")}
    made = copies.make(_journal_of(settings), out, now, beside=beside)
    answer: View = {
        "file": str(made.path),
        "bytes": made.size,
        "incidents": made.proved.incidents,
        "entries": made.proved.entries,
        "keys": with_keys,
    }
    show(
        answer,
        as_json=as_json,
        text=lambda a: f"{a['file']}: {a['incidents']} incidents, {a['entries']} entries, every chain holds",
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--replace", is_flag=True, help="Put it in the place of the journal that is there, which is kept beside it."
)
@options
def restore(file: Path, replace: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Put the copy in FILE back. Refuses while a server runs, and over a journal that is there."""
    from firstfive.engine.clock import SystemClock
    from firstfive.stores import backup as copies
    from firstfive.stores.restored import declared

    settings = settings_of(vault, config)
    done = copies.put_back(file, _journal_of(settings), replace=replace)
    declared(settings.database, f"a copy of {done.made_at or 'an unknown time'} was put back", SystemClock().now())
    answer: View = {
        "made_at": done.made_at,
        "incidents": done.proved.incidents,
        "entries": done.proved.entries,
        "before": str(done.before) if done.before else None,
        "settings": done.settings or None,
    }
    show(answer, as_json=as_json, text=_restored)


def _restored(answer: View) -> str:
    kept = f"\nWhat was there before: {answer['before']}" if answer["before"] else ""
    head = f"{answer['incidents']} incidents and {answer['entries']} entries are back, as of {answer['made_at']}"
    waits = "\nChanges of open incidents wait until a person looked: firstfive resume INC-N"
    return f"{head}; every chain holds.{kept}{waits}"


def _journal_of(settings: Settings) -> Path:
    scheme, _, path = settings.database.partition(":///")
    if scheme != "sqlite":
        raise FirstfiveError(
            "only a journal in a file is copied so", remedy="use pg_dump and pg_restore", exit_code=Exit.USAGE
        )
    return Path(path)
