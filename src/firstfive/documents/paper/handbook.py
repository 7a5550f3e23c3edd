"""The page as one printable HTML file: who to call, the first five, every runbook step by step, the words to send.

Called by `firstfive pack`. For the day when nothing else works: no script, no address of anything, readable on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from firstfive.documents.plain import visible
from firstfive.handbook.model import Handbook, Mode, Runbook, Step
from firstfive.incident.diagnose import words_of

STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 54rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h2 { margin-top: 2rem; border-bottom: 2px solid; } h3 { margin-top: 1.5rem; }
pre { border: 1px solid; padding: .5rem; white-space: pre-wrap; font-size: .875rem; }
table { border-collapse: collapse; width: 100%; } td, th { border: 1px solid; padding: .3rem .5rem; text-align: left; vertical-align: top; }
.note { font-size: .875rem; } .mark { font-weight: 700; }
@media print { body { font-size: 11pt; max-width: none; } section.runbook { break-before: page; } pre, tr { break-inside: avoid; } }
"""
WHO = {Mode.AUTO: "only looks", Mode.APPROVE: "CHANGES SOMETHING: think, then ask somebody", Mode.MANUAL: "by hand"}


def printed(handbook: Handbook, now: datetime) -> str:
    """The whole page as HTML; `now` (aware UTC) stands at its head, since paper grows old."""
    title = _text(handbook.title or "Incident response")
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="note">Printed {now:%Y-%m-%d %H:%M} UTC from the page {handbook.digest[:12]}. The vault is newer.</p>',
        _contacts(handbook),
        _levels(handbook),
        _checks(handbook),
        *(_runbook(runbook) for runbook in handbook.runbooks),
        _templates(handbook),
        _closing(handbook),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    body = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n'


def _text(text: str) -> str:
    return escape(visible(text))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _contacts(handbook: Handbook) -> str:
    if not handbook.contacts:
        return ""
    rows = ((c.role, c.primary, c.backup, c.channel) for c in handbook.contacts)
    return f"<section><h2>Who to call</h2>{_table(('Role', 'First', 'Then', 'How'), rows)}</section>"


def _levels(handbook: Handbook) -> str:
    if not handbook.severities:
        return ""
    rows = ((s.label, s.meaning, "; ".join(s.examples), s.response.text) for s in handbook.severities)
    return f"<section><h2>Severity</h2>{_table(('Level', 'Means', 'For example', 'Answer within'), rows)}</section>"


def _checks(handbook: Handbook) -> str:
    if not handbook.checks:
        return ""
    rows = "".join(
        f"<li>{_text(check.title)}{f'<pre>{_text(check.script)}</pre>' if check.script else ''}</li>"
        for check in handbook.checks
    )
    return f"<section><h2>The first five minutes</h2><ol>{rows}</ol></section>"


def _runbook(runbook: Runbook) -> str:
    seen = "".join(f"<li>{_text(words_of(symptom))}</li>" for symptom in runbook.symptoms)
    steps = "".join(_step(step) for step in runbook.steps)
    signs = f"<p>When you see:</p><ul>{seen}</ul>" if seen else ""
    return f'<section class="runbook"><h2>{_text(f"{runbook.number} {runbook.title}".strip())}</h2>{signs}<ol>{steps}</ol></section>'


def _step(step: Step) -> str:
    parts = [f'<strong>{_text(step.title)}</strong> <span class="mark">({WHO[step.mode]})</span>']
    parts += [f"<p>Only if: {_text(step.phrase)}</p>"] if step.phrase else []
    parts += [f"<pre>{_text(step.script)}</pre>"] if step.script else []
    parts += [f'<p class="note">{_text(note)}</p>' for note in step.notes]
    parts += [f"<p>To undo it:</p><pre>{_text(step.undo)}</pre>"] if step.undo else []
    return f'<li value="{step.number}">{"".join(parts)}<p class="note">{_text(step.id)}</p></li>'


def _templates(handbook: Handbook) -> str:
    if not handbook.templates:
        return ""
    rows = "".join(f"<h3>{_text(one.title)}</h3><pre>{_text(one.text)}</pre>" for one in handbook.templates)
    return f"<section><h2>Words to send</h2>{rows}</section>"


def _closing(handbook: Handbook) -> str:
    if not handbook.closing:
        return ""
    rows = "".join(f"<li>&#9744; {_text(item.text)}</li>" for item in handbook.closing)
    return f"<section><h2>After every incident</h2><ul>{rows}</ul></section>"
