"""What to do about a refusal, in the words of the room: which button or page, where the rules speak of a command or its option.

Used by `paper` for every reason that a page shows. The API and the command line say the same remedy as it was given; one that no page
can follow (the machine's own settings, a server that is down) stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

# A remedy as the rules give it, and as somebody with the room before them does it. The first that fits is put in its place.
# fmt: off
_SAID = (
    (r"\blook at what the hosts know \(firstfive status \S+\), then: firstfive resume .*",
     "read under Next what the hosts know, then say what you found"),
    (r"\blook at firstfive status \S+ in a moment", "look at Next again in a moment"),
    (r"\bfirstfive status lists the open ones", "the first page lists what is open"),
    (r"\bfirstfive status lists them\b", "the first page lists them"),
    (r"\bfirstfive status \S+ shows every run", "Steps shows every run"),
    (r"\bfirstfive status \S+ shows what it waits for", "Next says what it waits for"),
    (r"\bfirstfive status \S+ lists what waits for approval", "what waits for a yes stands under Next"),
    (r"\bfirstfive public \S+ --status .*", "Tell customers, under Say"),
    (r"\bnote it with firstfive note\b", "note it under Say"),
    (r"^firstfive undo \S+$", "press Undo it at that change first"),
    (r"\bgive it with --set NAME=VALUE; the step", "fill it in below the command; the step"),
    (r"\btype (\S+) \(--confirm \S+\)", r"type \1 into the field below the command"),
    (r"\bapprove saying so \(--done-first\)", "tick that it is done and approve"),
    (r"\(--override WHY\)", "in the field for it"),
    (r"\bgive it with --note .*", "say it in the field beside the button"),
    (r"\bgive a name with --by, or set FIRSTFIVE_USER", "give your name"),
    (r"\bfirstfive outbox lists them", "Outbox lists them"),
    (r"\bfirstfive silence list shows them", "Signals lists them"),
    (r"\bfirstfive signals lists the newest", "Signals lists the newest"),
    (r"\bfirstfive account list shows them", "People and roles lists them"),
    (r"\bfirstfive token list shows them", "the page of your account lists them"),
    (r"; firstfive account invite NAME prints one\b", ""),
    (r"\bwrite RUNBOOK#NUMBER; firstfive explain RUNBOOK shows the steps of one: ",
     "choose one of a runbook that the handbook has: "),
    (r"\bplease report this with `firstfive timeline`", "please report this with the timeline as text, which is under Files"),
    (r"\bsign in at /sign-in, or send a token of `firstfive token new` as a bearer token", "sign in"),
)
# fmt: on


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(said, re.DOTALL), there) for said, there in _SAID)


def in_the_room(remedy: str) -> str:
    """The same remedy for somebody who looks at a page."""
    for said, there in _patterns():
        remedy, found = said.subn(there, remedy)
        if found:
            break
    return remedy
