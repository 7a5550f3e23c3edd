"""Writes the post-mortem: the page's form, section by section, from an incident.

Called by the engine once an incident is resolved. Knows nothing of files; the same entries give the same bytes, and nothing that
happens after the incident was resolved changes them. What only people can know is left as a visible question.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta

from firstfive.documents.filling import holes
from firstfive.documents.known import deploy_nearby
from firstfive.documents.plain import clock, day_and_time, minutes
from firstfive.documents.postmortem import chronicle, record
from firstfive.documents.postmortem.escape import prose
from firstfive.documents.postmortem.form import SKELETON, Section, filled_front, read_form
from firstfive.documents.sentence import step_name
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.communicate import worst_level
from firstfive.incident.diagnose import spoken
from firstfive.incident.timeline import Attempt, Incident, fold


def write_postmortem(handbook: Handbook, incident: Incident, *, due: date | None) -> str:
    """Markdown from the entries up to and including the one that resolved it; all entries while it is open."""
    told = until_resolved(incident)
    form = read_form(handbook.postmortem.text if handbook.postmortem is not None else SKELETON)
    parts: list[str] = [] if form.front is None else [filled_front(form.front, told)]
    parts.append(_head(told, due))
    if form.preamble:
        parts.append(_asked(form.preamble))
    kinds = [_kind(section) for section in form.sections]
    for number, section in enumerate(form.sections):
        kind = kinds[number] if kinds[number] not in kinds[:number] else ""
        parts.append(f"## {_asked(section.heading)}\n\n{_body(kind, section, handbook, told)}".rstrip())
    if "timeline" not in kinds:
        parts.append(f"## Timeline (UTC)\n\n{chronicle.lines(handbook, told)}")
    parts += record.sections(handbook, told)
    return "\n\n".join(part for part in parts if part) + "\n"


def digest(text: str) -> str:
    """SHA-256 of the text as it is written, in hex: tells later whether a person has edited the file."""
    return hashlib.sha256(text.encode()).hexdigest()


def until_resolved(incident: Incident) -> Incident:
    """The incident as it was when it was resolved; itself while it is open."""
    end = next((n for n, e in enumerate(incident.entries, 1) if isinstance(e.event, ev.Resolved)), None)
    return incident if end in (None, len(incident.entries)) else fold(incident.id, incident.entries[:end])


def _head(incident: Incident, due: date | None) -> str:
    limit = f"Due {due.isoformat()}." if due is not None else "The page sets no day by which this is due."
    drill = " This was a drill." if incident.declared is not None and incident.declared.drill else ""
    return f"> {incident.id}. {limit}{drill} Facts come from the timeline; “…” marks what is for people to say."


_KINDS = (
    ("timeline", re.compile(r"\btimeline\b|\bchronolog", re.IGNORECASE)),
    ("summary", re.compile(r"\bsummary\b|\boverview\b", re.IGNORECASE)),
    ("impact", re.compile(r"\bimpact\b", re.IGNORECASE)),
    ("cause", re.compile(r"\bcauses?\b", re.IGNORECASE)),
    ("actions", re.compile(r"\bactions?\b", re.IGNORECASE)),
    ("detection", re.compile(r"\bdetect", re.IGNORECASE)),
    ("process", re.compile(r"\bprocess\b", re.IGNORECASE)),
)


def _kind(section: Section) -> str:
    return next((kind for kind, words in _KINDS if words.search(section.heading)), "")


def _body(kind: str, section: Section, handbook: Handbook, incident: Incident) -> str:
    match kind:
        case "summary":
            return _summary(handbook, incident)
        case "timeline":
            return chronicle.lines(handbook, incident)
        case "impact":
            return f"{_impact(handbook, incident)}\n{_asked(section.body)}".rstrip()
        case "cause":
            return f"{_cause(incident)}\n\n{_prompt(section.body)}".rstrip()
        case "actions":
            return _empty_table(section.body)
        case "detection":
            return f"{_detection(incident)}\n\n{_prompt(section.body)}".rstrip()
        case "process":
            return f"{_process(handbook, incident)}\n\n{_prompt(section.body)}".rstrip()
        case _:
            return _asked(section.body)


def _asked(text: str) -> str:
    """The page's own words, each hole turned into a visible question and each bare "..." into an open line."""
    parts: list[str] = []
    at = 0
    for hole in holes(text):
        parts += [text[at : hole.start], f"… (ask: {hole.words})"]
        at = hole.end
    whole = "".join((*parts, text[at:]))
    return re.sub(r"^(\s*[-*] )\.\.\.\s*$", r"\1…", whole, flags=re.MULTILINE)


def _prompt(text: str) -> str:
    return "\n".join(f"> {row}".rstrip() for row in _asked(text).split("\n")) if text.strip() else ""


def _summary(handbook: Handbook, incident: Incident) -> str:
    title = incident.declared.title if incident.declared else incident.id
    said = [f"SEV-{worst_level(incident)}: {prose(title)}."]
    began, declared = incident.started_at, incident.declared_at
    if began is not None and declared is not None:
        said.append(f"It began at {day_and_time(began)} and was declared {_later(declared - began)}.")
    if incident.acknowledged_at is not None and declared is not None:
        took = _later(incident.acknowledged_at - declared)
        said.append(f"{prose(incident.acknowledged_by)} took it {took}.")
    else:
        said.append("Nobody acknowledged it.")
    said.append(_mended(handbook, incident))
    if began is not None and incident.resolved_at is not None:
        said.append(f"It lasted {minutes(incident.resolved_at - began)} from the first sign until it was closed.")
    else:
        said.append("It is not resolved yet.")
    return " ".join(said) + "\n\nWhat users noticed: …"


