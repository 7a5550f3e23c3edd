"""The room line by line: for dumb terminals, pipes, logs and people who listen to their screen. Needs no extra.

Called by `room`. Prints the incident once, then each entry as one line when it is committed, and what running steps say behind a bar.
Takes typed words where there is somebody to type them. Entries are told apart by number and hash, so that a server that went and came
back costs no line and repeats none.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from unicodedata import combining, east_asian_width

from firstfive.cli.terminal import acts, typed
from firstfive.cli.terminal.acts import Act
from firstfive.cli.terminal.chosen import wanted
from firstfive.cli.terminal.following import Following, Heard, Link, NewEntry, Spoken
from firstfive.cli.terminal.items import items, page_of
from firstfive.cli.terminal.lines import OUTPUT, Line, View, entry, head, output, text_of
from firstfive.cli.terminal.reach import Reach
from firstfive.documents.plain import line, visible
from firstfive.errors import Exit, FirstfiveError, Refused

MOST = 40  # lines of one step's output that are told at its end; `step` shows all of it
LAST = 10  # entries that are shown at the beginning
WORDS = {
    "acknowledge": "ack",
    "approve": "approve",
    "judge": "approve, or decline",
    "value": "set NAME=VALUE",
    "hypothesis": "hypothesis TEXT",
    "settle": "settle RUN",
    "watch": "resolve CAUSE",
    "choose": "run STEP",
    "tell": "public",
    "close": "close",
}


@dataclass(slots=True, kw_only=True)
class Room:
    """One incident told in lines. `code` is the exit code of the last word that was refused, 0 when none was."""

    reach: Reach
    incident: str
    as_json: bool
    seen: View = field(default_factory=dict)
    code: int = 0
    leaving: bool = False
    _told: dict[int, str] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _pending: Act | None = None
    _answers: tuple[str, ...] = ()

    # --------------------------------------------------------------------------------------------------------- telling

    def begin(self, seen: View) -> None:
        """The incident as it stands; nothing of it is news afterwards."""
        self.seen = seen
        self._told = {int(row["seq"]): str(row["hash"]) for row in seen["timeline"]}
        self._ended = {str(row["run"]) for row in _finished(seen)}
        self._show()

    def _show(self) -> None:
        if self.as_json:
            self._object("incident", self.seen)
            return
        seen = self.seen
        self._lines([f"{'  '.join(text for _, text in head(seen, 0))}", line(str(seen["title"])), ""])
        hint = WORDS.get(seen["next"]["kind"], "")
        self._lines([f"Next: {line(str(seen['next']['text']))}", *([f"  type: {hint}"] if hint else [])])
        for item in items(seen, {}):
            text = [text_of(part) for part in item.lines]
            self._lines(["", f"{text[0]}:"] if item.heading else [f"  {part}" for part in text])
        self._lines(["", "Timeline (UTC):"])
        self._lines(self._entry(row) for row in seen["timeline"][-LAST:])

    def _entry(self, row: View) -> str:
        return f"{self.incident} {text_of(entry(row))}"

    def _lines(self, rows: Iterable[str]) -> None:
        for row in rows:
            _write(sys.stdout, row)

    def _object(self, name: str, value: object) -> None:
        _write(sys.stdout, json.dumps({"schema": "firstfive/1", name: value}, ensure_ascii=False))

    def remark(self, text: str) -> None:
        """A word of ours, beside the answer."""
        if self.as_json:
            self._object("remark", text)
        else:
            _write(sys.stderr, f"-- {text}")

    def refused(self, problem: FirstfiveError) -> None:
        """What went wrong, and what to do."""
        self.code = int(problem.exit_code)
        if self.as_json:
            told = {"code": problem.code, "what": problem.what, "where": problem.where, "remedy": problem.remedy}
            self._object("error", told)
        for row in visible(f"error: {problem}").split("\n"):
            _write(sys.stderr, row)

    # --------------------------------------------------------------------------------------------------------- hearing

    def hear(self, news: Iterable[Heard]) -> None:
        """Tell what is new."""
        for one in news:
            match one:
                case NewEntry(row=row):
                    self._entries([row])
                case Spoken(run=run, step=step, text=text):
                    self._spoken(run, step, text)
                case Link(state="server"):
                    self.remark("the server is heard; what you say is acted on")
                case Link(state="journal"):
                    self.remark("no server runs: this is read from the journal, and nothing can be said from here")
                case Link(why=why):
                    self.remark(f"nothing is heard ({line(why)}); trying again")

    def _entries(self, rows: Iterable[View]) -> None:
        ended = False
        for row in rows:
            number, digest = int(row["seq"]), str(row["hash"])
            if self._told.get(number) == digest:
                continue
            self._told[number] = digest
            ended = ended or row["kind"] == "StepFinished"
            if self.as_json:
                self._object("entry", row)
            else:
                self._lines([self._entry(row)])
        if ended:
            self.look()
            self._outputs()

    def look(self) -> None:
        """The incident anew, and what it has that was not told. When nobody answers, what is known stands."""
        with contextlib.suppress(FirstfiveError):
            self.seen, _ = self.reach.seen(self.incident)

    def _spoken(self, run: str, step: str, text: str) -> None:
        known = self._said.setdefault(run, [])
        rows = visible(text).rstrip("\n").split("\n") if text else []
        fresh = rows[_overlap(known, rows) :]
        known += fresh
        self._tell_output(run, step, fresh)

    def _outputs(self) -> None:
        """What finished steps said and was not told while they ran."""
        for row in _finished(self.seen):
            run = str(row["run"])
            if run in self._ended:
                continue
            self._ended.add(run)
            rows = [text_of(part).removeprefix(OUTPUT) for part in output(row["output"])]
            known = self._said.pop(run, [])
            rest = rows[len(known) :] if rows[: len(known)] == known else rows
            name = str(row.get("step") or row.get("id"))
            self._tell_output(run, name, rest[:MOST])
            if len(rest) > MOST:
                self.remark(f"{len(rest) - MOST} more lines: step {name}")

    def _tell_output(self, run: str, step: str, rows: list[str]) -> None:
        if not rows:
            return
        if self.as_json:
            self._object("output", {"run": run, "step": step, "lines": rows})
        else:
            self._lines(f"  {OUTPUT}{row}" for row in rows)

    # ---------------------------------------------------------------------------------------------------------- saying

    def typed(self, words: str) -> None:
        """One line that somebody typed."""
        try:
            if self._pending is not None:
                self._answer(words)
            elif words.strip():
                self._word(words)
        except FirstfiveError as problem:
            self._pending = None
            self.refused(problem)

    def over(self) -> None:
        """Nobody types any more."""
        self.leaving = True
        if self._pending is not None:
            self.refused(Refused("nothing was answered, so nothing was done", exit_code=Exit.NEEDS_APPROVAL))

    def _word(self, words: str) -> None:
        first, _, rest = words.strip().partition(" ")
        match first:
            case "quit" | "exit" | "q":
                self.leaving = True
            case "help" | "?":
                self._say_lines(typed.HELP.split("\n"))
            case "show" | "status":
                self.look()
                self._show()
            case "timeline":
                self.look()
                rows = [r for r in self.seen["timeline"] if wanted(rest.strip(), r["kind"], r["by"], r["text"])]
                self._say_lines([self._entry(row) for row in rows])
            case "step":
                self.look()
                self._step(rest.strip())
            case _:
                self.look()
                self._ask(typed.act_of(self.seen, words))

    def _step(self, named: str) -> None:
        row = acts.step_of(self.seen, named)
        if row is None:
            raise Refused(f"no step in use is called {named!r}", remedy="show lists them", exit_code=Exit.USAGE)
        self._say_lines([text_of(part) for part in page_of(self.seen, f"step:{row['step']}", {})])

    def _say_lines(self, rows: list[str]) -> None:
        if self.as_json:
            self._object("lines", rows)
        else:
            self._lines(rows)

    def _ask(self, act: Act) -> None:
        """Show what has to be read and ask the first question; with none to ask it is said at once, or leads on."""
        if act.shown and not self.as_json:
            self._lines(["", f"{act.title}:", *(f"  {text_of(part)}" for part in act.shown)])
        if not act.questions:
            self._call(act, dict(act.fields))
            return
        self._pending, self._answers = act, ()
        self._next_question(act)

    def _next_question(self, act: Act) -> None:
        question = act.questions[len(self._answers)]
        if self.as_json:
            asked: dict[str, Any] = {"verb": act.verb, "text": question.text, "wants": question.wants}
            self._object("question", {**asked, "fields": dict(act.fields), "shown": _texts(act.shown)})
        else:
            _write(sys.stderr, f"? {visible(question.text)}:")

    def _answer(self, words: str) -> None:
        act = self._pending
        if act is None:
            return
        acts.answered(act.questions[len(self._answers)], words)
        self._answers = (*self._answers, words)
        if len(self._answers) < len(act.questions):
            self._next_question(act)
            return
        self._pending = None
        self._call(act, acts.filled(act, self._answers))

    def _call(self, act: Act, fields: dict[str, Any]) -> None:
        if act.then is not None:
            self._ask(act.then(fields))
            return
        before = {row["run"] for row in self.seen["waiting"]}
        self.seen = self.reach.say(self.incident, act.verb, fields)
        self._entries(self.seen["timeline"])
        for row in self.seen["waiting"]:
            if row["run"] not in before:
                lacks = "".join(f", set {name}=VALUE first" for name in row["missing"])
                self.remark(f"{line(str(row['title']))} waits for a yes: approve {row['number'] or row['step']}{lacks}")


def _texts(lines: Iterable[Line]) -> list[str]:
    return [text_of(part) for part in lines]


def _finished(seen: View) -> list[View]:
    rows = [*seen["steps"], *seen["offered"]]
    return [row for row in rows if row["state"] == "finished" and row["run"]]


def _overlap(known: list[str], rows: list[str]) -> int:
    """How many of the first rows are the last ones that are known: the newest of an output is told whole each time."""
    for size in range(min(len(known), len(rows)), 0, -1):
        if known[-size:] == rows[:size]:
            return size
    return 0


def _write(where: Any, text: str) -> None:
    """One line, in whatever letters that stream has, at once. On a terminal it is folded here and what goes on is set back, behind its
    bar where it is output, so that nothing from outside can begin a row.
    """
    letters = getattr(where, "encoding", None) or "utf-8"
    rows = [text]
    if where.isatty():
        inward = len(text) - len(text.lstrip(" "))
        margin = " " * inward + (OUTPUT if text.startswith(OUTPUT, inward) else "      ")
        rows = _folded(text, shutil.get_terminal_size().columns, margin)
    for row in rows:
        where.write(row.encode(letters, "replace").decode(letters) + "\n")
    where.flush()


def _folded(text: str, width: int, margin: str) -> list[str]:
    rows, row, taken = list[str](), "", 0
    for character in text:
        cells = 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        if taken + cells > max(width, 20):
            rows.append(row)
            row, taken = margin, len(margin)
        row, taken = row + character, taken + cells
    return [*rows, row]


# --------------------------------------------------------------------------------------------------------- the two ends


def in_lines(reach: Reach, incident: str, seen: View, *, as_json: bool) -> int:
    """Tell an incident until the typing ends, or for ever where nobody types. The exit code is that of the last word refused."""
    room = Room(reach=reach, incident=incident, as_json=as_json)
    room.begin(seen)
    hands = _typing()
    if hands is not None and os.isatty(hands) and not as_json:
        room.remark("type help for the words, quit to leave")
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    following = Following(reach=reach, incident=incident, had=int(seen["seq"]), wake=_ringing(wake))
    following.start()
    try:
        _turn(room, following, woken, hands)
    finally:
        following.stop()
    return 0 if hands is not None and os.isatty(hands) else room.code


def _ringing(wake: int) -> Callable[[], None]:
    def ring() -> None:
        with contextlib.suppress(OSError):  # it is full: whoever reads it is woken anyway
            os.write(wake, b".")

    return ring


def _turn(room: Room, following: Following, woken: int, hands: int | None) -> None:
    partial = b""
    while not room.leaving:
        ready, _, _ = select.select([woken, *([hands] if hands is not None else [])], [], [])
        if woken in ready:
            os.read(woken, 4096)
            room.hear(following.take())
        if hands is not None and hands in ready:
            block = os.read(hands, 65536)
            *lines, partial = (partial + block).split(b"\n")
            for raw in lines if block else [*lines, *([partial] if partial else [])]:
                if not room.leaving:
                    room.typed(raw.decode("utf-8", "replace"))
            if not block:
                room.over()


def _typing() -> int | None:
    """Where typed words come from: a terminal, a pipe or a file; None where nobody types, as behind /dev/null."""
    try:
        hands = sys.stdin.fileno()
        mode = os.fstat(hands).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    kinds = (stat.S_ISFIFO, stat.S_ISREG, stat.S_ISSOCK)
    return hands if os.isatty(hands) or any(kind(mode) for kind in kinds) else None
