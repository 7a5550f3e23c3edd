"""A remark on a post-mortem, and the text it is made on with everything that is not its author's blanked out.

Called by the modules of the check. A remark is advice: nothing here refuses a file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from firstfive.handbook.markdown import Kind, Node, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that a reader of the post-mortem will miss. `line` and `column` are 1-based, columns count bytes."""

    line: int
    column: int
    code: str
    what: str
    suggestion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A page as its bytes, and `own`: the same bytes with code, quotes, comments and links' targets turned into spaces.

    Quotes are the form's questions, code is evidence; neither is what the author says. Offsets are the same in both.
    `ends` are the offsets at which sentences end, with both ends of the page.
    """

    page: Page
    own: bytes
    ends: tuple[int, ...]

    def text(self, start: int, end: int) -> str:
        """The author's own words between two offsets, every byte that is not ASCII still counted as its character's bytes."""
        return self.own[start:end].decode("utf-8", "replace")

    def remark(self, offset: int, code: str, what: str, suggestion: str) -> Remark:
        """A remark on a byte offset."""
        place = self.page.at(offset)
        return Remark(line=place.line, column=place.column, code=code, what=what, suggestion=suggestion)

    def offset(self, start: int, text: str, index: int) -> int:
        """The byte offset of a character of `text`, which begins at the offset `start`."""
        return start + len(text[:index].encode())

    def line_start(self, line: int) -> int:
        """The byte offset at which a 1-based line begins."""
        return self.page.starts[min(line, len(self.page.starts)) - 1]

    def sentence(self, offset: int) -> tuple[int, int]:
        """The offsets around the sentence, list item or table row that holds a byte."""
        at = bisect_right(self.ends, offset)
        return self.ends[at - 1], self.ends[min(at, len(self.ends) - 1)]


_SENTENCE_END = re.compile(rb"[.!?;](?=\s)|\n\s*\n|\n(?=[ \t]*+(?:[-*+|>#]|\d+[.)])\s)")


def written(page: Page) -> Written:
    """The page with what its author did not say blanked out."""
    own = bytearray(page.raw)
    for node in page.root.walk():
        if node.kind in (Kind.CODE_BLOCK, Kind.CODE, Kind.QUOTE, Kind.CALLOUT, Kind.COMMENT) or _is_comment(node):
            own[node.start : node.end] = re.sub(rb"[^\n]", b" ", own[node.start : node.end])
    ends = (match.end() for match in _SENTENCE_END.finditer(own))
    return Written(page=page, own=bytes(own), ends=(0, *ends, len(own)))


def _is_comment(node: Node) -> bool:
    return node.kind is Kind.HTML and node.text.lstrip().startswith("<!--")
