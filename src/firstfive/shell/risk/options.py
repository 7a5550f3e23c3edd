"""Options of a command against its allow-list: what is not listed is unknown.

Called by `calls` with a table entry's list. It decides nothing by itself but whether every option is on the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from firstfive.errors import FirstfiveError
from firstfive.shell.risk.verdict import Ruling, Verdict
from firstfive.shell.risk.words import Word

VERDICTS = {
    "read": Verdict.READ_ONLY,
    "read-only": Verdict.READ_ONLY,
    "unknown": Verdict.UNKNOWN,
    "changing": Verdict.CHANGING,
    "destructive": Verdict.DESTRUCTIVE,
}
_ENTRY = re.compile(
    r"(?P<names>[^{#!]+?)(?P<takes>[:=])?(?:\{(?P<only>.*)\})?(?:#(?P<risk>[a-z-]+))?(?P<tags>(?:![a-z-]+)*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One listed option. `takes`: "" nothing, ":" a value (attached or the next word), "=" a value only when attached."""

    takes: str = ""
    only: re.Pattern[str] | None = None
    verdict: Verdict = Verdict.READ_ONLY
    tags: frozenset[str] = frozenset()


Options = Mapping[str, Option]


def read_options(text: str) -> dict[str, Option]:
    """The list of a table entry: words such as `-f,--follow!unbounded`, `-n,--lines:`, `-o:{json|yaml}`, `-i=#changing`, `-NUM`."""
    found: dict[str, Option] = {}
    for word in text.split():
        match = _ENTRY.fullmatch(word)
        if match is None or (match["risk"] or "read") not in VERDICTS:
            raise FirstfiveError(f"the risk table has an option that cannot be read: {word}")
        option = Option(
            takes=match["takes"] or "",
            only=re.compile(match["only"]) if match["only"] is not None else None,
            verdict=VERDICTS[match["risk"] or "read"],
            tags=frozenset(t for t in match["tags"].split("!") if t),
        )
        for name in match["names"].split(","):
            found[name.rstrip(":=")] = option
    return found


@dataclass(slots=True, kw_only=True)
class Scan:
    """What was found: options in order with their values, operands, and where the command behind them starts."""

    options: list[tuple[str, Word | None]] = field(default_factory=list)
    operands: list[Word] = field(default_factory=list)
    rest: int = 0
    dashes: bool = False
    verdict: Verdict = Verdict.READ_ONLY
    tags: set[str] = field(default_factory=set)
    reason: str = ""

    def value(self, *names: str) -> Word | None:
        """The last value given to one of these options."""
        return next((value for name, value in reversed(self.options) if name in names), None)

    def has(self, *names: str) -> bool:
        """Whether one of these options was given."""
        return any(name in names for name, _ in self.options)

    def refuse(self, verdict: Verdict, reason: str) -> None:
        """Raise the verdict, keeping the reason of the worst."""
        if verdict > self.verdict:
            self.verdict, self.reason = verdict, reason

    def ruling(self) -> Ruling:
        """What the options alone say."""
        return Ruling(self.verdict, self.reason, frozenset(self.tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a program reads its options. `stop`: the first operand ends them; `calm`: a word of unknown text may be one of them;
    `single`: long options have one dash; `count`: stop after that many operands."""

    stop: bool = False
    calm: bool = False
    single: bool = False
    count: int | None = None


def scan(words: Sequence[Word], start: int, listed: Options, manner: Manner) -> Scan:
    """Read options and operands from `start` on. Unlisted options make the scan's verdict unknown, with the reason."""
    found = Scan(rest=len(words))
    at = start
    while at < len(words):
        word = words[at]
        text = word.text
        if text == "--" and not word.loose:
            found.dashes = True
            at += 1
            if manner.count is not None or manner.stop:
                found.rest = at
                return found
            found.operands += words[at:]
            return found
        if text.startswith("-") and len(text) > 1:
            at += _option(words, at, listed, manner, found)
            continue
        if word.may_be_option() and not manner.calm:
            found.refuse(Verdict.UNKNOWN, "an argument that is only known when it runs could be an option")
        if manner.stop and (manner.count is None or len(found.operands) >= manner.count):
            found.rest = at
            return found
        found.operands.append(word)
        at += 1
    return found


def _option(words: Sequence[Word], at: int, listed: Options, manner: Manner, found: Scan) -> int:
    """Take one option word; the number of words eaten."""
    word = words[at]
    text = word.text
    if "-NUM" in listed and text[1].isdigit() and text.isascii():
        left = text[1:].lstrip("0123456789")
        if not left:
            return 1
        word, text = Word("-" + left, word.loose), "-" + left
        words = [*words[:at], word, *words[at + 1 :]]
    if text.startswith("--") or manner.single:
        name, equals, _ = text.partition("=")
        option = listed.get(name)
        if option is None or (word.loose and word.foreign and not manner.calm):
            found.refuse(Verdict.UNKNOWN, f"option {shown(name)} is not listed")
            return 1
        if equals:
            if not option.takes:
                found.refuse(Verdict.UNKNOWN, f"option {name} takes no value")
            return _take(found, name, option, word.tail(len(name) + 1), 1)
        if option.takes == ":":
            return _next(words, at, found, name, option, manner)
        return _take(found, name, option, None, 1)
    return _cluster(words, at, listed, manner, found)


def _cluster(words: Sequence[Word], at: int, listed: Options, manner: Manner, found: Scan) -> int:
    word = words[at]
    for index in range(1, len(word.text)):
        name = "-" + word.text[index]
        option = listed.get(name)
        if option is None or (word.loose and word.foreign and not manner.calm):
            found.refuse(Verdict.UNKNOWN, f"option {shown(name)} is not listed")
            return 1
        attached = word.tail(index + 1)
        if option.takes == ":" and not attached.text:
            return _next(words, at, found, name, option, manner)
        if option.takes and (attached.text or option.takes == "="):
            return _take(found, name, option, attached if attached.text else None, 1)
        _take(found, name, option, None, 1)
    return 1


def _next(words: Sequence[Word], at: int, found: Scan, name: str, option: Option, manner: Manner) -> int:
    if at + 1 >= len(words):
        found.refuse(Verdict.UNKNOWN, f"option {name} misses its value")
        return 1
    value = words[at + 1]
    if len(value.text) > 1 and value.text[0] == "-" and not value.text[1].isdigit():
        # the value may be optional: then this is an option of its own
        found.refuse(Verdict.UNKNOWN, f"{name} {shown(value.text)}: an option where a value should stand")
    if value.loose and value.foreign and not manner.calm:
        found.refuse(Verdict.UNKNOWN, f"the value of {name} may be several words")
    return _take(found, name, option, value, 2)


def _take(found: Scan, name: str, option: Option, value: Word | None, eaten: int) -> int:
    found.options.append((name, value))
    if option.only is not None and value is not None and not option.only.fullmatch(value.text):
        found.refuse(max(option.verdict, Verdict.UNKNOWN), f"{name} {shown(value.text)}: this value is not listed")
    elif option.verdict is not Verdict.READ_ONLY and option.only is None:
        found.refuse(option.verdict, f"option {name}")
    found.tags |= option.tags
    return eaten


def shown(text: str) -> str:
    """A text for a reason: marks shown as `...`, shortened."""
    plain = "".join("..." if "\ue000" <= c <= "\ue00f" else c for c in text)
    return " ".join(plain.split())[:60]
