"""Every command by name and its module below `cli`, loaded only when it is asked for; errors become words and exit codes.

Called by `__main__`. Knows no command's inside.
"""

from __future__ import annotations

import importlib
import keyword
import sys
from collections.abc import Callable
from typing import Any

import click

from firstfive import __version__
from firstfive.errors import Exit, FirstfiveError

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("page.init", "Make a settings file beside a vault."),
    "check": ("page.check", "Compile a page and say what was understood and what was not."),
    "risk": ("page.risk", "Say what a shell script does: read-only, unknown, changing, destructive."),
    "explain": ("page.explain", "Show a runbook step by step: exact script, verdicts, who moves it."),
    "fmt": ("page.fmt", "Show small mends of a page as a diff, and make them on request."),
    "lsp": ("page.lsp", "Serve an editor: findings while you write, verdicts under the cursor."),
    "serve": ("serve", "Watch, respond, and open the room."),
    "status": ("incident", "Open incidents, or one in full."),
    "room": ("terminal.room", "The room of an incident in this terminal: follow it, act on it."),
    "declare": ("incident", "Declare an incident."),
    "report": ("incident", "Report that something does not work."),
    "ack": ("incident", "Acknowledge: you have taken it."),
    "hypothesis": ("incident", "Say what you think it is; stops the roll-back clock."),
    "severity": ("incident", "Grade it anew, with the reason."),
    "note": ("incident", "Put a remark on the timeline."),
    "update": ("incident", "Send an update now."),
    "public": ("public", "Tell everybody on the status page, once the wording passes."),
    "status-page": ("public", "Write the public status page into a folder, now."),
    "resolve": ("incident", "Declare it over, with the root cause in one sentence."),
    "run": ("hands.steps", "Ask for a step of a runbook; a changing one still needs approval."),
    "approve": ("hands.steps", "Approve a waiting step: exactly these bytes, once."),
    "decline": ("hands.steps", "Say no to a waiting step."),
    "undo": ("hands.steps", "Ask for the newest change to be taken back."),
    "settle": ("hands.steps", "Say whether a step of unknown outcome ran."),
    "resume": ("hands.steps", "Let changes go on after the journal was restored."),
    "block": ("hands.changes", "Ask to drop what an address sends, for a while."),
    "evidence": ("hands.changes", "Ask to copy logs and states aside before they are gone."),
    "disable-account": ("hands.changes", "Ask to disable one account."),
    "mend-websocket": ("hands.changes", "Ask to let WebSockets through nginx."),
    "resume-updater": ("hands.changes", "Ask to start the updater again that a roll-back stopped."),
    "pack": ("hands.alone", "Write the page for paper, and a bundle that runs its steps without a server."),
    "break-glass": ("hands.alone", "Run a step of a bundle when nothing else is left."),
    "merge": ("hands.alone", "Take the sealed log of a bundle into a timeline."),
    "signals": ("outside.senders", "What senders said lately, and why it paged or did not."),
    "silence": ("outside.senders", "Signals that are not to be acted on for a while."),
    "heartbeat": ("outside.senders", "Signs of life that must keep coming."),
    "simulate": ("outside.senders", "What would be made of a sender's message; changes nothing."),
    "outbox": ("outside.outbox", "Messages that wait or were given up, and why."),
    "mcp": ("outside.mcp", "Serve an assistant: it reads and suggests, people approve."),
    "scan": ("outside.logs", "How often each symptom stands in log files, by the minute."),
    "offenders": ("outside.logs", "Who stands in an access log how often."),
    "account": ("people.account", "Who may sign in, as which role; the break-glass code."),
    "token": ("people.token", "Tokens with which programs act in a person's name."),
    "nodes": ("several.nodes", "Which nodes share the journal, and what each looks after."),
    "migrate": ("several.nodes", "Move the journal to another database, open incidents and all."),
    "oncall": ("oncall", "Who is on call now, who is next, and when nobody is."),
    "oncall-import": ("oncall", "Schedules of PagerDuty, Opsgenie or Grafana OnCall as settings."),
    "output": ("hands.output", "All that a step said."),
    "timeline": ("journal", "The timeline of an incident."),
    "postmortem": ("journal", "Where the post-mortem is, and when it is due."),
    "postmortem-check": ("afterwards.postmortem_check", "What a reader of a post-mortem will miss."),
    "actions": ("afterwards.actions", "What was promised in post-mortems, by whom, and what is late."),
    "learn": ("afterwards.learn", "What an incident teaches the page, as a diff to take or leave."),
    "coverage": ("afterwards.coverage", "How far the page was ever tried: proofs, stale ones, gaps."),
    "close": ("afterwards.close", "The closing list of an incident: what is proved, said and open."),
    "metrics": ("afterwards.metrics", "How long incidents took, by span, with definitions and what is unknown."),
    "history": ("afterwards.history", "Every incident that ever was, newest first."),
    "search": ("afterwards.history", "Find words in timelines and post-mortems."),
    "backup": ("afterwards.backup", "Copy everything that is remembered into one file."),
    "restore": ("afterwards.backup", "Put such a copy back."),
    "demo": ("practice.demo", "Show the main job live, on a shop of its own or on the lab."),
    "drill": ("practice.drill", "Break a lab on purpose and score the answer."),
    "export": ("afterwards.carry", "Write timelines for another installation."),
    "import": ("afterwards.carry", "Take the incidents of an export in."),
    "verify": ("journal", "Prove that no timeline was altered."),
    "doctor": ("journal", "Check everything Firstfive needs, with the fix for each."),
    "completion": ("journal", "Print the shell completion script."),
}

