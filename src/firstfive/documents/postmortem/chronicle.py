"""The timeline as the post-mortem shows it: one line an entry, with the moments that every post-mortem names marked.

Called by `postmortem`. Leaves out the raw findings, which the runs already show; everything else appears in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from firstfive.documents.plain import clock
from firstfive.documents.postmortem.escape import prose
from firstfive.documents.sentence import sentence
from firstfive.handbook.model import Handbook
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt, Incident

MOMENTS = ("first signal", "on-call ack", "hypothesis", "mitigation deployed", "mitigated", "verified", "closed")


def lines(handbook: Handbook, incident: Incident) -> str:
    """`- HH:MM:SS — ...` for each entry, a line for each new day, and at the end which moments the timeline does not have."""
    marked = moments(incident)
    rows = list(_rows(handbook, incident, marked))
    absent = [name for name in MOMENTS if name not in marked.values()]
    if absent:
        rows += ["", f"Not on the timeline: {', '.join(absent)}."]
    return "\n".join(rows)


def _rows(handbook: Handbook, incident: Incident, marked: dict[int, str]) -> Iterator[str]:
    day: date | None = None
    for entry in incident.entries:
        if isinstance(entry.event, ev.FactsFound):
            continue
        if day != entry.at.date():
            if day is not None:
                yield ""
            day = entry.at.date()
            yield f"{day.isoformat()}:"
            yield ""
        name = marked.get(entry.seq)
        seen = _seen_at(incident, entry) if name == "first signal" else ""
        moment = f"**{name}**{seen}: " if name else ""
        yield f"- {clock(entry.at)} — {moment}{prose(sentence(entry, handbook))}"


def _seen_at(incident: Incident, entry: ev.Entry) -> str:
    began = incident.started_at
    return f" (seen at {clock(began)})" if began is not None and clock(began) != clock(entry.at) else ""


def moments(incident: Incident) -> dict[int, str]:
    """Entry number to the name of its moment. Of what can happen again, the last one counts."""
    found: dict[str, int] = {}
    sign = first_sign(incident)
    if sign is not None:
        found["first signal"] = sign.seq
    change = mitigating_run(incident)
    for entry in incident.entries:
        match entry.event:
            case ev.Acknowledged():
                found.setdefault("on-call ack", entry.seq)
            case ev.HypothesisSet():
                found["hypothesis"] = entry.seq
            case ev.StepFinished(run=run) | ev.OutcomeSettled(run=run) if change is not None and run == change.run.id:
                found["mitigation deployed"] = entry.seq
            case ev.Mitigated():
                found["mitigated"] = entry.seq
            case ev.Verified():
                found["verified"] = entry.seq
            case ev.Resolved():
                found["closed"] = entry.seq
            case _:
                pass
    return {seq: name for name, seq in found.items()}


def first_sign(incident: Incident) -> ev.Entry | None:
    """The first signal of trouble or report by a person; the declaration where there is neither."""
    for entry in incident.entries:
        match entry.event:
            case ev.SignalSeen(signal=signal) if signal.firing:
                return entry
            case ev.ReportReceived():
                return entry
            case _:
                pass
    return next((entry for entry in incident.entries if isinstance(entry.event, ev.Declared)), None)


def mitigating_run(incident: Incident) -> Attempt | None:
    """The last change that finished before the symptoms stopped; the last change at all while they have not."""
    done = [a for a in incident.attempts.values() if a.run.changing and a.state == "finished"]
    until = incident.mitigated_at
    before = [a for a in done if until is None or a.at <= until]
    return max(before, key=lambda a: a.seq, default=None)
