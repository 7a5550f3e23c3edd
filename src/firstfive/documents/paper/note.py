"""A note of the vault as one printable HTML file, such as a post-mortem that is sent around or put on paper.

Called by the `postmortem` command and, for the text alone, by the shelf. Raw HTML and addresses that run something are left out;
pictures are not fetched.
"""

from __future__ import annotations

import re
from html import escape

import comrak

from firstfive.documents.paper.handbook import STYLE
from firstfive.documents.plain import visible

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_PICTURE = re.compile(r"<img\b[^>]*>")
_EXTENSIONS = comrak.ExtensionOptions(table=True, tasklist=True, strikethrough=True, autolink=False, alerts=True)
_RENDER = comrak.RenderOptions()
MORE = "dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { font-weight: 700; } dd { margin: 0; }\n"


def note(markdown: str, *, title: str = "") -> str:
    """The whole note as HTML: its front matter as a list on top, then the text. `title` is used where the front matter has none."""
    front, body = parts(markdown)
    named = next((value for key, value in front if key == "title" and value), "") or title or "Post-mortem"
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in front if key != "title")
    shown = [f"<h1>{escape(named)}</h1>", f"<dl>{rows}</dl>" if rows else "", body]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(named)}</title>'
    whole = "\n".join(part for part in shown if part)
    page = (
        f'<html lang="en"><head>{head}<style>{STYLE}{MORE}</style></head>\n<body><main>\n{whole}\n</main></body></html>'
    )
    return f"<!doctype html>\n{page}\n"


def parts(markdown: str) -> tuple[list[tuple[str, str]], str]:
    """The front matter as pairs, and the text as HTML in which nothing runs and nothing is fetched."""
    found = _FRONT.match(markdown)
    body = comrak.markdown_to_html(
        visible(markdown[found.end() :] if found else markdown), extension_options=_EXTENSIONS, render_options=_RENDER
    )
    return _front(found[1]) if found else [], _PICTURE.sub("", body)


def _front(text: str) -> list[tuple[str, str]]:
    """Plain `key: value` lines; anything deeper is left to the file itself."""
    pairs = (row.partition(":") for row in visible(text).splitlines() if row[:1].strip())
    return [(key.strip(), value.strip().strip("\"'")) for key, colon, value in pairs if colon]
