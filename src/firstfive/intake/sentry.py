"""Sentry's webhooks (issue alert, metric alert, issue), its unsigned legacy plugin, and GlitchTip's Slack-shaped message.

Part of `intake`. The issue's id is the identity, so that a thousand events of one error are one trouble.
"""

from __future__ import annotations

from typing import Any

from firstfive.incident.signals import Signal, SignalKind
from firstfive.intake.shape import (
    Asked,
    Odd,
    Reading,
    at,
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

OVER = frozenset({"resolved", "ignored", "archived"})


def sentry(asked: Asked) -> Reading:
    """Any of Sentry's messages, told apart by their content; the header only helps where the content could be two things."""
    data = object_of(asked)
    inner = table(data.get("data"))
    key = first(asked.headers.get("request-id"))
    if isinstance(inner.get("event"), dict):
        return Reading(seen=(_event(inner["event"], first(inner.get("triggered_rule")), asked),), key=key)
    if isinstance(inner.get("metric_alert"), dict) or "metric_alert" in asked.headers.get("sentry-hook-resource", ""):
        return Reading(seen=(_metric(data, inner, asked),), key=key)
    if isinstance(inner.get("issue"), dict):
        return Reading(seen=(_issue(data, inner["issue"], asked),), key=key)
    if "event" in data or "culprit" in data:
        return Reading(seen=(_legacy(data, asked),), key=key)
    if word(data.get("action")) and asked.headers.get("sentry-hook-resource", "") in ("installation", "comment"):
        return Reading(key=key)
    raise Odd("it holds neither data.event, data.metric_alert nor data.issue")


def _event(event: dict[str, Any], rule: str, asked: Asked) -> Signal:
    title = first(event.get("title"), at(event, "metadata", "type"), event.get("message"), "error without a title")
    issue = first(event.get("issue_id"), event.get("groupID"), event.get("group_id"))
    return Signal(
        kind=SignalKind.ALERT,
        source="sentry",
        subject=first(event.get("culprit"), event.get("project"), event.get("logger"), "sentry"),
        firing=True,
        text=f"{title} (rule: {rule})" if rule else title,
        at=earlier(moment(event.get("datetime") or event.get("timestamp"), asked.at), asked.at),
        severity=first(event.get("level")),
        labels=labels(
            event.get("tags"), {name: event.get(name) for name in ("environment", "release", "platform", "level")}
        ),
        key=f"issue:{issue}" if issue else sums(title, event.get("culprit")),
        link=first(event.get("web_url"), event.get("issue_url"), event.get("url")),
    )


def _metric(data: dict[str, Any], inner: dict[str, Any], asked: Asked) -> Signal:
    alert = table(inner.get("metric_alert"))
    rule = table(alert.get("alert_rule"))
    action = word(data.get("action")).lower()
    return Signal(
        kind=SignalKind.ALERT,
        source="sentry",
        subject=first(rule.get("name"), alert.get("title"), inner.get("description_title"), "metric alert"),
        firing=action not in OVER,
        text=first(inner.get("description_text"), inner.get("description_title"), alert.get("title"), action),
        at=asked.at,
        severity=action if action not in OVER else "",
        labels=labels({"environment": rule.get("environment"), "query": rule.get("query")}),
        key=f"metric:{first(rule.get('id'), alert.get('id'), rule.get('name'), inner.get('description_title'))}",
        link=first(inner.get("web_url")),
    )


def _issue(data: dict[str, Any], issue: dict[str, Any], asked: Asked) -> Signal:
    action = word(data.get("action")).lower()
    title = first(issue.get("title"), at(issue, "metadata", "type"), "issue without a title")
    return Signal(
        kind=SignalKind.ALERT,
        source="sentry",
        subject=first(issue.get("culprit"), at(issue, "project", "slug"), issue.get("project"), "sentry"),
        firing=action not in OVER and first(issue.get("status")).lower() not in OVER,
        text=title,
        at=earlier(moment(issue.get("lastSeen") or issue.get("firstSeen"), asked.at), asked.at),
        severity=first(issue.get("level")),
        labels=labels(
            issue.get("tags"), {"action": action, "shortId": issue.get("shortId"), "platform": issue.get("platform")}
        ),
        key=f"issue:{first(issue.get('id'), issue.get('shortId'), title)}",
        link=first(issue.get("web_url"), issue.get("permalink"), issue.get("url")),
    )


def _legacy(data: dict[str, Any], asked: Asked) -> Signal:
    event = table(data.get("event"))
    title = first(event.get("title"), data.get("message"), at(event, "metadata", "type"), "error without a title")
    return Signal(
        kind=SignalKind.ALERT,
        source="sentry",
        subject=first(
            data.get("culprit"), event.get("culprit"), data.get("project_slug"), data.get("project"), "sentry"
        ),
        firing=True,
        text=title,
        at=earlier(moment(event.get("timestamp") or event.get("received"), asked.at), asked.at),
        severity=first(data.get("level"), event.get("level")),
        labels=labels(event.get("tags"), {"project": first(data.get("project_slug"), data.get("project"))}),
        key=f"issue:{first(data.get('id'), event.get('issue_id'), sums(title, data.get('culprit')))}",
        link=first(data.get("url")),
    )


def glitchtip(asked: Asked) -> Reading:
    """A Slack-shaped message: a signal for each attachment, told apart by the address that its title leads to."""
    data = object_of(asked)
    parts = rows(data.get("attachments")) or ([data] if word(data.get("text")) else [])
    if not parts:
        raise Odd("it has neither attachments nor text")
    found = []
    for part in parts:
        named = {word(f.get("title")): f.get("value") for f in rows(part.get("fields"))}
        title = first(part.get("title"), part.get("text"), data.get("text"))
        found.append(
            Signal(
                kind=SignalKind.ALERT,
                source=first(data.get("alias"), "glitchtip").lower(),
                subject=first(named.get("Project"), data.get("alias"), "glitchtip"),
                firing=not any(name in title.lower() for name in ("is back up", "resolved", "recovered")),
                text=" ".join(p for p in (title, word(part.get("text"))) if p)[:2000],
                at=asked.at,
                labels=labels(named),
                key=sums(first(part.get("title_link"), title)),
                link=first(part.get("title_link")),
            )
        )
    return Reading(seen=tuple(found))
