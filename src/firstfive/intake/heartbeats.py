"""Signs of life: our own `/beat/NAME`, and Healthchecks saying that somebody else's stopped.

Part of `intake`. Whether silence is an alert is decided by the inbox, from the period that settings or Healthchecks name.
"""

from __future__ import annotations

from firstfive.incident.signals import Beat, BeatState, Signal, SignalKind
from firstfive.intake.shape import Asked, Odd, Reading, at, earlier, fields, first, labels, moment, table, word


def beat(asked: Asked) -> Reading:
    """`NAME`, `NAME/start`, `NAME/fail` or `NAME/<exit code>`; the body is kept as what it said. Raises Odd without a name."""
    name, _, ending = asked.path.strip("/").partition("/")
    if not name:
        raise Odd("a heartbeat needs a name: /beat/NAME")
    state = {"": BeatState.OK, "0": BeatState.OK, "start": BeatState.START, "fail": BeatState.FAIL}.get(ending)
    if state is None:
        if not (ending.isascii() and ending.isdigit()):
            raise Odd(f"a heartbeat ends in start, fail or an exit code, not {ending[:40]!r}")
        state = BeatState.FAIL
    said = word(asked.body[:4000].decode("utf-8", "replace"))
    if state is BeatState.FAIL and ending.isdigit():
        said = f"exit code {ending}" + (f": {said}" if said else "")
    return Reading(seen=(Beat(name=name[:100], at=asked.at, state=state, text=said),))


def healthchecks(asked: Asked) -> Reading:
    """What Healthchecks' webhook integration sends with the body that the reference gives. Raises Odd without a status."""
    data = fields(asked)
    check = table(data.get("check"))
    status = first(data.get("status"), check.get("status")).lower()
    if not status:
        raise Odd("it has no status")
    code = first(data.get("code"), check.get("uuid"), check.get("unique_key"), at(check, "ping_url"), check.get("name"))
    name = first(check.get("name"), check.get("slug"), data.get("name"), code)
    if not name:
        raise Odd("it names no check")
    if status not in ("up", "down"):
        return Reading()
    ended = first(data.get("exitstatus"))
    said = first(data.get("body"), check.get("desc"))
    text = "no ping came in time" if status == "down" else "pings again"
    if status == "down" and ended and ended != "0":
        text = f"failed with exit status {ended}"
    return Reading(
        seen=(
            Signal(
                kind=SignalKind.ALERT,
                source="healthchecks",
                subject=name,
                firing=status == "down",
                text=f"{text}: {said}" if said else text,
                at=earlier(moment(data.get("now"), asked.at), asked.at),
                labels=labels(
                    {"tags": check.get("tags"), "slug": check.get("slug"), "last_ping": check.get("last_ping")}
                ),
                key=f"check:{code}",
            ),
        )
    )
