"""`firstfive serve`: watch, respond, and open the room.

The web server itself is handed in by `__main__`, so that the two surfaces do not know each other.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.line import settings_of
from firstfive.settings.entrance import refuse_open


@click.command()
@click.option("--vault", type=click.Path(path_type=Path), help="Vault folder, or the page in it.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (default: firstfive.toml here or above)."
)
@click.option(
    "--database", help="Address of the journal (default: settings): sqlite:///PATH or postgresql://USER@HOST/NAME."
)
@click.option("--port", type=int, help="Port of the room (default: settings, 8455).")
@click.option("--json", "as_json", is_flag=True, help="Print the address as one JSON object.")
@click.pass_obj
def serve(
    obj: dict[str, object],
    vault: Path | None,
    config: Path | None,
    database: str | None,
    port: int | None,
    as_json: bool,
) -> None:
    """Watch, respond, and open the room; ends on Ctrl-C or SIGTERM."""
    from dataclasses import replace

    settings = settings_of(vault, config, here=True)
    if port is not None:
        settings = replace(settings, port=port)
    if database is not None:
        settings = replace(settings, database=database)
    refuse_open(settings)

    def say(address: dict[str, object]) -> None:
        import json

        click.echo(json.dumps({"schema": "firstfive/1", **address}) if as_json else _words(address))

    obj["serve"](settings, say)  # type: ignore[operator]


def _words(address: dict[str, object]) -> str:
    if "welcome" in address:
        first = "Nobody has an account yet. The first admin opens this once, within three days:"
        return f"The room: {address['url']}\n{first}\n  {address['welcome']}"
    return f"The room: {address['sign_in']}"