# What works only on the machine of the vault and the journal, and why; every other command asks a server elsewhere when it is told to.
ONLY_HERE: dict[str, str] = {
    "init": "it makes a file beside the page",
    "check": "it compiles pages of this machine",
    "risk": "it reads scripts of this machine",
    "fmt": "it mends pages of this machine",
    "lsp": "an editor speaks to it on this machine",
    "serve": "it is the server",
    "status-page": "it writes the page's files into a folder of the machine where the server is",
    "pack": "it writes files out of the vault, for the day on which no server answers",
    "break-glass": "it runs a bundle without any server",
    "scan": "it reads log files of this machine",
    "offenders": "it reads log files of this machine",
    "account": "it opens the accounts beside the journal, which works when nobody can sign in; /people in the room does the rest",
    "token": "it opens the accounts beside the journal, and a token gives out no further ones; /account in the room makes one",
    "migrate": "it copies the database itself, which no server may write meanwhile",
    "oncall-import": "it reads a file of this machine",
    "postmortem-check": "it reads a file of this machine",
    "learn": "it compares the timeline with the page, and mends that",
    "backup": "it copies the journal and the vault, as files",
    "restore": "it puts files back where the server was",
    "demo": "it starts a shop, or a lab, on this machine",
    "drill": "it breaks a lab beside the program; GET /api/v1/drills tells how drills went",
    "export": "it writes whole timelines out of the journal, as the hash chain covers them",
    "import": "it takes a file into the journal itself",
    "verify": "a proof by the server that is doubted would prove nothing: it reads the journal itself",
    "completion": "it is about the shell of this machine",
}

Serve = Callable[[Any, Any], None]


def group_for(words: list[str]) -> click.Group:
    """The command group: holding only the command that is named, since loading is most of what a short command costs."""
    option = click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=lambda c, p, v: _version(c, v)
    )
    group = click.Group("firstfive", help="Your incident page, running.", params=[option])
    named = next((word for word in words if not word.startswith("-")), "")
    for name in [named] if named in COMMANDS else COMMANDS:
        module, about = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(f"firstfive.cli.{module}"), attribute(name))
        command.short_help = about
        if name in ONLY_HERE:
            _keep_here(command, name)
        group.add_command(command, name)
    return group


