"""Works out a checked condition over the facts at hand, in three values.

Called by `Condition.evaluate` and by `explain`. A fact that is absent, or a value that cannot be computed, is `Unknown` and spreads
as CEL says: it yields to a deciding side of `&&` or `||` and wins over everything else. Raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from firstfive.shell.conditions.clocks import duration_of, timestamp_of
from firstfive.shell.conditions.matching import TooMuchWork, found_in
from firstfive.shell.conditions.pattern import compile_pattern
from firstfive.shell.conditions.tree import Binary, Call, Choice, Listing, Literal, Logic, Name, Node, Unary
from firstfive.shell.conditions.values import INT_MAX, INT_MIN, LONGEST, FactType, conform


@dataclass(frozen=True, slots=True)
class Unknown:
    """No value, because of these missing facts and of these computations that failed."""

    missing: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()


Single: TypeAlias = bool | int | float | str | timedelta | datetime
Held: TypeAlias = Single | tuple[Single, ...]
Answer: TypeAlias = Held | Unknown


def evaluate(node: Node, facts: Mapping[str, FactType], values: Mapping[str, object]) -> Answer:
    """The value of `node`. `values` may hold more than the facts that `node` names, and fewer."""
    return _Evaluation(facts, values).of(node)


class _Evaluation:
    """One walk over a tree with its facts."""

    def __init__(self, facts: Mapping[str, FactType], values: Mapping[str, object]) -> None:
        self.facts = facts
        self.values = values

    def of(self, node: Node) -> Answer:
        match node:
            case Literal(value=value):
                return value
            case Name(name=name):
                return self.fact(name)
            case Listing(items=items):
                held = _all(tuple(self.of(item) for item in items))
                return held if isinstance(held, Unknown) else tuple(one for one in held if not isinstance(one, tuple))
            case Unary(op="!", operand=operand):
                inner = self.of(operand)
                return inner if isinstance(inner, Unknown) else inner is not True
            case Unary(operand=operand):
                return _negated(self.of(operand))
            case Logic():
                return self.logic(node)
            case Choice(test=test, yes=yes, no=no):
                decided = self.of(test)
                return decided if isinstance(decided, Unknown) else self.of(yes if decided is True else no)
            case Binary(op=op, left=left, right=right):
                both = _all((self.of(left), self.of(right)))
                return both if isinstance(both, Unknown) else _joined(op, both[0], both[1])
            case Call():
                return self.call(node)
            case _:
                assert_never(node)

    def fact(self, name: str) -> Answer:
        if name not in self.values or self.values[name] is None:
            return Unknown(missing=frozenset({name}))
        value = conform(self.facts[name], self.values[name])
        if value is None:
            return Unknown(faults=frozenset({f"{name} is not a {self.facts[name]}"}))
        return value

    def logic(self, node: Logic) -> Answer:
        """`false` decides an `&&` and `true` an `||`, whatever is unknown; else one unknown part makes the whole unknown."""
        deciding = node.op == "||"
        doubts: list[Unknown] = []
        for part in node.parts:
            value = self.of(part)
            if isinstance(value, Unknown):
                doubts.append(value)
            elif value is deciding:
                return deciding
        return _merged(doubts) if doubts else not deciding

    def call(self, node: Call) -> Answer:
        parts = node.arguments if node.receiver is None else (node.receiver, *node.arguments)
        given = _all(tuple(self.of(part) for part in parts))
        if isinstance(given, Unknown):
            return given
        return _called(node.function, given)


def _merged(doubts: list[Unknown]) -> Unknown:
    return Unknown(
        missing=frozenset().union(*(doubt.missing for doubt in doubts)),
        faults=frozenset().union(*(doubt.faults for doubt in doubts)),
    )


def _all(parts: tuple[Answer, ...]) -> tuple[Held, ...] | Unknown:
    doubts = [part for part in parts if isinstance(part, Unknown)]
    if doubts:
        return _merged(doubts)
    return tuple(part for part in parts if not isinstance(part, Unknown))


def _fault(why: str) -> Unknown:
    return Unknown(faults=frozenset({why}))


def _negated(value: Answer) -> Answer:
    match value:
        case int():
            return -value if value != INT_MIN else _fault("the number leaves 64 bits")
        case float():
            return -value
        case _:
            return value


def _joined(op: str, left: Held, right: Held) -> Answer:
    if op in "+-":
        return _summed(op, left, right)
    if op == "in":
        return isinstance(right, tuple) and any(item == left for item in right)
    if op == "==":
        return left == right
    if op == "!=":
        return left != right
    match left, right:
        case (
            (str(), str()) | (int() | float(), int() | float()) | (timedelta(), timedelta()) | (datetime(), datetime())
        ):
            return _ordered(op, left, right)
        case _:
            return _fault("these values have no order")


def _ordered(op: str, left: object, right: object) -> bool:
    match op:
        case "<":
            return left < right  # type: ignore[operator, no-any-return]
        case "<=":
            return left <= right  # type: ignore[operator, no-any-return]
        case ">":
            return left > right  # type: ignore[operator, no-any-return]
        case _:
            return left >= right  # type: ignore[operator, no-any-return]


def _summed(op: str, left: Held, right: Held) -> Answer:
    try:
        total = left + right if op == "+" else left - right  # type: ignore[operator]
    except OverflowError:
        return _fault("the time leaves the years 1 to 9999")
    match total:
        case float() | datetime():
            return total
        case int():
            return total if INT_MIN <= total <= INT_MAX else _fault("the number leaves 64 bits")
        case timedelta():
            return total if -LONGEST <= total <= LONGEST else _fault("the duration leaves ten thousand years")
        case _:
            return _fault("these values cannot be joined")


def _called(function: str, given: tuple[Held, ...]) -> Answer:
    match function, given:
        case "size", (str() | tuple() as whole,):
            return len(whole)
        case "contains", (str() as whole, str() as part):
            return part in whole
        case "startsWith", (str() as whole, str() as part):
            return whole.startswith(part)
        case "endsWith", (str() as whole, str() as part):
            return whole.endswith(part)
        case "matches", (str() as whole, str() as pattern):
            try:
                return found_in(compile_pattern(pattern), whole)
            except TooMuchWork:
                return _fault("the pattern takes too long on this text")
        case "duration", (str() as text,):
            span = duration_of(text)
            return _fault(f"“{text[:40]}” is no duration") if span is None else span
        case "timestamp", (str() as text,):
            moment = timestamp_of(text)
            return _fault(f"“{text[:40]}” is no timestamp") if moment is None else moment
        case _:
            return _fault(f"{function} cannot be computed")
