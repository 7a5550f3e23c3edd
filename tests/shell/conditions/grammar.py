"""Conditions and facts made up at random, for the tests that hold for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from firstfive.shell.conditions import FactType

FACTS = {
    "a.flag": FactType.BOOL,
    "b.flag": FactType.BOOL,
    "a.count": FactType.INT,
    "a.share": FactType.DOUBLE,
    "a.name": FactType.STRING,
    "a.age": FactType.DURATION,
    "a.at": FactType.TIMESTAMP,
    "a.list": FactType.LIST,
}
VALUES = {
    "a.flag": st.booleans(),
    "b.flag": st.booleans(),
    "a.count": st.one_of(st.integers(-5, 5), st.sampled_from([2**63 - 1, -(2**63)])),
    "a.share": st.floats(allow_nan=True, allow_infinity=True),
    "a.name": st.text(alphabet="abé\n", max_size=4),
    "a.age": st.timedeltas(timedelta(days=-3000), timedelta(days=3000)),
    "a.at": st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "a.list": st.lists(st.text(alphabet="ab", max_size=2), max_size=3),
}

ints = st.one_of(st.integers(-9, 9).map(str), st.just("a.count"), st.just("size(a.name)"), st.just("a.list.size()"))
doubles = st.sampled_from(["a.share", "1.5", "-0.5", "1e3", "a.share + 1.0"])
strings = st.sampled_from(["a.name", '"a"', "'é'", r'"\n"', '""'])
durations = st.sampled_from(["a.age", 'duration("30m")', 'duration("-1.5h")', 'a.age - duration("2s")', "a.at - a.at"])
times = st.sampled_from(["a.at", 'timestamp("2030-01-31T03:00:00Z")', 'a.at + duration("1h")', "a.at - a.age"])
relation = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def compared(kind: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(kind, relation, kind).map(" ".join)


atoms = st.one_of(
    st.sampled_from(["a.flag", "b.flag", "true", "false"]),
    compared(st.one_of(ints, st.tuples(ints, st.sampled_from("+-"), ints).map(" ".join))),
    compared(doubles),
    compared(strings),
    compared(durations),
    compared(times),
    st.tuples(strings, st.just("in"), st.sampled_from(["a.list", '["a", "b"]', "[]"])).map(" ".join),
    st.tuples(ints, st.just("in"), st.sampled_from(["[1, 2]", "[a.count]"])).map(" ".join),
    st.tuples(st.just("a.name"), st.sampled_from([".contains", ".startsWith", ".endsWith"]), strings).map(
        lambda three: f"{three[0]}{three[1]}({three[2]})"
    ),
    st.sampled_from(['a.name.matches("^a+$")', r'a.name.matches(r"b|\n")', 'a.name.matches("[^a]")']),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(({t[0]}) ? ({t[1]}) : ({t[2]}))"),
    ),
    max_leaves=6,
)
knowledge = st.fixed_dictionaries({}, optional=VALUES)  # type: ignore[arg-type]
