"""Problems across sections: what is missing, what points nowhere, what cannot run.

Called once by `compile` with everything that was understood. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from firstfive.handbook.markdown import Kind, Node, Page
from firstfive.handbook.model import Handbook, Level, Place, Problem
from firstfive.handbook.sections import MissingLink, Section, resolve
from firstfive.handbook.steps.fences import is_shell
from firstfive.handbook.steps.hazards import hazards


def check_handbook(handbook: Handbook, main: Section) -> Iterator[Problem]:
    """What the main page lacks, said at the top of it."""
    top = Place(page=main.page.path, line=1)
    gaps = (
        (handbook.severities, "FF005", Level.WARNING, "there is no severity matrix, so every incident is declared by hand",
         'a table under a heading with "severity": Sev | Meaning | Response time | Examples'),
        (handbook.checks, "FF007", Level.WARNING, "there is no first-five list, so nothing is looked at by itself",
         'a numbered list under a heading such as "First 5 minutes"'),
        (handbook.runbooks, "FF008", Level.WARNING, "no runbook was understood",
         "a heading with **Symptoms.** and **Runbook.** below it, and a bash fence"),
        (handbook.contacts, "FF009", Level.WARNING, "there is no contacts table, so nobody can be called",
         "a table Role | Primary | Backup | Channel"),
    )  # fmt: skip
    for value, code, level, message, remedy in gaps:
        if not value:
            yield Problem(code=code, level=level, message=message, place=top, help=remedy)
    missing = [
        name
        for name, value in (
            ("communication templates", handbook.templates),
            ("a post-mortem form", handbook.postmortem),
            ("a closing list", handbook.closing),
            ("a rule on rolling back", handbook.rollback),
        )
        if not value
    ]
    if missing:
        message = f"the page has no {', no '.join(name.removeprefix('a ') for name in missing)}"
        yield Problem(
            code="FF014",
            level=Level.INFO,
            message=message,
            place=top,
            help="built-in wording is used where it is needed",
        )
    yield from _levels(handbook)
    yield from _needs(handbook)
    yield from hazards(main.page)


def _levels(handbook: Handbook) -> Iterator[Problem]:
    """A runbook or duty that names a severity the matrix does not have."""
    known = {severity.level for severity in handbook.severities}
    if not known:
        return
    for runbook in handbook.runbooks:
        for level, place in [(runbook.severity, runbook.place)] + [(duty.level, duty.place) for duty in runbook.duties]:
            if level is not None and level not in known:
                yield Problem(
                    code="FF017",
                    level=Level.WARNING,
                    message=f"severity {level} is not in the matrix",
                    place=place,
                    help="levels there: " + ", ".join(str(n) for n in sorted(known)),
                )


def _needs(handbook: Handbook) -> Iterator[Problem]:
    """Steps that wait for each other, and names used twice."""
    for runbook in handbook.runbooks:
        names: dict[str, str] = {}
        for step in runbook.steps:
            if step.name and step.name in names:
                yield Problem(code="FF043", level=Level.ERROR, message=f'a second step is called "{step.name}"', place=step.place,
                              help="an id names one step of a runbook")  # fmt: skip
            if step.name:
                names.setdefault(step.name, step.id)
        wants = {step.id: [names.get(need, need) for need in step.needs] for step in runbook.steps}
        for step in runbook.steps:
            for need in wants[step.id]:
                if need not in wants:
                    yield Problem(code="FF041", level=Level.ERROR, message=f'no step of this runbook is called "{need}"',
                                  place=step.place, help="give that step an id with #: id=NAME")  # fmt: skip
            if _reaches(step.id, step.id, wants):
                yield Problem(code="FF046", level=Level.ERROR, message=f'"{step.title}" waits for itself', place=step.place,
                              help="take one of the needs= away")  # fmt: skip


def _reaches(start: str, goal: str, wants: Mapping[str, Sequence[str]]) -> bool:
    seen: set[str] = set()
    todo = list(wants.get(start, ()))
    while todo:
        step = todo.pop()
        if step == goal:
            return True
        if step not in seen:
            seen.add(step)
            todo.extend(wants.get(step, ()))
    return False


def check_page(page: Page, sections: Section, vault: Mapping[str, Section]) -> Iterator[Problem]:
    """Links that point nowhere, unclosed fences, hidden logic, parts nested too deeply, rows with missing cells."""
    for place in page.too_deep:
        yield Problem(
            code="FF004", level=Level.WARNING, message="nested too deeply: what is inside was not read", place=place
        )
    for node in page.root.walk():
        match node.kind:
            case Kind.WIKILINK if not node.flag:
                yield from _link(page, node, sections, vault)
            case Kind.CODE_BLOCK if not node.closed:
                yield Problem(
                    code="FF011",
                    level=Level.ERROR,
                    message="this fence is never closed: everything after it was read as code",
                    place=page.place(node),
                    help="close it with a line of as many backticks as opened it",
                )
            case Kind.HTML | Kind.COMMENT:
                yield from _hidden(page, node)
            case Kind.TABLE:
                yield from _table(page, node)
            case _:
                pass


def check_left_over(top: Section, understood: frozenset[int]) -> Iterator[Problem]:
    """Commands that stand under a heading which is neither a chapter nor part of a runbook. `understood` holds sections by id()."""
    for section in top.walk():
        fences = [node for block in section.blocks for node in block.find(Kind.CODE_BLOCK) if is_shell(node)]
        if id(section) not in understood and fences:
            yield Problem(
                code="FF036",
                level=Level.INFO,
                message=f'the commands under "{section.title or "the top of the page"}" belong to no runbook and are not used',
                place=top.page.place(fences[0]),
                help="put bold leads **Symptoms.** and **Runbook.** there, or move it below a heading such as Runbooks",
            )


def _link(page: Page, node: Node, sections: Section, vault: Mapping[str, Section]) -> Iterator[Problem]:
    place = page.place(node)
    try:
        target = resolve(node.info, sections, vault)
    except MissingLink as missing:
        yield Problem(code="FF030", level=Level.WARNING, message=f"this link leads nowhere: {missing}", place=place,
                      help="responders follow it at night; mend it, or add the page to the vault")  # fmt: skip
        return
    if target.others:
        where = f"{target.section.page.path}:{target.section.node.line}"
        yield Problem(
            code="FF033", level=Level.INFO, message=f"this link has more than one target; {where} is used", place=place
        )


def _hidden(page: Page, node: Node) -> Iterator[Problem]:
    body = page.raw[node.start : node.end].decode(errors="replace")
    if not body.startswith(("<!--", "%%")):
        return
    words = body.strip("<!->% \n").lower()
    if words.startswith(("firstfive", "#:")) or "\n#:" in words:
        yield Problem(
            code="FF044",
            level=Level.ERROR,
            message="a hidden comment tries to steer what runs; it is ignored",
            place=page.place(node),
            help="what runs must be readable on the rendered page: write #: lines inside the fence",
        )


def _table(page: Page, node: Node) -> Iterator[Problem]:
    """Rows that have fewer or more cells than the header; the parser fills or cuts them without a word."""
    width = len(node.children[0].children) if node.children else 0
    for row in node.children[1:]:
        line = page.line_bytes(row.line).strip().strip(b">").strip()
        cells = _cells(line)
        if cells != width:
            yield Problem(
                code="FF034",
                level=Level.WARNING,
                message=f"this row has {cells} cells; the table has {width} columns",
                place=page.place(row),
                help="add the missing |, or write \\| for one inside a cell",
            )


def _cells(line: bytes) -> int:
    body = line.replace(b"\\|", b"")
    return body.removeprefix(b"|").removesuffix(b"|").count(b"|") + 1
