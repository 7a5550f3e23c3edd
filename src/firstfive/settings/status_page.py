"""What `firstfive.toml` says about the public status page: its name, its address, its components, and where it is put.

Called by `toml_file`. Without the table there is no status page and nothing answers without the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from firstfive.errors import SettingsError
from firstfive.settings import reading
from firstfive.settings.model import StatusPageSettings

TABLE = "status_page"
KEYS = {"name", "url", "components", "folder", "copy", "copy_within", "report"}
LONGEST_NAME = 80
COPY_WITHIN = timedelta(seconds=60)


def status_page(data: Mapping[str, Any], home: Path, kept: tuple[Path, ...], at: str) -> StatusPageSettings:
    """The table `[status_page]`. `kept` are folders that must never be published.

    Raises SettingsError naming the key and the remedy.
    """
    table = reading.table(data, TABLE, KEYS, at)
    name = " ".join(reading.text(table, "name", "", at).split())
    if not name or len(name) > LONGEST_NAME:
        raise _wrong("name", f"is a name of 1 to {LONGEST_NAME} characters", 'write name = "Example Shop"', at)
    folder = _folder(table, home, kept, at)
    copy = reading.names(table, "copy", at)
    if copy and (folder is None or not all(copy)):
        raise _wrong(
            "copy", "is a command word by word, and copies a folder", 'write copy = ["rsync", ...] and folder', at
        )
    within = reading.span(table, "copy_within", at, shown=TABLE) if "copy_within" in table else COPY_WITHIN
    return StatusPageSettings(
        name=name,
        url=_url(table, "url", "is the address that customers read it at", at),
        components=_components(table, at),
        folder=folder,
        copy=copy,
        copy_within=within,
        report=_url(table, "report", "is the address of the report form", at) if "report" in table else "",
    )


def _url(table: Mapping[str, Any], key: str, what: str, at: str) -> str:
    url = reading.text(table, key, "", at)
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or set(url) & set("\"'<>\\ "):
        raise _wrong(
            key, what, f'write {key} = "https://status.example.com{"/status/report" if key == "report" else ""}"', at
        )
    return url


def _components(table: Mapping[str, Any], at: str) -> tuple[str, ...]:
    from firstfive.documents.public.wording import internal_words  # most commands do without

    components = tuple(" ".join(part.split()) for part in reading.names(table, "components", at))
    for name in components:
        if not name or len(name) > LONGEST_NAME or "," in name or components.count(name) > 1:
            raise _wrong("components", f"holds {name!r}", "give each part one name, once, without a comma", at)
        if internal_words(name):
            raise _wrong(
                "components", f"holds {name!r}, a name of the inside", "name what people use, such as Checkout", at
            )
    return components


def _folder(table: Mapping[str, Any], home: Path, kept: tuple[Path, ...], at: str) -> Path | None:
    if "folder" not in table:
        return None
    folder = reading.path(table, "folder", home, home, at)
    held = next((one for one in kept if one.resolve().is_relative_to(folder)), None)
    if held is not None:
        raise _wrong("folder", f"would publish {held}", 'name a folder of its own, such as folder = "public"', at)
    return folder


def _wrong(key: str, what: str, remedy: str, at: str) -> SettingsError:
    return SettingsError(f"{TABLE}.{key} {what}", where=at, remedy=remedy)
