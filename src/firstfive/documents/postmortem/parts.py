"""A post-mortem as a person left it: front matter, the id it names, and its sections with their lines.

Called by the check, by the reader of action items and by the import of old post-mortems. Changes nothing and judges nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firstfive.handbook.markdown import Kind, Node, Page

_ID = re.compile(r"\bINC-\d+\b")
_PAIR = re.compile(r"^([A-Za-z][\w .-]*?)\s*:\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section: its heading as a reader sees it, the heading's 1-based line, what stands under it, and where its text ends.

    `level` is the heading's, `start` and `end` are byte offsets of the text below the heading in the file as stored.
    """

    heading: str
    line: int
    level: int
    nodes: tuple[Node, ...]
    start: int
    end: int


def parts_of(page: Page) -> tuple[Part, ...]:
    """The sections in order. A deeper heading belongs to the section above it; what precedes the first one is in none."""
    blocks = page.root.children
    heads = [n for n, node in enumerate(blocks) if node.kind is Kind.HEADING]
    sections = [n for n in heads if blocks[n].level == 2] or heads
    found: list[Part] = []
    for n in sections:
        head = blocks[n]
        end = next((m for m in heads if m > n and blocks[m].level <= head.level), len(blocks))
        found.append(
            Part(
                heading=head.plain(),
                line=head.line,
                level=head.level,
                nodes=blocks[n + 1 : end],
                start=head.end,
                end=blocks[end].start if end < len(blocks) else len(page.raw),
            )
        )
    return tuple(found)


def front_of(page: Page) -> dict[str, str]:
    """The front matter's plain rows, keys in lower case, quotes taken off. Rows of another shape are left out, never refused."""
    node = next((node for node in page.root.children if node.kind is Kind.FRONT_MATTER), None)
    found: dict[str, str] = {}
    for row in node.text.splitlines() if node is not None else ():
        pair = _PAIR.match(row)
        if pair is not None:
            value = pair.group(2)
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            found.setdefault(pair.group(1).lower(), value[1:-1] if quoted else value)
    return found


def incident_of(page: Page) -> str:
    """The id of the incident that it is about, from its front matter or its first lines; empty when it names none."""
    front = front_of(page)
    named = _ID.search(f"{front.get('incident', '')} {front.get('id', '')} {front.get('title', '')}")
    head = page.root.children[:4]
    found = named or next((m for node in head if (m := _ID.search(node.plain()))), None)
    return found.group() if found else ""
