"""What `firstfive.toml` says about eyes and ears: probes, Docker, error trackers, heartbeats, senders, severity words.

Called by `toml_file`. A secret is named by its variable and read from the environment or the env file, never written in the file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import HeartbeatSettings, IntakeSettings, ProbeSettings, TrackerSettings

# The keys of each kind of look beside `kind` and `symptom`; `probes` documents what they mean.
PROBES: Mapping[str, frozenset[str]] = {
    "http": frozenset({"url", "fails_when", "patience", "body", "days_left"}),
    "certificate": frozenset({"url", "days_left", "patience"}),
    "tcp": frozenset({"address", "patience"}),
    "dns": frozenset({"name", "record", "value"}),
    "mail_records": frozenset({"domain", "selector"}),
    "websocket": frozenset({"url", "patience"}),
    "redis": frozenset({"address", "password_env", "user_env"}),
    "mongo": frozenset({"address"}),
    "smtp": frozenset({"address", "user_env", "password_env", "tls"}),
    "shkeeper": frozenset({"url", "key_env"}),
    "query": frozenset({"command", "more_than", "unit", "every", "target"}),
    "disk": frozenset({"path", "more_than", "target"}),
    "backup": frozenset({"files", "older_than", "target"}),
    "deploy_missed": frozenset({"subject", "older_than"}),
    "clock": frozenset({"more_than", "target"}),
    "offenders": frozenset({"file", "path", "status", "more_than", "window"}),
    "sockets": frozenset({"file", "path", "more_than"}),
    "log": frozenset({"file", "pattern", "regex", "per_minute"}),
    "container": frozenset({"container", "shows"}),
}


def probes(data: Mapping[str, Any], at: str) -> tuple[ProbeSettings, ...]:
    """The tables `[probes.NAME]`; a key that its kind does not know is refused."""
    found = []
    for name, table in reading.table(data, "probes", None, at).items():
        if name == "allow":
            continue
        shown = f"probes.{name}"
        if not isinstance(table, dict):
            raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
        kind = reading.text(table, "kind", name, at)
        if kind not in PROBES:
            raise SettingsError(
                f"{shown}.kind {kind!r} is not known", where=at, remedy=f"there are {', '.join(sorted(PROBES))}"
            )
        reading.refuse_unknown(table, {"kind", "symptom", *PROBES[kind]}, shown, at)
        options = {key: value for key, value in table.items() if key != "kind"}
        found.append(ProbeSettings(name=name, kind=kind, options=options))
    return tuple(found)


def allowed(data: Mapping[str, Any], at: str) -> tuple[str, ...]:
    """`probes.allow`: networks that a name may lead to although they are not public."""
    import ipaddress

    networks = reading.names(reading.table(data, "probes", None, at), "allow", at)
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as problem:
            raise SettingsError(
                f"probes.allow holds no network: {problem}", where=at, remedy='write allow = ["10.0.0.0/8"]'
            ) from None
    return networks


def trackers(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> tuple[TrackerSettings, ...]:
    """The tables `[trackers.NAME]`. `known` holds the variables that a token may be read from."""
    found = []
    for name, table in reading.table(data, "trackers", None, at).items():
        shown = f"trackers.{name}"
        if not isinstance(table, dict):
            raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
        reading.refuse_unknown(table, {"kind", "url", "organisation", "project", "token_env"}, shown, at)
        kind = reading.text(table, "kind", name, at)
        if kind not in ("sentry", "bugsink"):
            raise SettingsError(
                f"{shown}.kind {kind!r} is not known", where=at, remedy='there are "sentry" and "bugsink"'
            )
        named = {key: reading.text(table, key, "", at) for key in ("url", "organisation", "project", "token_env")}
        needed = ("url", "project", "token_env") + (("organisation",) if kind == "sentry" else ())
        for key in needed:
            if not named[key]:
                raise SettingsError(f"{shown} needs {key}", where=at, remedy=f'write {key} = "..."')
        found.append(
            TrackerSettings(
                name=name,
                kind=kind,
                url=named["url"],
                project=named["project"],
                organisation=named["organisation"],
                token=known.get(named["token_env"], ""),
            )
        )
    return tuple(found)


def heartbeats(data: Mapping[str, Any], at: str) -> tuple[HeartbeatSettings, ...]:
    """The tables `[heartbeats.NAME]`: every = "5m", grace = "1m"."""
    found = []
    for name, table in reading.table(data, "heartbeats", None, at).items():
        shown = f"heartbeats.{name}"
        if not isinstance(table, dict) or "every" not in table:
            raise SettingsError(f"{shown} needs every", where=at, remedy=f'write [{shown}] and every = "5m"')
        reading.refuse_unknown(table, {"every", "grace"}, shown, at)
        every = reading.span(table, "every", at, shown=shown)
        grace = (
            reading.span(table, "grace", at, shown=shown) if "grace" in table else max(every / 5, timedelta(seconds=30))
        )
        found.append(HeartbeatSettings(name=name, every=every, grace=grace))
    return tuple(found)


def intake(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> IntakeSettings:
    """`[intake.tokens]` and `[intake.secrets]`: a sender's name and the variable that holds its token or signing key."""
    table = reading.table(data, "intake", {"tokens", "secrets"}, at)
    named = {key: reading.texts(table, key, at, f"intake.{key}") for key in ("tokens", "secrets")}
    values = {
        key: {sender: known[variable] for sender, variable in senders.items() if known.get(variable)}
        for key, senders in named.items()
    }
    missing = tuple(v for key, senders in named.items() for sender, v in senders.items() if sender not in values[key])
    return IntakeSettings(tokens=values["tokens"], secrets=values["secrets"], missing=missing)


def severity(data: Mapping[str, Any], at: str) -> dict[str, int]:
    """`[severity]`: what a sender's word means on the page's matrix, as critical = 1."""
    found: dict[str, int] = {}
    for word, level in reading.table(data, "severity", None, at).items():
        if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= 9:
            raise SettingsError(f"severity.{word} is a level of the matrix", where=at, remedy=f"write {word} = 1")
        found[word] = level
    return found