def _later(span: timedelta) -> str:
    return "at once" if span < timedelta(seconds=1) else f"{spoken(span)} later"


def _mended(handbook: Handbook, incident: Incident) -> str:
    over = incident.mitigated_at
    since = f"{spoken(over - incident.started_at)} after the first sign" if over and incident.started_at else ""
    last = chronicle.mitigating_run(incident)
    if last is None:
        return f"The symptoms stopped {since} without a change made here." if since else "No change was made here."
    who = f", approved by {prose(last.approved_by)}" if last.approved_by else ""
    change = f"{prose(step_name(last.run.step, handbook))}{who}"
    return f"The last change was {change}; the symptoms stopped {since}." if since else f"The last change was {change}."


def _impact(handbook: Handbook, incident: Incident) -> str:
    rows: list[str] = []
    began, over = incident.started_at, incident.mitigated_at
    if began is not None and over is not None:
        rows.append(f"- Symptoms seen: from {day_and_time(began)} to {day_and_time(over)}, {minutes(over - began)}")
    seen = dict.fromkeys(prose(signal.subject, 80) for signal in incident.signals.values())
    if seen:
        rows.append(f"- Seen on: {', '.join(seen)}")
    told = dict.fromkeys(prose(name, 80) for update, _ in incident.public for name in update.components)
    if told:
        rows.append(f"- Features affected, as customers were told: {', '.join(told)}")
    rows += _counted(handbook, incident)
    rows.append(f"- Reports by people: {len(incident.reports)}")
    return "\n".join(rows)


def _counted(handbook: Handbook, incident: Incident) -> list[str]:
    """What steps counted, such as payments that are stuck: the most that each look ever found, and the last."""
    found: dict[str, list[int]] = {}
    for entry in incident.entries:
        match entry.event:
            case ev.StepFinished(step=step, output=output) if re.fullmatch(r"\s*\d{1,12}\s*", output):
                found.setdefault(step, []).append(int(output))
            case _:
                pass
    return [
        f"- Counted by {prose(step_name(step, handbook), 120)}: {max(counts)} at most, {counts[-1]} at last"
        for step, counts in found.items()
    ]


def _cause(incident: Incident) -> str:
    rows = [
        f"As said when it was closed: {prose(incident.root_cause)}"
        if incident.root_cause
        else "Nobody has said it yet: …"
    ]
    if incident.hypothesis and incident.hypothesis != incident.root_cause:
        rows.append(f"Hypothesis during the incident: {prose(incident.hypothesis)}")
    deploy = deploy_nearby(incident)
    if deploy is not None:
        change = f"{deploy.subject} from {deploy.previous or 'unknown'} to {deploy.version}"
        rows.append(f"Change nearby: {prose(change)}, at {day_and_time(deploy.deployed_at)}")
    return "\n".join(f"- {row}" for row in (*rows, "Trigger: …", "Underlying cause: …"))


def _detection(incident: Incident) -> str:
    first = chronicle.first_sign(incident)
    seen = {ev.SignalSeen: "a probe or an alert", ev.ReportReceived: "a person's report"}
    how = seen.get(type(first.event), "the person who declared it") if first else "nobody"
    began, declared = incident.started_at, incident.declared_at
    late = f", declared {_later(declared - began)}" if began and declared else ""
    return f"- First noticed by {how}{f' at {clock(began)}' if began else ''}{late}."


def _process(handbook: Handbook, incident: Incident) -> str:
    rows: list[str] = []
    for attempt in incident.attempts.values():
        name = prose(step_name(attempt.run.step, handbook))
        if attempt.state == "finished" and not attempt.met and not _came_right(incident, attempt):
            rows.append(f"- {name} did not end as the page expects: {prose(attempt.why)}")
        elif attempt.state == "failed" and not _came_right(incident, attempt):
            rows.append(f"- {name} could not begin: {prose(attempt.why)}")
        elif attempt.doubts:
            rows.append(f"- {name}: nobody could check its condition: {prose('; '.join(attempt.doubts))}")
    rows += [f"- Nobody could be paged: {prose(p.why)}" for p, _ in incident.pages if isinstance(p, ev.PageFailed)]
    return "\n".join(dict.fromkeys(rows)) or "- No step of the page failed."


def _came_right(incident: Incident, attempt: Attempt) -> bool:
    """Whether a look that came out badly was taken again later and came out well."""
    again = (a.met and a.seq > attempt.seq for a in incident.of_step(attempt.run.step))
    return not attempt.run.changing and any(again)


def _empty_table(body: str) -> str:
    """The page's table head with one empty row: its example rows are examples, not action items."""
    lines = body.split("\n")
    rows = [n for n, row in enumerate(lines) if row.lstrip().startswith("|")]
    if len(rows) < 2:
        return _asked(body)
    start = rows[0]
    end = next((n for n in range(start, len(lines)) if not lines[n].lstrip().startswith("|")), len(lines))
    columns = len(re.split(r"(?<!\\)\|", lines[start].strip().strip("|")))
    empty = "|" + "  |" * columns
    return "\n".join((*lines[: start + 2], empty, *lines[end:]))
