"""What stands in the room besides the timeline, item by item, in the order in which a tired person needs it.

Called by `screen`, which lets one walk over them, and by `plain`, which prints them. Each item has an id that stays the same while the
incident goes on, a few lines, and for most a page of its own with everything that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firstfive.cli.terminal.lines import (
    INDENT,
    Line,
    Piece,
    View,
    asked,
    commands,
    labelled,
    output,
    plain,
    spelled,
    verdict,
)
from firstfive.documents.plain import line

ANSWERS = {"good": ("good", "well   "), "bad": ("bad", "TROUBLE"), "unknown": ("change", "unknown")}
STATES = {
    "asked": ("change", "waits for you"),
    "approved": ("change", "approved"),
    "started": ("change", "running"),
    "finished": ("good", "done"),
    "unknown": ("bad", "outcome unknown"),
    "failed": ("bad", "could not begin"),
}
SYMPTOMS = {"hit": ("bad", "seen"), "miss": ("soft", "not there"), "unknown": ("soft", "not known")}
TICKS = {"proved": "[x]", "said": "[x]", "not needed": "[-]", "open": "[ ]"}
TAIL = 3
LIVE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A few lines of the room. `id` is its kind and its name, such as `step:shop-down#4`; a heading leads to no page of its own."""

    id: str
    lines: tuple[Line, ...]
    heading: bool = False


def _heading(title: str, name: str) -> Item:
    return Item(id=f"heading:{name}", lines=(plain(title, "heading"),), heading=True)


def items(seen: View, said: Mapping[str, str]) -> Iterator[Item]:
    """Everything but the timeline. `said` is what running steps say, by run."""
    yield from _lost(seen)
    yield from _waiting(seen)
    yield _heading("First five", "five")
    yield from (_check(row) for row in seen["checks"])
    if not seen["checks"]:
        yield Item(id="note:five", lines=(plain("The page has no such list.", "soft"),))
    yield from _beside(seen)
    yield _heading("Which runbook", "ranking")
    yield from (_ranked(row) for row in seen["ranking"])
    if not seen["ranking"]:
        yield Item(id="note:ranking", lines=(plain("No runbook fits what was seen so far.", "soft"),))
    book = ""
    for row in seen["steps"]:
        if row["runbook"] != book:
            book = row["runbook"]
            yield _heading(
                f"Steps of {line(str(row['runbook_number']))} {line(str(row['runbook_title']))}", f"steps-{book}"
            )
        yield Item(id=f"step:{row['step']}", lines=tuple(_step(row, said)))
    yield from _afterwards(seen)


def _lost(seen: View) -> Iterator[Item]:
    if seen["unknown"]:
        yield _heading("Nobody knows whether these ran", "lost")
    for row in seen["unknown"]:
        where = (("bad", "outcome unknown "), ("", f"{line(str(row['title']))} on {line(str(row['target']))}"))
        yield Item(
            id=f"lost:{row['run']}",
            lines=(where, plain(f"{INDENT}{row['run']}", "soft"), *commands(row["script"], TAIL)),
        )


def _waiting(seen: View) -> Iterator[Item]:
    """What waits and stands on no list of steps: changes out of packs, and what takes a change back."""
    listed = {row["run"] for row in seen["steps"]}
    rows = [row for row in seen["waiting"] if row["run"] not in listed]
    if rows:
        yield _heading("Waits for a yes", "waiting")
    for row in rows:
        where = (STATES["asked"], ("", f" {line(str(row['title']))} on {line(str(row['target']))}"))
        yield Item(id=f"run:{row['run']}", lines=(where, *commands(row["script"], TAIL)))


def _check(row: View) -> Item:
    mark: Piece = ANSWERS[row["answer"]]
    return Item(
        id=f"check:{row['check']}",
        lines=((mark, ("strong", f"  {line(str(row['title']))}: "), ("", line(str(row["evidence"])))),),
    )


