"""Policy that pages hide in prose: severities, guards, preconditions, deadlines, the duty to communicate.

Called with every sentence of a runbook that is no step. Keeps the page's words; invents no rule.
"""

from __future__ import annotations

import re

from firstfive.handbook.model import Duty, DutyKind, Place
from firstfive.handbook.phrases import duration, levels, sentences

_CONDITION = re.compile(
    r"^(?:if|when|once|in case)\s+(?P<when>[^,:]{3,160}),\s*(?P<rest>.+)$", re.IGNORECASE | re.DOTALL
)
_TREAT = re.compile(r"\b(?:treat|handle|escalate|declare|raise|consider)\b.{0,20}\bsev", re.IGNORECASE)
_COMMUNICATE = re.compile(
    r"\balways communicate\b|\bpost (?:a|an) (?:status )?update\b|\btell (?:the )?customers\b(?! only)|\bupdate the status page\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:stop|disable|pause|back ?up|drain|snapshot|silence|notify|save|scale)\b[^.;]{0,60}\bfirst\b|\bbefore you\b",
                    re.IGNORECASE)  # fmt: skip
# The title of a note, which asks for nothing by itself.
_HEADING = re.compile(r"^\W*before you (?:begin|start|proceed|continue|go on)\b[^.]{0,20}$", re.IGNORECASE)
_GUARD = re.compile(r"\b(?:do not|don[’']t|never|must not|avoid)\b", re.IGNORECASE)
_CALM = re.compile(
    r"don[’']t (?:panic|worry)|do not (?:panic|worry)|\bif you don[’']t\b|\bwhy don[’']t\b", re.IGNORECASE
)
_DEADLINE = re.compile(
    r"\b(?:fix|resolve|restore|mitigate|repair|recover|act)\w*\b[^.;]{0,40}?\bwithin\s+(?P<in>[^.;,]{2,30})",
    re.IGNORECASE,
)


def duties_in(text: str, place: Place) -> tuple[Duty, ...]:
    """The duties in a paragraph or note, one for each sentence and kind."""
    found: list[Duty] = []
    for _, sentence in sentences(text.replace("**", "")):
        condition = _CONDITION.match(sentence)
        when = condition.group("when").strip() if condition else ""
        level = levels(sentence)
        if level and (_TREAT.search(sentence) or re.match(r"sev", sentence, re.IGNORECASE)):
            found.append(Duty(kind=DutyKind.SEVERITY, text=sentence, place=place, level=level[0], when=when))
        if _FIRST.search(sentence) and not _HEADING.match(sentence):
            found.append(Duty(kind=DutyKind.PRECONDITION, text=sentence, place=place, when=when))
        elif _GUARD.search(_CALM.sub("", sentence)):
            found.append(Duty(kind=DutyKind.GUARD, text=sentence, place=place, when=when))
        deadline = _DEADLINE.search(sentence)
        if deadline and duration(deadline.group("in")) is not None:
            found.append(Duty(kind=DutyKind.DEADLINE, text=sentence, place=place, when=when))
    if _COMMUNICATE.search(text):
        found.append(Duty(kind=DutyKind.COMMUNICATE, text=text.replace("**", "").strip(), place=place))
    return tuple(found)
