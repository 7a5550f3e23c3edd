"""What the language of conditions says: three values, comparisons, times, lists, methods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from firstfive.shell.conditions import ConditionError, FactType, Outcome, compile

FACTS = {
    "container.oom_killed": FactType.BOOL,
    "container.exit_code": FactType.INT,
    "container.status": FactType.STRING,
    "disk.used_pct": FactType.DOUBLE,
    "deploy.age": FactType.DURATION,
    "deploy.at": FactType.TIMESTAMP,
    "names": FactType.LIST,
    "t": FactType.BOOL,
    "f": FactType.BOOL,
    "u": FactType.BOOL,
    "v": FactType.BOOL,
}
VALUES = {
    "container.exit_code": 137,
    "container.status": "exited",
    "disk.used_pct": 96.5,
    "deploy.age": timedelta(minutes=12),
    "deploy.at": datetime(2030, 1, 31, 2, 0, tzinfo=UTC),
    "names": ["a", "bb"],
    "t": True,
    "f": False,
}

TABLE = [
    # text, outcome, why
    ("u && f", "false", "false decides an && whatever is unknown"),
    ("f && u", "false", "on either side"),
    ("u && t", "unknown", "nothing decides"),
    ("u || t", "true", "true decides an ||"),
    ("t || u", "true", "on either side"),
    ("u || f", "unknown", "nothing decides"),
    ("!u", "unknown", "not unknown is unknown"),
    ("u && u || t", "true", "&& binds tighter than ||"),
    ("t || u && f", "true", "&& binds tighter than ||"),
    ("u ? t : t", "unknown", "an unknown test decides nothing, even when both results agree"),
    ("t ? t : u", "true", "only the chosen result is looked at"),
    ("f ? u : t", "true", "only the chosen result is looked at"),
    ("u == u", "unknown", "a comparison with an unknown side is unknown"),
    ("f && u && v", "false", "a chain"),
    ("container.exit_code == 137", "true", "ints"),
    ("container.exit_code in [137, 139]", "true", "a list of ints"),
    ("container.exit_code in []", "false", "nothing is in the empty list"),
    ("container.exit_code + 1 - 2 == 136", "true", "sums go left to right"),
    ("container.exit_code == 0x89", "true", "hexadecimal"),
    ("-container.exit_code < 0", "true", "a sign before a fact"),
    ("- -1 == 1", "true", "two signs"),
    ("-9223372036854775808 < 0", "true", "the smallest int can be written"),
    ("disk.used_pct >= 95.0", "true", "doubles"),
    ("disk.used_pct >= .5", "true", "a double may begin with its point"),
    ("disk.used_pct > 9.65e1", "false", "an exponent"),
    ("disk.used_pct - 1.5 == 95.0", "true", "sums of doubles"),
    ('container.status in ["exited", "dead"]', "true", "a list of strings"),
    ("container.status == 'exited'", "true", "either quote"),
    ('container.status < "f"', "true", "strings are ordered by code point"),
    ('container.status.startsWith("ex")', "true", "method"),
    ('container.status.endsWith("ex")', "false", "method"),
    ('container.status.contains("xit")', "true", "method"),
    ('container.status.matches("^ex[a-z]+$")', "true", "method"),
    (r'container.status.matches(r"^\w+$")', "true", "a raw string keeps its backslashes"),
    ('container.status.matches("d$") && !container.status.matches("^d")', "true", "anchors"),
    ("size(container.status) == 6", "true", "characters of a string"),
    ("container.status.size() == 6", "true", "size as a method"),
    ("size(names) == 2", "true", "items of a list"),
    ('"bb" in names', "true", "a list fact"),
    ('names == ["a", "bb"]', "true", "lists are equal item by item"),
    ('deploy.age < duration("30m")', "true", "durations"),
    ('deploy.age + duration("18m") == duration("0.5h")', "true", "sums of durations"),
    ('deploy.at < timestamp("2030-01-31T03:00:00+01:00")', "false", "the same moment in another zone"),
    ('deploy.at == timestamp("2030-01-31T03:00:00+01:00")', "true", "the same moment in another zone"),
    ('timestamp("2030-01-31T03:00:00Z") - deploy.at == duration("1h")', "true", "a difference of times"),
    ('deploy.at + duration("24h") > timestamp("2030-02-01T00:00:00.5Z")', "true", "time plus duration"),
    ('deploy.at - duration("1h") < deploy.at', "true", "time minus duration"),
    ("t == true != false", "true", "comparisons go left to right"),
    ("f < t", "true", "false comes before true"),
    ("t // why\n && t", "true", "comments and lines"),
    ("((t))", "true", "brackets"),
    ('"\\u00e9\\x41\\101\\n" == "éAA\n"', None, "a string ends on its line"),
    ('"\\u00e9\\x41\\101" == "éAA"', "true", "escapes"),
    ("9223372036854775807 + container.exit_code > 0", "unknown", "an overflow is no answer"),
    ("t || 9223372036854775807 + container.exit_code > 0", "true", "and a deciding side passes over it"),
    ("container.status == container.status + container.status", None, "strings have no sum here"),
]


@pytest.mark.parametrize(("text", "outcome", "why"), TABLE, ids=[row[0].replace("\n", " ") for row in TABLE])
def test_a_condition_means_what_cel_means(text: str, outcome: str | None, why: str) -> None:
    if outcome is None:
        with pytest.raises(ConditionError):
            compile(text, FACTS)
        return
    assert compile(text, FACTS).evaluate(VALUES).outcome == outcome, why


def test_missing_facts_are_named_only_when_they_made_the_answer_unknown() -> None:
    condition = compile("u && v || container.oom_killed", FACTS)
    assert condition.evaluate(VALUES).missing == ("container.oom_killed", "u", "v")
    assert condition.evaluate({**VALUES, "container.oom_killed": True}).missing == ()
    assert condition.evaluate({**VALUES, "u": False}).missing == ("container.oom_killed",)


def test_a_condition_names_the_facts_it_looks_at() -> None:
    assert compile('"x" in names || f', FACTS).names == ("f", "names")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", 1),
        ("t", "true"),
        ("container.exit_code", True),
        ("container.exit_code", 2**63),
        ("container.exit_code", 1.0),
        ("disk.used_pct", "96"),
        ("deploy.age", 12),
        ("deploy.at", datetime(2030, 1, 31)),  # noqa: DTZ001 (a time without a zone is the case)
        ("names", [1]),
        ("names", "a"),
    ],
)
def test_a_value_of_another_type_makes_the_answer_unknown_and_says_so(name: str, value: object) -> None:
    result = compile(f"{name} == {name}", FACTS).evaluate({name: value})
    assert result.outcome is Outcome.UNKNOWN
    assert result.missing == ()
    assert len(result.faults) == 1
    assert result.faults[0].startswith(f"{name} is not a")


def test_a_whole_number_passes_as_a_double_and_any_zone_as_a_time() -> None:
    assert compile("disk.used_pct == 96.0", FACTS).evaluate({"disk.used_pct": 96}).outcome is Outcome.TRUE
    moment = datetime(2030, 1, 31, 4, tzinfo=timezone(timedelta(hours=2)))
    same = compile('deploy.at == timestamp("2030-01-31T02:00:00Z")', FACTS)
    assert same.evaluate({"deploy.at": moment}).outcome is Outcome.TRUE


def test_an_absent_fact_and_a_none_are_both_not_collected() -> None:
    assert compile("t", FACTS).evaluate({"t": None}).missing == ("t",)


EXPLAINED = [
    ('deploy.age < duration("30m")', "deploy.age = 12m < 30m -> true"),
    ("container.oom_killed", "container.oom_killed unknown: not collected"),
    ("!container.oom_killed && t", "container.oom_killed unknown: not collected; t = true"),
    ('container.status in ["exited", "dead"]', 'container.status = "exited" in ["exited", "dead"] -> true'),
    ("disk.used_pct >= 95.0 || u", "disk.used_pct = 96.5 >= 95.0 -> true; u unknown: not collected"),
    ('"bb" in names', '"bb" in ["a", "bb"] (names) -> true'),
    ('container.status.contains("x")', 'container.status = "exited" contains("x") -> true'),
    ("u == t", "u == t unknown: u not collected"),
    ("t && t", "t = true"),
    ("size(names) > 3", "size(names) = 2 > 3 -> false"),
    (
        'deploy.at + duration("1h") > timestamp("2030-01-31T00:00:00Z")',
        'deploy.at + duration("1h") = 2030-01-31T03:00:00Z > 2030-01-31T00:00:00Z -> true',
    ),
    (
        "9223372036854775807 + container.exit_code > 0",
        "9223372036854775807 + container.exit_code > 0 unknown: the number leaves 64 bits",
    ),
]


@pytest.mark.parametrize(("text", "line"), EXPLAINED)
def test_an_explanation_shows_each_comparison_with_its_value(text: str, line: str) -> None:
    assert compile(text, FACTS).explain(VALUES) == line


def test_an_explanation_keeps_output_on_one_printable_line() -> None:
    shown = compile('container.status == "x"', FACTS).explain({"container.status": "\x1b[2J\n" + "y" * 500})
    assert shown.isprintable()
    assert len(shown) < 150
