"""What could be mended on a page without asking what its author meant.

Called by `held`, which tries each offer. Finds: the spelling and order of `#:` lines, a dollar sign that the shell would eat, an option
that wants a terminal, and a link that has exactly one thing it can mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from posixpath import basename

from firstfive.errors import ShellSyntaxError
from firstfive.handbook.edits.spans import Edit, apart
from firstfive.handbook.markdown import CodeLine, Kind, Page
from firstfive.handbook.model import Handbook, Place
from firstfive.handbook.phrases import numbered, slug
from firstfive.handbook.sections import MissingLink, Section, resolve
from firstfive.handbook.steps.annotations import ATTRIBUTES, DIRECTIVES
from firstfive.handbook.steps.fences import is_shell
from firstfive.shell.bind import neutral
from firstfive.shell.parse import parse

_LEAD = re.compile(r"\s*([A-Za-z_-]+)(?=[\s=]|$)")
_PAIR = re.compile(r"\s*([A-Za-z_-]+)(=(?:\"[^\"]*\"|\S*))?(?=\s|$)")
_TERMINAL = re.compile(rb"(-it|-ti)(?=[ \t])|(?:-t|--tty)[ \t]+(?=\S)")
_SURE = 0.75


def offered(page: Page, handbook: Handbook, vault: Mapping[str, Section]) -> tuple[Edit, ...]:
    """Every edit on offer for one page, in its order and apart from each other. `vault` maps each path to its outline."""
    return apart([*_directives(page), *_mended(page, handbook), *_links(page, vault)])


def _directives(page: Page) -> Iterator[Edit]:
    for node in page.root.find(Kind.CODE_BLOCK):
        if is_shell(node):
            lines = page.code_lines(node)
            comments = _comments("\n".join(line.text for line in lines))
            for number, line in enumerate(lines, 1):
                if number in comments and line.text.lstrip().startswith("#:"):
                    yield from _directive(page, line)


def _comments(script: str) -> frozenset[int]:
    """The lines where bash sees a `#:` comment: not those inside a string or a here-document, and none when it cannot read it."""
    try:
        return frozenset(comment.line for comment in parse(neutral(script)).comments if comment.text.startswith("#:"))
    except ShellSyntaxError:
        return frozenset()


def _directive(page: Page, line: CodeLine) -> Iterator[Edit]:
    at = line.text.index("#:")
    old = line.text[at:]
    new = usual(old)
    start = _offset(page, Place(page=page.path, line=line.line, column=line.column + at))
    if new != old and page.raw[start : start + len(old.encode())] == old.encode():
        words = (sorted(re.findall(r"\w+", side)) for side in (old, new))
        same = len({tuple(side) for side in words}) == 1
        why = "the usual spelling of a #: line" if same else f"meant is: {new}"
        code = "" if same else "FF041"
        yield Edit(start=start, old=old.encode(), text=new.encode(), line=line.line, why=why, code=code)


def usual(text: str) -> str:
    """A `#:` line in its usual spelling: one space, known words, attributes in the order of the reference; else as it was."""
    body = text.removeprefix("#:")
    lead = _LEAD.match(body)
    if lead is None:
        return text
    name, rest = _known(lead.group(1)), body[lead.end() :].strip()
    if name in DIRECTIVES:
        return f"#: {name} {rest}" if rest and not rest.startswith("=") else text
    pairs: list[tuple[str, str]] = []
    position = 0
    while body[position:].strip():
        pair = _PAIR.match(body, position)
        known = _known(pair.group(1)) if pair else ""
        if pair is None or known not in ATTRIBUTES:
            return text
        pairs.append((known, pair.group(2) or ""))
        position = pair.end()
    ordered = sorted(pairs, key=lambda pair: ATTRIBUTES.index(pair[0]))
    return "#: " + " ".join(word + value for word, value in ordered)


def _known(word: str) -> str:
    """The directive or attribute that a word is, or the only one that it can be a misspelling of; else nothing."""
    names = [*DIRECTIVES, *ATTRIBUTES]
    plain = word.lower()
    if plain in names:
        return plain
    near = get_close_matches(plain, names, n=2, cutoff=_SURE)
    return near[0] if len(near) == 1 else ""


def _offset(page: Page, place: Place) -> int:
    """The byte offset of a place; the page's own end for one that lies behind it."""
    if not 1 <= place.line <= len(page.starts):
        return len(page.raw)
    bom = len(page.raw) - len(page.raw.removeprefix(b"\xef\xbb\xbf")) if place.line == 1 else 0
    return page.starts[place.line - 1] + bom + place.column - 1


