"""Many patterns as one machine: plain texts and regular expressions, looked for together in one pass.

Built by `workers`, `symptom` and `access`. A pattern is looked for in one line at a time and in bytes. The fast engine finds plain texts
only; a regular expression is asked about the lines that hold a text each of its matches must hold, or, where it has none, about every
line. Never reads a log.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.probes.logs.anchors import Anchored, anchored

# Below some seventy texts the engine picks slower algorithms; texts that no log holds bring it over that line.
DECOYS_UP_TO = 100
KEPT_DATABASES = 8
SHARED_BY = 3
REACH = 16 * 1024  # bytes of a line in which a regular expression is looked for: some take the square of that in time
Hit = Callable[[int, int, int, int, Any], None]
Text = tuple[bytes, bool]  # what the engine looks for, and whether without regard to case


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What to look for: `text` as it stands, or a regular expression when `regex`. `caseless` folds ASCII letters only.

    `id` is the asker's own name for it; two patterns may share one.
    """

    id: str
    text: str
    regex: bool = False
    caseless: bool = False


@dataclass(slots=True, kw_only=True)
class PatternSet:
    """Patterns ready to scan with.

    `texts` are what the engine looks for; `owners[n]` are the patterns, by index, that text n concerns, `guards[n]` all of those as
    one expression. `confirm` holds, by index, what
    a line must also match; `loose` what every line is asked, because no text narrows it down.
    """

    patterns: tuple[Pattern, ...]
    texts: tuple[Text, ...]
    owners: tuple[tuple[int, ...], ...]
    guards: dict[int, re.Pattern[bytes]]
    confirm: dict[int, re.Pattern[bytes]]
    loose: dict[int, re.Pattern[bytes]]
    cache: Path | None = None
    _built: dict[frozenset[int], Any] = field(default_factory=dict)

    def scan(self, block: memoryview, hit: Hit, context: object, without: frozenset[int] = frozenset()) -> None:
        """Call `hit(number of a text, 0, end, flags, context)` for every place of a text, about in the order of ends.

        A number at or above that of the texts is a decoy. `without` leaves texts out.
        """
        if self.texts:
            database: Any = self._built.get(without) or self._build(without)
            database.scan(block, match_event_handler=hit, context=context)

    def _build(self, without: frozenset[int]) -> Any:
        if len(self._built) >= KEPT_DATABASES:
            self._built.clear()
        rows = [(number, text) for number, text in enumerate(self.texts) if number not in without]
        rows += _decoys(len(self.texts), DECOYS_UP_TO - len(rows))
        built = self._built[without] = _database(rows, self.cache)
        return built


def compiled(patterns: Sequence[Pattern], *, cache: Path | None = None) -> PatternSet:
    """Patterns as one set. `cache` is a folder of ours alone where the compiled form is kept for the next start.

    Raises FirstfiveError for a pattern that cannot be used, with the reason.
    """
    owners: dict[Text, list[int]] = {}
    found_of: dict[int, Anchored] = {}
    confirm: dict[int, re.Pattern[bytes]] = {}
    loose: dict[int, re.Pattern[bytes]] = {}
    for number, pattern in enumerate(patterns):
        if not pattern.text or "\n" in pattern.text:
            why = "it holds a line break, and one line is looked at" if pattern.text else "it is empty"
            raise _unusable(pattern, why)
        if not pattern.regex:
            owners.setdefault(_text(pattern.text.encode("utf-8", "surrogateescape"), pattern.caseless), []).append(
                number
            )
            continue
        try:
            found = anchored(pattern.text, caseless=pattern.caseless)
        except (re.error, ValueError, OverflowError, RecursionError) as problem:
            raise _unusable(pattern, str(problem) or type(problem).__name__) from None
        (confirm if found.texts else loose)[number] = found.expression
        found_of[number] = found
    for number, text in _least_shared(found_of):
        owners.setdefault(text, []).append(number)
    made = PatternSet(
        patterns=tuple(patterns),
        texts=tuple(owners),
        owners=tuple(map(tuple, owners.values())),
        guards=_guards(list(owners.values()), confirm),
        confirm=confirm,
        loose=loose,
        cache=cache,
    )
    made.scan(memoryview(b""), lambda *_: None, None)
    return made


