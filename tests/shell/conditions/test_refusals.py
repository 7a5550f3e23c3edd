"""What does not compile, where it says so, and what it says to do."""

from __future__ import annotations

import pytest

from firstfive.shell.conditions import ConditionError, FactType, compile

FACTS = {
    "container.oom_killed": FactType.BOOL,
    "container.status": FactType.STRING,
    "disk.used_pct": FactType.DOUBLE,
    "deploy.age": FactType.DURATION,
    "deploy.at": FactType.TIMESTAMP,
    "exit": FactType.INT,
    "names": FactType.LIST,
}

TABLE = [
    # text, line, column, words of the message, words of the remedy
    ("", 1, 1, "empty", "comparison"),
    ("   ", 1, 1, "empty", ""),
    ("container.oomkilled", 1, 1, "undeclared fact container.oomkilled; did you mean container.oom_killed?", "exit"),
    ("oom_killed", 1, 1, "did you mean container.oom_killed?", ""),
    ("zebra == 1", 1, 1, "undeclared fact zebra", "facts declared here"),
    ("exit == 0 &&\n  disk.usedpct > 1.0", 2, 3, "did you mean disk.used_pct?", ""),
    ('container.status == "é" && nope', 1, 29, "undeclared fact nope", ""),
    ("exit", 1, 1, "this is an int", "compare"),
    ("exit = 0", 1, 6, "means nothing", "=="),
    ("exit == 0 & exit == 1", 1, 11, "means nothing", "&&"),
    ("exit == 0 and exit == 1", 1, 11, "found “and”", "&&"),
    ("exit == 0 or exit == 1", 1, 11, "found “or”", "||"),
    ("exit == 1.0", 1, 6, "an int cannot be compared with a double", ""),
    ("disk.used_pct >= 95", 1, 15, "a double cannot be compared with an int", "95.0"),
    ('exit == "0"', 1, 6, "an int cannot be compared with a string", ""),
    ("container.status == 1", 1, 18, "a string cannot be compared", '"1"'),
    ("deploy.age < 30", 1, 12, "a duration cannot be compared", 'duration("30m")'),
    ("deploy.age < 30m", 1, 14, "30m is no number", 'duration("30m")'),
    ("deploy.age < 2d", 1, 14, "2d is no number", "48h"),
    ('deploy.age < duration("2d")', 1, 23, "no duration", "48h"),
    ('deploy.at < timestamp("yesterday")', 1, 23, "no timestamp", "zone"),
    ('deploy.at < timestamp("2030-02-30T00:00:00Z")', 1, 23, "no timestamp", ""),
    ("deploy.at + deploy.at == deploy.at", 1, 11, "cannot join", ""),
    ("exit in exit", 1, 9, "in wants a list", "[ ]"),
    ('exit in ["a"]', 1, 6, "cannot be in", ""),
    ('exit in [1, "a"]', 1, 13, "a list of int cannot hold a string", "one type"),
    ("exit in [[1]]", 1, 10, "not lists", ""),
    ('names < ["a"]', 1, 7, "no order", "size"),
    ("!exit", 1, 2, "must be true or false", ""),
    ("-names == names", 1, 1, "cannot be put before", ""),
    ("exit == 0 ? true : 1", 1, 20, "one type", ""),
    ("exit ? true : false", 1, 1, "must be true or false", ""),
    ('container.status.contain("x")', 1, 18, "did you mean contains?", ""),
    ("container.status.contains(1)", 1, 18, "takes one string", ""),
    ('names.contains("x")', 1, 7, "belongs to a string", "in list"),
    ('contains("x")', 1, 1, "is a method", "text.contains"),
    ("exit.size() == 1", 1, 6, "size() takes nothing", ""),
    ("size(exit) == 1", 1, 1, "size takes one string or one list", ""),
    ("lenght(names) == 1", 1, 1, "unknown function", ""),
    ("container.status.matches(container.status)", 1, 26, "in the condition itself", ""),
    (r'container.status.matches("(a)\\1")', 1, 26, "character 5", ""),
    ('container.status.matches("(?=a)")', 1, 26, "look-around", ""),
    ('container.status.matches("[")', 1, 26, "not closed", ""),
    ('container.status == "x', 1, 21, "not closed", "close it"),
    (r'container.status == "\q"', 1, 22, "no escape", ""),
    (r'container.status == "\ud800"', 1, 22, "no escape", ""),
    ("container.status == b'x'", 1, 21, "byte strings", ""),
    ("container.status == null", 1, 21, "never null", ""),
    ("container.status.foo", 1, 1, "undeclared fact container.status.foo", ""),
    ("exit == 5u", 1, 9, "no number", ""),
    ("exit == 9223372036854775808", 1, 9, "64 bits", ""),
    ("exit == 1e999", 1, 9, "too large", ""),
    ("exit * 2 == 4", 1, 6, "means nothing", "+ and -"),
    ("(exit == 0", 1, 11, "found the end", ""),
    ("exit == 0)", 1, 10, "found “)”", ""),
    ("exit ==", 1, 8, "found the end", ""),
    ("exit == while", 1, 9, "found “while”", ""),
    ("names[0] == 'a'", 1, 6, "found “[”", ""),
    ("!-exit", 1, 2, "found “-”", ""),
    ("exit == 0 ? true", 1, 17, "expected “:”", ""),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "remedy"), TABLE, ids=[row[0] for row in TABLE])
def test_a_bad_condition_says_where_and_what_to_do(
    text: str, line: int, column: int, message: str, remedy: str
) -> None:
    with pytest.raises(ConditionError) as caught:
        compile(text, FACTS)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert message in error.what
    assert remedy in error.remedy
    assert error.code == "FF042"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!" * 3000 + "true", "at most 1000 words"),
        ("(" * 50 + "true" + ")" * 50, "nested deeper"),
        ("true " + "== true " * 60, "nested deeper"),
        ("1 " + "+ 1 " * 60 + "== 1", "nested deeper"),
        ("true ? true : " * 60 + "true", "nested deeper"),
        ("x" * 5000, "at most 4096 characters"),
        ("container.status" + ".size()" * 60, "nested deeper"),
        ("[" * 60, "nested deeper"),
    ],
)
def test_a_condition_has_limits_of_size(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        compile(text, FACTS)


def test_a_long_chain_is_not_deep() -> None:
    text = " && ".join(["exit == 0"] * 200)
    assert compile(text, FACTS).evaluate({"exit": 0}).outcome == "true"
