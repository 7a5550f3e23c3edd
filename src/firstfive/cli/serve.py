"""`firstfive serve`: watch, respond, and open the room.

The web server itself is handed in by `__main__`, so that the two surfaces do not know each other.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.line import settings_of
from firstfive.errors import Exit, FirstfiveError


@click.command()
@click.option("--vault", type=click.Path(path_type=Path), help="Vault folder, or the page in it.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (default: firstfive.toml here or above)."
)
@click.option("--port", type=int, help="Port of the room (default: settings, 8455).")
@click.option("--json", "as_json", is_flag=True, help="Print the address as one JSON object.")
@click.pass_obj
def serve(obj: dict[str, object], vault: Path | None, config: Path | None, port: int | None, as_json: bool) -> None:
    """Watch, respond, and open the room; ends on Ctrl-C or SIGTERM."""
    from dataclasses import replace

    settings = settings_of(vault, config)
    if port is not None:
        settings = replace(settings, port=port)
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        raise FirstfiveError(
            f"the room would be open to the network on {settings.host}, and there are no accounts yet",
            remedy="keep [listen] host at 127.0.0.1 and reach it through ssh -L",
            exit_code=Exit.NOT_AUTHORISED,
        )

    def say(address: dict[str, object]) -> None:
        import json

        click.echo(json.dumps({"schema": "firstfive/1", **address}) if as_json else f"The room: {address['sign_in']}")

    obj["serve"](settings, say)  # type: ignore[operator]
