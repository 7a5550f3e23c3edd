"""The wider words of families, proposed to the page itself: a unified diff of its Symptoms sentences, everything else as it was.

Called by `firstfive explain --diff`. Proposes plain texts only, and writes nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from firstfive.handbook.model import Handbook, LogSymptom, Source
from firstfive.handbook.watching.logs import cycle_of, sought


def proposed(handbook: Handbook) -> str:
    """The diff; empty when the page says everything already."""
    parts = []
    for source in handbook.sources:
        changed = source.text
        for at, words in sorted(_insertions(handbook, source), reverse=True):
            changed = changed[:at] + words + changed[at:]
        if changed != source.text:
            lines = difflib.unified_diff(
                source.text.splitlines(keepends=True),
                changed.splitlines(keepends=True),
                f"a/{source.path}\t",
                f"b/{source.path}\t",
            )
            parts.append("".join(lines))
    return "".join(parts)


def _insertions(handbook: Handbook, source: Source) -> Iterator[tuple[int, str]]:
    """(where, what) for each log symptom of this page whose families hold plain texts that it does not name."""
    for runbook in handbook.runbooks:
        for symptom in runbook.symptoms:
            if not isinstance(symptom, LogSymptom) or symptom.place.page != source.path or cycle_of(symptom):
                continue
            texts = sought(symptom)
            wider = [text.text for text in texts if text.family and not text.regex]
            last = next((text.text for text in reversed(texts) if not text.family), symptom.tokens[-1])
            at = source.text.find(f"`{last}`", _start(source.text, symptom.place.line))
            if wider and at >= 0:
                yield at + len(last) + 2, "".join(f", `{text}`" for text in wider)


def _start(text: str, line: int) -> int:
    """The offset of a line, counted from 1."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at
