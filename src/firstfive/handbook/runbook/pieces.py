"""The blocks of a runbook in order: fences with the words that announce them, instructions for hands, and prose.

Called once a runbook's outline is known, before any shell is parsed. Follows includes; never looks inside a fence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from firstfive.handbook.markdown import Kind, Node, Page
from firstfive.handbook.model import Level, Place, Problem
from firstfive.handbook.runbook.duties import duties_in
from firstfive.handbook.runbook.layout import Block, Outline, Zone, lead_of, zone_of
from firstfive.handbook.sections import MissingLink, Section, resolve
from firstfive.handbook.steps.fences import Fence, is_output, is_shell, read_fence

_CONDITIONAL = re.compile(r"(?:if|when|in case)\b[^.]{3,200},\s+\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One step-to-be. `title` and `place` come from the words before it; `fence` is None for work done by hand.

    `more` are further sentences that belong to it.
    """

    title: str
    place: Place
    fence: Fence | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """Words of a runbook that are no step: with their zone and place. `node` is the block they come from."""

    text: str
    zone: Zone
    place: Place
    node: Node
    page: Page
    lead: str = ""


@dataclass(slots=True, kw_only=True)
class Gatherer:
    """Walks a runbook's blocks once; the result is in `pieces` and `prose`."""

    vault: Mapping[str, Section]
    problems: list[Problem]
    pieces: list[Piece] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    including: list[tuple[str, int]] = field(default_factory=list)
    in_item: bool = False

    def runbook(self, outline: Outline) -> None:
        """Gather a whole runbook."""
        self.including.append((outline.page.path, outline.section.node.line))
        self._blocks(outline.blocks)
        self.including.pop()

    def _blocks(self, blocks: Sequence[Block]) -> None:
        pending: Block | None = None
        for block in blocks:
            if pending is not None and pending.section is not block.section:
                self._flush(pending)
                pending = None
            node, section = block.node, block.section
            if is_shell(node):
                self._fence(section.page, node, pending.node if pending is not None else None, section)
                pending = None
                continue
            self._flush(pending)
            pending = None
            if node.kind is not Kind.PARAGRAPH:
                self._container(block)
            elif not self._include(node, section):
                pending = block
        self._flush(pending)

    def _flush(self, block: Block | None) -> None:
        if block is None:
            return
        lead = lead_of(block.node)
        zone = zone_of(lead) if lead else None
        self._say(block.node, block.section.page, zone or block.zone, lead if zone else "")

    def _say(self, node: Node, page: Page, zone: Zone, lead: str) -> None:
        text = node.marked()
        if lead:
            text = text[len(lead) :].lstrip(".:!— ")
        if zone is Zone.STEPS and not lead and _CONDITIONAL.match(text) and not duties_in(text, page.place(node)):
            self.pieces.append(Piece(title=text, place=page.place(node)))
            return
        if text or zone is Zone.SYMPTOMS:
            self.prose.append(Prose(text=text, zone=zone, place=page.place(node), node=node, page=page, lead=lead))

    def _fence(self, page: Page, node: Node, before: Node | None, section: Section) -> None:
        inner = len(self.including) != 1 or self.including[0][1] != section.node.line
        title, place = section.title if inner and not self.in_item else "", page.place(node)
        if before is not None:
            lead = lead_of(before)
            zone = zone_of(lead) if lead else None
            words = before.marked()
            if zone is not None:
                words = words[len(lead) :].lstrip(".:!— ")
            if zone is not None and zone is not Zone.STEPS:
                self._say(before, page, zone, lead)  # symptoms right above the commands are no title of theirs
            elif words:
                title, place = words, page.place(before)
        if is_output(node, title):
            self._unread_fence(page, node, Zone.STEPS, shown="output")
            return
        self.pieces.append(Piece(title=title or "", place=place, fence=read_fence(page, node, self.problems)))

    def _container(self, block: Block) -> None:
        node, page = block.node, block.section.page
        match node.kind:
            case Kind.LIST:
                for item in node.children:
                    self._item(item, block, ordered=node.flag)
            case Kind.QUOTE | Kind.CALLOUT:
                self._nested(node, block)
            case Kind.CODE_BLOCK:
                self._unread_fence(page, node, block.zone)
            case _:
                pass

    def _nested(self, node: Node, block: Block) -> None:
        inner: list[Node] = []
        for child in node.children:
            inner.extend(child.children if child.kind is Kind.CALLOUT_TITLE else [child])
        self._blocks([Block(node=child, zone=block.zone, section=block.section) for child in inner])

    def _item(self, item: Node, block: Block, *, ordered: bool) -> None:
        page = block.section.page
        head = next((child for child in item.children if child.kind is Kind.PARAGRAPH), None)
        has_fence = any(is_shell(node) for node in item.find(Kind.CODE_BLOCK))
        if has_fence:
            outer, self.in_item, before = self.in_item, True, len(self.pieces)
            self._blocks([Block(node=child, zone=block.zone, section=block.section) for child in item.children])
            self.in_item = outer
            if head is not None:
                self._title_untitled(before, head.marked())
        elif ordered and block.zone is Zone.STEPS and head is not None:
            more = [node.marked() for node in item.find(Kind.PARAGRAPH) if node is not head]
            self.pieces.append(Piece(title=head.marked(), place=page.place(item), more=tuple(more)))
        elif head is not None:
            for paragraph in item.find(Kind.PARAGRAPH):
                self._say(paragraph, page, block.zone, "")

    def _title_untitled(self, since: int, title: str) -> None:
        """The first fence of a list item that has no words right before it is announced by the item's own."""
        for at in range(since, len(self.pieces)):
            piece = self.pieces[at]
            if piece.fence is not None:
                if not piece.title:
                    self.pieces[at] = replace(piece, title=title)
                    self.prose = [said for said in self.prose if said.text != title]
                return

    def _unread_fence(self, page: Page, node: Node, zone: Zone, shown: str = "") -> None:
        if zone is not Zone.STEPS or (node.info.strip() and not shown):
            return
        self.problems.append(
            Problem(
                code="FF012",
                level=Level.INFO,
                message=f"this block was {'taken for output' if shown else 'not understood as commands'}; it is shown, not run",
                place=page.place(node),
                help="label it ```bash if it is meant to be run, or ```text if it is not",
            )
        )

    def _include(self, node: Node, section: Section) -> bool:
        """Follow `![[Page#Heading]]` alone on a line; True when the paragraph was an include."""
        inside = [child for child in node.children if child.kind is not Kind.BREAK]
        if not inside or not all(child.kind is Kind.WIKILINK and child.flag for child in inside):
            return False
        for link in inside:
            self._include_one(link, section)
        return True

    def _include_one(self, link: Node, section: Section) -> None:
        place = section.page.place(link)
        if re.search(r"\.(?:png|jpe?g|gif|svg|webp|pdf|mp4)$", link.info, re.IGNORECASE):
            return
        try:
            target = resolve(link.info, section, self.vault).section
        except MissingLink as missing:
            self.problems.append(_problem("FF032", f"nothing to include: {missing}", place))
            return
        key = (target.page.path, target.node.line)
        if key in self.including or len(self.including) > 20:
            self.problems.append(_problem("FF031", f"{link.info} includes itself", place))
            return
        self.including.append(key)
        before = len(self.prose)
        for part in target.walk():
            zone = zone_of(part.title) or Zone.STEPS
            self._blocks([Block(node=child, zone=zone, section=part) for child in part.blocks])
        self.prose[before:] = [said for said in self.prose[before:] if said.zone is not Zone.SYMPTOMS]
        self.including.pop()


def _problem(code: str, message: str, place: Place) -> Problem:
    return Problem(
        code=code,
        level=Level.ERROR,
        message=message,
        place=place,
        help="steps that are not there cannot be run; mend the link or write the steps here",
    )
