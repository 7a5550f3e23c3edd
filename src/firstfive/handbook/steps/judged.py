"""Drafts judged and turned into steps: who moves each one, what it is for, what it needs and when it applies.

Called by `build` once every script of the vault has been parsed. Lowers no risk: a page may only raise it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from firstfive.handbook.markdown import CodeLine
from firstfive.handbook.model import (
    Branch,
    Cause,
    Command,
    Level,
    Mode,
    Parameter,
    Problem,
    Purpose,
    Step,
    entering,
)
from firstfive.handbook.steps.commands import Shell, commands_of, facts_told, neutral, suggestions
from firstfive.handbook.steps.drafts import Draft, If, Said
from firstfive.handbook.steps.wishes import Wishes
from firstfive.shell.bind import Bound
from firstfive.shell.parse import Script, Statement
from firstfive.shell.risk import Judgement, Verdict

_ROLL_BACK = re.compile(r"\broll(?:ing)?[ -]?back\b|\bback to the previous\b", re.IGNORECASE)
_VERIFY = re.compile(r"^(?:verify|verification|confirm|check again|make sure)\b", re.IGNORECASE)
_SEE = re.compile(r"\bsee\s+(?:§\s*)?(\d+(?:\.\d+)*)|§\s*(\d+(?:\.\d+)*)|\[\[#?([^\]|]+)")
_TTY = re.compile(
    r"(\b(?:docker|podman|nerdctl|kubectl|oc)\s+(?:-\S+\s+)*(?:exec|run|debug)\s+(?:-(?!-?t)(?!it\s)\S+\s+)*)(-it|-ti|-t|--tty)\s+"
)
_BY_HAND = frozenset({"editor", "interactive"})


@dataclass(slots=True, kw_only=True)
class Ready:
    """A draft with its shell facts: what it reads like, what is sent, what that would do."""

    draft: Draft
    lines: tuple[CodeLine, ...]
    script: str
    by_hand: tuple[str, ...] = ()
    broken: bool = False
    bound: Bound | None = None
    sent: str = ""
    undo: str = ""
    undo_verdict: Verdict = Verdict.UNKNOWN
    parameters: tuple[Parameter, ...] = ()
    judgement: Judgement | None = None
    commands: tuple[Command, ...] = ()
    hand_commands: tuple[Command, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)


def without_editors(draft: Draft, shell: Shell) -> Ready:
    """The draft with every whole statement that opens an editor taken out of the script and put in a person's hands."""
    script = draft.script
    ready = Ready(draft=draft, lines=tuple(draft.lines), script=script)
    if not script.strip():
        ready.script = ""
        return ready
    parsed = shell.parsed(neutral(script))
    if not isinstance(parsed, Script):
        ready.broken = True
        return ready
    judgement = shell.judged(neutral(script))
    if not any("editor" in finding.tags for finding in judgement.findings):
        return ready
    drop: set[int] = set()
    by_hand: list[str] = []
    for statement in parsed.statements:
        mine = [f for f in judgement.findings if _covers(statement, f.line)]
        if mine and all("editor" in finding.tags for finding in mine):
            rows = range(statement.line - 1, statement.line + statement.text.count("\n"))
            if not any(other is not statement and _touches(other, rows) for other in parsed.statements):
                drop.update(rows)
                by_hand.append("\n".join(draft.lines[row].text for row in rows))
    ready.hand_commands = tuple(c for c in commands_of(judgement, draft.lines, draft.place.page) if "editor" in c.tags)
    ready.by_hand = tuple(by_hand)
    ready.lines = tuple(line for row, line in enumerate(draft.lines) if row not in drop)
    ready.script = "\n".join(line.text for line in ready.lines).strip("\n")
    return ready


def _covers(statement: Statement, line: int) -> bool:
    return statement.line <= line <= statement.line + statement.text.count("\n")


def _touches(statement: Statement, rows: range) -> bool:
    return any(_covers(statement, row + 1) for row in rows)


def without_terminal(script: str) -> str:
    """The script that is sent where no terminal is: `-it` right after an exec or run verb becomes `-i`, `-t` goes."""
    return _TTY.sub(lambda found: found.group(1) + ("-i " if "i" in found.group(2) else ""), script)


def build_step(
    runbook: str, number: int, ready: Ready, shell: Shell, problems: list[Problem], *, after_change: bool
) -> Step:
    """One step of the model. `after_change` says that an earlier step of the same runbook may change something."""
    draft, wishes, judgement = ready.draft, ready.wishes, ready.judgement
    blocked = ready.bound is not None and ready.bound.blocked
    runnable = bool(ready.script) and not ready.broken and not blocked and judgement is not None
    verdict = judgement.verdict if judgement is not None else (Verdict.UNKNOWN if ready.broken else Verdict.READ_ONLY)
    verdict = wishes.raised(verdict)
    step = Step(
        id=f"{runbook}#{number}",
        number=number,
        title=draft.title or _first_words(ready.script) or f"Step {number}",
        script=ready.script if runnable else "",
        bound=ready.sent if runnable else "",
        commands=ready.commands if runnable else _hand_commands(ready, shell),
        mode=_mode(ready, verdict, runnable=runnable),
        verdict=verdict,
        purpose=Purpose.LOOK,
        parameters=ready.parameters if runnable else (),
        expect_output=draft.expect_output,
        causes=tuple(_cause(said) for said in draft.causes),
        notes=_notes(ready, unusable=ready.broken or blocked),
        facts=tuple(dict.fromkeys((*(facts_told(ready.script) if runnable else ()), *wishes.fact_names))),
        tags=frozenset(judgement.tags) if judgement is not None and runnable else frozenset(),
        place=draft.place,
    )
    step = _with_conditions(_with_wishes(step, ready), ready, shell, problems)
    return _with_purpose(step, after_change=after_change)


