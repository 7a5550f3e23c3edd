"""PagerDuty Events v2 and change events: the format that hundreds of monitoring tools can already send.

Part of `intake`. `dedup_key` is the identity; a trigger without one gets one, and the answer names it as PagerDuty's own does.
"""

from __future__ import annotations

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.intake.shape import (
    Asked,
    Odd,
    Reading,
    earlier,
    first,
    labels,
    moment,
    object_of,
    rows,
    sums,
    table,
    word,
)

ACTIONS = ("trigger", "acknowledge", "resolve")


def enqueue(asked: Asked) -> Reading:
    """One event. Raises Odd when its action is none of trigger, acknowledge and resolve."""
    data = object_of(asked)
    action = word(data.get("event_action")).lower()
    if action not in ACTIONS:
        raise Odd(f"event_action {action!r} is none of {', '.join(ACTIONS)}")
    payload = table(data.get("payload"))
    summary = first(payload.get("summary"), data.get("client"), "event without a summary")
    source = first(payload.get("source"), "pagerduty")
    dedup = first(data.get("dedup_key"), sums(summary, source, payload.get("component"), payload.get("class")))
    reply = {"dedup_key": dedup, "message": "Event processed"}
    if action == "acknowledge":
        return Reading(reply=reply)
    signal = Signal(
        kind=SignalKind.ALERT,
        source="pagerduty",
        subject=first(payload.get("component"), payload.get("group"), source),
        firing=action == "trigger",
        text=summary,
        at=earlier(moment(payload.get("timestamp"), asked.at), asked.at),
        severity=first(payload.get("severity")),
        labels=labels(
            {key: payload.get(key) for key in ("source", "component", "group", "class")}, payload.get("custom_details")
        ),
        key=dedup,
        link=first(data.get("client_url"), *(row.get("href") for row in rows(data.get("links")))),
    )
    return Reading(seen=(signal,), reply=reply)


def change(asked: Asked) -> Reading:
    """One change event: something was deployed or altered."""
    data = object_of(asked)
    payload = table(data.get("payload"))
    summary = word(payload.get("summary"))
    if not summary:
        raise Odd("a change event needs payload.summary")
    details = table(payload.get("custom_details"))
    deploy = Deploy(
        subject=first(details.get("service"), details.get("repository"), payload.get("source"), "unnamed"),
        version=first(details.get("version"), details.get("sha"), details.get("revision"), summary)[:200],
        previous=first(details.get("previous"), details.get("previous_version")),
        at=earlier(moment(payload.get("timestamp"), asked.at), asked.at),
        source="pagerduty change event",
        actor=first(details.get("author"), details.get("user")),
        link=first(*(row.get("href") for row in rows(data.get("links")))),
    )
    return Reading(seen=(deploy,), reply={"message": "Change event processed"})
