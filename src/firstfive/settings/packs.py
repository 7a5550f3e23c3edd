"""What `firstfive.toml` says about changes out of packs.

Called by `toml_file`. Checks the form of every value; whether an address may be blocked is decided where it is asked for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import PackSettings, StoreSettings

KEYS = {"never", "block", "zone", "nginx", "nginx_blocks", "websocket_path"} | {
    "offer",
    "keep",
    "keep_nginx",
    "settled",
    "logs",
    "restore",
}
WAYS = ("nftables", "docker-user", "ufw", "cloudflare", "nginx")
OFFERS = ("put-back", "block", "make-room", "restore", "rejoin")
STORE = {"container", "data", "backups", "stop"}


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
        nginx_blocks=reading.text(table, "nginx_blocks", "", at),
        offer=_offers(table, at),
        keep=_texts(table, "keep", at),
        keep_nginx=_texts(table, "keep_nginx", at),
        settled=reading.span(table, "settled", at, shown="packs") if "settled" in table else usual.settled,
        logs=_patterns(_texts(table, "logs", at), "packs.logs", at),
        restore=_stores(table, at),
    )


def _offers(table: Mapping[str, Any], at: str) -> frozenset[str]:
    """Changes to offer, each with what it needs."""
    wanted = _texts(table, "offer", at)
    needs = {"put-back": ("keep", "keep_nginx"), "make-room": ("logs",), "restore": ("restore",)}
    for name in wanted:
        if name not in OFFERS:
            raise SettingsError(f"packs.offer knows no {name!r}", where=at, remedy=f"known: {', '.join(OFFERS)}")
        if name in needs and not any(table.get(key) for key in needs[name]):
            raise SettingsError(
                f"packs.offer names {name}, which needs packs.{needs[name][0]}",
                where=at,
                remedy=f"write {needs[name][0]}, or take {name} out of offer",
            )
    return frozenset(wanted)


_PATTERN = re.compile(r"/[A-Za-z0-9._/*?-]+")


def _patterns(texts: tuple[str, ...], shown: str, at: str) -> tuple[str, ...]:
    """Absolute patterns of files without anything that a shell would read as more."""
    for text in texts:
        if not _PATTERN.fullmatch(text) or ".." in text.split("/"):
            raise SettingsError(
                f"{shown}: {text!r} is no absolute pattern of files",
                where=at,
                remedy="from / on, with letters, digits, . _ - and * or ? only",
            )
    return texts


def _stores(table: Mapping[str, Any], at: str) -> tuple[StoreSettings, ...]:
    """The tables `[packs.restore.NAME]`."""
    found = []
    for name, held in reading.table(table, "restore", None, at).items():
        shown = f"packs.restore.{name}"
        if not isinstance(held, dict):
            raise SettingsError(f"{shown} is a table", where=at, remedy=f"write [{shown}] and its keys below it")
        reading.refuse_unknown(held, STORE, shown, at)
        for key in ("container", "data", "backups"):
            if not reading.text(held, key, "", at):
                raise SettingsError(f"{shown}.{key} is missing", where=at, remedy=f'write {key} = "..."')
        backups, data = _patterns((held["backups"], held["data"]), shown, at)
        found.append(
            StoreSettings(
                name=name, container=held["container"], data=data, backups=backups, stop=_texts(held, "stop", at)
            )
        )
    return tuple(found)


def _texts(table: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise SettingsError(f"packs.{name} is a list of texts", where=at, remedy=f'write {name} = ["...", "..."]')
    return tuple(value)
