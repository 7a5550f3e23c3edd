"""The vault compiled: bytes in, one `Handbook` out, with every problem found on the way.

Called by `app` and by everyone who checks a page. Pure but for the parser's process; same bytes, same handbook.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from firstfive.errors import PageError
from firstfive.handbook.check import check_handbook, check_left_over, check_page
from firstfive.handbook.checklist import find_items, inline_commands, is_first_five, read_checklist, read_rollback
from firstfive.handbook.contacts import find_contacts, read_closing, read_contacts
from firstfive.handbook.markdown import Kind, Page, read_page
from firstfive.handbook.model import (
    Check,
    ClosingItem,
    Contact,
    Duty,
    Handbook,
    Level,
    Place,
    PostmortemForm,
    Problem,
    RollbackRule,
    Severity,
    SurgeRule,
    Template,
)
from firstfive.handbook.postmortems import read_form
from firstfive.handbook.runbook.build import build_runbooks, renamed
from firstfive.handbook.runbook.duties import duties_in
from firstfive.handbook.runbook.layout import Outline, find_runbooks
from firstfive.handbook.sections import Section, outline
from firstfive.handbook.severity import find_matrix, read_matrix, read_surge
from firstfive.handbook.steps.annotations import FrontMatter, read_front_matter
from firstfive.handbook.steps.commands import Shell
from firstfive.handbook.templates import read_templates
from firstfive.shell.risk import Table

_TEMPLATES = re.compile(r"\btemplates?\b", re.IGNORECASE)
_FORM = re.compile(r"\b(?:post-?\s?mortem|retrospective|incident review)\b", re.IGNORECASE)
_CLOSING = re.compile(
    r"\bafter (?:every|each|the|an) incident\b|\bclosing\b|\bwrap-?up\b|\bafterwards\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a vault brings along: its own risk table, and phrases bound to conditions (phrase -> condition text).

    `written` is the folder that post-mortems are written into. What lies there can be linked to, and is no part of the handbook: it would
    be a new one after each incident, with the words of the last.
    """

    risk: Table | None = None
    lexicon: Mapping[str, str] = field(default_factory=dict)
    written: str = "postmortems"


@dataclass(slots=True, kw_only=True)
class Chapters:
    """The chapters found so far over all pages; the first page that has one wins. `taken` are their sections, by id()."""

    severities: tuple[Severity, ...] = ()
    surge: SurgeRule | None = None
    checks: tuple[Check, ...] = ()
    rollback: RollbackRule | None = None
    templates: tuple[Template, ...] = ()
    postmortem: PostmortemForm | None = None
    contacts: tuple[Contact, ...] = ()
    closing: tuple[ClosingItem, ...] = ()
    duties: tuple[Duty, ...] = ()
    taken: set[int] = field(default_factory=set)


def compile_vault(pages: Mapping[str, bytes], *, main: str | None = None, options: Options | None = None) -> Handbook:
    """The handbook that the pages make. `pages` maps vault-relative paths to bytes; `main` names the page with the chapters.

    Pages that are post-mortems themselves (tag `postmortem`, or in the folder that they are written into) are left out.

    Raises:
        PageError: there is no page (FF001), the main page cannot be read (FF002-FF004), or nothing on any page was understood
            (FF001).
    """
    options = options or Options()
    problems: list[Problem] = []
    everything = _read_all(pages, main, problems)
    library = {page.path: outline(page) for page in everything}
    past = {page.path for page in everything if page.path.startswith(f"{options.written}/") or _is_postmortem(page)}
    read = [page for page in everything if len(pages) == 1 or page.path == main or page.path not in past]
    vault = {page.path: library[page.path] for page in read or everything}
    fronts = {page.path: read_front_matter(page, problems) for page in read}
    first = _main_page(vault, main)
    order = [first, *(section for section in vault.values() if section is not first)]
    shell = Shell(table=options.risk, lexicon=options.lexicon)
    chapters = Chapters()
    for section in order:
        _read_chapters(section, chapters, shell, problems)
    taken = frozenset(chapters.taken)
    outlines = renamed([runbook for section in order for runbook in _runbooks(section, taken)])
    runbooks = build_runbooks(outlines, library, fronts, shell, problems)
    handbook = Handbook(
        title=_title(first, fronts.get(first.page.path)),
        digest=_digest(read),
        sources=tuple(page.source for page in read),
        severities=chapters.severities,
        surge=chapters.surge,
        checks=chapters.checks,
        rollback=chapters.rollback,
        runbooks=runbooks,
        templates=chapters.templates,
        postmortem=chapters.postmortem,
        contacts=chapters.contacts,
        closing=chapters.closing,
        duties=chapters.duties,
    )
    _refuse_nothing(handbook, first)
    problems.extend(check_handbook(handbook, first))
    understood = _understood(order, chapters, outlines)
    for section in order:
        problems.extend(check_page(section.page, section, library))
        problems.extend(check_left_over(section, understood))
    return _with_problems(handbook, _strictly(problems, fronts))


