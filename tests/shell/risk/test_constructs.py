"""A change stays a change inside every construct of bash and behind every wrapper, however they are nested."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.shell.parse import parse_many
from firstfive.shell.risk import Verdict, judge

LISTS = tomllib.loads((Path(__file__).parent / "constructs.toml").read_text())
CHANGES, SYNTAX, QUOTED, BEFORE = (LISTS[name] for name in ("changes", "syntax", "quoted", "before"))

simple = st.sampled_from(CHANGES)
wrapped = st.one_of(
    simple,
    st.builds(
        lambda before, change: before + change,
        st.sampled_from(BEFORE),
        st.sampled_from([c for c in CHANGES if ">" not in c]),
    ),
)


def _around(shape: str, text: str) -> str:
    """The shape around the text. Two brackets that meet would make arithmetic of it, in which no command runs at all."""
    return shape.format(f" {text}" if text.startswith("(") else text)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(_around, st.sampled_from(SYNTAX), inner),
        st.builds(
            lambda shape, text: shape.format(text),
            st.sampled_from(QUOTED),
            inner.filter(lambda text: "'" not in text and "Q" not in text and "E" not in text.split()),
        ),
    )


scripts = st.recursive(wrapped, _nested, max_leaves=4)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(scripts, min_size=8, max_size=8))
def test_no_construct_hides_a_change(batch: list[str]) -> None:
    parse_many(batch)
    for script in batch:
        assert judge(script).verdict is not Verdict.READ_ONLY, script


def test_each_construct_alone_hides_no_change() -> None:
    every = [shape.format(change) for shape in (*SYNTAX, *QUOTED) for change in CHANGES]
    every += [before + change for before in BEFORE for change in CHANGES if ">" not in change]
    parse_many(every)
    assert [script for script in every if judge(script).verdict is Verdict.READ_ONLY] == []


def test_each_construct_lets_a_look_pass_or_is_refused_for_a_reason() -> None:
    every = [shape.format("docker ps") for shape in (*SYNTAX, *QUOTED)]
    parse_many(every)
    passing = [script for script in every if judge(script).verdict is Verdict.READ_ONLY]
    assert len(passing) >= 0.8 * len(every)
