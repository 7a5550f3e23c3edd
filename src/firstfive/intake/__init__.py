"""Ears: what outside senders say, read into signals, deploys and beats. One file a family of senders; this is their list.

Called by the web's hooks and by `firstfive simulate`. Pure: opens nothing, decides nothing, and no content makes it fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from firstfive.intake import forges, generic, heartbeats, pagerduty, prometheus, registry, sentry, uptime_kuma
from firstfive.intake.shape import UNRECOGNISED as UNRECOGNISED
from firstfive.intake.shape import Asked as Asked
from firstfive.intake.shape import Odd, unread
from firstfive.intake.shape import Reading as Reading
from firstfive.intake.signatures import Credentials as Credentials
from firstfive.intake.signatures import presented as presented
from firstfive.intake.signatures import refused as refused

SENDERS: Mapping[str, Callable[[Asked], Reading]] = {
    "alertmanager": prometheus.webhook,
    "beat": heartbeats.beat,
    "deploy": generic.deploy,
    "generic": generic.generic,
    "github": forges.github,
    "gitlab": forges.gitlab,
    "glitchtip": sentry.glitchtip,
    "grafana": prometheus.grafana,
    "healthchecks": heartbeats.healthchecks,
    "pagerduty": pagerduty.enqueue,
    "pagerduty_change": pagerduty.change,
    "prometheus": prometheus.posted,
    "registry": registry.registry,
    "report": generic.report,
    "sentry": sentry.sentry,
    "uptime_kuma": uptime_kuma.uptime_kuma,
}


def read(sender: str, asked: Asked) -> Reading:
    """What this sender said. What nobody understands is an alert that says so, never an error: it must be seen.

    Raises KeyError for a sender that is not in the list.
    """
    parse = SENDERS[sender]
    try:
        found = parse(asked)
    except Odd as odd:
        found = unread(sender, str(odd), asked)
    except Exception as fault:  # a fault of ours must not lose somebody's alert
        found = unread(sender, f"firstfive could not read it ({type(fault).__name__}: {fault})", asked)
    key = asked.headers.get("idempotency-key", "") or asked.headers.get("webhook-id", "")
    return replace(found, key=f"{sender}:{key}"[:300]) if key else found
