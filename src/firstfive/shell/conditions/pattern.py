"""Regular expressions whose matching time grows with the text and with nothing else.

Python's own `re` backtracks, so a pattern from a page could stall the program on a log line. Here a pattern (the common part of
RE2's syntax) becomes a small program; `matching` runs it without ever going back. Called by `check`, `evaluate` and by the
`regex` extractor. Back-references and look-around are refused: no linear matcher can offer them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NoReturn


class Op(Enum):
    """What an instruction does."""

    CHAR = "char"  # consume one character that `test` accepts
    SPLIT = "split"  # go to `to`, and with less priority to `other`
    JUMP = "jump"
    SAVE = "save"  # note the position in slot `to`
    BEGIN = "begin"  # the text begins here
    END = "end"  # the text ends here
    LINE_BEGIN = "line begin"
    LINE_END = "line end"
    WORD = "word"  # a word begins or ends here
    NOT_WORD = "not word"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a compiled pattern."""

    op: Op
    to: int = 0
    other: int = 0
    test: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern: its program and how many groups it captures."""

    text: str
    steps: tuple[Step, ...]
    groups: int


class PatternError(Exception):
    """A pattern outside the language; `at` is the 0-based character."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


LONGEST_PATTERN = 512
LONGEST_PROGRAM = 600
DEEPEST_GROUP = 20

_SPACE = r"[\t\n\f\r ]"
_SETS = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]", "s": _SPACE, "S": r"[^\t\n\f\r ]"}
_INSIDE = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_ASSERT = {"A": Op.BEGIN, "z": Op.END, "b": Op.WORD, "B": Op.NOT_WORD}
_COUNT = re.compile(r"\{(\d{1,4})(,?)(\d{0,4})\}", re.ASCII)
_HEX = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})")
_NAMED = re.compile(r"\?P?<[A-Za-z_][A-Za-z0-9_]*>")
_FLAGS = re.compile(r"\(\?([ims]+)\)")


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """The program of a pattern.

    Raises:
        PatternError: when it is outside the language, or too long once its repetitions are written out.
    """
    if len(text) > LONGEST_PATTERN:
        raise PatternError(f"a pattern has at most {LONGEST_PATTERN} characters", LONGEST_PATTERN)
    reader = _Reader(text)
    body = reader.alternatives(0)
    if reader.at < len(text):
        raise PatternError("this bracket closes nothing", reader.at)
    steps = (Step(Op.SAVE, 0), *_shift(body, 1), Step(Op.SAVE, 1), Step(Op.MATCH))
    return Pattern(text=text, steps=steps, groups=reader.groups)


_Code = list[Step]  # jumps are relative to the fragment's own first instruction


def _shift(code: _Code, by: int) -> _Code:
    return [_moved(step, by) for step in code]


def _moved(step: Step, by: int) -> Step:
    match step.op:
        case Op.SPLIT:
            return Step(Op.SPLIT, step.to + by, step.other + by)
        case Op.JUMP:
            return Step(Op.JUMP, step.to + by)
        case _:
            return step


