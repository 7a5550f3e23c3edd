"""What the page itself lets strangers say: the words of its matrix and of its symptoms that people outside can see and may read.

Asked by the public report form. Whatever names the inside is left out, so the form can only ever offer less than the page says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstfive.documents.public.wording import internal_words
from firstfive.handbook.model import Deadline, Handbook, ProseSymptom

LONGEST, MOST = 90, 12
# Words that pass in a sentence which a person wrote for customers, and that no customer would use; then names and code.
_INSIDE = re.compile(r"\b(?:apis?|webhooks?|logs?|tokens?|rate.limit\w*|queues?|smtp|dns|tls|ssl|cron|sentry)\b", re.I)
_CODE = re.compile(r"[a-z][A-Z]|[A-Z]{2,}[a-z]|[`<>$_\\{}|]")


def offered(handbook: Handbook) -> tuple[str, ...]:
    """What somebody may choose from, the worst first and each once: what the worst severity means, examples of every severity that somebody
    answers, and symptoms in plain words.
    """
    kept: dict[str, str] = {}
    for said in _said(handbook):
        words = " ".join(said.split()).rstrip(".")
        if (
            words
            and len(words) <= LONGEST
            and not (_INSIDE.search(words) or _CODE.search(words) or internal_words(words))
        ):
            kept.setdefault(words.casefold(), words[0].upper() + words[1:])
    return tuple(kept.values())[:MOST]


def _said(handbook: Handbook) -> Iterator[str]:
    answered = sorted(
        (row for row in handbook.severities if row.response.kind is not Deadline.BACKLOG), key=lambda row: row.level
    )
    for row in answered:
        if row is answered[0]:
            yield row.meaning
        yield from row.examples
    for runbook in handbook.runbooks:
        yield from (symptom.text for symptom in runbook.symptoms if isinstance(symptom, ProseSymptom))
