"""Values made harmless inside Markdown and YAML: nothing in a title or an output can open a heading, a link, a table or a fence.

Used by the modules that write the post-mortem. Text of the page itself is never passed through here.
"""

from __future__ import annotations

import json
import re

from firstfive.documents.plain import line, visible

_ACTIVE = re.compile(r"[\\`*\[\]<>|~$#&]|(?<![^\W_])_|_(?![^\W_])|(?<==)=|(?<=%)%|!(?=\[)")
_PLAIN_SCALAR = re.compile(r"\d{4}-\d{2}-\d{2}|SEV-\d|0|[1-9]\d{0,8}")
SHOWN = 4000


def prose(text: str, width: int = 300) -> str:
    """One line in which every character that Markdown or Obsidian would act on is escaped."""
    return _ACTIVE.sub(lambda found: "\\" + found.group(), line(text, width))


def code(text: str, width: int = 300) -> str:
    """One line as a code span, with more backticks around it than it holds in a row; not for table cells."""
    flat = line(text, width) or "-"
    ticks = "`" * (_longest_run(flat) + 1)
    edge = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{edge}{flat}{edge}{ticks}"


def fence(text: str, language: str) -> str:
    """A code block whose fence is longer than any run of backticks inside; text beyond 4,000 characters loses its middle."""
    shown = visible(text).strip("\n")
    if len(shown) > SHOWN:
        half = SHOWN // 2
        shown = f"{shown[:half]}\n[... {len(shown) - SHOWN} characters left out here ...]\n{shown[-half:]}"
    ticks = "`" * max(3, _longest_run(shown) + 1)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def scalar(text: str) -> str:
    """One line as a YAML value: as it stands when it is a date, a whole number or a severity, else double-quoted."""
    flat = line(text)
    return flat if _PLAIN_SCALAR.fullmatch(flat) else json.dumps(flat, ensure_ascii=False)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