# What would run wrongly, or not at all: warnings on a page that is used as it stands, errors where its front matter says strict.
_WOULD_FAIL = frozenset(
    {"FF004", "FF021", "FF023", "FF024", "FF030", "FF054", "FF055", "FF056", "FF057", "FF058", "FF062", "FF064"}
)


def _strictly(problems: Sequence[Problem], fronts: Mapping[str, FrontMatter]) -> list[Problem]:
    strict = {path for path, front in fronts.items() if front.strict}
    return [
        replace(p, level=Level.ERROR)
        if p.place.page in strict and p.code in _WOULD_FAIL and p.level is Level.WARNING
        else p
        for p in problems
    ]


def _read_all(pages: Mapping[str, bytes], main: str | None, problems: list[Problem]) -> list[Page]:
    if not pages:
        raise PageError("there is no page in the vault", remedy="point page = at a Markdown file")
    if main is not None and main not in pages:
        near = ", ".join(sorted(pages)[:5])
        raise PageError(f"the vault has no page {main!r}", remedy=f"pages there: {near}")
    found: list[Page] = []
    for path in sorted(pages):
        try:
            page = read_page(path, pages[path])
        except PageError as error:
            if len(pages) == 1 or path == main:
                raise
            problems.append(_unreadable(path, error))
        else:
            found.append(page)
    if not found:
        raise PageError("no page of the vault can be read", where=str(problems[0].place) if problems else "")
    return found


def _unreadable(path: str, error: PageError) -> Problem:
    line, _, column = error.where.removeprefix(path).strip(":").partition(":")
    place = Place(page=path, line=int(line) if line.isdigit() else 1, column=int(column) if column.isdigit() else 1)
    return Problem(
        code=error.code,
        level=Level.ERROR,
        message=f"{error.what}; this page was left out",
        place=place,
        help=error.remedy,
    )


def _is_postmortem(page: Page) -> bool:
    front = next((node for node in page.root.children if node.kind is Kind.FRONT_MATTER), None)
    return (
        front is not None and re.search(r"^(?:tags:.*|\s*-\s*)\bpost-?mortem\b", front.text, re.MULTILINE) is not None
    )


def _main_page(vault: Mapping[str, Section], main: str | None) -> Section:
    if main is not None:
        return vault[main]
    return max(vault.values(), key=lambda top: (_chapter_count(top), "incident" in top.page.path.lower()))


def _chapter_count(top: Section) -> int:
    return sum(
        find_matrix(section) is not None
        or find_contacts(section) is not None
        or is_first_five(section.title)
        or _TEMPLATES.search(section.title) is not None
        or _CLOSING.search(section.title) is not None
        for section in top.walk()
    )


def _read_chapters(top: Section, chapters: Chapters, shell: Shell, problems: list[Problem]) -> None:
    for section in _outermost(top):
        _read_chapter(section, chapters, shell, problems)


def _outermost(top: Section) -> Iterator[Section]:
    """Sections that may be a chapter; what stands below one of them belongs to it."""
    stack = [top]
    while stack:
        section = stack.pop()
        if _is_chapter(section):
            yield section
        else:
            stack.extend(reversed(section.children))


