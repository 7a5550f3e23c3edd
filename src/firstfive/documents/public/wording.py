"""What a text for customers must not hold: guesses, blame, early causes, estimates, the inside, and a missing promise.

Asked before a public update is taken, by every surface. It reads English and knows patterns, no meaning: a person may overrule it with a
reason. It changes no text; the rules it looks for stand in `avoid`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from firstfive.documents.filling import OPEN, holes
from firstfive.documents.public.avoid import INTERNAL, RULES, Rule

PROMISE = "We'll post the next update by HH:MM UTC."

_AS_TYPED = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u00ab\u00bb\u201e\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_TIME = r"(?:\d{1,2}[:.]\d{2}|\d{1,2} ?[ap]\.?m\b|(?:\d+|an|one|half an) ?(?:min|hour|h\b)|within the hour|noon\b|midnight\b)"
_UPDATE = r"(?:updates?\b|post again|write again|report back)"
_PROMISED = re.compile(rf"{_UPDATE}[^.!?\n]{{0,80}}?{_TIME}|{_TIME}[^.!?\n]{{0,80}}?{_UPDATE}", re.IGNORECASE)

_SENTENCE_ENDS = re.compile(r"[.!?](?=\s|$)|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that must not go out: the `phrase` as it was written, its `span` in the text, why, and what to write instead.

    An empty phrase at the end of the text is something that is missing.
    """

    phrase: str
    span: tuple[int, int]
    why: str
    rewrite: str


def check_wording(text: str, *, next_update: bool) -> tuple[Problem, ...]:
    """What is wrong with a text for customers, in the order of the text; empty when it may go out.

    `next_update` is whether the reader is owed another update, which is so until the incident is resolved: then the text has to promise
    one with its time, and names no cause yet.
    """
    read = _Read.of(text)
    found = [
        _found(read, rule, hit) for rule in RULES if next_update or not rule.early for hit in rule.hits(read.plain)
    ]
    found += _open_holes(read)
    if next_update and not _PROMISED.search(read.plain):
        found.append(
            Problem(
                phrase="",
                span=(len(text), len(text)),
                why="it does not say when the next update comes",
                rewrite=PROMISE,
            )
        )
    return _apart(found)


def promises(text: str) -> tuple[tuple[int, int, str], ...]:
    """Where a text names the time of an update, and its words from there to the end of the sentence."""
    read = _Read.of(text)
    return tuple(
        (*read.span(*hit.span()), _SENTENCE_ENDS.split(read.plain[hit.start() :], maxsplit=1)[0])
        for hit in _PROMISED.finditer(read.plain)
    )


def internal_words(text: str) -> tuple[str, ...]:
    """What in a short text, such as a component's name, belongs to the inside."""
    read = _Read.of(text)
    return tuple(_found(read, rule, hit).phrase for rule in INTERNAL for hit in rule.hits(read.plain))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A text as the patterns see it (quotes and dashes as typed, nothing invisible), and where each of its characters stood."""

    text: str
    plain: str
    at: tuple[int, ...]

    @staticmethod
    def of(text: str) -> _Read:
        kept = [(n, c) for n, c in enumerate(text) if c == "\n" or unicodedata.category(c) not in ("Cf", "Cc", "Cs")]
        plain = "".join(" " if c.isspace() and c != "\n" else c for _, c in kept).translate(_AS_TYPED)
        return _Read(text=text, plain=plain, at=(*(n for n, _ in kept), len(text)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.at[start], self.at[end - 1] + 1


def _found(read: _Read, rule: Rule, hit: re.Match[str]) -> Problem:
    start, end = read.span(hit.start(), hit.end())
    return Problem(phrase=read.text[start:end], span=(start, end), why=rule.why, rewrite=rule.rewrite)


def _open_holes(read: _Read) -> list[Problem]:
    places = [(hole.start, hole.end) for hole in holes(read.plain)]
    places += [hit.span() for hit in re.finditer(re.escape(OPEN), read.plain)]
    spans = [read.span(start, end) for start, end in places]
    return [
        Problem(
            phrase=read.text[a:b],
            span=(a, b),
            why="a place of the template is still open",
            rewrite="fill it in, or leave the sentence out",
        )
        for a, b in spans
    ]


def _apart(found: list[Problem]) -> tuple[Problem, ...]:
    """In the order of the text; of two that overlap, the one that begins first, and of those the longest."""
    kept: list[Problem] = []
    for problem in sorted(found, key=lambda p: (p.span[0], -p.span[1])):
        if not kept or problem.span[0] >= kept[-1].span[1] or not problem.phrase:
            kept.append(problem)
    return tuple(kept)
