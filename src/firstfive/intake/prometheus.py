"""Alertmanager and what speaks its language: the webhook of versions 1 and 4, Grafana's, and alerts posted to API v2.

Part of `intake`. The sender's `fingerprint` is the identity; without one, the sorted labels are. `endsAt` in the year 1 means still firing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from firstfive.incident.signals import Beat, BeatState, Observation, Signal, SignalKind
from firstfive.intake.shape import (
    Asked,
    Odd,
    Reading,
    bounded,
    earlier,
    first,
    labels,
    loaded,
    moment,
    object_of,
    rows,
    sums,
    table,
    word,
)

WATCHDOGS = frozenset(
    {"watchdog", "deadmansswitch", "deadmanssnitch", "alwaysfiring", "prometheusalertmanagere2edeadmanswitch"}
)


def webhook(asked: Asked) -> Reading:
    """Alertmanager's webhook. Raises Odd when it has no list of alerts."""
    return _grouped(asked, "alertmanager")


def grafana(asked: Asked) -> Reading:
    """Grafana's webhook: the same list, with links to panels, values, and now and then a relative address."""
    return _grouped(asked, "grafana")


def _grouped(asked: Asked, source: str) -> Reading:
    data = object_of(asked)
    if not isinstance(data.get("alerts"), list):
        raise Odd("it has no list `alerts`")
    shared = table(data.get("commonLabels"))
    notes = table(data.get("commonAnnotations"))
    base = word(data.get("externalURL"))
    group = word(data.get("status"))
    found = [
        _alert(alert, source, asked.at, shared=shared, notes=notes, base=base, group=group)
        for alert in rows(data["alerts"])
    ]
    states = [[a.get("fingerprint"), a.get("status"), a.get("startsAt"), a.get("endsAt")] for a in rows(data["alerts"])]
    # The same group is sent again each repeat interval: a key of the hour lets that through and drops a retry.
    key = sums(source, data.get("groupKey"), data.get("receiver"), states, f"{asked.at:%Y%m%d%H%M}")
    return Reading(seen=bounded(found), key=key)


def posted(asked: Asked) -> Reading:
    """Alerts as Prometheus posts them to `/api/v2/alerts`: a list, sent again at each evaluation, over when `endsAt` has passed."""
    data = loaded(asked.body)
    if not isinstance(data, list):
        raise Odd("it is no list of alerts")
    found = [_posted(alert, asked.at) for alert in rows(data)]
    return Reading(seen=bounded(found))


def _posted(alert: dict[str, Any], now: datetime) -> Observation:
    ends = moment(alert.get("endsAt"), now) if _set(alert.get("endsAt")) else None
    over = ends is not None and ends <= now
    made = _alert({**alert, "status": "resolved" if over else "firing"}, "prometheus", now)
    if isinstance(made, Beat) or over:
        return made
    return _until(made, ends)


def _until(made: Observation, ends: datetime | None) -> Observation:
    return replace(made, until=ends) if isinstance(made, Signal) and ends is not None else made


def _set(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not value.startswith("0001-")


def _alert(
    alert: dict[str, Any],
    source: str,
    now: datetime,
    *,
    shared: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
    base: str = "",
    group: str = "",
) -> Observation:
    named = {**(shared or {}), **table(alert.get("labels"))}
    told = {**(notes or {}), **table(alert.get("annotations"))}
    name = first(named.get("alertname"), alert.get("title"), "alert without a name")
    firing = first(alert.get("status"), group, "firing").lower() != "resolved"
    if name.lower().replace("_", "").replace(" ", "") in WATCHDOGS:
        state = BeatState.OK if firing else BeatState.FAIL
        return Beat(name=f"{source} {name}", at=now, state=state, text=first(told.get("summary"), told.get("message")))
    began = moment(alert.get("startsAt"), now)
    ended = moment(alert.get("endsAt"), now) if _set(alert.get("endsAt")) else now
    return Signal(
        kind=SignalKind.ALERT,
        source=source,
        subject=_subject(name, named),
        firing=firing,
        text=first(told.get("summary"), told.get("description"), told.get("message"), alert.get("valueString"), name),
        at=earlier(began if firing else ended, now),
        runbook=_runbook(named, told),
        severity=first(named.get("severity"), named.get("priority"), named.get("level")),
        labels=labels(named, _kept(told)),
        key=first(alert.get("fingerprint")) or sums(*sorted((word(k), word(v)) for k, v in named.items())),
        link=link(base, alert.get("generatorURL"), alert.get("panelURL"), alert.get("dashboardURL")),
    )


def _subject(name: str, named: Mapping[str, Any]) -> str:
    where = first(*(named.get(key) for key in ("container", "name", "instance", "job", "service", "device")))
    return f"{name} on {where}" if where and where != name else name


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: told[key] for key in ("summary", "description", "runbook_url", "runbook") if told.get(key)}


def _runbook(named: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """What the alert itself calls its runbook: a label or annotation `runbook`, or the anchor of `runbook_url`."""
    address = first(told.get("runbook_url"), named.get("runbook_url"))
    return first(named.get("runbook"), told.get("runbook"), address.rpartition("#")[2] if "#" in address else "")


def link(base: str, *addresses: object) -> str:
    """The first address that leads somewhere; one that is relative is taken from the sender's own address."""
    for address in (word(value) for value in addresses):
        if address.startswith(("http://", "https://")):
            return address
        if address.startswith(("/", "?")) and base.startswith(("http://", "https://")):
            return base.rstrip("/") + ("/" if address.startswith("?") else "") + address
    return base if base.startswith(("http://", "https://")) else ""
