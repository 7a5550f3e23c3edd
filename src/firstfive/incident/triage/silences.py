"""Which silence, if any, covers a signal: matchers over the sender's labels and the signal's own words.

Called by `triage` and by the intake's preview. Silences only ever end by themselves; nothing here reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from firstfive.errors import Exit, Refused
from firstfive.incident.signals import Signal

OPERATORS = ("=~", "!~", "!=", "=")
_MATCHER = re.compile(r"\s*([A-Za-z_][\w.:-]*)\s*(=~|!~|!=|=)\s*(.*?)\s*\Z", re.DOTALL)
LONGEST_PATTERN = 400

Matcher = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Signals that match are not acted on between `starts` and `ends` (aware UTC). Every silence ends by itself.

    `matchers` are (name, operator, value) with the operators = != =~ !~ over the sender's labels, and over the names subject,
    source, host, runbook, symptom, severity and text of the signal itself. All must hold; a silence without any matches nothing.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str
    comment: str
    maintenance: bool = False


def read_matcher(text: str) -> Matcher:
    """`name=value`, `name!=value`, `name=~regex` or `name!~regex`; quotes around the value are taken off.

    Raises Refused for anything else, for a regex that is none or that could take for ever.
    """
    found = _MATCHER.match(text)
    if found is None:
        raise Refused(
            f"{text!r} is no matcher",
            remedy='write name=value, name!=value, name=~regex or name!~regex, as in alertname="RedisDown"',
            exit_code=Exit.USAGE,
        )
    name, operator, value = found[1], found[2], found[3]
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if "~" in operator:
        refuse_pattern(value)
    return name, operator, value


def refuse_pattern(pattern: str) -> None:
    """Raises Refused for a regex that does not compile, is very long, or repeats what already repeats."""
    why = ""
    if len(pattern) > LONGEST_PATTERN:
        why = f"it is longer than {LONGEST_PATTERN} characters"
    elif re.search(r"[*+}]\)[*+{]", pattern):
        why = "a repetition inside a repetition can take for ever"
    else:
        try:
            re.compile(pattern)
        except re.error as problem:
            why = str(problem)
    if why:
        raise Refused(f"the pattern {pattern[:60]!r} is refused: {why}", exit_code=Exit.USAGE)


def matching(silences: Iterable[Silence], signal: Signal, now: datetime) -> Silence | None:
    """The silence in force at `now` that covers this signal and lasts longest, or None."""
    names = named(signal)
    covering = [s for s in silences if s.starts <= now < s.ends and covers(s, names)]
    return max(covering, key=lambda s: s.ends, default=None)


def named(signal: Signal) -> Mapping[str, str]:
    """What matchers can speak about: the sender's labels, and the signal's own words, which win."""
    own = {
        "subject": signal.subject,
        "source": signal.source,
        "host": signal.host,
        "runbook": signal.runbook,
        "symptom": signal.symptom,
        "severity": signal.severity,
        "text": signal.text,
    }
    return {**dict(signal.labels), **{name: value for name, value in own.items() if value}}


def covers(silence: Silence, names: Mapping[str, str]) -> bool:
    """Whether every matcher holds. A label that is not there counts as empty; a pattern must match the whole value."""
    return bool(silence.matchers) and all_hold(silence.matchers, names)


def all_hold(matchers: Iterable[Matcher], names: Mapping[str, str]) -> bool:
    """Whether every one of these holds for what `named` gives."""
    return all(_holds(matcher, names) for matcher in matchers)


def _holds(matcher: Matcher, names: Mapping[str, str]) -> bool:
    name, operator, value = matcher
    present = names.get(name, "")[:4096]
    match operator:
        case "=":
            return present == value
        case "!=":
            return present != value
        case "=~":
            return re.fullmatch(value, present, re.DOTALL) is not None
        case _:
            return re.fullmatch(value, present, re.DOTALL) is None