def _beside(seen: View) -> Iterator[Item]:
    deploy, rollback = seen["deploy"], seen["rollback"]
    if deploy:
        at = str(deploy["deployed_at"])[11:19]
        text = f"{deploy['subject']} went from {deploy['previous'] or 'unknown'} to {deploy['version']} at {at} UTC"
        yield Item(id="note:deploy", lines=(labelled("Deploy", text, "strong"),))
    if rollback:
        yield Item(id="note:rollback", lines=(labelled("Roll back first", rollback["why"], "change"),))
    if seen["hypothesis"]:
        yield Item(id="note:hypothesis", lines=(labelled("Hypothesis", seen["hypothesis"], "strong"),))
    if seen["root_cause"]:
        yield Item(id="note:cause", lines=(labelled("Root cause", seen["root_cause"], "strong"),))


def _ranked(row: View) -> Item:
    lines: list[Line] = [
        (("strong", f"{row['number']} {line(str(row['title']))}"), ("soft", f"  score {row['score']}"))
    ]
    for symptom in row["symptoms"]:
        style, word = SYMPTOMS[symptom["state"]]
        lines.append((("soft", INDENT), (style, f"{word}: "), ("", line(str(symptom["words"])))))
    return Item(id=f"runbook:{row['runbook']}", lines=tuple(lines))


def state_of(row: View) -> Piece:
    """How far a step is, in words."""
    if row["state"] == "finished":
        met = "as expected" if row["met"] else "not as expected"
        code = f", exit {row['exit_code']}" if row["exit_code"] is not None else ""
        return ("good" if row["met"] else "bad", f"done {met}{code}")
    return STATES.get(row["state"], ("soft", line(str(row["state"]), 40)))


def _step(row: View, said: Mapping[str, str]) -> Iterator[Line]:
    """Number, title and state; what it does and where; the command; the end of what it said."""
    yield (("strong", f"{row['number']:>2} {line(str(row['title']))}  "), state_of(row))
    if row["mode"] != "manual":
        by = f", approved by {line(str(row['approved_by']), 80)}" if row["approved_by"] else ""
        yield (("", "   "), verdict(row["verdict"]), ("soft", f" on {line(str(row['target']))}{by}"))
    script = row["bound"] or row["script"]
    if script:
        yield from (_inward(part) for part in commands(script, TAIL))
    if row["state"] == "started":
        yield from (_inward(part) for part in output(said.get(str(row["run"]), ""), LIVE))
    elif row["output"]:
        yield from (_inward(part) for part in output(row["output"], TAIL, dropped=row["dropped"]))


def _inward(parts: Line) -> Line:
    return (("", "   "), *parts)


def _afterwards(seen: View) -> Iterator[Item]:
    if seen["offered"]:
        yield _heading("Changes beside the page", "offered")
    for row in seen["offered"]:
        first = (("strong", f"{line(str(row['title']))}  "), state_of({**row, "exit_code": None}))
        yield Item(id=f"offer:{row['id']}", lines=(first, plain(f"{INDENT}on {row['target']}", "soft")))
    written, over = seen["postmortem"], seen["resolved_at"] is not None
    if written:
        yield Item(
            id="note:postmortem",
            lines=(labelled("Post-mortem", f"{written['path']}, due {written['due'] or 'not limited'}"),),
        )
    if over and seen["closing"]:
        yield _heading("After every incident", "closing")
        for box in seen["closing"]:
            yield Item(
                id=f"box:{box['id']}",
                lines=((("", f"{TICKS[box['tick']]} {line(str(box['text']))} "), ("soft", line(str(box["why"])))),),
            )


# ----------------------------------------------------------------------------------------------------- pages of their own


