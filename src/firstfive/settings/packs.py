"""What `firstfive.toml` says about changes out of packs.

Called by `toml_file`. Checks the form of every value; whether an address may be blocked is decided where it is asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import PackSettings

KEYS = {"never", "block", "zone", "nginx", "websocket_path"}
WAYS = ("nftables", "docker-user", "ufw", "cloudflare")


def packs(data: Mapping[str, Any], at: str) -> PackSettings:
    """The table `[packs]`."""
    table = reading.table(data, "packs", KEYS, at)
    usual = PackSettings()
    way = reading.text(table, "block", usual.block, at)
    if way not in WAYS:
        raise SettingsError(f"packs.block is a way to block, not {way!r}", where=at, remedy=f"known: {', '.join(WAYS)}")
    never = _texts(table, "never", at)
    for text in never:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise SettingsError(
                f"packs.never holds addresses and networks, and {text!r} is none",
                where=at,
                remedy='write for example never = ["198.51.100.7", "2001:db8::/48"]',
            ) from None
    return PackSettings(
        never=never,
        block=way,
        zone=reading.text(table, "zone", "", at),
        nginx=_texts(table, "nginx", at) or usual.nginx,
        websocket_path=reading.text(table, "websocket_path", usual.websocket_path, at),
    )


def _texts(table: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise SettingsError(f"packs.{name} is a list of texts", where=at, remedy=f'write {name} = ["...", "..."]')
    return tuple(value)
