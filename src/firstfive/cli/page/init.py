"""The `init` command: the settings file for a vault, with every setting and its default, ready to be edited.

Called by the front door. Looks at the vault only to find the page; never overwrites a file.
"""

from __future__ import annotations

from pathlib import Path

import click

from firstfive.cli.page.plain import say
from firstfive.errors import Exit, FirstfiveError, SettingsError, VaultError
from firstfive.settings import FILE


@click.command()
@click.argument("vault", type=click.Path(path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def init(vault: Path, as_json: bool) -> None:
    """Make a settings file beside a vault's page; never overwrites one."""
    folder = vault.parent if vault.is_file() else vault
    if not folder.is_dir():
        raise SettingsError(f"there is no folder {folder}", remedy="give the folder of the vault")
    file = folder / FILE
    if file.exists():
        raise FirstfiveError(f"{file} is there already", remedy="edit it, or remove it first", exit_code=Exit.CONFLICT)
    page, text = starter(folder, vault.name if vault.is_file() else "")
    _write_new(file, text)
    state = folder / ".firstfive"
    state.mkdir(mode=0o700, exist_ok=True)
    (state / ".gitignore").write_text("*\n", encoding="utf-8")
    if as_json:
        say({"settings": str(file), "page": page})
    else:
        click.echo(f"made {file} for the page {page}\nnext: firstfive check, then firstfive serve")


def _write_new(file: Path, text: str) -> None:
    """The whole file or none: half a settings file would be read as settings."""
    with file.open("x", encoding="utf-8") as made:
        try:
            made.write(text)
            made.flush()
        except OSError as problem:
            file.unlink()
            problem.filename = str(file)
            raise


def starter(folder: Path, page: str) -> tuple[str, str]:
    """(page, text of firstfive.toml) for a vault folder. Raises VaultError when no page of it looks like an incident page."""
    chosen = page or _likely(folder)
    return chosen, _TEXT.replace("@PAGE@", chosen.replace("\\", "\\\\").replace('"', '\\"'))


def _likely(folder: Path) -> str:
    pages = sorted(
        p for p in folder.rglob("*.md") if not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )
    named = [p for p in pages if "incident" in p.name.lower() and "postmortem" not in str(p).lower()]
    if not named:
        raise VaultError(
            f"no page in {folder} has “incident” in its name",
            remedy="name the page: firstfive init 'path/to/Your Page.md'",
        )
    best = min(named, key=lambda p: (len(p.parts), len(p.name)))
    return str(best.relative_to(folder))


_TEXT = """# Firstfive: settings beside the page. The page always wins where it speaks.
page = "@PAGE@"          # relative to this file
state = ".firstfive"     # journal and run folders; keep it out of version control

[listen]
host = "127.0.0.1"
port = 8455

[timing]
probe_interval = "2s"    # how often each symptom is looked at while all is well
log_quiet = "60s"        # a log symptom is over after this long without a line
resolve_after = "10m"    # all well for this long resolves an incident

[targets.local]          # where commands of the page run
workdir = "."
# env_file = ".env"      # KEY=VALUE lines that steps may use by name; values are never stored

[logs]                   # log files to watch for the page's log symptoms
# backend = "/var/log/backend.log"

[deploys]                # links that a release moves
# backend = "current"

# [risk.cmd.mytool.sub]  # your own reviewed claims about commands that Firstfive does not know
# status = "read"
"""
