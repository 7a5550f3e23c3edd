"""Our own shapes: any alert in a few named fields, a deploy in one line of curl, and a person's report.

Part of `intake`. Fields come as JSON, form or query; names that other tools use for the same thing are understood too.
"""

from __future__ import annotations

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.intake.shape import Asked, Odd, Reading, earlier, fields, first, labels, moment, sums, word

CLOSED = frozenset({"close", "closed", "resolve", "resolved", "ok", "up", "normal", "recovered", "inactive"})


def generic(asked: Asked) -> Reading:
    """One alert: `title` or `summary`, and whatever else is there. Raises Odd when nothing says what is wrong."""
    data = fields(asked)
    title = first(*(data.get(key) for key in ("title", "summary", "name", "alertname", "subject")))
    details = first(*(data.get(key) for key in ("message", "details", "description", "text", "body", "msg")))
    if not title and not details:
        raise Odd("none of title, summary, message and details says anything")
    state = first(data.get("status"), data.get("action"), data.get("state"), data.get("event_action")).lower()
    key = first(
        data.get("fingerprint"), data.get("dedup"), data.get("dedup_key"), data.get("id"), data.get("incident_key")
    )
    return Reading(
        seen=(
            Signal(
                kind=SignalKind.ALERT,
                source=first(data.get("source"), "generic")[:60],
                subject=first(data.get("service"), data.get("host"), data.get("instance"), title, details)[:200],
                firing=state not in CLOSED,
                text=f"{title}: {details}" if title and details else title or details,
                at=earlier(moment(data.get("at") or data.get("time") or data.get("timestamp"), asked.at), asked.at),
                runbook=first(data.get("runbook"), data.get("runbook_id")),
                severity=first(data.get("severity"), data.get("level"), data.get("priority")),
                labels=labels(data.get("labels"), data.get("tags"), data.get("meta")),
                key=key or sums(title or details),
                link=first(data.get("event_link"), data.get("link"), data.get("url")),
            ),
        ),
        key=first(data.get("event_id")),
    )


def deploy(asked: Asked) -> Reading:
    """One deploy: `service` and what runs now (`version`, `ref`, `image`, `sha` or `digest`). A failed one is a signal."""
    data = fields(asked)
    service = first(data.get("service"), data.get("subject"), data.get("app"), data.get("project"))
    version = first(*(data.get(key) for key in ("version", "ref", "tag", "image", "sha", "digest")))
    if not service or not version:
        raise Odd("a deploy needs service and version (or ref, image, sha, digest)")
    when = earlier(moment(data.get("finished_at") or data.get("started_at") or data.get("at"), asked.at), asked.at)
    state = word(data.get("status")).lower()
    link, actor = first(data.get("url"), data.get("link")), first(data.get("actor"), data.get("user"))
    if state in ("started", "pending", "running"):
        return Reading()
    if state in ("failed", "failure", "error"):
        signal = Signal(
            kind=SignalKind.ALERT,
            source="deploy",
            subject=service,
            firing=True,
            text=f"the deploy of {version} failed",
            at=when,
            key=f"deploy:{service}",
            link=link,
        )
        return Reading(seen=(signal,))
    sha = first(data.get("sha"))
    made = Deploy(
        subject=service,
        version=f"{version} ({sha[:12]})" if sha and sha != version else version,
        previous=first(data.get("previous"), data.get("previous_version"), data.get("previous_digest")),
        at=when,
        source="told by a deploy script",
        digest=first(data.get("digest")),
        reference=first(data.get("image")),
        service=service,
        actor=actor,
        link=link,
    )
    return Reading(seen=(made,))


def report(asked: Asked) -> Reading:
    """A person's words from a form, a mail gateway or a chat command: `text`, and `reporter`, `feature`, `severity` if said."""
    data = fields(asked)
    said = first(data.get("text"), data.get("message"), data.get("summary"))
    if not said:
        raise Odd("a report needs text")
    reporter = first(data.get("reporter"), data.get("by"), data.get("user"), "somebody")
    feature = first(data.get("feature"))
    signal = Signal(
        kind=SignalKind.REPORT,
        source="person",
        subject="report",
        firing=True,
        text=f"{feature}: {said}" if feature else said,
        at=asked.at,
        severity=first(data.get("severity")),
        labels=labels({"reporter": reporter, "feature": feature}),
        key=sums(reporter, said, asked.at),
    )
    return Reading(seen=(signal,))
