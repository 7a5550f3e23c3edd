"""The page's post-mortem form taken apart: front matter, what stands before the first section, sections.

Called by `postmortem`. Fills front matter; leaves every word that is not a hole as the page has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firstfive.documents.filling import OPEN, holes
from firstfive.documents.plain import whole_minutes
from firstfive.documents.postmortem.escape import scalar
from firstfive.incident import events as ev
from firstfive.incident.communicate import worst_level
from firstfive.incident.timeline import Incident

# Used where a page has no form: the questions that every post-mortem answers.
SKELETON = """\
---
title: Post-mortem — <short title>
date: <YYYY-MM-DD>
severity: SEV-X
duration: <minutes>
authors: [<names>]
---

## Summary

## Timeline (UTC)

## Impact
- Users: <how many>
- Features: <which>

## Root cause

## What went well
- …

## What went badly
- …

## Action items
| # | Item | Owner | Due |
|---|------|-------|-----|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One second-level section: its heading as written, and the lines under it."""

    heading: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`front` holds the lines between the `---` marks (None: the form has no front matter), `preamble` what precedes a section."""

    front: tuple[str, ...] | None
    preamble: str
    sections: tuple[Section, ...]


def read_form(text: str) -> Form:
    """Take a form apart; headings inside its own code fences are no sections."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    front: tuple[str, ...] | None = None
    if lines[0].rstrip() == "---" and "---" in (row.rstrip() for row in lines[1:]):
        end = next(n for n, row in enumerate(lines[1:], 1) if row.rstrip() == "---")
        front, lines = tuple(lines[1:end]), lines[end + 1 :]
    blocks: list[list[str]] = [[]]
    inside = ""
    for row in lines:
        mark = re.match(r" {0,3}(`{3,}|~{3,})", row)
        if mark is not None and (not inside or mark.group(1).startswith(inside)):
            inside = "" if inside else mark.group(1)
        if not inside and re.match(r"## +\S", row):
            blocks.append([])
        blocks[-1].append(row)
    sections = tuple(Section(heading=b[0][2:].strip(), body="\n".join(b[1:]).strip("\n")) for b in blocks[1:])
    return Form(front=front, preamble="\n".join(blocks[0]).strip("\n"), sections=sections)


def filled_front(front: tuple[str, ...], incident: Incident) -> str:
    """The front matter with its holes filled, each value that was touched quoted so that no title can break it."""
    return "\n".join(("---", *(_filled_row(row, incident) for row in front), "---"))


_ROW = re.compile(r"^(\s*(?:-\s+)?(?:[\w .-]+:)?\s*)(.*?)(\s+#[^<>\"']*)?$")


def _filled_row(row: str, incident: Incident) -> str:
    found = _ROW.match(row)
    if found is None or not any(True for _ in holes(row)):
        return row
    lead, value, comment = found.group(1), found.group(2), found.group(3) or ""
    if value.startswith("[") and value.endswith("]"):
        names = (
            authors(incident)
            if "name" in value.lower() or "author" in row.lower()
            else (_put_in(value[1:-1], incident),)
        )
        return f"{lead}[{', '.join(scalar(name) for name in names)}]{comment}"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return f"{lead}{scalar(_put_in(value, incident))}{comment}"


def _put_in(value: str, incident: Incident) -> str:
    parts: list[str] = []
    at = 0
    for hole in holes(value):
        parts += [value[at : hole.start], _known(hole.words, incident) or OPEN]
        at = hole.end
    return "".join((*parts, value[at:]))


def _known(words: str, incident: Incident) -> str | None:
    began, over = incident.started_at, incident.resolved_at
    match " ".join(words.lower().split()):
        case "short title" | "title" | "one-line summary" | "summary":
            return incident.declared.title if incident.declared else None
        case "yyyy-mm-dd" | "date" | "day":
            return began.date().isoformat() if began else None
        case "sev-x" | "sev x" | "severity":
            return f"SEV-{worst_level(incident)}"
        case "minutes" | "duration":
            return str(whole_minutes(over - began)) if began and over else None
        case "names" | "authors" | "name":
            return ", ".join(authors(incident)) or None
        case "incident" | "incident id" | "id":
            return incident.id
        case _:
            return None


def authors(incident: Incident) -> tuple[str, ...]:
    """The people who stand on the timeline, in the order they appear; programs do not write post-mortems."""
    people = [entry.by for entry in incident.entries if entry.by != ev.SELF]
    return tuple(dict.fromkeys((*people, *((incident.acknowledged_by,) if incident.acknowledged_by else ()))))
