"""Conditions over facts: a small, typed, three-valued part of CEL.

`compile(text, facts)` gives a `Condition` or raises `ConditionError`; see docs/reference/conditions.md for the language.
"""

from __future__ import annotations

from firstfive.shell.conditions.condition import Condition
from firstfive.shell.conditions.condition import compile_condition as compile
from firstfive.shell.conditions.values import ConditionError, FactType, Outcome, Result, Value

__all__ = ["Condition", "ConditionError", "FactType", "Outcome", "Result", "Value", "compile"]
