"""Where the room listens and who vouches for people: `[listen]` beyond this machine, and `[oidc]`.

Called by `toml_file`; `refuse_open` is asked by whoever is about to open the port. The room is never opened to a network in the clear.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from firstfive.errors import Exit, FirstfiveError, SettingsError
from firstfive.settings import reading
from firstfive.settings.model import OidcSettings, Settings

LISTEN = {"host", "port", "address", "tls_cert", "tls_key", "behind_proxy", "proxies"}
OIDC = {"issuer", "client_id", "client_secret_env", "name_claim", "role_claim", "roles", "label"}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ROLES = ("viewer", "responder", "commander", "admin")


def entrance(listen: Mapping[str, Any], home: Path, at: str) -> dict[str, Any]:
    """The TLS files and the proxies of `[listen]`, as fields of Settings. Raises SettingsError for half of a pair."""
    cert = reading.text(listen, "tls_cert", "", at)
    key = reading.text(listen, "tls_key", "", at)
    if bool(cert) != bool(key):
        raise SettingsError(
            "listen.tls_cert and listen.tls_key belong together", where=at, remedy="give both files, or neither"
        )
    behind = reading.flag(listen, "behind_proxy", False, at)
    proxies = reading.names(listen, "proxies", at)
    if behind != bool(proxies):
        raise SettingsError(
            "listen.behind_proxy and listen.proxies belong together",
            where=at,
            remedy='write behind_proxy = true and proxies = ["10.0.0.2"], the addresses that the proxy connects from',
        )
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise SettingsError(
                f"listen.proxies names {proxy!r}, which is no address", where=at, remedy="an IP address or a network"
            ) from None
    return {
        "tls_cert": home / cert if cert else None,
        "tls_key": home / key if key else None,
        "proxies": proxies,
    }


def oidc(data: Mapping[str, Any], known: Mapping[str, str], at: str) -> OidcSettings | None:
    """The identity provider of `[oidc]`, with its secret out of the named variable; None when there is no such table."""
    if "oidc" not in data:
        return None
    told = reading.table(data, "oidc", OIDC, at)
    issuer = reading.text(told, "issuer", "", at).rstrip("/")
    client = reading.text(told, "client_id", "", at)
    parts = urlsplit(issuer)
    if not client or not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
        raise SettingsError(
            "[oidc] needs issuer (an https address) and client_id",
            where=at,
            remedy='write issuer = "https://id.example.org" and client_id = "firstfive"',
        )
    variable = reading.text(told, "client_secret_env", "", at)
    if variable and not known.get(variable):
        raise SettingsError(
            f"oidc.client_secret_env names {variable}, which nobody has set", where=at, remedy=f"set {variable}"
        )
    roles = reading.texts(told, "roles", at, "oidc.roles")
    wrong = [role for role in roles.values() if role not in ROLES]
    if wrong:
        raise SettingsError(
            f"oidc.roles names {wrong[0]!r}, which is no role", where=at, remedy=f"one of: {', '.join(ROLES)}"
        )
    return OidcSettings(
        issuer=issuer,
        client_id=client,
        client_secret=known.get(variable, "") if variable else "",
        name_claim=reading.text(told, "name_claim", "preferred_username", at),
        role_claim=reading.text(told, "role_claim", "groups", at),
        roles=roles,
        label=reading.text(told, "label", parts.hostname, at),
    )


def is_wide(host: str) -> bool:
    """Whether listening there can be reached from another machine."""
    return host not in LOOPBACK


def refuse_open(settings: Settings) -> None:
    """Raises FirstfiveError when the room would be open to a network without TLS, or without the name it is reached by."""
    if not is_wide(settings.host):
        return
    if settings.tls_cert is None and not settings.proxies:
        raise FirstfiveError(
            f"the room would be open to the network on {settings.host}, and what people type there could be read on the way",
            remedy="set [listen] tls_cert and tls_key, or behind_proxy = true with the proxy's address in proxies; "
            "or keep host at 127.0.0.1 and reach it through ssh -L",
            exit_code=Exit.NOT_AUTHORISED,
        )
    if not settings.address:
        raise FirstfiveError(
            f"the room would be open to the network on {settings.host}, and nobody said by which name people reach it",
            remedy='set [listen] address, for example "https://ops.example.org:8455"; links and passkeys are bound to it',
            exit_code=Exit.NOT_AUTHORISED,
        )
