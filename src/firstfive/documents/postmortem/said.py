"""Remarks on the words of a post-mortem: what is still open, what blames, what is no cause and no remedy.

Called by `check`. Reads the author's own words only; quotes and code are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from firstfive.documents.filling import holes
from firstfive.documents.postmortem.heard import words
from firstfive.documents.postmortem.parts import front_of
from firstfive.documents.postmortem.remark import Remark, Written

MOST = 500
"""Of one kind; a post-mortem that has more is a log, and the first ones say so."""
_MARKUP = re.compile(
    r"^/?(?:a|b|br|code|dd|del|details|div|dl|dt|em|hr|i|img|kbd|li|ol|p|pre|s|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(?:(?<=[\s|:>*_\"“])|^)…(?: \(ask: (?P<ask>[^)\n]*)\))?|\(not known yet\)"
    r"|\bHH:MM\b|\bYYYY-MM-DD\b|\bTBD\b|\bTODO\b|\?\?\?|^[ \t]*+[-*] \.\.\.[ \t]*+$",
    re.MULTILINE,
)
_INSTEAD = {
    "PM011": ("this ends the search at a person", "say what made the slip easy to make, and what would have caught it"),
    "PM012": (
        "this asks people to try harder, which changes nothing",
        "say what will make it harder to do, or easier to see",
    ),
}


def still_open(seen: Written) -> Iterator[Remark]:
    """Holes of the form that nobody filled (PM003)."""
    text = seen.text(0, len(seen.own))
    found = list(islice(holes(text), MOST))
    for hole in found:
        linked = "://" in hole.words or re.fullmatch(r"\S+@\S+", hole.words)
        if not linked and not _MARKUP.match(hole.words):
            yield _unfilled(seen, text, hole.start, hole.words)
    for match in islice(_OPEN.finditer(text), MOST):
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        if not any(hole.start <= start < hole.end for hole in found):
            yield _unfilled(seen, text, start, match["ask"] or match.group().strip())


def _unfilled(seen: Written, text: str, index: int, asked: str) -> Remark:
    what = "this line is still open" if asked in ("…", "- ...", "* ...") else f"{asked!r} is still open"
    return seen.remark(seen.offset(0, text, index), "PM003", what, "fill it in, or say that nobody knows and why")


def phrases(seen: Written) -> Iterator[Remark]:
    """Words that pass for a cause (PM011) or for a remedy (PM012)."""
    text = seen.text(0, len(seen.own))
    for phrase in words().phrases:
        for match in islice(phrase.pattern.finditer(text), MOST):
            what, suggestion = _INSTEAD[phrase.code]
            quoted = " ".join(match.group().split())
            yield seen.remark(seen.offset(0, text, match.start()), phrase.code, f"{quoted!r}: {what}", suggestion)


def blame(seen: Written, owners: Iterable[str]) -> Iterator[Remark]:
    """A name beside a word of fault in one sentence (PM010)."""
    text = seen.text(0, len(seen.own))
    told: set[int] = set()
    people = _people(seen, owners)
    for match in islice(words().personal.finditer(text), MOST):
        offset = seen.offset(0, text, match.start())
        told.add(seen.sentence(offset)[0])
        yield _blamed(seen, offset, match.group())
    if people is None:
        return
    for match in islice(words().faults.finditer(text), MOST):
        start, end = seen.sentence(seen.offset(0, text, match.start()))
        sentence = seen.text(start, end)
        name = people.search(sentence)
        if name is not None and start not in told:
            told.add(start)
            yield _blamed(seen, seen.offset(start, sentence, name.start()), f"{name.group()} … {match.group()}")


def _blamed(seen: Written, offset: int, quoted: str) -> Remark:
    what = f"{' '.join(quoted.split())!r} puts a person beside a fault"
    return seen.remark(offset, "PM010", what, "name the role and what it could see at that moment, not who it was")


def _people(seen: Written, owners: Iterable[str]) -> re.Pattern[str] | None:
    authors = re.split(r"[,\[\]&]", front_of(seen.page).get("authors", ""))
    raw = (*authors, *owners)
    names = {name.strip(" \"'@") for name in raw}
    known = sorted((re.escape(name) for name in names if len(name) > 1), key=len, reverse=True)
    return re.compile(rf"@[A-Za-z][\w.-]*|\b(?:{'|'.join(known)})\b" if known else r"@[A-Za-z][\w.-]*")