def _is_chapter(section: Section) -> bool:
    if section.level == 0 and section.children:
        return find_matrix(section) is not None and not section.children
    has_fence = any(node.kind is Kind.CODE_BLOCK for block in section.nodes() for node in block.find(Kind.CODE_BLOCK))
    tasks = any(node.checked is not None for block in section.nodes() for node in block.find(Kind.ITEM))
    return (
        find_matrix(section) is not None
        or find_contacts(section) is not None
        or (
            (section.level > 1 or not section.children)
            and (
                (is_first_five(section.title) and bool(find_items(section)))
                or (_TEMPLATES.search(section.title) is not None and has_fence)
                or (_FORM.search(section.title) is not None and has_fence)
                or (_CLOSING.search(section.title) is not None and tasks)
            )
        )
    )


def _read_chapter(section: Section, chapters: Chapters, shell: Shell, problems: list[Problem]) -> None:
    chapters.taken.add(id(section))
    matrix, contacts = find_matrix(section), find_contacts(section)
    if matrix is not None and not chapters.severities:
        chapters.severities = read_matrix(section, matrix, problems)
        chapters.surge = read_surge(section)
    elif contacts is not None and not chapters.contacts:
        chapters.contacts = read_contacts(section, contacts, problems)
    elif is_first_five(section.title) and not chapters.checks:
        shell.prime(inline_commands(section))
        chapters.checks = read_checklist(section, shell)
        chapters.rollback = read_rollback(section)
    elif _FORM.search(section.title) and chapters.postmortem is None:
        chapters.postmortem = read_form(section, problems)
    elif _TEMPLATES.search(section.title) and not chapters.templates:
        chapters.templates = read_templates(section, problems)
        chapters.duties += tuple(
            duty
            for block in section.nodes()
            if block.kind is Kind.PARAGRAPH
            for duty in duties_in(block.plain(), section.page.place(block))
        )
    elif _CLOSING.search(section.title) and not chapters.closing:
        chapters.closing = read_closing(section)
    else:
        problems.append(
            Problem(
                code="FF035",
                level=Level.INFO,
                message=f'"{section.title}" repeats a chapter that was already read; the first one counts',
                place=section.place,
            )
        )


def _runbooks(top: Section, taken: frozenset[int]) -> list[Outline]:
    mine = frozenset(id(section) for section in top.walk()) & taken
    return find_runbooks(top, mine)


def _understood(tops: list[Section], chapters: Chapters, outlines: list[Outline]) -> frozenset[int]:
    """The sections, by id(), of which something was made."""
    runbooks = {id(part) for outline in outlines for part in outline.section.walk()}
    taken = {
        id(part) for top in tops for section in top.walk() if id(section) in chapters.taken for part in section.walk()
    }
    return frozenset(runbooks | taken)


def _title(first: Section, front: FrontMatter | None) -> str:
    heading = next((section.title for section in first.walk() if section.level == 1), "")
    stem = first.page.path.rpartition("/")[2].removesuffix(".md")
    return (front.title if front else "") or heading or stem


def _digest(pages: list[Page]) -> str:
    lines = "".join(f"{page.source.sha256}  {page.path}\n" for page in sorted(pages, key=lambda page: page.path))
    return hashlib.sha256(lines.encode()).hexdigest()


def _refuse_nothing(handbook: Handbook, first: Section) -> None:
    known = (
        handbook.severities, handbook.checks, handbook.runbooks, handbook.templates, handbook.postmortem, handbook.contacts,
        handbook.closing,
    )  # fmt: skip
    if not any(known):
        raise PageError(
            "nothing on the page was understood",
            where=first.page.path,
            remedy="a page needs at least one of: a severity table, a first-five list, a runbook with a bash fence, contacts",
        )


def _with_problems(handbook: Handbook, problems: list[Problem]) -> Handbook:
    ordered = sorted(dict.fromkeys(problems), key=lambda p: (p.place, p.code, p.message))
    return replace(handbook, problems=tuple(ordered))
