"""Which sections are runbooks, and which of their blocks are symptoms, steps, talk or background.

Called by `compile` for every page. Looks at headings and bold leads only; what a block says is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from posixpath import basename

from firstfive.handbook.markdown import Kind, Node, Page
from firstfive.handbook.model import Place
from firstfive.handbook.phrases import slug
from firstfive.handbook.sections import Section
from firstfive.handbook.steps.fences import is_shell


class Zone(StrEnum):
    """The parts that a runbook is made of."""

    SYMPTOMS = "symptoms"
    STEPS = "steps"
    COMMUNICATION = "communication"
    CONTEXT = "context"


_ZONES = (
    (re.compile(r"^(?:common )?(?:symptoms?|signs|how it looks|detection)\b", re.IGNORECASE), Zone.SYMPTOMS),
    (re.compile(r"^(?:communication|comms|who to tell|notify)\b", re.IGNORECASE), Zone.COMMUNICATION),
    (
        re.compile(
            r"^(?:runbook|steps?|triage|solutions?|diagnos[ei]s|mitigations?|resolutions?|remediation|investigation|possible checks|checks"
            r"|troubleshooting|procedure|verif\w+|recovery|roll-?back|fix|actions?|response|what to do|how to fix"
            r"|pre-?checks?|post-?checks?|instructions)\b",
            re.IGNORECASE,
        ),
        Zone.STEPS,
    ),
    (
        re.compile(r"^(?:meaning|impact|overview|background|summary|description|context|causes?|notes?|see also|references?|links"
            r"|additional|further|prevention|escalation|related|post-?incident|prerequisites|history|owners?|contacts?|introduction"
            r"|alert info\w*|when to use|metadata|architecture|what it means|drills?)\b",
            re.IGNORECASE),
        Zone.CONTEXT,
    ),
)  # fmt: skip
_CONTAINERS = re.compile(r"\b(?:incidents|runbooks?|playbooks?|procedures|alerts|how-?tos?)\b", re.IGNORECASE)
_PREFIX = re.compile(r"^[^\w\s]*\s*(?:runbook|playbook)\s*(?::|—|–|-)\s+", re.IGNORECASE)
_ALERT = re.compile(r"(?=\w*[a-z0-9][A-Z])[A-Za-z][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a runbook in its zone, with the section it stands in. `lead` is the bold lead that opened its zone."""

    node: Node
    zone: Zone
    section: Section
    lead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A runbook before its words are read. `alert` is set when the page is named after an alert."""

    id: str
    number: str
    title: str
    section: Section
    blocks: tuple[Block, ...]
    alert: str

    @property
    def page(self) -> Page:
        """The page the runbook stands on."""
        return self.section.page

    @property
    def place(self) -> Place:
        """Where the runbook's heading stands; the top of the page when it has none."""
        return self.section.place


def zone_of(title: str) -> Zone | None:
    """The zone that a heading or a bold lead announces."""
    return next((zone for words, zone in _ZONES if words.search(title.strip())), None)


def find_runbooks(top: Section, chapters: frozenset[int]) -> list[Outline]:
    """The runbooks of a page. `chapters` are the sections (by `id()`) already understood as something else.

    A section is a runbook when bold leads or its sub-headings announce symptoms or steps, or when it stands in a
    collection ("Common incidents", "Runbooks") and holds commands or a numbered list. A page that is none of this and
    holds shell fences is one runbook as a whole.
    """
    found = list(_runbooks_under(top, chapters))
    if not found and not chapters and any(is_shell(node) for node in _fences(top)):
        found = [_whole_page(top)]
    return [_outline(section, found) for section in found]


def _runbooks_under(section: Section, chapters: frozenset[int], *, collected: bool = False) -> Iterator[Section]:
    if id(section) in chapters:
        return
    if _leads(section) or _zoned_children(section):
        yield section
        return
    collects = bool(_CONTAINERS.search(section.title))
    below = [book for child in section.children for book in _runbooks_under(child, chapters, collected=collects)]
    if not below and collected and section.level and _has_steps(section):
        below = [section]
    yield from below


def _leads(section: Section) -> bool:
    zones = {zone_of(lead) for block in section.blocks if (lead := lead_of(block))}
    return Zone.SYMPTOMS in zones or Zone.STEPS in zones


def _zoned_children(section: Section) -> bool:
    if section.level == 0 and len(section.children) == 1:
        return False
    zones = [zone_of(child.title) for child in section.children]
    steps = sum(zone is Zone.STEPS for zone in zones)
    return (Zone.SYMPTOMS in zones and steps > 0) or steps > 1 or (steps > 0 and Zone.CONTEXT in zones)


def _has_steps(section: Section) -> bool:
    blocks = list(section.nodes())
    return any(is_shell(node) for node in _fences(section)) or any(
        block.kind is Kind.LIST and block.flag for block in blocks
    )


def _fences(section: Section) -> Iterator[Node]:
    for block in section.nodes():
        yield from block.find(Kind.CODE_BLOCK)


def _whole_page(top: Section) -> Section:
    return top.children[0] if len(top.children) == 1 and not top.blocks else top


def lead_of(block: Node) -> str:
    """The bold words that open a paragraph, without their full stop or colon; empty when there are none."""
    if block.kind is not Kind.PARAGRAPH or not block.children or block.children[0].kind is not Kind.STRONG:
        return ""
    words = block.children[0].plain()
    rest = block.plain()[len(words) :]
    return words.rstrip(".:! ") if not rest or words[-1:] in ".:!?" or rest[:1] in ":.—-" else ""


def _outline(section: Section, all_found: list[Section]) -> Outline:
    stem = basename(section.page.path).removesuffix(".md")
    title = _PREFIX.sub("", section.title or _front_title(section) or stem) or stem
    announced = _leads(section) or _zoned_children(section)
    is_page = len(all_found) == 1 and section.level <= 1
    meant = any(zone_of(child.title) is Zone.CONTEXT for child in section.children)
    names = (stem, title) if is_page else (title,) if meant else ()
    alert = next((name for name in names if len(name) < 100 and _ALERT.fullmatch(name)), "")
    return Outline(
        id=slug(_spaced(title)) or slug(stem) or "runbook",
        number=section.number,
        title=title,
        section=section,
        blocks=tuple(_blocks(section, Zone.CONTEXT if announced else Zone.STEPS)),
        alert=alert,
    )


def _spaced(title: str) -> str:
    """A title with the humps of an alert's name taken apart: "DiskWillFill" is "Disk Will Fill"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", title) if _ALERT.fullmatch(title) else title


def _front_title(section: Section) -> str:
    front = next(iter(section.page.root.find(Kind.FRONT_MATTER)), None)
    found = re.search(r"^title:\s*[\"']?(.+?)[\"']?\s*$", front.text, re.MULTILINE) if front else None
    return found.group(1) if found else ""


def _blocks(section: Section, zone: Zone) -> Iterator[Block]:
    current = zone
    for node in section.blocks:
        lead = lead_of(node)
        announced = zone_of(lead) if lead else None
        if announced is not None:
            current = announced
        yield Block(node=node, zone=current, section=section, lead=announced is not None)
    for child in section.children:
        yield from _blocks(child, zone_of(child.title) or (zone if zone is not Zone.CONTEXT else Zone.STEPS))
