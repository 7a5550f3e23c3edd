"""Durations and timestamps as CEL writes them, read and printed.

Called by `check`, `evaluate`, `explain` and the fact extractors. Never reads a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from firstfive.shell.conditions.values import LONGEST

_MICROSECONDS = {
    "h": Decimal(3_600_000_000),
    "m": Decimal(60_000_000),
    "s": Decimal(1_000_000),
    "ms": Decimal(1_000),
    "us": Decimal(1),
    "µs": Decimal(1),
    "μs": Decimal(1),
    "ns": Decimal("0.001"),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|μs|ns)", re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|µs|μs|ns))+)", re.ASCII)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


def duration_of(text: str) -> timedelta | None:
    """`1h30m`, `250ms`, `-4s`, `0`: the units are h m s ms us ns. None for anything else, or beyond ten thousand years.

    Rule: Go's time.ParseDuration, which CEL takes over. Kept to the microsecond; what is finer is cut off.
    """
    if len(text) > 64 or not _DURATION.fullmatch(text):
        return None
    total = sum((Decimal(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(text)), Decimal(0))
    try:
        span = timedelta(microseconds=int(total))
    except OverflowError:
        return None
    if span > LONGEST:
        return None
    return -span if text.startswith("-") else span


def timestamp_of(text: str) -> datetime | None:
    """An RFC 3339 time with zone as aware UTC, kept to the microsecond. None when `text` is not one."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, _, sign, off_hours, off_minutes = found.groups()[6:]
    zone: timezone = UTC
    if sign:
        if int(off_hours) > 23 or int(off_minutes) > 59:
            return None
        offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
        zone = timezone(-offset if sign == "-" else offset)
    micro = int((fraction or "0").ljust(9, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def duration_text(span: timedelta) -> str:
    """A duration as a person reads it: `12m`, `1h30m`, `2s`, `250ms`; `0s` for none."""
    micro = abs(span) // timedelta(microseconds=1)
    seconds, micro = divmod(micro, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m")) if count]
    if micro and not parts and not seconds:
        parts.append(f"{micro / 1000:g}ms")
    elif micro:
        parts.append(f"{seconds}.{micro:06d}".rstrip("0") + "s")
    elif seconds or not parts:
        parts.append(f"{seconds}s")
    return ("-" if span < timedelta(0) else "") + "".join(parts)


def timestamp_text(moment: datetime) -> str:
    """A timestamp in UTC, RFC 3339, without a fraction that is zero."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
