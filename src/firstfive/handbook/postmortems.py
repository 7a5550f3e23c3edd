"""The post-mortem form: its skeleton, who needs one, by when, and where it is kept.

Called by `compile` with the section that holds the form. Never writes anything; `documents` fills the form.
"""

from __future__ import annotations

import re

from firstfive.handbook.markdown import Kind, Node
from firstfive.handbook.model import Level, Place, PostmortemForm, Problem
from firstfive.handbook.phrases import business_days, levels
from firstfive.handbook.sections import Section

_PERSONAL = re.compile(r"^(?:/Users/|/home/|/root/|~|[A-Za-z]:[\\/]Users)")
_FOLDER = "postmortems"


def read_form(section: Section, problems: list[Problem]) -> PostmortemForm | None:
    """The form in the section's first fence, with the rules in the prose around it."""
    nodes = list(section.nodes())
    fence = next((node for block in nodes for node in block.find(Kind.CODE_BLOCK)), None)
    if fence is None:
        problems.append(
            Problem(
                code="FF018",
                level=Level.WARNING,
                message="the post-mortem section has no form between code fences",
                place=section.place,
                help="put the skeleton between two lines of three backticks",
            )
        )
        return None
    prose = " ".join(block.plain() for block in nodes if block.kind is not Kind.CODE_BLOCK)
    asked = next((levels(s) for s in re.split(r"(?<=[.;])\s", prose) if business_days(s) is not None), levels(prose))
    return PostmortemForm(
        text=fence.text,
        sections=tuple(re.findall(r"^## +(.+?) *$", fence.text, re.MULTILINE)),
        levels=frozenset(asked),
        due_business_days=business_days(prose),
        folder=_folder(section, nodes, problems),
        place=section.page.place(fence),
    )


def _folder(section: Section, nodes: list[Node], problems: list[Problem]) -> str:
    """The vault-relative folder that the prose names in inline code; an absolute path keeps its last folder only."""
    for code in (code for block in nodes for code in block.find(Kind.CODE)):
        path = code.text.strip()
        if "/" not in path or not path.endswith((".md", "/")):
            continue
        folder = path.rpartition("/")[0]
        if _PERSONAL.match(path):
            inner = _text_place(section, code)
            problems.append(
                Problem(
                    code="FF060",
                    level=Level.INFO,
                    message="this path exists on one person's machine",
                    place=inner,
                    help=f'post-mortems go to "{folder.rpartition("/")[2] or _FOLDER}" inside the vault',
                )
            )
        if path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path):
            folder = folder.replace("\\", "/").rpartition("/")[2]
        parts = [part for part in folder.split("/") if part not in ("", ".", "..")]
        return "/".join(parts) or _FOLDER
    return _FOLDER


def _text_place(section: Section, code: Node) -> Place:
    ticks = section.page.raw[code.start : code.end]
    return section.page.at(code.start + len(ticks) - len(ticks.lstrip(b"`")))
