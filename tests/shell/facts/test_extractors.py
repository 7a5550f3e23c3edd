"""Fact lines of a page: what they take out of an output, and which of them are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firstfive.shell.conditions import FactType
from firstfive.shell.facts import FactLineError, parse_fact_line, run_extractor

NOW = datetime(2030, 1, 31, 3, 0, tzinfo=UTC)
JSON = (
    '{"a": {"b": [1, 2.5, "x"], "ok": true, "odd key": null}, "when": "2030-01-31T02:00:00Z", "wait": "90s", "n": "7"}'
)
TABLE = "NAMES   STATUS         MOUNTED ON\nweb     Up 3 seconds   /\ndb      Exited (1)     /data\n"

CASES = [
    # line, stdout, value
    ('#: fact logs.missing_env: string = regex("Missing env\\w* var\\w* (\\w+)")', "x\nMissing env var FOO\n", "FOO"),
    ('fact logs.missing_env : string = regex("Missing env\\w* var\\w* (\\w+)")', "all is well", ""),
    ('a : string = regex("(\\w+)@(\\w+)", 2)', "me@host", "host"),
    ('a : string = regex("(\\w+)@(\\w+)", 0)', "x me@host y", "me@host"),
    ('a : int = regex("code (\\d+)")', "code 42\ncode 43", 42),
    ('a : int = regex("code (\\d+)")', "nothing", None),
    ('a : bool = regex("^ready$")', "not ready\nready\n", True),
    ('a : bool = regex("^ready$")', "not ready\n", False),
    ('a : list<string> = regex("id=(\\d+)")', "id=1\nid=2 id=3\n", ("1", "2")),
    ('a : double = regex("load ([0-9.]+)")', "load 1.5", 1.5),
    ('a : double = regex("([0-9]+%)")', "97%", 97.0),
    ('a : int = json("a.b[0]")', JSON, 1),
    ('a : int = json("n")', JSON, 7),
    ('a : int = json("a.b[1]")', JSON, None),
    ('a : double = json("a.b[1]")', JSON, 2.5),
    ('a : double = json("a.b[0]")', JSON, 1.0),
    ('a : string = json("a.b[-1]")', JSON, "x"),
    ('a : bool = json(".a.ok")', JSON, True),
    ('a : string = json("a.\\"odd key\\"")', JSON, None),
    ('a : string = json("a.missing")', JSON, None),
    ('a : list<string> = json("a.b[*]")', JSON, ("1", "2.5", "x")),
    ('a : list<string> = json("[*].n")', '{"n":"a"}\n{"n":"b"}\n', ("a", "b")),
    ('a : duration = json("wait")', JSON, timedelta(seconds=90)),
    ('a : timestamp = json("when")', JSON, NOW - timedelta(hours=1)),
    ('a : timestamp = timestamp(json("when"))', JSON, NOW - timedelta(hours=1)),
    ('a : duration = since(timestamp(json("when")))', JSON, timedelta(hours=1)),
    ('a : string = json("a")', "not json", None),
    ('a : string = table("STATUS")', TABLE, "Up 3 seconds"),
    ('a : list<string> = table("status")', TABLE, ("Up 3 seconds", "Exited (1)")),
    ('a : list<string> = table("Mounted on")', TABLE, ("/", "/data")),
    ('a : list<string> = table("NOPE")', TABLE, None),
    ("a : string = line(1)", "\n  first \nsecond\n", "first"),
    ("a : string = line(-1)", "first\nsecond\n\n", "second"),
    ("a : string = line(3)", "first\nsecond\n", None),
    ("a : int = line(2)", "x\n 12 \n", 12),
    ("a : bool = line(1)", "TRUE\n", True),
    ("a : bool = line(1)", "maybe\n", None),
    ("a : list<string> = lines", "a\n\nb\n", ("a", "b")),
    ("a : int = count", "a\n\nb\n", 2),
    ("a : int = exit", "", 3),
    ('a : bool = contains("on stderr")', "", True),
    ("a : bool = contains('no')", "yes", False),
    (
        "deploy.age: duration = since(timestamp(line(1)))",
        "2030-01-31T02:48:00.5Z\n",
        timedelta(minutes=11, seconds=59.5),
    ),
    (
        "a : duration = since(timestamp(line(1)))",
        "2030-01-31 02:48:00.123456789 +0000 UTC\n",
        timedelta(seconds=719.876544),
    ),
    ("a : duration = since(timestamp(line(1)))", "0001-01-01T00:00:00Z\n", None),
    ("a : duration = since(line(1))", "yesterday", None),
]


@pytest.mark.parametrize(("line", "stdout", "value"), CASES)
def test_an_extractor_takes_out_what_its_line_says(line: str, stdout: str, value: object) -> None:
    found = run_extractor(parse_fact_line(line), stdout=stdout, stderr="on stderr", exit_code=3, now=NOW)
    assert found == value
    assert type(found) is type(value)


def test_without_a_present_time_no_age_is_told() -> None:
    line = parse_fact_line("a : duration = since(timestamp(line(1)))")
    assert run_extractor(line, stdout="2030-01-31T02:48:00Z", stderr="", exit_code=0) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "a fact line reads"),
        ("a = line(1)", "a fact line reads"),
        ("a : number = line(1)", "unknown type number"),
        ("a..b : int = line(1)", "cannot name a fact"),
        ("a : int = nope(1)", "is no extractor"),
        ("a : int = line(0)", "is no extractor"),
        ("a : int = line()", "is no extractor"),
        ("a : int = json(a)", "is no extractor"),
        ('a : int = json("a", 1)', "is no extractor"),
        ("a : int = lines", "gives list<string>, not int"),
        ("a : string = count", "gives int, not string"),
        ("a : int = since(line(1))", "gives duration, not int"),
        ("a : list<string> = line(1)", "not list<string>"),
        ('a : int = regex("(")', "not closed"),
        ('a : int = regex("(?=x)")', "look-around"),
        ('a : int = regex("x", 1)', "has 0 groups, not 1"),
        ('a : int = json("a[?b]")', "path, character 2"),
        ('a : int = json("a b")', "path, character 2"),
        ("a : duration = since(since(since(since(line(1)))))", "is no extractor"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_with_what_is_accepted(line: str, words: str) -> None:
    with pytest.raises(FactLineError) as caught:
        parse_fact_line(line)
    assert words in caught.value.what
    assert caught.value.code == "FF041"


def test_the_declared_type_stands_in_the_line() -> None:
    line = parse_fact_line("#: fact deploy.age : duration = since(timestamp(line(1)))")
    assert (line.name, line.type) == ("deploy.age", FactType.DURATION)
