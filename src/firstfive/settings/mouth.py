"""What `firstfive.toml` says about telling people: the tables `[notifiers.NAME]`, and where `[notify]` sends a channel's messages.

Called by `toml_file`. A secret is named by its variable and read from the environment or the env file, never written in the file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import NotifierSettings, NotifySettings

# The keys of each kind; those that end in _env name a variable, those in NEEDED cannot be left out.
KINDS: Mapping[str, frozenset[str]] = {
    "console": frozenset(),
    "email": frozenset({"host", "port", "sender", "to", "user_env", "password_env", "tls"}),
    "matrix": frozenset({"url", "token_env", "room"}),
    "slack": frozenset({"url", "token_env", "app_token_env", "channel"}),
    "telegram": frozenset({"url", "token_env", "chat", "answers"}),
    "ntfy": frozenset({"url", "token_env", "topic"}),
    "webhook": frozenset({"url", "url_env", "secret_env"}),
    "pagerduty": frozenset({"url", "key_env"}),
    "apprise": frozenset({"url_env"}),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "email": ("host", "sender"),
    "matrix": ("url", "token_env"),
    "slack": ("token_env",),
    "telegram": ("token_env",),
    "webhook": ("secret_env",),
    "pagerduty": ("key_env",),
    "apprise": ("url_env",),
}
# Without these a notifier still tells; only its buttons open links.
SPARED = frozenset({"app_token"})


def notifiers(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> tuple[NotifierSettings, ...]:
    """The tables `[notifiers.NAME]`. `known` holds the variables that a secret may be read from."""
    return tuple(_one(name, table, known, at) for name, table in reading.table(data, "notifiers", None, at).items())


def _one(name: str, table: object, known: Mapping[str, str], at: str) -> NotifierSettings:
    shown = f"notifiers.{name}"
    if not isinstance(table, dict):
        raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
    if ":" in name or not name.strip():
        raise SettingsError(f"{name!r} is no name of a notifier", where=at, remedy="a colon ends the name in a route")
    kind = reading.text(table, "kind", name, at)
    if kind not in KINDS:
        raise SettingsError(f"{shown}.kind {kind!r} is not known", where=at, remedy=f"there are {', '.join(KINDS)}")
    reading.refuse_unknown(table, {"kind", *KINDS[kind]}, shown, at)
    given = reading.texts({shown: {k: v for k, v in table.items() if k != "kind"}}, shown, at)
    for key in NEEDED.get(kind, ()):
        if not given.get(key):
            raise SettingsError(f"{shown} needs {key}", where=at, remedy=f'write {key} = "..."')
    if kind == "webhook" and not (given.get("url") or given.get("url_env")):
        raise SettingsError(f"{shown} needs url", where=at, remedy='write url = "https://..." or url_env = "VARIABLE"')
    if given.get("tls", "starttls") not in ("starttls", "tls", "none"):
        raise SettingsError(f"{shown}.tls is starttls, tls or none", where=at, remedy='write tls = "starttls"')
    if given.get("answers", "poll") not in ("poll", "links"):
        raise SettingsError(f"{shown}.answers is poll or links", where=at, remedy='write answers = "links"')
    if not given.get("port", "587").isdigit():
        raise SettingsError(f"{shown}.port is a number", where=at, remedy="write port = 587")
    named = {key.removesuffix("_env"): variable for key, variable in given.items() if key.endswith("_env")}
    missing = tuple(variable for key, variable in named.items() if key not in SPARED and not known.get(variable))
    plain = {key: value for key, value in given.items() if not key.endswith("_env")}
    secrets = {key: known.get(variable, "") for key, variable in named.items()}
    return NotifierSettings(name=name, kind=kind, options={**plain, **secrets}, missing=missing)


def notify(data: Mapping[str, Any], known: tuple[NotifierSettings, ...], at: str) -> NotifySettings:
    """The table `[notify]`: the channel of last resort, routes by the page's word for a channel, and the fallback."""
    table = reading.table(data, "notify", {"channel", "channels", "fallback", "heartbeat", "reach_test"}, at)
    names = {one.name for one in known} | {"console"}
    channels = {
        word.strip().lower(): _ways(ways, f"notify.channels.{word!r}", names, at)
        for word, ways in reading.table(table, "channels", None, at).items()
    }
    return NotifySettings(
        channel=reading.text(table, "channel", "#incidents", at),
        channels=channels,
        fallback=_ways(table.get("fallback", []), "notify.fallback", names, at),
        heartbeat=reading.text(table, "heartbeat", "", at),
        reach_test=reading.flag(table, "reach_test", True, at),
    )


def _ways(value: object, shown: str, names: set[str], at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise SettingsError(f"{shown} is a list of texts", where=at, remedy='write ["chat", "mail:ops@example.org"]')
    for way in value:
        if way.partition(":")[0] not in names:
            raise SettingsError(
                f"{shown} names {way.partition(':')[0]!r}, which is no notifier",
                where=at,
                remedy=f"known: {', '.join(sorted(names))}; add [notifiers.{way.partition(':')[0]}]",
            )
    return tuple(value)
