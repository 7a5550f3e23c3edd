"""The notices: one fence under one heading each, with named holes.

Called by `compile` with the section on communication templates. Text is kept byte for byte.
"""

from __future__ import annotations

import re

from firstfive.handbook.markdown import Kind
from firstfive.handbook.model import Level, Problem, Template, TemplateKind
from firstfive.handbook.phrases import duration, fields, slug
from firstfive.handbook.sections import Section

_KINDS = (
    (re.compile(r"customer|public|status page|external", re.IGNORECASE), TemplateKind.CUSTOMER),
    (re.compile(r"resol|all clear|closed", re.IGNORECASE), TemplateKind.RESOLUTION),
    (re.compile(r"update|mid-incident|progress", re.IGNORECASE), TemplateKind.UPDATE),
    (re.compile(r"initial|first|notification|declar|opening|start", re.IGNORECASE), TemplateKind.INITIAL),
)
_EVERY = re.compile(r"\bevery\s+([^.\n]{1,30})", re.IGNORECASE)


def read_templates(section: Section, problems: list[Problem]) -> tuple[Template, ...]:
    """Every fence in the section and below it, titled by its nearest heading."""
    found: list[Template] = []
    for part in section.walk():
        fences = [node for block in part.blocks for node in block.find(Kind.CODE_BLOCK)]
        if not fences and part is not section:
            problems.append(
                Problem(
                    code="FF018",
                    level=Level.WARNING,
                    message=f'the template "{part.title}" has no text between code fences',
                    place=part.place,
                    help="put the notice between two lines of three backticks",
                )
            )
        for count, fence in enumerate(fences):
            text = fence.text.rstrip("\n")
            every = _EVERY.search(text)
            taken = {template.id for template in found}
            name = slug(part.title) or "template"
            found.append(
                Template(
                    id=name if count == 0 and name not in taken else f"{name}-{len(found) + 1}",
                    kind=template_kind(part.title),
                    title=part.title,
                    text=text,
                    fields=fields(text),
                    every=duration(every.group(1)) if every else None,
                    place=section.page.place(fence),
                )
            )
    return tuple(found)


def template_kind(title: str) -> TemplateKind:
    """Which of the notices a heading announces."""
    return next((kind for words, kind in _KINDS if words.search(title)), TemplateKind.OTHER)
