"""Holds a post-mortem against the page's form and against what makes one useful: it remarks, it never refuses.

Called by `postmortem-check`. Knows no incident and no clock; the same text and form give the same remarks in the order of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstfive.documents.actions.read import ActionItem, actions_of
from firstfive.documents.postmortem import said, told_times
from firstfive.documents.postmortem.form import SKELETON
from firstfive.documents.postmortem.heard import words
from firstfive.documents.postmortem.parts import Part, parts_of
from firstfive.documents.postmortem.remark import Remark, Written, written
from firstfive.handbook.markdown import Page, read_page
from firstfive.handbook.model import PostmortemForm

LUCK = re.compile(r"\bluck", re.IGNORECASE)
_TIMELINE = re.compile(r"\btimeline\b|\bchronolog", re.IGNORECASE)
_IMPACT = re.compile(r"\bimpact\b", re.IGNORECASE)
_CAUSE = re.compile(r"\bcauses?\b", re.IGNORECASE)
_ACTIONS = re.compile(r"\baction", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\d|\b(?:no|none|nobody|zero|one|two|three|four|five|six|seven|eight|nine|ten|all|every|half|hundreds?|thousands?)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}:\d\d(?::\d\d)?")
_LABELLED = re.compile(r"^[ \t]*(?:[-*+][ \t]+)?\**(?P<label>[^:\n]{0,40}?)\**:\**[ \t]*(?P<said>.*)$", re.MULTILINE)


def check_postmortem(name: str, raw: bytes, form: PostmortemForm | None) -> tuple[Remark, ...]:
    """Remarks on a post-mortem, held against the page's form (None: the form of a page that has none); `name` is for people.

    Raises PageError when the bytes are no readable page.
    """
    page = read_page(name, raw)
    asked = read_page("form", (form.text if form is not None else SKELETON).encode())
    seen = written(page)
    read = actions_of(page)
    found = [
        *_sections(seen, asked),
        *said.still_open(seen),
        *said.phrases(seen),
        *said.blame(seen, (item.owner for item in read.items)),
        *(Remark(line=u.line, column=1, code="PM019", what=u.what, suggestion=u.remedy) for u in read.unread),
        *_actions(seen, read.items, actions_of(asked).items),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda r: (r.line, r.column, r.code)))


def _key(heading: str) -> str:
    return " ".join(re.findall(r"\w+", heading.lower().partition("(")[0]))


def _sections(seen: Written, asked: Page) -> Iterator[Remark]:
    have = {_key(part.heading): part for part in reversed(parts_of(seen.page))}
    prompts = {_key(p.heading): asked.raw[p.start : p.end].decode("utf-8", "replace") for p in parts_of(asked)}
    end = max(0, len(seen.page.raw.rstrip()) - 1)
    for wanted in parts_of(asked):
        if _key(wanted.heading) not in have:
            what = f"the form's section {wanted.heading!r} is not here"
            yield seen.remark(end, "PM001", what, "add it, even to say that there is nothing")
    for key, part in have.items():
        yield from _section(seen, part, prompts.get(key), prompts.get(key, ""))
    if not any(LUCK.search(part.heading) for part in (*have.values(), *parts_of(asked))):
        what = "nothing says where you got lucky"
        yield seen.remark(end, "PM009", what, "add a section: what could as well have gone worse is the next incident")


def _section(seen: Written, part: Part, wanted: str | None, prompt: str) -> Iterator[Remark]:
    """Remarks on one section; `wanted` is None for one that the form does not ask for, which may be empty."""
    line = seen.line_start(part.line)
    if _TIMELINE.search(part.heading):
        yield from told_times.timeline(seen, part, prompt)
        return
    if _ACTIONS.search(part.heading):
        return
    own = {row.strip() for row in prompt.splitlines()}
    text = "\n".join(row for row in seen.text(part.start, part.end).splitlines() if row.strip() not in own)
    if not re.search(r"\w", _answers(text)):
        if wanted is not None:
            code = "PM009" if LUCK.search(part.heading) else "PM002"
            yield seen.remark(
                line, code, f"{part.heading!r} says nothing yet", "write it, or say that there is nothing"
            )
    elif _IMPACT.search(part.heading) and not _AMOUNT.search(_TIMES.sub("", _answers(text))):
        how = "say how many, how much or how long; an estimate with its source will do"
        yield seen.remark(line, "PM007", "the impact has no number", how)
    elif _CAUSE.search(part.heading):
        yield from _cause(seen, line, text)


def _answers(text: str) -> str:
    """What stands behind the labels of a list, with open places taken out."""
    closed = re.sub(r"…(?: \(ask:[^)\n]*\))?|<[^>\n]*>|\(not known yet\)", "", text)
    return "\n".join(
        row.partition(":")[2] if re.match(r"\s*[-*+] [\w /]+:", row) else row for row in closed.splitlines()
    )


def _cause(seen: Written, line: int, text: str) -> Iterator[Remark]:
    told: dict[str, str] = {}
    for match in _LABELLED.finditer(text):
        label = match["label"].lower()
        kind = "trigger" if "trigger" in label else "cause" if re.search(r"underlying|root|cause", label) else ""
        if kind:
            told.setdefault(kind, " ".join(re.findall(r"\w+", match["said"].lower())))
    apart = "say under Trigger what set it off that day, under Underlying cause what had been waiting for it"
    if told.get("trigger") and told.get("trigger") == told.get("cause"):
        yield seen.remark(line, "PM008", "trigger and underlying cause are the same words", apart)
    elif not (told.get("trigger") and told.get("cause")) and not _in_prose(text):
        yield seen.remark(line, "PM008", "trigger and underlying cause are not told apart", apart)


def _in_prose(text: str) -> bool:
    rows = "\n".join(row for row in text.splitlines() if "…" not in row)
    return bool(
        re.search(r"\btrigger", rows, re.IGNORECASE)
        and re.search(r"\bunderl|\bbecause\b|\bcontribut|\broot\b", rows, re.IGNORECASE)
    )


def _actions(seen: Written, items: tuple[ActionItem, ...], examples: tuple[ActionItem, ...]) -> Iterator[Remark]:
    head = next((part.line for part in parts_of(seen.page) if _ACTIONS.search(part.heading)), 1)
    at = seen.line_start(head)
    if not items:
        yield seen.remark(
            at,
            "PM020",
            "there is no action item",
            "promise at least what would have shown it earlier, and mend the runbook",
        )
        return
    copied = {(item.text, item.ticket) for item in examples}
    for item in items:
        place = seen.line_start(item.line)
        if (item.text, item.ticket) in copied:
            yield seen.remark(
                place, "PM003", "this is the form's own example", "replace it by what you promise, or take it out"
            )
        if not item.owner:
            yield seen.remark(place, "PM013", f"nobody owns: {item.text}", "name one person, who may hand it on")
        if item.due is None:
            yield seen.remark(place, "PM014", f"no day for: {item.text}", "write the day as 2026-06-01")
        if not item.ticket:
            yield seen.remark(
                place, "PM015", f"no ticket for: {item.text}", "file it where the other work is, and name it here"
            )
        if not _does_something(item.text):
            yield seen.remark(
                place,
                "PM016",
                f"this begins with no verb: {item.text}",
                "begin with what is to be done: Add, Remove, Test, Document",
            )
    if not any(words().detection.search(item.text) for item in items):
        yield seen.remark(
            at, "PM017", "no action item would show it earlier", "promise an alert, a probe or a dashboard"
        )
    if not any(words().runbook.search(item.text) for item in items):
        yield seen.remark(
            at, "PM018", "no action item mends the runbook", "promise the step or the page that was missing or wrong"
        )


def _does_something(text: str) -> bool:
    plain = re.sub(
        r"^(?:we (?:should|will|must|need to)|to|please|also|let us|let's)\s+", "", text.strip(), flags=re.IGNORECASE
    )
    first = re.match(r"(?:re-?|un|auto-?)?([A-Za-z]+(?:-[a-z]+)?)", plain)
    word = re.match(r"[A-Za-z]+(?:-[a-z]+)?", plain)
    known = words().verbs
    return any(found is not None and found.group(n).lower() in known for found, n in ((word, 0), (first, 1)))
