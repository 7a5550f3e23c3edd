"""A fault that no symptom of the page showed, and the edit on offer that adds the symptom.

Called by `app` with what a drill proved. Pure: the page as the handbook holds it in, a unified diff for a person to take or leave out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firstfive.documents.learning.lessons import Lesson
from firstfive.handbook.edits.spans import Edit, patched
from firstfive.handbook.markdown import Kind, Node, Page, read_page
from firstfive.handbook.model import Handbook, Runbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A fault that may be silent: its name, the symptom that would show it, in words that a page is read by, whether a runbook's title is
    a right one, and the title of a runbook for it where the page has none.
    """

    fault: str
    symptom: str
    fits: Callable[[str], bool]
    title: str


def proposed(handbook: Handbook, silent: Silent) -> Lesson | None:
    """The page with that symptom among those of the first runbook that fits, or with a runbook of its own. None where the page has the
    words already, and where there is no page to put them on.
    """
    runbook = next((one for one in handbook.runbooks if silent.fits(one.title)), None)
    last = runbook or next(reversed(handbook.runbooks), None)
    source = next((one for one in handbook.sources if last is not None and one.path == last.place.page), None)
    if last is None or source is None:
        return None
    page = read_page(source.path, source.text.encode())
    edit = _among(page, runbook, silent) if runbook is not None else _of_its_own(page, last, silent)
    if edit is None:
        return None
    return Lesson(page=source.path, edits=(edit,), before=page.raw.decode(), after=patched(page.raw, (edit,)).decode())


def _among(page: Page, runbook: Runbook, silent: Silent) -> Edit | None:
    heading, end = _section(page, runbook)
    if silent.symptom.encode() in page.raw[heading.start : end]:
        return None
    newline = _newline(page)
    held = [_paragraph(page, symptom.place.line) for symptom in runbook.symptoms if symptom.place.page == page.path]
    after = next((node for node in reversed(held) if node is not None), None)
    text = f" {silent.symptom}" if after is not None else f"{newline * 2}**Symptoms.** {silent.symptom}"
    return _insert(page, _shown_end(page, after or heading), text, silent)


def _of_its_own(page: Page, last: Runbook, silent: Silent) -> Edit:
    heading, end = _section(page, last)
    newline = _newline(page)
    body = f"{'#' * heading.level} {silent.title}{newline * 2}**Symptoms.** {silent.symptom}{newline}"
    at_end = end == len(page.raw)
    lead = newline * (2 if not page.raw.endswith(b"\n") else 1) if at_end else ""
    return _insert(page, end, lead + body + ("" if at_end else newline), silent)


def _insert(page: Page, at: int, text: str, silent: Silent) -> Edit:
    why = f"the drill {silent.fault} showed nothing that the page looks for"
    return Edit(start=at, old=b"", text=text.encode(), line=page.at(at).line, why=why)


def _section(page: Page, runbook: Runbook) -> tuple[Node, int]:
    """Its heading, and where what stands below it ends."""
    headings = sorted(page.root.find(Kind.HEADING), key=lambda node: node.start)
    mine = max((node for node in headings if node.line <= runbook.place.line), key=lambda node: node.start)
    following = (node.start for node in headings if node.start > mine.start and node.level <= mine.level)
    return mine, next(following, len(page.raw))


def _paragraph(page: Page, line: int) -> Node | None:
    """The paragraph that holds this line."""
    found = [
        node
        for node in page.root.find(Kind.PARAGRAPH)
        if node.line <= line <= page.at(max(node.start, node.end - 1)).line
    ]
    return found[-1] if found else None


def _shown_end(page: Page, node: Node) -> int:
    return node.start + len(page.raw[node.start : node.end].rstrip())


def _newline(page: Page) -> str:
    return "\r\n" if b"\r\n" in page.raw else "\n"
