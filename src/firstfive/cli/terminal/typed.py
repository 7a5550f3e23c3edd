"""Typed words as acts: what `approve 3`, `note ...` and the other words of the line mode mean.

Called by `plain`. Decides nothing about the incident; a word that nobody knows is refused with the words there are.
"""

from __future__ import annotations

from dataclasses import replace

from firstfive.cli.hands.steps import waiting
from firstfive.cli.terminal import acts, aside
from firstfive.cli.terminal.acts import Act
from firstfive.cli.terminal.lines import View
from firstfive.errors import Exit, Refused

HELP = """ack                   you have taken it
approve [STEP]        show what waits for a yes, then approve exactly that
decline [STEP] [WHY]  say no to it
set NAME=VALUE        give a value that the waiting step needs
run STEP              ask for a step: its number or its id
undo                  ask for the newest change to be taken back
settle RUN            say whether a step of unknown outcome ran
note TEXT             put a remark on the timeline
hypothesis TEXT       say what you think it is
update TEXT           send an update now
severity N WHY        grade it anew
resolve [CAUSE]       declare it over
public                words for customers: shown as they would stand, then told
close [BOX]           a box of the closing list: done, or not needed here
offer [PACK]          a change beside the page: block, evidence, disable-account, mend-websocket, resume-updater
show                  the incident as it stands
timeline [WHICH]      its entries: all, people, steps, found, told, or words in them
step STEP             everything about a step, with all of its output
help                  these words
quit                  leave; the incident goes on"""


def act_of(seen: View, words: str) -> Act:
    """What a typed line asks for. Raises Refused when it is not understood, or does not fit the incident now."""
    verb, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    match verb:
        case "ack":
            return acts.ack()
        case "note":
            return _saying(acts.note(), rest)
        case "hypothesis":
            return _saying(acts.hypothesis(seen), rest)
        case "update":
            return _saying(acts.update(seen), rest)
        case "severity":
            level, _, why = rest.partition(" ")
            return _with(acts.severity(seen), level, why.strip()) if rest else acts.severity(seen)
        case "resolve":
            return replace(acts.resolve(), questions=(), fields={"root_cause": rest} if rest else {})
        case "approve":
            return acts.approve(seen, rest)
        case "decline":
            return _declined(seen, rest)
        case "run" if rest:
            return replace(acts.run(seen, rest), questions=())
        case "undo":
            return acts.undo(seen)
        case "set" if "=" in rest:
            return _set(seen, rest)
        case "public" | "close" | "offer":
            return _aside(seen, verb, rest)
        case "settle":
            return acts.settle(_lost(seen, rest))
        case _:
            raise Refused(f"{words.strip()!r} is not understood", remedy="help lists the words", exit_code=Exit.USAGE)


def _aside(seen: View, verb: str, rest: str) -> Act:
    match verb:
        case "public":
            return aside.public(seen)
        case "close":
            return aside.tick(seen, rest)
        case _:
            return aside.packed({"pack": rest}) if rest else aside.pack(seen)


def _saying(act: Act, text: str) -> Act:
    """A verb whose text may follow on the same line; without one it is asked for."""
    return _with(act, text) if text else act


def _with(act: Act, *typed: str) -> Act:
    return replace(act, fields=acts.filled(act, typed), questions=(), shown=())


def _declined(seen: View, rest: str) -> Act:
    first, _, why = rest.partition(" ")
    named = {str(name) for row in seen["waiting"] for name in (row["step"], row["run"], row["number"])}
    row, why = (waiting(dict(seen), first), why) if first in named else (waiting(dict(seen), None), rest)
    act = acts.decline(row)
    return replace(act, fields={**act.fields, **({"why": why.strip()} if why.strip() else {})}, questions=(), shown=())


def _set(seen: View, rest: str) -> Act:
    """`set NAME=VALUE` for the row that lacks it, `set STEP NAME=VALUE` where several do, or where it had another value."""
    name, _, value = (part.strip() for part in rest.partition("="))
    lacking = [row for row in seen["waiting"] if name.strip("<>") in row["missing"]]
    if len(lacking) == 1:
        row = lacking[0]
    else:
        step, _, name = name.rpartition(" ")
        row = waiting(dict(seen), step.strip() or None)
    return Act(verb="set", title="", fields={"step": row["step"], "name": name.strip("<>"), "value": value})


def _lost(seen: View, named: str) -> View:
    rows: list[View] = [row for row in seen["unknown"] if named in ("", row["run"], row["step"], str(row["number"]))]
    if len(rows) != 1:
        names = ", ".join(str(row["run"]) for row in seen["unknown"])
        raise Refused(
            f"{len(rows)} runs of unknown outcome are meant",
            remedy=f"name one: {names}" if names else "nothing is in question",
            exit_code=Exit.USAGE,
        )
    return rows[0]
