"""The hash chain of a timeline: how a row follows from the one before, and what is wrong where it does not.

Used by `journal` when it appends and when it proves. Pure: rows in, hashes and sentences out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One stored row. `at` is the instant as text (`codec.stamp`), `data` the stored JSON text of the event's fields."""

    incident: str
    seq: int
    at: str
    by: str
    type: str
    data: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the incident's own row says that its timeline ends; `number` counts incidents from 1 without gaps."""

    number: int
    seq: int
    hash: str


def follow(previous: str, *, incident: str, seq: int, at: str, by: str, kind: str, data: str) -> str:
    """SHA-256, in hex, over the previous row's hash and the canonical JSON of this row.

    `data` is canonical JSON already and goes in as the bytes that are stored, so that not even a space can be added to a row.
    """
    text = (
        f'{{"at":{_quoted(at)},"by":{_quoted(by)},"data":{data},'
        f'"incident":{_quoted(incident)},"seq":{seq},"type":{_quoted(kind)}}}'
    )
    return hashlib.sha256((previous + text).encode()).hexdigest()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def broken(rows: Iterable[Link], heads: Mapping[str, Head]) -> Iterator[str]:
    """For each incident whose chain does not hold, one sentence naming it and the number of its first broken row.

    `rows` come ordered by incident and seq; `heads` holds every incident. Whole incidents that are missing are named last.
    """
    reached: dict[str, tuple[int, str]] = {}
    spoilt: set[str] = set()
    for row in rows:
        seq, previous = reached.get(row.incident, (0, GENESIS))
        if row.incident in spoilt:
            continue
        problem = _problem(row, seq, previous, known=row.incident in heads)
        if problem:
            spoilt.add(row.incident)
            yield f"{row.incident}, entry {problem}"
            continue
        reached[row.incident] = row.seq, row.hash
    for incident, head in heads.items():
        if incident in spoilt:
            continue
        seq, last = reached.get(incident, (0, GENESIS))
        if seq < head.seq:
            yield f"{incident}, entry {seq + 1}: missing, the timeline once had {head.seq} entries"
        elif seq > head.seq:
            yield f"{incident}, entry {head.seq + 1}: not counted by the incident itself"
        elif last != head.hash:
            yield f"{incident}, entry {seq}: not the one that the incident itself ends with"
    numbers = {head.number for head in heads.values()}
    yield from (
        f"INC-{n}: the whole incident is missing" for n in range(1, max(numbers, default=0)) if n not in numbers
    )


def _problem(row: Link, seq: int, previous: str, *, known: bool) -> str:
    if not known:
        return f"{row.seq}: belongs to no incident"
    if row.seq != seq + 1:
        return f"{seq + 1}: missing, entry {row.seq} comes next"
    right = follow(previous, incident=row.incident, seq=row.seq, at=row.at, by=row.by, kind=row.type, data=row.data)
    if right != row.hash:
        return f"{row.seq}: its hash does not follow from its content and the entry before it"
    return ""
