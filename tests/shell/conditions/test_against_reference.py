"""Our answers against those of CEL's own engine, where that is installed (`cel-expr-python`; it is no dependency of ours)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from firstfive.shell.conditions import ConditionError, FactType, compile
from shell.conditions.grammar import FACTS, conditions, knowledge

cel = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python is not installed")


@pytest.fixture(scope="module")
def reference() -> Any:
    kinds = {
        FactType.BOOL: cel.Type.BOOL,
        FactType.INT: cel.Type.INT,
        FactType.DOUBLE: cel.Type.DOUBLE,
        FactType.STRING: cel.Type.STRING,
        FactType.DURATION: cel.Type.DURATION,
        FactType.TIMESTAMP: cel.Type.TIMESTAMP,
        FactType.LIST: cel.Type.List(cel.Type.STRING),
    }
    return cel.NewEnv(variables={name: kinds[kind] for name, kind in FACTS.items()})


@settings(max_examples=3000, deadline=None)
@given(conditions, knowledge)
def test_it_agrees_with_the_reference_engine(reference: Any, text: str, values: dict[str, Any]) -> None:
    try:
        ours = compile(text, FACTS).evaluate(values)
    except ConditionError:
        return
    theirs = reference.compile(text).eval(data=values)
    kind = theirs.type()
    if ours.faults:  # an overflow is an error there; ours makes it an unknown with its reason
        assert kind in (cel.Type.ERROR, cel.Type.UNKNOWN), (text, values)
    elif ours.missing:
        assert kind == cel.Type.UNKNOWN or kind == cel.Type.ERROR, (text, values)
    else:
        assert theirs.value() is (ours.outcome == "true"), (text, values)
