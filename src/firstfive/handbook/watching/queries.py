"""A count that a runbook's own read-only step makes, as a look that settings could repeat; a known defect of such a step is mended.

Called by `plan`, which offers it as a line of settings: what count is too many, only the team can say.
"""

from __future__ import annotations

import re

from firstfive.handbook.model import Mode, Runbook

_COUNTS = re.compile(r"\bcount(?:Documents)?\(|\bwc -l\b|\bgrep -c\b")
# `use DB;` inside --eval takes the rest of the line as its argument, so that nothing is counted (seen with mongosh 2.5).
_USE = re.compile(
    r"""(?P<before>.*?\bmongosh)\b(?P<options>[^"']*?)--eval[\s\\]*"use (?P<db>\w+);\s*"""
    r"""(?P<what>[^"]*?)\.find\((?P<query>(?:[^"]|\\")*)\)\.count\(\)\"""",
    re.DOTALL,
)


def counting(runbook: Runbook) -> str:
    """The command of the first step that only looks and prints a count, mended where it could not; empty when there is none."""
    for step in runbook.steps:
        script = (step.script or "").strip()
        if step.mode is not Mode.AUTO or not _COUNTS.search(script) or len(script) > 1000:
            continue
        found = _USE.match(script)
        if found is None:
            return " ".join(script.split()) if "\n" not in script else script
        options = " ".join(found["options"].replace("\\", " ").split())
        words = " ".join(word for word in (found["before"], found["db"], "--quiet", options) if word)
        return f'{words} --eval "{found["what"]}.countDocuments({found["query"]})"'
    return ""


def as_setting(command: str, symptom: str) -> str:
    """The table of settings that would watch it, on one line."""
    quoted = command.replace("'''", "")
    return f"[probes.count] kind = \"query\", command = '''{quoted}''', more_than = 10, symptom = \"{symptom}\""
