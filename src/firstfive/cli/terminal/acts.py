"""What a person can say in the room, whether with a key or with a typed word: which verb of the API it is, and what has to be asked first.

Called by `plain` and `screen`. An approval is only ever made of a row that was shown, with the hash of exactly those bytes. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firstfive.cli.hands.steps import waiting
from firstfive.cli.terminal.lines import Line, View, asked, commands, labelled, plain, verdict
from firstfive.documents.plain import line
from firstfive.errors import Exit, Refused

YES, DONE = "yes", "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to be typed. With `wants` only that word will do, with `choices` one of these, which then stands for its value; an empty
    answer is left out where `optional` says so.
    """

    field: str
    text: str
    wants: str = ""
    optional: bool = False
    choices: tuple[tuple[str, str | int | bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One call of the API once the questions are answered. `shown` is what has to be read before.

    With `then` nothing is called yet: it makes the act that follows out of the fields.
    """

    verb: str
    title: str
    fields: View
    questions: tuple[Question, ...] = ()
    shown: tuple[Line, ...] = ()
    then: Callable[[View], Act] | None = None


def filled(act: Act, typed: tuple[str, ...]) -> dict[str, Any]:
    """The fields of the call, with what was typed in answer to each question. Raises Refused for a word that will not do."""
    fields = dict(act.fields)
    for question, answer in zip(act.questions, typed, strict=True):
        fields |= answered(question, answer)
    return fields


def answered(question: Question, answer: str) -> dict[str, Any]:
    """What an answer adds to the call. Raises Refused saying what has to be typed."""
    said = answer.strip()
    if question.wants:
        if said != question.wants:
            raise Refused(f"{said!r} is not {question.wants}, so nothing was done", exit_code=Exit.NEEDS_APPROVAL)
        return {question.field: True if question.wants == DONE else said} if question.field else {}
    if not said:
        if question.optional:
            return {}
        raise Refused("nothing was typed, so nothing was done", exit_code=Exit.USAGE)
    if not question.choices:
        return {question.field: said}
    chosen = dict(question.choices).get(" ".join(said.split()))
    if chosen is None:
        known = ", ".join(word for word, _ in question.choices)
        raise Refused(f"{said!r} is none of {known}, so nothing was done", exit_code=Exit.USAGE)
    return {question.field: chosen}


# ------------------------------------------------------------------------------------------------------------ said


def ack() -> Act:
    """I have taken it."""
    return Act(verb="ack", title="I have taken it", fields={})


def note() -> Act:
    """A remark on the timeline."""
    return Act(
        verb="note", title="A note for the timeline", fields={}, questions=(Question(field="text", text="Note"),)
    )


def hypothesis(seen: View) -> Act:
    """What it could be."""
    now = (labelled("now", seen["hypothesis"]),) if seen["hypothesis"] else ()
    asking = Question(field="text", text="I think it is")
    return Act(verb="hypothesis", title="What do you think it is?", fields={}, questions=(asking,), shown=now)


def update(seen: View) -> Act:
    """An update to the team, shown as it would go out."""
    draft = seen["drafts"].get("update")
    shown = (
        (plain("It would say:", "soft"), *(plain(row, "out") for row in str(draft["text"]).split("\n")))
        if draft
        else ()
    )
    asking = Question(field="text", text="What is known")
    return Act(verb="update", title="Send an update now", fields={}, questions=(asking,), shown=shown)


def severity(seen: View) -> Act:
    """Another severity, with the reason."""
    shown = tuple(
        plain(f"{row['level']}  {row['meaning'] or row['label']}", "strong" if row["level"] == seen["level"] else "")
        for row in seen["levels"]
    )
    levels = tuple((str(row["level"]), int(row["level"])) for row in seen["levels"])
    asking = (Question(field="level", text="Severity (a number)", choices=levels), Question(field="why", text="Why"))
    return Act(verb="severity", title="Change the severity", fields={}, questions=asking, shown=shown)


def resolve() -> Act:
    """It is over."""
    asking = (
        Question(field="root_cause", text="Root cause in one sentence (Enter: not known yet)", optional=True),
        Question(field="why", text="Why it is over (Enter: nothing more)", optional=True),
        Question(field="", text=f"Declare it over? Type {YES}", wants=YES),
    )
    return Act(verb="resolve", title="Resolve it", fields={}, questions=asking)


# ----------------------------------------------------------------------------------------------------------- steps


def run(seen: View, named: str) -> Act:
    """Ask for a step: its id, or its number where only one step in use has it. What changes something still waits for a yes."""
    row = step_of(seen, named)
    if row is None:
        return Act(verb="run", title=f"Ask for {named}", fields={"step": _elsewhere(seen, named)})
    shown: list[Line] = [
        plain(f"{row['runbook_number']} step {row['number']}: {row['title']}", "strong"),
        (verdict(row["verdict"]), ("", " on "), ("strong", line(str(row["target"])))),
        *commands(row["bound"] or row["script"]),
    ]
    later = (
        "It changes something, so it is shown once more and waits for a yes." if row["changing"] else "It runs at once."
    )
    asking = Question(field="", text=f"Ask for it? {later} Type {YES}", wants=YES)
    return Act(
        verb="run",
        title="Ask for a step",
        fields={"step": row["step"]},
        questions=(asking,),
        shown=tuple(shown),
    )


def _elsewhere(seen: View, named: str) -> str:
    """The id of a step of a runbook that is not in use, where it was named as "3.1 2"; else what was typed."""
    number, _, step = named.replace("#", " ").rpartition(" ")
    ids = [str(row["runbook"]) for row in seen["runbooks"] if row["number"] and row["number"] == number.strip()]
    return f"{ids[0]}#{step}" if len(ids) == 1 else named


def other(books: View) -> Act:
    """A step of any runbook of the page, with every script to read; `books` is the API's handbook. Raises Refused where there is none."""
    shown: list[Line] = []
    choices: list[tuple[str, str]] = []
    for book in books["runbooks"]:
        name = str(book["number"] or book["id"])
        shown.append((("heading", line(f"{name} {book['title']}")),))
        for step in book["steps"]:
            shown.append(
                (("strong", line(f"{name} {step['number']}  {step['title']}")), ("", "  "), verdict(step["verdict"]))
            )
            shown += commands(step["script"]) if step["script"] else []
            choices += [(f"{name} {step['number']}", step["id"])] if step["script"] else []
    if not choices:
        raise Refused("the page has no step that could be run", remedy="firstfive check says what was understood")
    asking = Question(field="step", text=f"Which step? Such as {choices[0][0]}", choices=tuple(choices))
    return Act(verb="run", title="A step of another runbook", fields={}, questions=(asking,), shown=tuple(shown))


def step_of(seen: View, named: str) -> View | None:
    """The step in use that is meant by an id, a number, or "3.1 4"; None when none is. Raises Refused when several are."""
    word = " ".join(named.replace("#", " ").split())
    rows = [
        row
        for row in seen["steps"]
        if named == row["step"] or word in (str(row["number"]), f"{row['runbook_number']} {row['number']}")
    ]
    if len(rows) > 1:
        names = ", ".join(str(row["step"]) for row in rows)
        raise Refused(
            f"{len(rows)} steps in use have the number {named}", remedy=f"name one: {names}", exit_code=Exit.USAGE
        )
    return rows[0] if rows else None


def approve(seen: View, named: str | None) -> Act:
    """Approve a waiting run: exactly the bytes that are shown. Raises Refused when none waits, or it lacks a value."""
    return approval_of(seen, waiting(dict(seen), named or None))


def approval_of(seen: View, row: View) -> Act:
    """The approval of one waiting row, with everything that this one takes."""
    if row["missing"]:
        gaps = ", ".join(f"<{name}>" for name in row["missing"])
        raise Refused(
            f"{row['step']} still needs a value for {gaps}",
            remedy=f"set {row['missing'][0]}=VALUE, then approve it",
            exit_code=Exit.NEEDS_APPROVAL,
        )
    asking = []
    if row["first"]:
        asking.append(
            Question(field="affirmed", text=f"Is it done: {'; '.join(row['first'])}? Type {DONE}", wants=DONE)
        )
    if row["people"] > 1 and seen["level"] == 1:
        alone = "Alone? Say why one person is enough (Enter: a second one approves too)"
        asking.append(Question(field="alone", text=alone, optional=True))
    if row["confirm"]:
        text = f"This destroys something on {row['target']}. Type {row['confirm']}"
        asking.append(Question(field="confirm", text=text, wants=row["confirm"]))
    else:
        asking.append(Question(field="", text=f"Run exactly this on {row['target']}? Type {YES}", wants=YES))
    return Act(
        verb="approve",
        title="Approve exactly this",
        fields={"run": row["run"], "sha256": row["sha256"]},
        questions=tuple(asking),
        shown=tuple(asked(row)),
    )


def values_of(row: View) -> tuple[Act, ...]:
    """One act for each value that a waiting row lacks."""
    return tuple(
        Act(
            verb="set",
            title=f"A value for {row['step']}",
            fields={"step": row["step"], "name": name},
            questions=(Question(field="value", text=f"<{name}>"),),
            shown=tuple(asked(row)),
        )
        for name in row["missing"]
    )


def decline(row: View) -> Act:
    """Say no to a waiting row."""
    asking = Question(field="why", text="Why not (Enter: no reason given)", optional=True)
    return Act(
        verb="decline",
        title="Decline it",
        fields={"run": row["run"]},
        questions=(asking,),
        shown=(plain(f"{row['title']} on {row['target']}", "strong"), *commands(row["script"])),
    )


def undo(seen: View) -> Act:
    """Ask for the newest change to be taken back. Raises Refused when there is none."""
    row = next((row for row in (*seen["steps"], *seen["offered"]) if row["can_undo"]), None)
    if row is None:
        raise Refused(
            f"there is nothing to take back in {seen['id']}",
            remedy="only a change that ran and names its undo can be taken back",
        )
    shown = (plain(f"{row['title']} on {row['target']}", "strong"), *(commands(row["undo"]) if row.get("undo") else ()))
    text = f"Ask for it to be taken back? It is shown once more and waits for a yes. Type {YES}"
    return Act(
        verb="undo",
        title="Take it back",
        fields={"run": row["run"]},
        questions=(Question(field="", text=text, wants=YES),),
        shown=shown,
    )


def settle(row: View) -> Act:
    """Say whether a run of unknown outcome ran."""
    asking = (
        Question(field="ran", text="Did it run? Type yes or no", choices=(("yes", True), ("no", False))),
        Question(field="note", text="How you know (Enter: nothing more)", optional=True),
    )
    shown = (
        plain(f"{row['title']} on {row['target']}", "strong"),
        *commands(row["script"]),
        labelled("why", row["why"]),
    )
    return Act(verb="settle", title="Did it run?", fields={"run": row["run"]}, questions=asking, shown=shown)
