"""Post-mortems of before, read as rows: what their front matter and their title say, and nothing that they do not.

Called by the `metrics` command. A file without a day cannot be placed and is no row; whatever else is missing stays unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath

from firstfive.documents.postmortem.parts import front_of, incident_of
from firstfive.handbook.markdown import Kind, read_page

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LEVEL = re.compile(r"\b(?:sev(?:erity)?|p|s)?[ -]?([1-5])\b", re.IGNORECASE)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SPAN = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:(d(?:ays?)?|h(?:ou)?(?:rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)\b)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One post-mortem as a row. `level` 0, `duration` and `impact_began` None, `incident` and `runbook` "" are unknown.

    `day` is the day it is dated, `impact_began` (aware UTC) what a person wrote as the start of the impact; `drill` that it was one.
    """

    file: str
    title: str
    day: date
    level: int
    duration: timedelta | None
    incident: str
    runbook: str
    impact_began: datetime | None
    drill: bool


def read_past(file: str, raw: bytes) -> Past | None:
    """The row of one file, or None when neither its front matter nor its name holds a day. Raises PageError for what is no page."""
    page = read_page(file, raw)
    front = front_of(page)
    stem = PurePosixPath(file).stem
    day = _day(front.get("date", "")) or _day(stem)
    if day is None:
        return None
    head = next((node for node in page.root.children if node.kind is Kind.HEADING and node.level == 1), None)
    title = front.get("title") or (head.plain() if head is not None else "") or stem
    found = _LEVEL.search(front.get("severity", front.get("sev", "")))
    return Past(
        file=file,
        title=re.sub(r"^post-?mortem\s*[:—–-]\s*", "", title, flags=re.IGNORECASE),
        day=day,
        level=int(found.group(1)) if found else 0,
        duration=_duration(front.get("duration", "")),
        incident=incident_of(page),
        runbook=front.get("runbook", ""),
        impact_began=_instant(front.get("impact_start", front.get("impact start", ""))),
        drill=front.get("drill", "").lower() in ("true", "yes"),
    )


def _day(text: str) -> date | None:
    found = _DAY.search(text)
    try:
        return date.fromisoformat(found.group()) if found else None
    except ValueError:
        return None


def _duration(text: str) -> timedelta | None:
    """Minutes where no unit stands, as the form asks for them: "42", "42 min", "1h 20m"; None for anything else."""
    parts = list(_SPAN.finditer(text))
    if not parts or re.sub(_SPAN, "", text).strip(" ,.~+") not in ("", "and"):
        return None
    seconds = sum(float(part.group(1)) * _UNITS[(part.group(2) or "m")[0].lower()] for part in parts)
    return timedelta(seconds=seconds) if seconds < 366 * 86400 else None


def _instant(text: str) -> datetime | None:
    """An instant; without an offset it is UTC, as the form's timeline is."""
    try:
        found = datetime.fromisoformat(re.sub(r"\s*(?:UTC|Z)$", "", text.strip()))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