def _keep_here(command: click.Command, name: str) -> None:
    """Refuse `--server` on this command and those below it with the reason, in place of calling it unknown."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_here(below, name)
    if not any("--server" in one.opts for one in command.params):

        def refused(context: click.Context, _: click.Parameter, url: str | None) -> None:
            if url is not None:
                raise stays_here(context.command_path.partition(" ")[2], name, url)

        command.params.append(click.Option(["--server"], hidden=True, expose_value=False, callback=refused))


def stays_here(said: str, name: str, url: str) -> FirstfiveError:
    """The refusal of a command that was sent to a server elsewhere."""
    return FirstfiveError(
        f"{said} works only on the machine of the vault: {ONLY_HERE[name]}",
        where=url,
        remedy="run it there, without --server and with FIRSTFIVE_SERVER empty",
        exit_code=Exit.USAGE,
    )


def attribute(name: str) -> str:
    """What a command is called in its module: Python keeps some words for itself."""
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _version(ctx: click.Context, wanted: object) -> None:
    if wanted:
        click.echo(f"firstfive {__version__}")
        ctx.exit(0)


def run(words: list[str], *, serve: Serve) -> int:
    """Run a command line. Every failure is an operator's sentence on stderr and one of the documented exit codes."""
    as_json = "--json" in words
    try:
        outcome = group_for(words).main(words, prog_name="firstfive", standalone_mode=False, obj={"serve": serve})
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        return _misused(wrong, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return int(Exit.INTERRUPTED)
    except FirstfiveError as problem:
        return _refused(problem, as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as problem:
        return _refused(_worded(problem), as_json=as_json)
    except Exception as problem:
        if sys.flags.dev_mode:
            raise
        return _refused(_unforeseen(problem), as_json=as_json)
    return outcome if isinstance(outcome, int) else int(Exit.OK)


def _misused(wrong: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        context = getattr(wrong, "ctx", None)
        path = context.command_path if context is not None else "firstfive"
        _print_error(FirstfiveError(wrong.format_message(), remedy=f"{path} --help"))
    wrong.show(sys.stderr)
    return int(Exit.USAGE)


def _worded(problem: OSError) -> FirstfiveError:
    """What the system refused, with the file that it refused."""
    if isinstance(problem, FileExistsError):
        return FirstfiveError(
            "a file is there already, and none is written over",
            where=str(problem.filename or ""),
            remedy="give another name, or move that file away",
            exit_code=Exit.CONFLICT,
        )
    return FirstfiveError(
        f"the system refused: {problem.strerror or problem}",
        where=str(problem.filename or ""),
        remedy="mend the path, its rights or the free space there, then ask again",
    )


def _unforeseen(problem: Exception) -> FirstfiveError:
    """A fault of ours, in one sentence; the trace is for whoever mends it."""
    return FirstfiveError(
        f"this should not happen: {type(problem).__name__}: {problem}",
        remedy="please report it with what `python -X dev -m firstfive ...` prints for the same command",
    )


def _refused(problem: FirstfiveError, *, as_json: bool) -> int:
    if as_json:
        _print_error(problem)
    click.echo(f"error: {problem}", err=True)
    return int(problem.exit_code)


def _print_error(problem: FirstfiveError) -> None:
    import json

    error = {"code": problem.code, "what": problem.what, "where": problem.where, "remedy": problem.remedy}
    click.echo(json.dumps({"schema": "firstfive/1", "error": error}))


def rendered_help() -> str:
    """The text behind `firstfive --help`, kept in help.txt so that printing it needs no parser."""
    width = max(len(name) for name in COMMANDS)
    lines = [
        "firstfive: your incident page, running.",
        "",
        "usage: firstfive COMMAND [ARGUMENTS] [--json]",
        "",
        *(f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()),
        "",
        "firstfive COMMAND --help tells more. Settings: firstfive.toml in the vault or above the current folder.",
        "Exit codes: 0 ok, 1 failed, 2 usage, 3 needs approval, 4 target unreachable, 5 outcome unknown, 6 not authorised,",
        "            7 vault does not compile, 8 conflict, 130 interrupted.",
    ]
    return "\n".join(lines) + "\n"


BEGIN, END = "<!-- who asks a server: written by make help-text -->", "<!-- end of who asks a server -->"


def within(text: str) -> str:
    """The reference with its table of what works with `--server` written anew between the two marks."""
    rows = [
        f"| `{name}` | {f'only there: {ONLY_HERE[name]}' if name in ONLY_HERE else 'asks it'} |" for name in COMMANDS
    ]
    table = "\n".join(["| Command | With `--server` |", "|---|---|", *rows])
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"
