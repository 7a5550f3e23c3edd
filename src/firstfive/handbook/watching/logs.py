"""What a log symptom is looked for by: the page's own tokens, the two sides of a cycle, and the family's other words.

Called by `plan`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firstfive.handbook.model import LogSymptom
from firstfive.handbook.watching.families import wider_families, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text or regular expression; `turn` is 1 for what comes, -1 for what goes, 0 for neither side of a cycle."""

    text: str
    regex: bool = False
    family: str = ""
    turn: int = 0


_CYCLE = re.compile(r"^(.*?)(\w+)/(\w+)$", re.DOTALL)
_GOES = re.compile(r"^(dis|un|de|left|close|stop|down|lost|out)", re.IGNORECASE)


def cycle_of(symptom: LogSymptom) -> tuple[str, str] | None:
    """The two texts of a token such as `User connected/disconnected`, what comes first; None when no token is one."""
    for token in symptom.tokens:
        found = _CYCLE.match(token)
        if found and _GOES.match(found[3]) and found[2].lower() in found[3].lower():
            return found[1] + found[2], found[1] + found[3]
    return None


def sought(symptom: LogSymptom) -> tuple[Text, ...]:
    """Everything that shows this symptom in a log: the page's own words first."""
    cycle = cycle_of(symptom)
    own: list[Text] = []
    for token in symptom.tokens:
        if cycle is not None and _CYCLE.match(token):
            own += [Text(text=cycle[0], turn=1), Text(text=cycle[1], turn=-1)]
        elif len(token) >= 3 and f"from `{token}`" not in symptom.text:
            own.append(Text(text=token))
    said = {text.text.lower() for text in own}
    wider = [
        Text(text=meaning.text, regex=meaning.regex, family=family.id)
        for family in wider_families(words_of(symptom))
        for meaning in family.means
        if meaning.text.lower() not in said
    ]
    return (*own, *wider) if cycle is None else tuple(own)
