"""When a log line says that it was written: the usual formats, told apart line by line, since one file may mix them.

Called by everything here that reads logs. A time without a zone counts as UTC, one without a year belongs to the newest year that does
not lie ahead. Never reads a clock: the newest possible year is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

KNOWN_AT_MOST = 100_000
REACH = 400  # bytes of a line within which a time is looked for, but for a JSON line, whose time may stand at its end


class Shape(StrEnum):
    """How a line says its time."""

    ISO = "iso"  # 2026-03-01T12:00:05.120Z at its beginning, also as docker logs --timestamps puts it before the line
    COMBINED = "combined"  # 203.0.113.7 - - [01/Mar/2026:12:00:05 +0000] "GET / ..."
    JSON = "json"  # {"time": ...}: ISO or epoch, as Docker's files, pino and mongod write it
    SYSLOG = "syslog"  # Mar  1 12:00:05 host
    NGINX_ERROR = "nginx error"  # 2026/03/01 12:00:05 [error]
    REDIS = "redis"  # 1:M 01 Mar 2026 12:00:05.120 *


_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_ISO = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_NAMED = re.compile(rb"(\d\d)[/ ]([A-Z][a-z]{2})[/ ](\d{4})[: ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ([+-]\d{4}))?")
_SLASHED = re.compile(rb"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)()( [+-]\d{4})?")
_SYSLOG = re.compile(rb"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ")
_REDIS = re.compile(rb"\d+:[A-Z] (?=\d\d [A-Z][a-z]{2} \d{4} )")
_EPOCH = re.compile(rb"(\d{10})(?:\.?(\d{3}))?\d*")
_KEYS = (b'"time":', b'"timestamp":', b'"@timestamp":', b'"ts":', b'"$date":')


@dataclass(slots=True, kw_only=True)
class Times:
    """Reads the times of one log. `newest` bounds the year of times that name none."""

    newest: datetime
    _minutes: dict[bytes, int] = field(default_factory=dict)

    def minute(self, block: bytes, start: int, end: int) -> int | None:
        """The minute since 1970 in which the line `block[start:end]` was written; None when it does not say.

        Reads the bytes of a minute once and remembers them.
        """
        if block[start : start + 1] == b"{":
            return self._json_minute(block, start, end)
        fifth = block[start + 4 : start + 5]
        if fifth == b"-":
            return self._known(block[start : start + 16], _ISO, start, block, start, end)
        if fifth == b"/":
            return self._known(block[start : start + 16], _SLASHED, start, block, start, end)
        at = block.find(b"[", start, min(end, start + REACH)) + 1
        if at and block[at + 2 : at + 3] == b"/":
            return self._known(block[at : at + 17] + block[at + 20 : at + 26], _NAMED, at, block, start, end)
        return _floor(self.moment(block[start:end]))

    def _json_minute(self, block: bytes, start: int, end: int) -> int | None:
        docker = block.startswith(b'{"log":', start)
        at = (block.rfind(b'"time":', start, end) if docker else block.find(b'"time":', start, end)) + 7
        digits = block[at : min(at + 14, end)] if at >= 7 else b""
        if digits[:13].isdigit() and len(digits) == 14 and not digits[13:].isdigit():
            return int(digits[:13]) // 60_000
        if digits[:1] == b'"':
            return self._known(block[at : at + 17], _ISO, at + 1, block, start, end)
        return _floor(self.moment(block[start:end]))

    def _known(self, key: bytes, clock: re.Pattern[bytes], at: int, block: bytes, start: int, end: int) -> int | None:
        """The minute that `key` stands for. Remembered only when `clock` is what stands there, so that no two meanings share a key."""
        minute = self._minutes.get(key)
        if minute is None:
            minute = _floor(self.moment(block[start:end]))
            if minute is not None and clock.match(block, at, end):
                if len(self._minutes) >= KNOWN_AT_MOST:
                    self._minutes.clear()
                self._minutes[key] = minute
        return minute

    def moment(self, line: bytes) -> datetime | None:
        """The exact time of a line (aware UTC), None when it does not say."""
        found = self.read(line)
        return found[1] if found else None

    def shape(self, line: bytes) -> Shape | None:
        """Which of the formats a line is in."""
        found = self.read(line)
        return found[0] if found else None

    def read(self, line: bytes) -> tuple[Shape, datetime] | None:
        """Shape and time of a line."""
        for shape, reader in _READERS:
            try:
                moment = reader(line, self.newest)
            except (ValueError, OverflowError):
                continue
            if moment is not None:
                return shape, moment
        return None


def _floor(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() // 60)


def _iso(line: bytes, _: datetime) -> datetime | None:
    start = 0 if line[:1].isdigit() else line.find(b"2", 0, 40)
    if start < 0 or (start > 0 and line[:1] not in b"[<("):
        return None
    found = _ISO.match(line, start)
    return _clock(found) if found else None


def _combined(line: bytes, _: datetime) -> datetime | None:
    at = line.find(b"[", 0, REACH)
    found = _NAMED.match(line, at + 1) if at >= 0 else None
    return _named(found) if found else None


def _json(line: bytes, _: datetime) -> datetime | None:
    if line[:1] != b"{":
        return None
    docker = line.startswith(b'{"log":')
    for key in _KEYS:
        at = line.rfind(key) if docker else line.find(key)
        if at < 0:
            continue
        value = line[at + len(key) : at + len(key) + 60].lstrip(b' :{"$date')
        if found := _ISO.match(value):
            return _clock(found)
        if found := _EPOCH.match(value):
            return datetime.fromtimestamp(int(found[1]), UTC) + timedelta(milliseconds=int(found[2] or 0))
    return None


def _syslog(line: bytes, newest: datetime) -> datetime | None:
    found = _SYSLOG.match(line)
    if found is None or found[1] not in _MONTHS:
        return None
    for year in (newest.year, newest.year - 1, newest.year - 2, newest.year - 3, newest.year - 4):
        try:
            moment = _made((year, _MONTHS[found[1]], *found.groups()[1:]), None, None)
        except ValueError:
            continue
        if moment <= newest + timedelta(days=1):
            return moment
    return None


def _nginx_error(line: bytes, _: datetime) -> datetime | None:
    found = _SLASHED.match(line)
    return _clock(found) if found else None


def _redis(line: bytes, _: datetime) -> datetime | None:
    begun = _REDIS.match(line)
    found = _NAMED.match(line, begun.end()) if begun else None
    return _named(found) if found else None


def _named(found: re.Match[bytes]) -> datetime | None:
    day, month, year, hour, minute, second, fraction, zone = found.groups()
    if month not in _MONTHS:
        return None
    return _made((year, _MONTHS[month], day, hour, minute, second), fraction, zone)


def _clock(found: re.Match[bytes]) -> datetime:
    *numbers, fraction, zone = found.groups()
    return _made(numbers, fraction, zone)


def _made(numbers: Sequence[bytes | int], fraction: bytes | None, zone: bytes | None) -> datetime:
    year, month, day, hour, minute, second = map(int, numbers)
    microseconds = int((fraction or b"0").ljust(6, b"0")[:6])
    return datetime(year, month, day, hour, minute, min(second, 59), microseconds, _zone(zone)).astimezone(UTC)


def _zone(zone: bytes | None) -> timezone:
    if not zone or zone == b"Z":
        return UTC
    digits = zone.strip().replace(b":", b"")
    ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-ahead if digits[:1] == b"-" else ahead)


_READERS: tuple[tuple[Shape, Callable[[bytes, datetime], datetime | None]], ...] = (
    (Shape.JSON, _json),
    (Shape.ISO, _iso),
    (Shape.NGINX_ERROR, _nginx_error),
    (Shape.COMBINED, _combined),
    (Shape.REDIS, _redis),
    (Shape.SYSLOG, _syslog),
)
