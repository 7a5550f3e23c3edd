"""Says why a condition came out as it did: every comparison with the values it saw.

Called by `Condition.explain`; its lines go onto the timeline and into approvals. Never decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from firstfive.shell.conditions.clocks import duration_text, timestamp_text
from firstfive.shell.conditions.evaluate import Answer, Unknown, evaluate
from firstfive.shell.conditions.tree import Binary, Call, Choice, Listing, Literal, Logic, Name, Node, Unary, children
from firstfive.shell.conditions.values import FactType

_SHOWN = 60  # characters of a long text


def explain(text: str, tree: Node, facts: Mapping[str, FactType], values: Mapping[str, object]) -> tuple[str, ...]:
    """One line per comparison, method or bare fact of the condition, left to right, without repeats."""
    lines = [_line(text, part, facts, values) for part in _atoms(tree)]
    return tuple(dict.fromkeys(lines))


def _atoms(node: Node) -> list[Node]:
    """The parts that are true or false by themselves, below all `!`, `&&`, `||` and `?:`."""
    match node:
        case Logic() | Choice() | Unary(op="!"):
            return [atom for part in children(node) for atom in _atoms(part)]
        case _:
            return [node]


def _line(text: str, node: Node, facts: Mapping[str, FactType], values: Mapping[str, object]) -> str:
    answer = evaluate(node, facts, values)
    if isinstance(answer, Unknown):
        return _unknown(text, node, answer)
    match node:
        case Binary(op=op, left=left, right=right):
            before = _shown(text, left, evaluate(left, facts, values))
            after = _value_of(text, right, evaluate(right, facts, values))
            return f"{before} {op} {after} -> {_value(answer)}"
        case Call(receiver=Node_, function=function, arguments=arguments) if Node_ is not None:
            before = _shown(text, Node_, evaluate(Node_, facts, values))
            inside = ", ".join(_written(text, part) for part in arguments)
            return f"{before} {function}({inside}) -> {_value(answer)}"
        case Literal():
            return _value(answer)
        case _:
            return f"{_written(text, node)} = {_value(answer)}"


def _unknown(text: str, node: Node, answer: Unknown) -> str:
    why = [f"{name} not collected" for name in sorted(answer.missing)] + sorted(answer.faults)
    if isinstance(node, Name) and answer.missing:
        why = ["not collected"]
    return f"{_written(text, node)} unknown: {', '.join(why)}"


def _shown(text: str, node: Node, answer: Answer) -> str:
    """`fact = value`; a literal is only its value."""
    return _value(answer) if _constant(node) else f"{_written(text, node)} = {_value(answer)}"


def _value_of(text: str, node: Node, answer: Answer) -> str:
    """The right side: its value, and its name in brackets when it is not written out."""
    return _value(answer) if _constant(node) else f"{_value(answer)} ({_written(text, node)})"


def _constant(node: Node) -> bool:
    match node:
        case Literal():
            return True
        case Name():
            return False
        case Listing() | Unary() | Call() | Binary() | Logic() | Choice():
            return all(_constant(part) for part in children(node))


def _written(text: str, node: Node) -> str:
    return _clipped(" ".join(text[node.start : node.end].split()))


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _value(value: Answer) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return _quoted(value)
        case timedelta():
            return duration_text(value)
        case datetime():
            return timestamp_text(value)
        case tuple():
            shown = ", ".join(_value(item) for item in value[:8])
            return f"[{shown}{', …' if len(value) > 8 else ''}]"
        case Unknown():
            return "unknown"


def _quoted(text: str) -> str:
    """Output text on one line: control characters spelled out, long text cut."""
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:_SHOWN])
    return f'"{clean}{"…" if len(text) > _SHOWN else ""}"'
