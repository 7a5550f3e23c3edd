"""Placeholders and variables of a script: how values reach bash without ever being read as bash.

`bind` rewrites, `check_value` guards the values, `variables` lists what else a script wants; see docs/reference/facts.md.
"""

from __future__ import annotations

from firstfive.shell.bind.contexts import Context
from firstfive.shell.bind.placeholders import CLOSED, ParamType, type_of, variable_of
from firstfive.shell.bind.rewrite import BindProblem, Bound, Placeholder, bind, neutral, placeholders
from firstfive.shell.bind.values import ACCEPTED, check_value
from firstfive.shell.bind.variables import Variable, is_secret, variable_uses, variables

__all__ = [
    "ACCEPTED",
    "CLOSED",
    "BindProblem",
    "Bound",
    "Context",
    "ParamType",
    "Placeholder",
    "Variable",
    "bind",
    "check_value",
    "is_secret",
    "neutral",
    "placeholders",
    "type_of",
    "variable_of",
    "variable_uses",
    "variables",
]