def page_of(seen: View, item: str, said: Mapping[str, str]) -> list[Line]:
    """Everything that is known about one item; empty when it is gone."""
    kind, _, name = item.partition(":")
    match kind:
        case "step":
            return [part for row in seen["steps"] if row["step"] == name for part in _step_page(row, said)]
        case "check":
            return [part for row in seen["checks"] if row["check"] == name for part in _check_page(row)]
        case "run":
            return [part for row in seen["waiting"] if row["run"] == name for part in asked(row)]
        case "lost":
            return [part for row in seen["unknown"] if row["run"] == name for part in _lost_page(row)]
        case "offer":
            return [part for row in seen["offered"] if row["id"] == name for part in _offer_page(row)]
        case "entry":
            return [part for row in seen["timeline"] if str(row["seq"]) == name for part in _entry_page(row)]
        case _:
            return [part for one in items(seen, said) if one.id == item for part in one.lines]


def _step_page(row: View, said: Mapping[str, str]) -> Iterator[Line]:
    yield (
        ("strong", f"{line(str(row['runbook_number']))} step {row['number']}: {line(str(row['title']))}  "),
        state_of(row),
    )
    if row["mode"] != "manual":
        yield (verdict(row["verdict"]), ("", " on "), ("strong", line(str(row["target"]))))
    yield from commands(row["bound"] or row["script"]) if row["bound"] or row["script"] else ()
    yield from (
        (("soft", "with "), ("code", f"{spelled(name)}={spelled(value)}")) for name, value in row["environment"]
    )
    if row["condition"]:
        held = {"true": "yes", "false": "no", "unknown": "not known"}.get(
            row["condition_holds"], row["condition_holds"]
        )
        yield labelled(f"if {line(str(row['condition']))}", f"{held} ({row['condition_why']})")
    yield from (labelled("needs a value", f"<{name}>", "change") for name in row["missing"])
    if row["why"]:
        yield labelled("why", row["why"])
    if row["approved_by"]:
        yield labelled("approved by", row["approved_by"])
    if row["undo"]:
        yield plain("to undo it:", "soft")
        yield from commands(row["undo"])
    yield from (labelled("the page", text) for text in row["notes"])
    yield from (labelled(f"if {line(str(b['phrase']))}", b["action"]) for b in row["branches"])
    yield from (labelled("judged", reason, "soft") for reason in row["reasons"])
    told = said.get(str(row["run"]), "") if row["state"] == "started" else row["output"]
    if told:
        yield plain("it says:" if row["state"] == "started" else "it said:", "soft")
        yield from output(told)
    if row["dropped"]:
        yield plain(f"{row['dropped']} bytes were not kept", "soft")


def _check_page(row: View) -> Iterator[Line]:
    yield (("strong", f"{line(str(row['title']))}: "), ANSWERS[row["answer"]])
    yield labelled("the page", row["text"])
    yield from commands(row["script"]) if row["script"] else ()
    yield from output(row["evidence"])
    if row["took_ms"] is not None:
        yield plain(f"took {row['took_ms']} ms", "soft")


def _lost_page(row: View) -> Iterator[Line]:
    yield (("bad", "outcome unknown: "), ("strong", line(str(row["title"]))), ("", f" on {line(str(row['target']))}"))
    yield plain(row["run"], "soft")
    yield from commands(row["script"])
    yield labelled("why", row["why"])
    if row["approved_by"]:
        yield labelled("approved by", row["approved_by"])
    yield plain("Find out there whether it ran, and settle it: nothing changes until then.", "change")


def _offer_page(row: View) -> Iterator[Line]:
    yield (("strong", f"{line(str(row['title']))}  "), state_of({**row, "exit_code": None}))
    yield labelled("on", row["target"])
    yield from output(row["output"])
    if row["verified"] is not None:
        yield plain("it stands, as a look afterwards says" if row["verified"] else "a look afterwards does not find it")
        yield from output(row["verify_output"])


def _entry_page(row: View) -> Iterator[Line]:
    yield plain(f"{row['at']}  entry {row['seq']} by {row['by']}", "soft")
    yield plain(row["text"])
    yield labelled("hash", row["hash"], "soft")