def _notes(ready: Ready, *, unusable: bool) -> tuple[str, ...]:
    by_hand = [f"By hand: {text.strip()}" for text in ready.by_hand]
    said = [note.text for note in ready.draft.notes]
    return (*by_hand, *said, *([ready.draft.script] if unusable else []))


def _with_wishes(step: Step, ready: Ready) -> Step:
    wishes = ready.wishes
    # A plain path, checked where it is read; `cd` only looks, so the verdict stays that of the page's own text.
    enter = entering(wishes.cwd)
    return replace(
        step,
        bound=enter + step.bound if step.bound else "",
        cwd=wishes.cwd,
        expect=wishes.expect,
        undo=enter + ready.undo if step.bound and ready.undo else "",
        undo_written=wishes.undo,
        undo_verdict=ready.undo_verdict,
        approve=wishes.approve,
        retry=wishes.retry,
        retry_every=wishes.retry_every,
        timeout=wishes.timeout,
        on=wishes.on,
        name=wishes.name,
        needs=wishes.needs,
        goto=wishes.goto.value if wishes.goto else "",
        fact_lines=wishes.fact_lines,
    )


def _with_conditions(step: Step, ready: Ready, shell: Shell, problems: list[Problem]) -> Step:
    titled, others = _titled_condition(ready.draft, has_script=bool(step.script))
    below = () if step.script else step.notes
    branches = tuple(_branch(part, below, ready.wishes, shell, problems) for part in others)
    when, phrase = ready.wishes.when, ""
    if titled is not None:
        phrase = titled.phrase
        when = when or ready.wishes.condition_for(phrase, shell)
        if when is None:
            problems.append(unbound(titled))
    return replace(step, branches=branches, phrase=phrase, when=when)


def _first_words(script: str) -> str:
    """The first command, cut short: the title of a step that nobody gave one."""
    line = script.strip().split("\n")[0].rstrip("\\ ")
    return line if len(line) <= 60 else line[:57] + "..."


def _with_purpose(step: Step, *, after_change: bool) -> Step:
    expects = bool(step.expect_output) or step.expect is not None
    if _ROLL_BACK.search(step.title):
        purpose = Purpose.ROLL_BACK
    elif _VERIFY.match(step.title) or (after_change and expects and step.script and step.verdict is Verdict.READ_ONLY):
        purpose = Purpose.VERIFY
    elif step.script and step.verdict is not Verdict.READ_ONLY:
        purpose = Purpose.CHANGE
    else:
        purpose = Purpose.LOOK
    return replace(step, purpose=purpose)


def _mode(ready: Ready, verdict: Verdict, *, runnable: bool) -> Mode:
    judgement = ready.judgement
    if not runnable or judgement is None or ready.wishes.manual:
        return Mode.MANUAL
    if judgement.findings and all(finding.tags & _BY_HAND for finding in judgement.findings):
        return Mode.MANUAL
    if verdict is Verdict.READ_ONLY and not ready.parameters and not ready.wishes.approve and judgement.auto:
        return Mode.AUTO
    return Mode.APPROVE


def _titled_condition(draft: Draft, *, has_script: bool) -> tuple[If | None, list[If]]:
    """The condition of the whole step, when its title is one and it has commands; the others are branches."""
    if has_script and draft.ifs and re.match(r"(?:if|when|in case)\b", draft.title, re.IGNORECASE):
        return draft.ifs[0], draft.ifs[1:]
    return None, list(draft.ifs)


def _branch(part: If, notes: tuple[str, ...], wishes: Wishes, shell: Shell, problems: list[Problem]) -> Branch:
    """A branch; one with nothing after its colon means the notes below it."""
    said = (part.action,) if part.action else notes
    condition = wishes.condition_for(part.phrase, shell)
    if condition is None:
        problems.append(unbound(part))
    return Branch(
        phrase=part.phrase,
        action="; ".join(said),
        condition=condition,
        suggests=tuple(command for text in said for command in suggestions(shell, text, part.place)),
        place=part.place,
    )


def unbound(part: If) -> Problem:
    """FF020: nothing is known that could decide this condition, so a person will be asked."""
    return Problem(
        code="FF020",
        level=Level.WARNING,
        message=f'"{part.phrase}" is bound to no fact: the operator is asked',
        place=part.place,
        help=f"#: if {part.phrase.replace('`', '')} = <condition over facts>",
    )


def _cause(said: Said) -> Cause:
    found = _SEE.search(said.text)
    see = next((group for group in found.groups() if group), "") if found else ""
    return Cause(text=said.text, see=see, place=said.place)


def _hand_commands(ready: Ready, shell: Shell) -> tuple[Command, ...]:
    """What a step for hands mentions: editors it opens, then commands in its words."""
    draft = ready.draft
    found = list(ready.hand_commands)
    for said in (Said(text=draft.title, place=draft.place), *draft.notes):
        found.extend(suggestions(shell, said.text, said.place))
    return tuple(found)