class _Reader:
    """Recursive descent over the pattern's text, emitting code fragments."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups = 0
        self.at = 0
        flags = _FLAGS.match(text)
        self.flags = flags[1] if flags else ""
        self.at = flags.end() if flags else 0

    def alternatives(self, depth: int) -> _Code:
        if depth > DEEPEST_GROUP:
            self.fail("groups are nested too deep")
        branches = [self.sequence(depth)]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            branches.append(self.sequence(depth))
        code = branches.pop()
        while branches:
            first = branches.pop()
            size = len(first)
            code = [
                Step(Op.SPLIT, 1, size + 2),
                *_shift(first, 1),
                Step(Op.JUMP, size + 2 + len(code)),
                *_shift(code, size + 2),
            ]
            self.bound(code)
        return code

    def sequence(self, depth: int) -> _Code:
        code: _Code = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            code += _shift(self.repeated(depth), len(code))
            self.bound(code)
        return code

    def repeated(self, depth: int) -> _Code:
        began = self.at
        code = self.atom(depth)
        again = False
        while self.at < len(self.text):
            found = self.count()
            if found is None:
                return code
            if again:
                self.fail("a repetition of a repetition; put a group around the inner one")
            again = True
            least, most = found
            lazy = self.text[self.at : self.at + 1] == "?"
            self.at += lazy
            if most is not None and (most < least or most > 1000):
                raise PatternError("this repetition count is out of order or above 1000", began)
            code = self.unrolled(code, least, most, lazy=lazy)
        return code

    def count(self) -> tuple[int, int | None] | None:
        """The repetition that stands here, as (least, most); None when there is none."""
        sign = self.text[self.at]
        if sign in "*+?":
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        found = _COUNT.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        least = int(found[1])
        if found[2] and not found[3]:
            return least, None
        return least, int(found[3]) if found[2] else least

    def unrolled(self, code: _Code, least: int, most: int | None, *, lazy: bool) -> _Code:
        size = len(code)
        copies = least + (1 if most is None else most - least)
        if (size + 2) * copies > LONGEST_PROGRAM:
            self.fail("the pattern is too large once its repetitions are written out")
        out: _Code = []
        for _ in range(least):
            out += _shift(code, len(out))
        if most is None:
            loop = [_split(1, size + 2, lazy=lazy), *_shift(code, 1), Step(Op.JUMP, 0)]
            return out + _shift(loop, len(out))
        optional = most - least
        end = len(out) + optional * (size + 1)
        for _ in range(optional):
            here = len(out)
            out.append(_split(here + 1, end, lazy=lazy))
            out += _shift(code, here + 1)
        return out

    def atom(self, depth: int) -> _Code:
        sign = self.text[self.at]
        if sign == "(":
            return self.group(depth)
        if sign == "[":
            return self.char(self.bracket())
        if sign == "\\":
            return self.escape()
        if sign in "*+?":
            self.fail("nothing to repeat")
        self.at += 1
        match sign:
            case ".":
                return self.char(r"[\s\S]" if "s" in self.flags else r"[^\n]")
            case "^":
                return [Step(Op.LINE_BEGIN if "m" in self.flags else Op.BEGIN)]
            case "$":
                return [Step(Op.LINE_END if "m" in self.flags else Op.END)]
            case _:
                return self.char(re.escape(sign))

    def group(self, depth: int) -> _Code:
        began = self.at
        self.at += 1
        slot = 0
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.text.startswith("?", self.at):
            named = _NAMED.match(self.text, self.at)
            if named is None:
                self.fail("look-around and flags inside a pattern are not part of this language")
            self.at = named.end()
            slot = self.new_group()
        else:
            slot = self.new_group()
        body = self.alternatives(depth + 1)
        if self.text[self.at : self.at + 1] != ")":
            raise PatternError("this group is not closed", began)
        self.at += 1
        if not slot:
            return body
        return [Step(Op.SAVE, 2 * slot), *_shift(body, 1), Step(Op.SAVE, 2 * slot + 1)]

    def new_group(self) -> int:
        self.groups += 1
        return self.groups

    def escape(self) -> _Code:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _ASSERT:
            self.at += 2
            return [Step(_ASSERT[letter])]
        if letter in _SETS:
            self.at += 2
            return self.char(_SETS[letter])
        return self.char(re.escape(self.single()))

    def single(self) -> str:
        """The one character that the escape standing here means."""
        self.at += 1
        if found := _HEX.match(self.text, self.at):
            point = int(found[1] or found[2], 16)
            if point > 0x10FFFF:
                self.fail("no such character")
            self.at = found.end()
            return chr(point)
        letter = self.text[self.at : self.at + 1]
        if letter.isascii() and letter.isalnum() and letter not in _CONTROL:
            self.fail(f"\\{letter} is not part of this language")
        if not letter:
            self.fail("a backslash at the end")
        self.at += 1
        return _CONTROL.get(letter, letter)

    def bracket(self) -> str:
        """A character class, rebuilt for `re` with every member escaped, so that nothing in it can mean more than here."""
        began = self.at
        self.at += 1
        negated = self.text[self.at : self.at + 1] == "^"
        self.at += negated
        members: list[str] = []
        while not (members and self.text[self.at : self.at + 1] == "]"):
            if self.at >= len(self.text):
                raise PatternError("this class is not closed", began)
            if self.text.startswith("[:", self.at):
                self.fail("named classes are not part of this language; write the characters")
            if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] in _INSIDE:
                members.append(_INSIDE[self.text[self.at + 1]])
                self.at += 2
                continue
            members.append(self.range())
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def range(self) -> str:
        first = self.member()
        rest = self.text[self.at : self.at + 2]
        if not rest.startswith("-") or rest in ("-", "-]"):
            return re.escape(first)
        self.at += 1
        last = self.member()
        if last < first:
            self.fail("this range runs backwards")
        return f"{re.escape(first)}-{re.escape(last)}"

    def member(self) -> str:
        if self.text[self.at] == "\\":
            return self.single()
        self.at += 1
        return self.text[self.at - 1]

    def char(self, source: str) -> _Code:
        flags = re.IGNORECASE if "i" in self.flags else re.NOFLAG
        return [Step(Op.CHAR, test=re.compile(source, flags))]

    def bound(self, code: _Code) -> None:
        if len(code) > LONGEST_PROGRAM:
            self.fail("the pattern is too large")

    def fail(self, what: str) -> NoReturn:
        raise PatternError(what, self.at)


def _split(body: int, past: int, *, lazy: bool) -> Step:
    return Step(Op.SPLIT, past, body) if lazy else Step(Op.SPLIT, body, past)
