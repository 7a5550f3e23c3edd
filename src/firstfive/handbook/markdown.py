"""One page as a tree of nodes, each with the exact bytes it came from.

Every section's module reads this tree; nothing else knows which Markdown parser is underneath. Never renders Markdown, so a
page is only ever changed by patching byte spans.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import comrak

from firstfive.errors import PageError
from firstfive.handbook.model import Place, Source

PAGE_BYTES = 5_000_000
"""A page is written by people; more than this is a log or a dump that got the wrong name."""
DEPTH = 100
"""Containers inside containers that are still read; deeper ones are dropped and listed."""
_DELIMITERS = 20_000
"""Emphasis marks in one paragraph above which the parser's own recursion could end the process."""
_PREFIX = re.compile(rb"(?:[ \t>+*-]|\d++[.)]|\[![^\]\n]*+\][-+]?)*+")
_LINE_END = re.compile(r"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Kind(StrEnum):
    """What a node is. Everything a section's module has no use for is `OTHER`."""

    DOCUMENT = "document"
    FRONT_MATTER = "front matter"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TEXT = "text"
    BREAK = "break"
    CODE = "code"
    STRONG = "strong"
    EMPHASIS = "emphasis"
    LINK = "link"
    WIKILINK = "wikilink"
    HTML = "html"
    COMMENT = "comment"
    LIST = "list"
    ITEM = "item"
    CODE_BLOCK = "code block"
    TABLE = "table"
    ROW = "row"
    CELL = "cell"
    QUOTE = "quote"
    CALLOUT = "callout"
    CALLOUT_TITLE = "callout title"
    RULE = "rule"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element of a page.

    `line` and `column` are 1-based, columns count bytes; `start` and `end` are byte offsets in the file as stored. `text` is
    the literal of a leaf. `level` belongs to headings, `info` to code blocks (info string), callouts (type) and links
    (target), `number` to list items, `checked` to task items, `flag` says: ordered list, header row, embedding wikilink,
    fenced code block. `closed` is False for a fence that runs into the end of the page.
    """

    kind: Kind
    line: int
    column: int
    start: int
    end: int
    text: str = ""
    children: tuple[Node, ...] = ()
    level: int = 0
    info: str = ""
    number: int = 0
    checked: bool | None = None
    flag: bool = False
    closed: bool = True

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in the order of the page."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def find(self, *kinds: Kind) -> Iterator[Node]:
        """All nodes below (and including) this one of one of the kinds, in the order of the page."""
        return (node for node in self.walk() if node.kind in kinds)

    def plain(self) -> str:
        """The words a reader sees: code without backticks, links by their label, breaks as spaces, `<x>` as written."""
        parts: list[str] = []
        for node in self.walk():
            if node.kind in (Kind.TEXT, Kind.CODE) or (node.kind is Kind.HTML and not node.text.startswith("<!--")):
                parts.append(node.text)
            elif node.kind is Kind.BREAK:
                parts.append(" ")
        return "".join(parts).strip()

    def marked(self) -> str:
        """Like `plain`, with inline code still between backticks, so that sentences can be split without cutting code."""
        parts: list[str] = []
        for node in self.walk():
            if node.kind is Kind.CODE:
                parts.append(f"`{node.text}`")
            elif node.kind is Kind.TEXT or (node.kind is Kind.HTML and not node.text.startswith("<!--")):
                parts.append(node.text)
            elif node.kind is Kind.BREAK:
                parts.append(" ")
        return "".join(parts).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One line of a code block: its text, its line on the page and the 1-based byte column where the text begins."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as read: `source` for the handbook, `raw` bytes as stored, the tree, and places that were too deep to read."""

    source: Source
    raw: bytes
    root: Node
    too_deep: tuple[Place, ...] = ()
    starts: tuple[int, ...] = field(repr=False)

    @property
    def path(self) -> str:
        """The vault-relative path."""
        return self.source.path

    def place(self, node: Node | CodeLine) -> Place:
        """Where a node stands."""
        return Place(page=self.path, line=node.line, column=node.column)

    def at(self, offset: int) -> Place:
        """The place of a byte offset in the file as stored."""
        line = bisect_right(self.starts, offset)
        skipped = len(_BOM) if line == 1 and self.raw.startswith(_BOM) else 0
        return Place(page=self.path, line=line, column=offset - self.starts[line - 1] - skipped + 1)

    def line_bytes(self, line: int) -> bytes:
        """The bytes of a 1-based line without its line end; empty past the end of the page."""
        if not 1 <= line <= len(self.starts):
            return b""
        end = self.starts[line] if line < len(self.starts) else len(self.raw)
        text = self.raw[self.starts[line - 1] : end].rstrip(b"\r\n")
        return text.removeprefix(_BOM) if line == 1 else text

    def code_lines(self, node: Node) -> tuple[CodeLine, ...]:
        """The lines of a code block with their places; container markers and indentation are already removed."""
        first = node.line + 1 if node.flag else node.line
        lines: list[CodeLine] = []
        stored = _LINE_END.split(node.text)
        for number, text in enumerate(stored[:-1] if len(stored) > 1 and not stored[-1] else stored):
            raw = self.line_bytes(first + number)
            column = len(raw) - len(text.encode()) + 1 if raw.endswith(text.encode()) else node.column
            lines.append(CodeLine(text=text, line=first + number, column=max(1, column)))
        return tuple(lines)


def read_page(path: str, raw: bytes) -> Page:
    """Read one page.

    Raises:
        PageError: the page is too large (FF003), is not UTF-8 text (FF002), or nests its marks too deeply (FF004); the place
            is the first byte that is wrong.
    """
    if len(raw) > PAGE_BYTES:
        raise PageError(
            f"the page is {len(raw) / 1e6:.1f} MB; the limit is {PAGE_BYTES / 1e6:.0f} MB",
            where=path,
            remedy="move logs and dumps out of the page, or split it",
            code="FF003",
        )
    starts = _line_starts(raw)
    text = _decode(path, raw, starts)
    _refuse_bottomless(path, raw, starts)
    source = Source(path=path, text=text, sha256=hashlib.sha256(raw).hexdigest())
    tree = comrak.parse_document(text, _EXTENSIONS, _PARSING)
    builder = _Builder(path=path, starts=starts, bom=len(_BOM) if raw.startswith(_BOM) else 0)
    root = builder.node(tree, 0)
    return Page(source=source, raw=raw, root=root, too_deep=tuple(builder.too_deep), starts=starts)


_EXTENSIONS = comrak.ExtensionOptions(
    table=True,
    tasklist=True,
    strikethrough=True,
    autolink=True,
    front_matter_delimiter="---",
    wikilinks_title_after_pipe=True,
    ofm_callouts=True,
    ofm_comments=True,
)
_PARSING = comrak.ParseOptions(relaxed_tasklist_matching=True)


def _line_starts(raw: bytes) -> tuple[int, ...]:
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    if len(starts) > 1 and not raw.endswith((b"\n", b"\r")):
        starts.pop()
    return tuple(starts)


def _decode(path: str, raw: bytes, starts: tuple[int, ...]) -> str:
    try:
        text = raw.decode("utf-8-sig")
        bad = raw.find(b"\0")
        if bad < 0:
            return text
        what = "the page holds a NUL byte, so it is not text"
    except UnicodeDecodeError as error:
        bad = error.start + (len(raw) - len(error.object))
        what = f"the page is not UTF-8: byte 0x{raw[bad]:02x}"
    line = bisect_right(starts, bad)
    where = f"{path}:{line}:{bad - starts[line - 1] + 1}"
    raise PageError(what, where=where, remedy="save the page as UTF-8 text", code="FF002")


def _refuse_bottomless(path: str, raw: bytes, starts: tuple[int, ...]) -> None:
    """The parser recurses on quotes and emphasis; a page made of them alone could exhaust the stack, so it is refused."""
    marks = 0
    for number, line in enumerate(raw.splitlines()):
        marks = 0 if not line.strip(b" \t>") else marks + line.count(b"*") + line.count(b"_") + line.count(b"~")
        prefix = _PREFIX.match(line)
        if marks > _DELIMITERS or (prefix is not None and prefix.group().count(b">") > DEPTH):
            raise PageError(
                "quotes or emphasis are nested too deeply to be read",
                where=f"{path}:{number + 1}:1",
                remedy="split the paragraph; pasted output belongs between code fences with blank lines",
                code="FF004",
            )


_LEAVES = {"Text": Kind.TEXT, "Code": Kind.CODE, "HtmlInline": Kind.HTML, "HtmlBlock": Kind.HTML}
_SIMPLE = {
    "Document": Kind.DOCUMENT,
    "Paragraph": Kind.PARAGRAPH,
    "Strong": Kind.STRONG,
    "Emph": Kind.EMPHASIS,
    "SoftBreak": Kind.BREAK,
    "LineBreak": Kind.BREAK,
    "Table": Kind.TABLE,
    "TableCell": Kind.CELL,
    "BlockQuote": Kind.QUOTE,
    "CalloutTitle": Kind.CALLOUT_TITLE,
    "ThematicBreak": Kind.RULE,
    "CommentInline": Kind.COMMENT,
    "MultilineComment": Kind.COMMENT,
}


@dataclass(slots=True, kw_only=True)
class _Builder:
    path: str
    starts: tuple[int, ...]
    bom: int
    too_deep: list[Place] = field(default_factory=list)

    def node(self, source: Any, depth: int) -> Node:
        where = source.sourcepos
        line, column = max(1, where.start.line), max(1, where.start.column)
        children: tuple[Node, ...] = ()
        if depth < DEPTH:
            children = tuple(self.node(child, depth + 1) for child in source.children)
        elif source.children:
            self.too_deep.append(Place(page=self.path, line=line, column=column))
        name = type(source.node_value).__name__
        value = getattr(source.node_value, "value", None)
        kind, details = _describe(name, value)
        start = self._offset(line, column)
        end = max(start, self._offset(where.end.line, where.end.column + 1))
        return Node(kind=kind, line=line, column=column, start=start, end=end, children=children, **details)

    def _offset(self, line: int, column: int) -> int:
        if line < 1:
            return 0
        if line > len(self.starts):
            return self.starts[-1]
        return self.starts[line - 1] + column - 1 + (self.bom if line == 1 else 0)


def _describe(name: str, value: Any) -> tuple[Kind, dict[str, Any]]:
    if name in _LEAVES:
        return _LEAVES[name], {"text": value if isinstance(value, str) else value.literal}
    if name in _SIMPLE:
        return _SIMPLE[name], {}
    match name:
        case "Heading":
            return Kind.HEADING, {"level": value.level}
        case "FrontMatter":
            return Kind.FRONT_MATTER, {"text": value}
        case "CodeBlock":
            return Kind.CODE_BLOCK, {
                "text": value.literal,
                "info": value.info,
                "flag": value.fenced,
                "closed": value.closed or not value.fenced,
            }
        case "List":
            return Kind.LIST, {"flag": value.list_type == comrak.ListType.Ordered, "number": value.start}
        case "Item":
            return Kind.ITEM, {"number": value.start}
        case "TaskItem":
            return Kind.ITEM, {"checked": value.symbol is not None}
        case "TableRow":
            return Kind.ROW, {"flag": value}
        case "Callout":
            return Kind.CALLOUT, {"info": value.callout_type}
        case "Link":
            return Kind.LINK, {"info": value.url}
        case "WikiLink":
            return Kind.WIKILINK, {"info": value.url, "flag": value.embed}
        case _:
            return Kind.OTHER, {}
