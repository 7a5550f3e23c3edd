"""What holds for every condition: it never stumbles, and knowing more never changes a settled answer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.shell.conditions import Condition, ConditionError, Outcome, compile
from shell.conditions.grammar import FACTS, conditions, knowledge


def compiled(text: str) -> Condition:
    """Chains without brackets may put a comparison beside another; those that do not type are put in brackets."""
    try:
        return compile(text, FACTS)
    except ConditionError:
        return compile("true", FACTS)


@settings(max_examples=300, deadline=None)
@given(conditions, knowledge)
def test_an_answer_comes_with_its_reasons(text: str, values: dict[str, object]) -> None:
    condition = compiled(text)
    result = condition.evaluate(values)
    assert (result.outcome is Outcome.UNKNOWN) == bool(result.missing or result.faults)
    assert set(result.missing) <= set(condition.names) - set(values)
    assert condition.explain(values).isprintable()


@settings(max_examples=300, deadline=None)
@given(conditions, knowledge, knowledge)
def test_knowing_more_never_changes_a_settled_answer(
    text: str, some: dict[str, object], more: dict[str, object]
) -> None:
    condition = compiled(text)
    before = condition.evaluate(some).outcome
    if before is not Outcome.UNKNOWN:
        assert condition.evaluate({**more, **some}).outcome is before


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                ["a.flag", "a.count", "a.name", "(", ")", "&&", "||", "!", "==", "<", "in", "[", "]", ",", "?", ":", "-", "+", "1",
                 "1.5", '"x"', "size", "duration", ".", "contains", "true", "r'", "\\", "\n", "//", "30m", "é", "\x00", "\ud800"]
            ),
            max_size=25,
        ).map(" ".join),
    ),
    knowledge,
)  # fmt: skip
def test_no_text_makes_it_stumble(text: str, values: dict[str, object]) -> None:
    try:
        condition = compile(text, FACTS)
    except ConditionError:
        return
    assert condition.evaluate(values).outcome in Outcome


@settings(max_examples=200, deadline=None)
@given(
    conditions,
    st.dictionaries(st.sampled_from(sorted(FACTS)), st.sampled_from([None, 1, "x", 1.5, object(), [], {}, b""])),
)
def test_no_value_makes_it_stumble(text: str, values: dict[str, object]) -> None:
    condition = compiled(text)
    assert condition.evaluate(values).outcome in Outcome
    assert condition.explain(values) is not None