def _mended(page: Page, handbook: Handbook) -> Iterator[Edit]:
    for problem in handbook.problems:
        if problem.place.page != page.path:
            continue
        start = _offset(page, problem.place)
        if problem.code == "FF056" and page.raw[start : start + 1] == b"$":
            why = "the shell would expand this to nothing before the program sees it"
            yield Edit(start=start, old=b"", text=b"\\", line=problem.place.line, why=why, code="FF056")
        terminal = _TERMINAL.match(page.raw, start) if problem.code == "FF051" else None
        if terminal is not None:
            text = b"-i" if terminal.group(1) else b""
            why = "a step runs without a terminal"
            yield Edit(start=start, old=terminal.group(), text=text, line=problem.place.line, why=why, code="FF051")


def _links(page: Page, vault: Mapping[str, Section]) -> Iterator[Edit]:
    origin = vault[page.path]
    for node in page.root.find(Kind.WIKILINK):
        if node.flag or _leads(node.info, origin, vault):
            continue
        meant = _meant(node.info, origin, vault)
        span = page.raw[node.start : node.end]
        old = node.info.encode()
        if meant and span.count(old) == 1:
            start = node.start + span.index(old)
            why = f"the only thing that [[{node.info}]] can mean"
            yield Edit(
                start=start, old=old, text=meant.encode(), line=node.line, why=why, code="FF030", link=True
            )  # fmt: skip


def _leads(target: str, origin: Section, vault: Mapping[str, Section]) -> bool:
    try:
        resolve(target, origin, vault)
    except MissingLink:
        return False
    return True


def _meant(target: str, origin: Section, vault: Mapping[str, Section]) -> str:
    """The one target that a dead link can mean, or nothing when there is none or more than one."""
    name, _, heading = (part.strip() for part in target.partition("#"))
    if name and not _leads(name, origin, vault):
        name = _only(basename(name).casefold(), {path: basename(path).removesuffix(".md") for path in vault})
        if not name:
            return ""
    if heading and not _leads(f"{name}#{heading}", origin, vault):
        under = resolve(name, origin, vault).section if name else origin
        heading = _heading(heading, under)
        if not heading:
            return ""
    new = f"{name}#{heading}" if heading else name
    return new if new and new != target and _leads(new, origin, vault) else ""


def _heading(wanted: str, under: Section) -> str:
    """The only heading below a section with the wanted number, or with a title close to the wanted one."""
    if "#" in wanted or wanted.startswith("^"):
        return ""
    found = [section for section in under.walk() if section.level > 0]
    number, title = numbered(wanted)
    same = [section for section in found if section.number == (number or wanted)]
    if len(same) == 1:
        chosen = same[0].node.plain()
    else:
        chosen = _only(slug(title), {str(n): section.node.plain() for n, section in enumerate(found)})
    return chosen if not set(chosen) & set("#|[]\n") else ""


def _only(wanted: str, known: Mapping[str, str]) -> str:
    """The one name that is close to the wanted one, by its words."""
    names = [(slug(numbered(name)[1]), name) for name in known.values()]
    close = get_close_matches(slug(wanted), sorted({short for short, _ in names}), n=2, cutoff=_SURE)
    chosen = [name for short, name in names if close and short == close[0]]
    return chosen[0] if len(close) == 1 and len(chosen) == 1 else ""
