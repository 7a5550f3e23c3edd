"""An edit as a span of bytes, and a page with edits made in it.

Called by the rest of this package and by whoever writes the page. What no edit covers comes out byte for byte as it went in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The bytes `old` at `start` become `text`; empty `old` inserts.

    `line` is the 1-based line on the page, `code` the problem that it mends (empty: only the spelling), `why` a sentence for the
    person who decides. `link` says that it changes a link in prose, which is never done unasked.
    """

    start: int
    old: bytes
    text: bytes
    line: int
    why: str
    code: str = ""
    link: bool = False

    @property
    def end(self) -> int:
        """The offset behind the last byte that is replaced."""
        return self.start + len(self.old)


def patched(raw: bytes, edits: Iterable[Edit]) -> bytes:
    """The page with every edit made.

    Raises:
        ValueError: two edits touch the same bytes, or what stands there is not what an edit replaces.
    """
    parts: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not at <= edit.start <= edit.end <= len(raw) or raw[edit.start : edit.end] != edit.old:
            raise ValueError(f"the edit of bytes {edit.start} to {edit.end} does not fit the page")
        parts += [raw[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*parts, raw[at:]])


def apart(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits in the order of the page, without repetitions and without those that touch one before them."""
    kept: list[Edit] = []
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.start, edit.end)):
        if not kept or edit.start > kept[-1].end or (edit.start == kept[-1].end and edit.start > kept[-1].start):
            kept.append(edit)
    return tuple(kept)
