"""Commands about what comes from outside: senders' requests and why they paged or not, silences, heartbeats, and a dry run of both.

Each is one call of the API.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from firstfive.cli.incident import BY, by
from firstfive.cli.line import View, anywhere, ask, settings_of, show
from firstfive.errors import Exit, FirstfiveError
from firstfive.settings import reading

LARGEST = 1024 * 1024


@click.command()
@click.argument("number", required=False, metavar="[NUMBER]")
@click.option("--backlog", is_flag=True, help="Hygiene items that stand, instead of requests.")
@anywhere
def signals(number: str | None, backlog: bool, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """What senders said lately, or one request in full: why it paged, why it did not."""
    settings = settings_of(vault, config)
    if backlog:
        show(ask(settings, "GET", "/alerts?verdict=backlog"), as_json=as_json, text=_backlog)
    elif number:
        show(ask(settings, "GET", f"/signals/{number}"), as_json=as_json, text=_request)
    else:
        show(ask(settings, "GET", "/signals"), as_json=as_json, text=_requests)


def _requests(answer: View) -> str:
    rows = [f"{r['id']:>6}  {r['at']}  {r['source']:<14} {r['summary']}" for r in answer["signals"]]
    return "\n".join(rows) or "No sender has said anything yet."


def _backlog(answer: View) -> str:
    standing = [a for a in answer["alerts"] if a["state"] == "firing"]
    return "\n".join(f"{a['subject']}: {a['text']}\n  {a['why']}" for a in standing) or "The backlog is empty."


def _request(answer: View) -> str:
    lines = [f"Request {answer['id']} of {answer['source']}, {answer['at']}: {answer['summary']}"]
    lines += _outcomes(answer)
    return "\n".join([*lines, "What came:", *(f"  | {line}" for line in answer["body"].splitlines()[:40])])


def _outcomes(answer: View) -> list[str]:
    lines = []
    for one in answer["outcomes"]:
        where = f" ({one['incident']})" if one["incident"] else ""
        lines += [f"  {one['verdict']}{where}: {one['subject']}", f"    {one['why']}"]
    return lines


# ------------------------------------------------------------------------------------------------------------ silences


@click.command()
@click.argument("action", type=click.Choice(["add", "list", "end"]))
@click.argument("words", nargs=-1, metavar="[MATCHER...|ID]")
@click.option("--for", "span", default="2h", show_default=True, help="How long: 30m, 2h, 1d.")
@click.option("--comment", default="", help="Why.")
@click.option("--maintenance", is_flag=True, help="Say that it is planned work.")
@BY
@anywhere
def silence(
    action: str, words: tuple[str, ...], named: str | None, vault: Path | None, config: Path | None, **rest: Any
) -> None:
    """Signals that are not to be acted on for a while: add alertname="RedisDown" host=~"prod-.*", list, end ID."""
    settings = settings_of(vault, config)
    if action == "list":
        show(ask(settings, "GET", "/silences"), as_json=rest["as_json"], text=_silences)
        return
    if not words or (action == "end" and len(words) != 1):
        wanted = "firstfive silence end ID" if action == "end" else 'firstfive silence add alertname="RedisDown"'
        raise FirstfiveError(
            f"what is to be {'ended' if action == 'end' else 'silenced'}?", remedy=wanted, exit_code=Exit.USAGE
        )
    body: View = {"by": by(settings, named)}
    if action == "add":
        body |= {"matchers": "\n".join(words), "seconds": _seconds(rest["span"])}
        body |= {"comment": rest["comment"], "maintenance": rest["maintenance"]}
    path = "/silences" if action == "add" else f"/silences/{quote(words[0], safe='')}/end"
    show(ask(settings, "POST", path, body), as_json=rest["as_json"], text=_silence)


def _seconds(span: str) -> int:
    return max(1, int(reading.span({"--for": span}, "--for", "", shown="").total_seconds()))


def _silence(one: View) -> str:
    kind = "maintenance" if one["maintenance"] else "silence"
    why = f": {one['comment']}" if one["comment"] else ""
    return (
        f"{one['id']}  {kind}, {one['state']} until {one['ends']}, by {one['by']}{why}\n  {' '.join(one['matchers'])}"
    )


def _silences(answer: View) -> str:
    return "\n".join(_silence(one) for one in answer["silences"]) or "Nothing is silenced."


# ---------------------------------------------------------------------------------------------------------- heartbeats


@click.command()
@click.argument("name", required=False)
@click.option("--every", default="", help="From now on NAME must come this often: 5m, 1d.")
@click.option("--grace", default="", help="How late it may be (default: a fifth of --every, at least 30 s).")
@anywhere
def heartbeat(name: str | None, every: str, grace: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """Signs of life that must keep coming, or expect one more."""
    settings = settings_of(vault, config)
    if name and not every:
        raise FirstfiveError(
            f"how often does {name} come?", remedy="firstfive heartbeat NAME --every 5m", exit_code=Exit.USAGE
        )
    body: View = {"name": name, "every": _seconds(every)} if name else {}
    if name and grace:
        body["grace"] = _seconds(grace)
    answer = ask(settings, "POST", "/heartbeats", body) if name else ask(settings, "GET", "/heartbeats")
    show(answer, as_json=as_json, text=_heartbeats)


def _heartbeats(answer: View) -> str:
    rows = [
        f"{b['name']}  {b['state']}  last {b['last'] or 'never'}, every {timedelta(seconds=b['every_seconds'])}"
        for b in answer["heartbeats"]
    ]
    return "\n".join(rows) or "No heartbeat is expected."


# ------------------------------------------------------------------------------------------------------------ simulate


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--as", "sender", required=True, help="Which sender it would come from: alertmanager, grafana, sentry, ..."
)
@anywhere
def simulate(file: Any, sender: str, vault: Path | None, config: Path | None, as_json: bool) -> None:
    """What would be made of a sender's message in FILE ("-": standard input). Nothing is kept, nobody is told."""
    message = file.read(LARGEST + 1)
    if len(message) > LARGEST:
        raise FirstfiveError("the message is larger than 1 MiB", remedy="cut it down", exit_code=Exit.USAGE)
    body = {"sender": sender, "message": message.decode("utf-8", "replace")}
    show(ask(settings_of(vault, config), "POST", "/simulate", body), as_json=as_json, text=_simulated)


def _simulated(answer: View) -> str:
    lines = [f"Not understood: {answer['not_understood']}"] if answer["not_understood"] else []
    lines += _outcomes(answer) or ["  understood, and nothing in it to act on"]
    return "\n".join(["Nothing was kept. It would be:", *lines])
