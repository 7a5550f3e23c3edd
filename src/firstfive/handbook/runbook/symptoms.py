"""Symptoms by the shape of their sentence: a URL that fails, a container's status, log lines, an outside alarm, or prose.

Called while a runbook is built. A sentence of no known shape stays prose for a person to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstfive.handbook.markdown import Kind, Node, Page
from firstfive.handbook.model import (
    ExternalSymptom,
    HttpSymptom,
    LogSymptom,
    Place,
    ProseSymptom,
    StatusSymptom,
    Symptom,
)
from firstfive.handbook.phrases import levels, sentences

_CODE = re.compile(r"`([^`]+)`")
_URL = re.compile(r"^(?:https?://\S+|\$\{?\w*URL\w*\}?\S*)$")
_FAILS = (
    (re.compile(r"tim(?:es?|ed|ing) ?-?out|timeouts?|hangs?\b", re.IGNORECASE), "timeout"),
    (re.compile(r"\b5xx\b|\b50[0234]\b|server error", re.IGNORECASE), "5xx"),
    (re.compile(r"non-?2xx|not (?:a )?200|non-?200", re.IGNORECASE), "non-2xx"),
    (re.compile(r"\brefus(?:es|ed)\b|ECONNREFUSED|does not answer|unreachable|no response", re.IGNORECASE), "refused"),
)
_STATUS = re.compile(
    r"`(?P<subject>[^`]+)`\s+(?:shows?|is|in|stays?|keeps?)\s+`(?P<status>[^`]+)`\s+in\s+`(?P<via>[^`]+)`"
)
_LOGS = re.compile(
    r"(?:(?<![\w./-])(?P<source>[\w./-]{1,40}(?: [\w./-]{1,40})?)\s)?"
    r"\blogs?\s+(?:file\s+)?(?:shows?|floods?|contains?|has|have|fills?|reports?)\b",
    re.IGNORECASE,
)
_FLOOD = re.compile(r"\bfloods?\b|\brepeated(?:ly)?\b|\bstorm\b|\bcycling\b|\bspik(?:e|es|ing)\b", re.IGNORECASE)
_SENDERS = (
    (re.compile(r"\bsentry\b", re.IGNORECASE), "sentry"),
    (re.compile(r"\b(?:alert|alerts|alertmanager|pager|pagerduty|fires|firing)\b", re.IGNORECASE), "alert"),
    (re.compile(r"\breports?\b|\bcomplain", re.IGNORECASE), "report"),
)
_KINDS = ("http", "status", "log", "sentry", "alert", "report", "prose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One sentence of the symptoms with its place, and its level when it is about severity instead."""

    text: str
    place: Place


def spoken(page: Page, node: Node, lead: str) -> Iterator[Spoken]:
    """The sentences of a paragraph, list or callout in the symptom zone, each with its place; the bold lead is dropped."""
    for block in node.find(Kind.PARAGRAPH):
        text = block.marked()
        if lead and text.startswith(lead):
            text = text[len(lead) :].lstrip(".:! ")
        for _, sentence in sentences(text):
            yield Spoken(text=sentence, place=_sentence_place(page, block, sentence))


def _sentence_place(page: Page, block: Node, sentence: str) -> Place:
    """The first bytes of the sentence inside its paragraph; the paragraph itself when its marks differ from the text."""
    for size in (len(sentence), 24, 12, 6):
        at = page.raw.find(sentence[:size].encode(), block.start, block.end)
        if at >= 0:
            return page.at(at)
    return page.place(block)


