"""A condition of the page, compiled: text in, three-valued answers with their reasons out.

Called by the page compiler (`compile_condition`) and by whoever holds the facts of an incident (`Condition`). Reads no clock, runs
nothing; evaluation never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firstfive.shell.conditions.check import check
from firstfive.shell.conditions.evaluate import Unknown, evaluate
from firstfive.shell.conditions.explain import explain
from firstfive.shell.conditions.parser import parse
from firstfive.shell.conditions.tree import Name, Node, children
from firstfive.shell.conditions.values import FactType, Outcome, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that compiled. `text` as written; `facts` are the facts it names, with their types, sorted by name."""

    text: str
    facts: tuple[tuple[str, FactType], ...]
    tree: Node

    @property
    def names(self) -> tuple[str, ...]:
        """The facts that the condition looks at."""
        return tuple(name for name, _ in self.facts)

    def evaluate(self, values: Mapping[str, object]) -> Result:
        """The outcome on these facts. A fact that is absent or None is missing; one of another type is a fault.

        `values` maps names to bool, int, float, str, timedelta, aware datetime or a list of str; other names are ignored.
        """
        answer = evaluate(self.tree, dict(self.facts), values)
        if isinstance(answer, Unknown):
            return Result(
                outcome=Outcome.UNKNOWN, missing=tuple(sorted(answer.missing)), faults=tuple(sorted(answer.faults))
            )
        return Result(outcome=Outcome.TRUE if answer is True else Outcome.FALSE)

    def explain(self, values: Mapping[str, object]) -> str:
        """Each comparison with the value it saw, such as `deploy.age = 12m < 30m -> true`, joined by `; ` on one line."""
        return "; ".join(self.reasons(values))

    def reasons(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """The same, one comparison an item."""
        return explain(self.text, self.tree, dict(self.facts), values)

    def __str__(self) -> str:
        return self.text


def compile_condition(text: str, facts: Mapping[str, FactType]) -> Condition:
    """The condition that `text` says over `facts` (fact name to type).

    Raises:
        ConditionError: FF042 with line and column, for a slip of syntax, an undeclared fact or types that do not fit.
    """
    tree = parse(text)
    check(text, tree, facts)
    named = sorted({name: facts[name] for name in _names(tree)}.items())
    return Condition(text=text, facts=tuple(named), tree=tree)


def _names(node: Node) -> set[str]:
    if isinstance(node, Name):
        return {node.name}
    return {name for part in children(node) for name in _names(part)}
