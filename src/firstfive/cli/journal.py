"""Commands about what was written: the timeline, the post-mortem, the proof, and the doctor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from firstfive.cli.incident import BY, INCIDENT, by
from firstfive.cli.line import View, anywhere, ask, only_there, options, server_of, settings_of, show
from firstfive.errors import Exit, FirstfiveError, JournalError, Refused


@click.command()
@INCIDENT
@anywhere
def timeline(incident: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """The timeline of an incident; with --json the whole record, one entry a line, as the hash chain covers it."""
    settings = settings_of(vault, config)
    if as_json:
        only_there(
            settings, "timeline --json", "it is the record as the hash chain covers it, read from the journal itself"
        )
        record = _record(settings.database, incident)
        for line in record:
            click.echo(line)
        _refuse_altered(incident, record)
        return
    seen = ask(settings, "GET", f"/incidents/{incident}")
    for entry in seen["timeline"]:
        click.echo(f"{entry['at'][:19]}Z  {entry['by']:<10}  {entry['text']}")
    if not settings.server:
        _refuse_altered(incident, _record(settings.database, incident))


def _refuse_altered(incident: str, record: list[str]) -> None:
    """Raise JournalError for a record whose chain does not hold: what was printed is then not what was written."""
    from firstfive.stores.chain import GENESIS, follow
    from firstfive.stores.codec import canonical

    before = GENESIS
    for row in map(json.loads, record):
        said = {name: row[name] for name in ("incident", "seq", "at", "by")}
        before = follow(before, **said, kind=row["type"], data=canonical(row["data"]))
        if before != row["hash"]:
            raise JournalError(
                f"{incident} is not as it was written: entry {row['seq']}, or one before it, was altered or taken out",
                remedy="firstfive verify proves every timeline; put back the newest copy that it accepts",
            )


def _record(database: str, incident: str) -> list[str]:
    """Every entry as it can be verified by a stranger (docs/reference/journal.md), read beside a running server."""
    import asyncio

    from firstfive.stores import open_journal
    from firstfive.stores.codec import exported

    async def read() -> list[str]:
        journal = open_journal(database, read_only=True)
        try:
            entries = await journal.read(lambda tx: tx.entries(incident))
        finally:
            await journal.close()
        return [json.dumps(exported(entry), ensure_ascii=False) for entry in entries]

    found = asyncio.run(read())
    if not found:
        raise Refused(f"there is no incident {incident}", remedy="firstfive status --all lists them")
    return found


@click.command()
@INCIDENT
@click.option("--write", is_flag=True, help="Have one written of an incident of which the page asks for none.")
@BY
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write it there as HTML, fit for print."
)
@anywhere
def postmortem(
    incident: str,
    write: bool,
    named: str | None,
    html: Path | None,
    vault: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Where the post-mortem of an incident is and when it is due."""
    settings = settings_of(vault, config)
    if html is not None:
        only_there(settings, "--html", "the post-mortem is a file of its vault")
    if write:
        ask(settings, "POST", f"/incidents/{incident}/write-up", {"by": by(settings, named)})
    seen = ask(settings, "GET", f"/incidents/{incident}")
    written: View | None = seen.get("postmortem")
    if written is None:
        over = "the page asks for none at this severity, and --write has one written"
        due = "it is being written" if seen.get("postmortem_due") else over
        soon = due if seen["resolved_at"] else "it is written when the incident is resolved"
        why = seen.get("postmortem_why_not") or soon
        raise FirstfiveError(f"{incident} has no post-mortem yet: {why}")
    path = str(written["path"]) if settings.server else str(settings.vault / written["path"])
    if html is not None:
        from firstfive.documents.paper.note import note

        html.write_text(
            note(Path(path).read_text(encoding="utf-8", errors="replace"), title=incident), encoding="utf-8"
        )
    show(
        {"path": path, "due": written["due"]},
        as_json=as_json,
        text=lambda a: f"{a['path']}  (due {a['due'] or 'not limited'})",
    )


@click.command()
@options
def verify(vault: Path | None, config: Path | None, as_json: bool) -> int:
    """Prove that no timeline was altered: every hash chain is recomputed."""
    from firstfive.stores import open_journal

    journal = open_journal(settings_of(vault, config).database, read_only=True)
    try:
        broken = list(journal.verify())
    finally:
        asyncio.run(journal.close())
    show(
        {"ok": not broken, "problems": broken},
        as_json=as_json,
        text=lambda a: "\n".join(a["problems"]) or "Every chain holds.",
    )
    return int(Exit.FAILED if broken else Exit.OK)


@click.command()
@anywhere
def doctor(vault: Path | None, config: Path | None, as_json: bool) -> int:
    """Check everything Firstfive needs, with the fix for each."""
    settings = settings_of(vault, config)
    if settings.server:
        findings = ask(settings, "GET", "/doctor")["findings"]
    else:
        from firstfive.app.shelf.doctor import examine

        known = server_of(settings)
        findings = examine(settings, server=(known.host, known.port) if known is not None else None)
    good = all(f["ok"] for f in findings)

    def text(_: View) -> str:
        return "\n".join(
            f"{'ok  ' if f['ok'] else 'MEND'}  {f['what']}: {f['found']}"
            + ("" if f["ok"] else f"\n      help: {f['remedy']}")
            for f in findings
        )

    show({"ok": good, "findings": findings}, as_json=as_json, text=text)
    return int(Exit.OK if good else Exit.FAILED)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def completion(shell: str, as_json: bool) -> None:
    """Print the completion script of a shell: eval "$(firstfive completion bash)"."""
    from click.shell_completion import get_completion_class

    from firstfive.cli.commands import group_for

    made = get_completion_class(shell)
    if made is None:
        raise FirstfiveError(f"no completion for {shell}", exit_code=Exit.USAGE)
    script = made(group_for([]), {}, "firstfive", "_FIRSTFIVE_COMPLETE").source()
    show({"shell": shell, "script": script}, as_json=as_json, text=lambda a: str(a["script"]))
