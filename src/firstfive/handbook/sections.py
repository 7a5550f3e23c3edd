"""What stands under which heading, and which heading a link means.

Called by `compile` and by every section's module. Knows headings and links only, nothing about what a section is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, normpath

from firstfive.handbook.markdown import Kind, Node, Page
from firstfive.handbook.model import Place
from firstfive.handbook.phrases import numbered, slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with the blocks directly under it and the sections below it; the page itself is the section of level 0."""

    page: Page
    node: Node
    level: int
    number: str
    title: str
    blocks: tuple[Node, ...]
    children: tuple[Section, ...]

    @property
    def place(self) -> Place:
        """Where the heading stands."""
        return self.page.place(self.node)

    def walk(self) -> Iterator[Section]:
        """This section and all below it, in the order of the page."""
        stack = [self]
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.children))

    def nodes(self) -> Iterator[Node]:
        """The blocks of this section and of all below it."""
        for section in self.walk():
            yield from section.blocks


def outline(page: Page) -> Section:
    """The page as a tree of sections."""
    headings: list[tuple[Node, list[Node]]] = [(page.root, [])]
    for block in page.root.children:
        if block.kind is Kind.HEADING:
            headings.append((block, []))
        else:
            headings[-1][1].append(block)
    section, _ = _nest(page, headings, 0)
    return section


def _nest(page: Page, headings: list[tuple[Node, list[Node]]], at: int) -> tuple[Section, int]:
    node, blocks = headings[at]
    children: list[Section] = []
    after = at + 1
    while after < len(headings) and headings[after][0].level > node.level:
        child, after = _nest(page, headings, after)
        children.append(child)
    number, title = numbered(node.plain()) if node.kind is Kind.HEADING else ("", "")
    section = Section(
        page=page,
        node=node,
        level=node.level,
        number=number,
        title=title,
        blocks=tuple(blocks),
        children=tuple(children),
    )
    return section, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a link resolves to: the section, and how many others share its name (the first one wins, as in Obsidian)."""

    section: Section
    others: int = 0


class MissingLink(Exception):
    """The link names a page or heading the vault does not have; the text says which and what is near."""


def resolve(target: str, origin: Section, vault: Mapping[str, Section]) -> Target:
    """The section a wikilink or embed means, from a page of the vault (path -> outline).

    Names match exactly, then without regard to case and punctuation, then by slug; `Page#A#B` is B under A.

    Raises:
        MissingLink: no page or heading of that name.
    """
    page_name, *path = [part.strip() for part in target.split("|")[0].split("#")]
    section, others = _page(page_name, vault) if page_name else (vault.get(origin.page.path, origin), 0)
    for name in path:
        if not name:
            continue
        if name.startswith("^"):
            if not _has_block_id(section, name):
                raise MissingLink(f"no block {name} on {section.page.path}")
            continue
        section, more = _heading(name, section)
        others += more
    return Target(section=section, others=others)


def _page(name: str, vault: Mapping[str, Section]) -> tuple[Section, int]:
    wanted = normpath(name).removesuffix(".md")
    stems = {path: path.removesuffix(".md") for path in vault}
    for match in (
        [path for path, stem in stems.items() if stem == wanted],
        [path for path, stem in stems.items() if basename(stem) == wanted],
        [path for path, stem in stems.items() if basename(stem).casefold() == basename(wanted).casefold()],
    ):
        if match:
            return vault[match[0]], len(match) - 1
    raise MissingLink(f"no page named {name!r} in the vault")


def _heading(name: str, under: Section) -> tuple[Section, int]:
    candidates = [section for section in under.walk() if section is not under and section.level > 0]
    full = {id(section): section.node.plain() for section in candidates}
    number, rest = numbered(name)
    for match in (
        [s for s in candidates if full[id(s)] == name],
        [s for s in candidates if _loose(full[id(s)]) == _loose(name)],
        [s for s in candidates if slug(s.title) == slug(rest) and (not number or s.number == number)],
    ):
        if match:
            return match[0], len(match) - 1
    raise MissingLink(f"no heading {name!r} on {under.page.path}")


def _loose(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _has_block_id(section: Section, name: str) -> bool:
    return any(node.plain().endswith(name) for block in section.nodes() for node in block.find(Kind.PARAGRAPH))
