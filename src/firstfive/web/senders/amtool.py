"""Alertmanager's API v2 as amtool, Prometheus and Grafana speak it: alerts that stand, silences, status.

Used by `hooks`, which takes alerts in by itself. Everything here reads, but for silences, which are ours and end by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from firstfive import __version__
from firstfive.engine.outsiders.desk import Outside
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.incident.signals import Observation
from firstfive.incident.triage.silences import Matcher, Silence, all_hold, matching, named, read_matcher
from firstfive.intake import Asked
from firstfive.ports import Alert

RECEIVER = {"name": "firstfive"}
STANDS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matcher:
    name: str
    value: str
    isRegex: bool = False
    isEqual: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silence:
    matchers: list[_Matcher]
    startsAt: datetime
    endsAt: datetime
    createdBy: str = ""
    comment: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """The API over one running program."""

    outside: Outside

    def cleaned(self, seen: Observation) -> Observation:
        """What a sender said without secrets."""
        return self.outside.engine.cleaned(seen)

    async def answer(self, asked: Asked, filters: Sequence[str] = ()) -> tuple[int, Any]:
        """Status and value of one call below `/api/v2/`. Raises FirstfiveError, in words, for what was asked wrongly."""
        parts = [part for part in asked.path.split("/") if part]
        match asked.method, parts:
            case "GET", ["status"]:
                return 200, _status(self.outside.engine.clock.now())
            case "GET", ["receivers"]:
                return 200, [RECEIVER]
            case "GET", ["alerts"]:
                return 200, await self._alerts(asked, filters)
            case "GET", ["alerts", "groups"]:
                alerts = await self._alerts(asked, filters)
                return 200, [{"labels": {}, "receiver": RECEIVER, "alerts": alerts}] if alerts else []
            case "GET", ["silences"]:
                held = await self.outside.silences()
                wanted = [read_matcher(text) for text in filters]
                return 200, [self._silence(s) for s in held if _speaks_of(s, wanted)]
            case "POST", ["silences"]:
                return 200, {"silenceID": (await self._silenced(asked)).id}
            case "GET", ["silence", name]:
                found = next((s for s in await self.outside.silences() if s.id == name), None)
                return (404, None) if found is None else (200, self._silence(found))
            case "DELETE", ["silence", name]:
                try:
                    await self.outside.end_silence(name)
                except Refused:
                    return 404, None
                return 200, None
            case _:
                return 404, f"{asked.method} /api/v2/{asked.path} is not part of this API"

    # ------------------------------------------------------------------------------------------------------- alerts

    async def _alerts(self, asked: Asked, filters: Sequence[str]) -> list[dict[str, Any]]:
        wanted = [read_matcher(text) for text in filters]
        silences = await self.outside.silences()
        now = self.outside.engine.clock.now()
        found = []
        for alert in await self.outside.alerts():
            if not alert.signal.firing:
                continue
            silence = matching(silences, alert.signal, now)
            state = "suppressed" if silence is not None else "active"
            if not _asked_for(asked, "silenced" if silence is not None else "active"):
                continue
            labels = _labels(alert)
            everything = {**named(alert.signal), **labels}
            if not all_hold(wanted, everything):
                continue
            found.append(_shown(alert, labels, state, silence.id if silence else ""))
        return found

    # ----------------------------------------------------------------------------------------------------- silences

    async def _silenced(self, asked: Asked) -> Silence:
        try:
            given = msgspec.json.decode(asked.body, type=_Silence)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
            raise FirstfiveError(f"the silence is not understood: {problem}", exit_code=Exit.USAGE) from None
        matchers = tuple(_matcher(m) for m in given.matchers)
        starts = given.startsAt if given.startsAt.tzinfo else given.startsAt.replace(tzinfo=UTC)
        ends = given.endsAt if given.endsAt.tzinfo else given.endsAt.replace(tzinfo=UTC)
        by = given.createdBy.strip() or "alertmanager"
        return await self.outside.silence(
            by if by.lower() != "firstfive" else "alertmanager",
            matchers,
            starts=starts,
            ends=ends,
            comment=given.comment,
            id_=given.id[:64] if given.id.isascii() and given.id.replace("-", "").isalnum() else "",
        )

    def _silence(self, silence: Silence) -> dict[str, Any]:
        now = self.outside.engine.clock.now()
        return {
            "id": silence.id,
            "matchers": [
                {"name": name, "value": value, "isRegex": "~" in operator, "isEqual": not operator.startswith("!")}
                for name, operator, value in silence.matchers
            ],
            "startsAt": silence.starts,
            "endsAt": silence.ends,
            "updatedAt": silence.starts,
            "createdBy": silence.by,
            "comment": silence.comment,
            "status": {"state": "pending" if now < silence.starts else "active" if now < silence.ends else "expired"},
        }


def _matcher(given: _Matcher) -> Matcher:
    operators = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    return given.name, operators[given.isRegex, given.isEqual], given.value


def _speaks_of(silence: Silence, wanted: Sequence[Matcher]) -> bool:
    return all(
        any(name == n and operator == o and value == v for n, o, v in silence.matchers)
        for name, operator, value in wanted
    )


def _asked_for(asked: Asked, name: str) -> bool:
    return asked.query.get(name, "true").lower() != "false"


def _labels(alert: Alert) -> dict[str, str]:
    labels = {name: value for name, value in alert.signal.labels if name not in _NOTES}
    return {"alertname": alert.signal.subject or alert.signal.source, **labels}


_NOTES = frozenset({"summary", "description", "runbook_url", "runbook"})


def _shown(alert: Alert, labels: dict[str, str], state: str, silenced_by: str) -> dict[str, Any]:
    signal = alert.signal
    notes = {name: value for name, value in signal.labels if name in _NOTES}
    return {
        "annotations": {
            "summary": signal.text,
            **notes,
            "firstfive_verdict": alert.verdict,
            "firstfive_why": alert.why,
        },
        "startsAt": alert.first,
        "updatedAt": alert.last,
        "endsAt": signal.until or alert.last + STANDS,
        "fingerprint": alert.fingerprint,
        "receivers": [RECEIVER],
        "status": {"state": state, "silencedBy": [silenced_by] if silenced_by else [], "inhibitedBy": []},
        "labels": labels,
        "generatorURL": signal.link,
    }


def _status(now: datetime) -> dict[str, Any]:
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {
            "version": f"firstfive {__version__}",
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
        "config": {"original": "route: {receiver: firstfive}\nreceivers: [{name: firstfive}]\n"},
        "uptime": now,
    }
