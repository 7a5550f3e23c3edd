"""The `lsp` command: a language server for the page, spoken over standard input and output.

Called by the front door, started by an editor. Needs the extra `lsp`; everything else of the program works without it.
"""

from __future__ import annotations

from importlib.util import find_spec

import click

from firstfive.errors import FirstfiveError


@click.command()
@click.option("--stdio", is_flag=True, help="Speak over standard input and output; it always does.")
def lsp(stdio: bool) -> None:
    """Serve an editor: findings while the page is written, and what a command does under the cursor."""
    if find_spec("pygls") is None:
        raise FirstfiveError(
            "the language server needs the package pygls, which is not installed",
            remedy="pip install 'firstfive[lsp]'",
        )
    from firstfive.cli.page.language import serve

    serve()