def _least_shared(found: Mapping[int, Anchored]) -> Iterator[tuple[int, Text]]:
    """(pattern, text) for what narrows each expression down best: of its sets of texts the one that the fewest others could use too."""
    used = Counter(text for one in found.values() for texts in one.choices for text in texts)
    for number, one in found.items():
        if one.choices:
            texts = min(one.choices, key=lambda texts: (max(used[text] for text in texts), -min(map(len, texts))))
            for text in sorted(texts):
                yield number, _text(text, one.caseless)


def _guards(owners: Sequence[Sequence[int]], confirm: Mapping[int, re.Pattern[bytes]]) -> dict[int, re.Pattern[bytes]]:
    """For a text that many expressions share: all of them as one, so that a line which matches none is asked once."""
    made: dict[int, re.Pattern[bytes]] = {}
    for text, numbers in enumerate(owners):
        if len(numbers) >= SHARED_BY and all(number in confirm and not confirm[number].groups for number in numbers):
            flags = {confirm[number].flags & re.IGNORECASE for number in numbers}
            whole = b"|".join(b"(?:" + confirm[number].pattern + b")" for number in numbers)
            if len(flags) == 1 and b"(?i" not in whole and b"(?m" not in whole:
                made[text] = re.compile(whole, flags.pop())
    return made


def _text(text: bytes, caseless: bool) -> Text:
    return (text.lower(), True) if caseless and text.lower() != text.upper() else (text, False)


def _unusable(pattern: Pattern, why: str) -> FirstfiveError:
    kind = "regular expression" if pattern.regex else "text"
    return FirstfiveError(
        f"the {kind} {pattern.text[:200]!r} cannot be looked for: {why}",
        where=pattern.id,
        remedy="mend it, or give it as plain text",
    )


def _decoys(first: int, count: int) -> Iterator[tuple[int, Text]]:
    for number in range(max(0, count)):
        yield first + number, (b"\x01\x02%08x zq%dq" % ((number * 2654435761) & 0xFFFFFFFF, number), False)


def _database(rows: list[tuple[int, Text]], cache: Path | None) -> Any:
    """The engine's form of these texts: read from the cache when it holds one that this engine takes, else made and kept there."""
    import hyperscan as hs

    sign = hashlib.sha256(f"{version('hyperscan')} {os.uname().machine}".encode())
    for number, (text, caseless) in rows:
        sign.update(b"%d %d %d:" % (number, caseless, len(text)) + text)
    kept = cache / f"{sign.hexdigest()[:32]}.patterns" if cache is not None else None
    if kept is not None and (database := _recalled(kept)) is not None:
        return database
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[re.escape(text).replace(b"\x00", rb"\x00") for _, (text, _) in rows],
            ids=[number for number, _ in rows],
            elements=len(rows),
            flags=[hs.HS_FLAG_CASELESS if caseless else 0 for _, (_, caseless) in rows],
        )
    except hs.error as problem:
        raise FirstfiveError(
            f"these {len(rows)} texts are too much for one set: {problem}", remedy="look for fewer or shorter ones"
        ) from None
    if kept is not None:
        _keep(kept, hs.dumpb(database))
    return database


def _recalled(kept: Path) -> Any:
    """What was kept, unless it is torn, somebody else's, or of another engine."""
    import hyperscan as hs

    try:
        with kept.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            sign, body = file.read(32), file.read()
        if hashlib.sha256(body).digest() != sign:
            return None
        database = hs.loadb(body, hs.HS_MODE_BLOCK)
        database.scratch = hs.Scratch(database)
    except (OSError, hs.error):
        return None
    return database


def _keep(kept: Path, body: bytes) -> None:
    """Written beside and moved into place; a folder that cannot be written costs only the next start's compile time."""
    with suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(body).digest() + body)
            os.replace(name, kept)
        except OSError:
            os.unlink(name)
            raise
