"""Uptime Kuma: a monitor went down, came back, or a person pressed the test button.

Part of `intake`. The monitor's id is the identity. Times without a zone are UTC, as Kuma writes them.
"""

from __future__ import annotations

import msgspec

from firstfive.incident.signals import Signal, SignalKind
from firstfive.intake.shape import Asked, Odd, Reading, earlier, fields, first, labels, moment, rows, table, word

DOWN, UP, PENDING, MAINTENANCE = "0", "1", "2", "3"


def uptime_kuma(asked: Asked) -> Reading:
    """One message as JSON, form or query. A test message is understood and says nothing."""
    data = fields(asked)
    if isinstance(data.get("data"), str) and "heartbeat" in data["data"]:
        data = table(_decoded(data["data"]))  # its form mode puts the whole JSON into one field
    beat, monitor = table(data.get("heartbeat")), table(data.get("monitor"))
    said = first(data.get("msg"), beat.get("msg"))
    if not beat and not monitor:
        if said:
            return Reading()
        raise Odd("it has neither heartbeat nor monitor nor msg")
    status = word(beat.get("status"))
    if status in (PENDING, MAINTENANCE):
        return Reading()
    tags = {word(tag.get("name")): word(tag.get("value")) or "yes" for tag in rows(monitor.get("tags"))}
    address = first(monitor.get("url"), monitor.get("hostname"), monitor.get("docker_container"))
    return Reading(
        seen=(
            Signal(
                kind=SignalKind.ALERT,
                source="uptime_kuma",
                subject=first(monitor.get("name"), monitor.get("pathName"), address, "monitor"),
                firing=status != UP,
                text=first(beat.get("msg"), said, "down"),
                at=earlier(moment(beat.get("time"), asked.at), asked.at),
                severity=first(tags.get("severity")),
                runbook=first(tags.get("runbook")),
                labels=labels(
                    tags,
                    {
                        "type": monitor.get("type"),
                        "url": monitor.get("url"),
                        "hostname": monitor.get("hostname"),
                        "container": monitor.get("docker_container"),
                    },
                ),
                key=f"monitor:{first(beat.get('monitorID'), beat.get('monitor_id'), monitor.get('id'), monitor.get('name'))}",
                link=first(monitor.get("url")) if first(monitor.get("url")).startswith("http") else "",
            ),
        )
    )


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise Odd("its field data is no JSON") from None
