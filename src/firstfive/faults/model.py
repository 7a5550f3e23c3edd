"""A fault as a value: three scripts and what they are about.

Made by the modules beside this one, run by `place`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`inject` breaks the lab, `seen` exits 0 while it hurts, `heal` undoes it and may run at any time, any number of times.

    All three are bash, run in the folder of the stack. `runbook` are words of the title of the page's runbook for it; `also` are
    words of titles that would be as right. `mends` says what a person is to do who has no drill to end. `level` is the severity that
    it deserves. `symptom` is what a page would have to say for it to be seen, in words that pages are read by. `patience` is how long it
    may take until it hurts, `fades` how long its symptoms stand after it is out, since some are counted over a while. `outside` is why
    nothing on this host can mend it; empty where something can. `deploys` says that it is a deploy: what is drilled soon after it looks
    like its doing, so it comes last.
    """

    name: str
    what: str
    runbook: str
    level: int
    inject: str
    seen: str
    mends: str
    symptom: str
    heal: str = ""
    also: tuple[str, ...] = ()
    patience: timedelta = timedelta(seconds=30)
    deploys: bool = False
    fades: timedelta = timedelta(0)
    outside: str = ""

    def fits(self, title: str) -> bool:
        """Whether a runbook of that title is a right one."""
        return any(_in(words, title) for words in (self.runbook, *self.also))


def _in(words: str, title: str) -> bool:
    held = title.lower()
    return any(word in held for word in words.lower().split())