def read_symptom(runbook: str, count: int, said: Spoken) -> tuple[Symptom, ...]:
    """The symptoms in one sentence; a sentence on logs may also name a failing URL. Ids are `<runbook>.s<n>`."""
    text, place = said.text, said.place
    codes = [code.strip() for code in _CODE.findall(text)]
    urls = [code for code in codes if _URL.match(code)]
    fails = frozenset(name for words, name in _FAILS if words.search(_CODE.sub("", text)))
    made: list[Symptom] = []

    def name() -> str:
        return f"{runbook}.s{count + len(made)}"

    status = _STATUS.search(text)
    logs = _LOGS.search(text)
    if status:
        made.append(StatusSymptom(id=name(), text=text, place=place, **status.groupdict()))
    if logs:
        tokens = tuple(code for code in codes if code not in urls)
        if tokens:
            source = (logs.group("source") or "").strip()
            flood = _FLOOD.search(text) is not None
            made.append(LogSymptom(id=name(), text=text, source=source, tokens=tokens, flood=flood, place=place))
    made.extend(
        HttpSymptom(id=f"{runbook}.s{count + len(made) + extra}", text=text, url=url, fails_when=fails, place=place)
        for extra, url in enumerate(urls if fails else [])
    )
    if not made:
        sender = next((sender for words, sender in _SENDERS if words.search(_CODE.sub("", text))), None)
        if sender is not None:
            made.append(ExternalSymptom(id=name(), text=text, sender=sender, tokens=tuple(codes), place=place))
        else:
            made.append(ProseSymptom(id=name(), text=text, place=place))
    return tuple(made)


def names_severity(text: str) -> int | None:
    """The level of a sentence that only says how bad it is ("Sev 2"), else None."""
    found = levels(text)
    plain = re.match(r"(?:(?:this|it) is (?:a |always (?:a )?)?)?sev", text.strip(), re.IGNORECASE)
    return found[0] if len(found) == 1 and plain else None


def stated_alerts(text: str) -> list[str]:
    """Alert names after the words "Alert:" or "Alert name:", in backticks."""
    found = re.search(r"\bAlerts?(?: names?)?:\s*((?:`\w+`[\s,/]*)+)", text, re.IGNORECASE)
    return re.findall(r"`(\w+)`", found.group(1)) if found else []


def stated_level(text: str) -> list[int]:
    """The level after the word "Severity:", when it is a number ("Severity: P2")."""
    return [int(digit) for digit in re.findall(r"\bSeverity:\s*(?:P|S|SEV)?[ -]?([1-9])\b", text, re.IGNORECASE)]


def declared_symptom(symptom_id: str, entry: Mapping[str, object], place: Place) -> Symptom | str:
    """A symptom from the front matter's `signals:` list, or what is wrong with the entry."""
    kind = next((kind for kind in _KINDS if kind in entry), None)
    if kind is None:
        return f"a signal needs one of the keys {', '.join(_KINDS)}"
    value = entry[kind]
    tokens = (
        tuple(str(part) for part in value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else (str(value),)
    )
    text = str(entry.get("text", tokens[0] if tokens else ""))
    match kind:
        case "http":
            fails = entry.get("fails_when", ["timeout", "5xx", "refused"])
            names = frozenset(str(name) for name in fails) if isinstance(fails, list) else frozenset({str(fails)})
            known = {name for _, name in _FAILS}
            if names - known:
                return f"fails_when knows {', '.join(sorted(known))}, not {', '.join(sorted(names - known))}"
            return HttpSymptom(id=symptom_id, text=text, url=tokens[0], fails_when=names, place=place)
        case "status":
            if "shows" not in entry:
                return "a status signal also needs shows: and may have via:"
            via = str(entry.get("via", "docker ps"))
            return StatusSymptom(
                id=symptom_id, text=text, subject=tokens[0], status=str(entry["shows"]), via=via, place=place
            )
        case "log":
            source, flood = str(entry.get("source", "")), entry.get("flood") is True
            return LogSymptom(id=symptom_id, text=text, source=source, tokens=tokens, flood=flood, place=place)
        case "prose":
            return ProseSymptom(id=symptom_id, text=text, place=place)
        case _:
            return ExternalSymptom(id=symptom_id, text=text, sender=kind, tokens=tokens, place=place)
