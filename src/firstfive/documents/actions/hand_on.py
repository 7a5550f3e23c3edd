"""Action items as other programs take them: text, JSON, calendar to-dos and the bodies of issues.

Called by the `actions` command and by whoever files issues. Sends nothing; the same items give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from firstfive.documents.actions.read import ActionItem
from firstfive.documents.plain import line

_FOLD = 75


def as_json(item: ActionItem, today: date) -> dict[str, Any]:
    """One item as a JSON object; `due` as ISO day or null, `days_late` counts whole days past it (0: not late)."""
    late = (today - item.due).days if item.due is not None and not item.done else 0
    return {
        "text": item.text,
        "owner": item.owner,
        "due": item.due.isoformat() if item.due else None,
        "ticket": item.ticket,
        "done": item.done,
        "days_late": max(0, late),
        "incident": item.incident,
        "file": item.file,
        "line": item.line,
    }


def listing(items: Sequence[ActionItem], today: date) -> str:
    """One item a line: its state, its day, its owner, what is to be done, and where it stands."""
    rows = [(_state(i, today), i.due.isoformat() if i.due else "no day", i.owner or "nobody") for i in items]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(3)]
    lines: list[str] = []
    for row, item in zip(rows, items, strict=True):
        head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ticket = f" [{line(item.ticket)}]" if item.ticket else ""
        lines.append(f"{head}  {line(item.text)}{ticket}  ({item.file}:{item.line})")
    return "\n".join(lines) or "No action item."


def _state(item: ActionItem, today: date) -> str:
    if item.done:
        return "done"
    if item.due is None or item.due > today:
        return "open"
    return "due today" if item.due == today else f"{(today - item.due).days} d late"


def as_ical(items: Iterable[ActionItem], stamp: datetime) -> str:
    """A calendar of to-dos after RFC 5545, lines folded at 75 octets and ended by CRLF.

    `stamp` (aware) is when it was made. An item keeps its UID while its file and its words stay, so that importing anew moves the
    day and does not double it.
    """
    rows = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Firstfive//Action items//EN"]
    at = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for item in items:
        about = ", ".join(part for part in (item.incident, item.ticket, f"{item.file}:{item.line}") if part)
        rows += ["BEGIN:VTODO", f"UID:{_uid(item)}", f"DTSTAMP:{at}", f"SUMMARY:{escaped(item.text)}"]
        rows += [f"DUE;VALUE=DATE:{item.due:%Y%m%d}"] if item.due else []
        rows += [f"CONTACT:{escaped(item.owner)}"] if item.owner else []
        rows += [
            f"DESCRIPTION:{escaped(about)}",
            f"STATUS:{'COMPLETED' if item.done else 'NEEDS-ACTION'}",
            "END:VTODO",
        ]
    rows.append("END:VCALENDAR")
    return "".join(f"{folded(row)}\r\n" for row in rows)


def _uid(item: ActionItem) -> str:
    name = f"{item.file}\0{item.text}"
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}@firstfive"


def escaped(text: str) -> str:
    """TEXT of RFC 5545, section 3.3.11."""
    return line(text, 2000).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def folded(row: str) -> str:
    """Content lines of at most 75 octets, never cut inside a character (RFC 5545, section 3.1)."""
    parts = [""]
    for character in row:
        room = _FOLD - (1 if len(parts) > 1 else 0)
        if len((parts[-1] + character).encode()) > room:
            parts.append("")
        parts[-1] += character
    return "\r\n ".join(parts)


def github_issue(item: ActionItem, *, labels: Sequence[str] = ("incident-follow-up",)) -> dict[str, Any]:
    """The body of GitHub's "create an issue"; an owner written as @name becomes the assignee."""
    payload: dict[str, Any] = {"title": line(item.text, 250), "body": _told(item), "labels": list(labels)}
    if item.owner.startswith("@"):
        payload["assignees"] = [item.owner[1:]]
    return payload


def gitlab_issue(item: ActionItem, *, labels: Sequence[str] = ("incident-follow-up",)) -> dict[str, Any]:
    """The body of GitLab's "new issue", which has a due date of its own and takes labels as one text."""
    payload: dict[str, Any] = {"title": line(item.text, 250), "description": _told(item), "labels": ",".join(labels)}
    if item.due is not None:
        payload["due_date"] = item.due.isoformat()
    return payload


def _told(item: ActionItem) -> str:
    rows = [
        line(item.text, 2000),
        "",
        f"- Owner: {item.owner or 'nobody yet'}",
        f"- Due: {item.due.isoformat() if item.due else 'no day yet'}",
        *([f"- Incident: {item.incident}"] if item.incident else []),
        *([f"- Tracked as: {item.ticket}"] if item.ticket else []),
        f"- From: {item.file}, line {item.line}",
    ]
    return "\n".join(rows) + "\n"
