"""Facts: what a command's output tells, as typed values that conditions can speak of.

`facts_of` and `extract` work from the command's shape; `parse_fact_line` and `run_extractor` from a page's own `#: fact` line;
`condition_for` turns a page's phrase into a condition. See docs/reference/facts.md.
"""

from __future__ import annotations

from firstfive.shell.conditions import FactType, Value
from firstfive.shell.facts.extractors import Extractor, FactLine, FactLineError, parse_fact_line, run_extractor
from firstfive.shell.facts.lexicon import condition_for, lexicon
from firstfive.shell.facts.model import RESULT, FactSpec
from firstfive.shell.facts.packs import extract, facts_of, known, types

__all__ = [
    "RESULT",
    "Extractor",
    "FactLine",
    "FactLineError",
    "FactSpec",
    "FactType",
    "Value",
    "condition_for",
    "extract",
    "facts_of",
    "known",
    "lexicon",
    "parse_fact_line",
    "run_extractor",
    "types",
]
