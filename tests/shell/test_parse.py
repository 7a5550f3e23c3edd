"""shfmt says what a script is; many scripts in one run are the same as each alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.errors import ShellSyntaxError
from firstfive.shell import parse as p

SCRIPTS = [
    "ls -l\n",
    "# only a comment",
    "",
    "# 1. first\ndocker ps\n\n# 2. second\ndf -h # why\n# the end",
    "if true; then\n  # inside\n  ls\nfi\n# after",
    "cat <<EOF\n# not a comment\nEOF\nls",
    "cat <<'EOF' | wc\n$(rm x)\nEOF\n",
    "echo 'a\n# b\nc'",
    "a=1 b=2 cmd \\\n  --long",
    "echo ends in a backslash \\",
    "for x in 1 2; do echo $x; done; f() { ls; }",
    "echo ünïcödé → 🔌 # ünï",
    "cmd &",
    "ls;",
    "  # indented\n  ls  ",
    "( # in a subshell\n ls )",
    "case x in\n# a\na) ls ;;\n# b\nesac",
]
BROKEN = ["echo 'a", "if true; then", "fi", "cat <<EOF", "( ls", "echo ${x", "a | | b", "}"]


def alone(script: str) -> p.Script | ShellSyntaxError:
    return p._single(script)


def same(one: p.Script | ShellSyntaxError, other: p.Script | ShellSyntaxError) -> bool:
    if isinstance(one, ShellSyntaxError) or isinstance(other, ShellSyntaxError):
        return isinstance(one, ShellSyntaxError) and isinstance(other, ShellSyntaxError) and str(one) == str(other)
    return (
        one.statements == other.statements
        and one.comments == other.comments
        and one.tree.get("Stmts", []) == other.tree.get("Stmts", [])
    )


@pytest.fixture(autouse=True)
def forget():
    p._known.clear()


def test_many_in_one_run_are_each_as_if_alone() -> None:
    for script, found in zip(SCRIPTS, p.parse_many(SCRIPTS), strict=True):
        assert same(found, alone(script)), script


def test_broken_ones_harm_no_other() -> None:
    mixed = [s for pair in zip(SCRIPTS, BROKEN * 3, strict=False) for s in pair]
    for script, found in zip(mixed, p.parse_many(mixed), strict=True):
        assert same(found, alone(script)), script


pieces = st.sampled_from([*SCRIPTS, *BROKEN, "\\", "'", '"', "`", "$(", ")", "<<X", "X", "#", "\n", "done", "{"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(pieces, min_size=1, max_size=3).map("\n".join), min_size=2, max_size=5, unique=True))
def test_no_script_reaches_into_its_neighbour(scripts: list[str]) -> None:
    p._known.clear()
    for script, found in zip(scripts, p.parse_many(scripts), strict=True):
        assert same(found, alone(script)), scripts


@pytest.mark.parametrize(
    ("script", "line", "says"),
    [
        ("ls\necho 'a", 2, "closing quote"),
        ("if true; then\nls\n", 1, "`fi`"),
        ("ls |\n", 1, "statement"),
    ],
)
def test_an_error_says_where_bash_stops(script: str, line: int, says: str) -> None:
    with pytest.raises(ShellSyntaxError) as wrong:
        p.parse(script)
    assert wrong.value.line == line
    assert says in wrong.value.what


@pytest.mark.parametrize("script", ["\ud800", "x" * (p.SCRIPT_BYTES + 1), "(" * 20000])
def test_what_is_no_script_is_an_error_not_a_crash(script: str) -> None:
    with pytest.raises(ShellSyntaxError):
        p.parse(script)


TRANSCRIPTS = [
    ("$ ls -l\ntotal 4\n-rw a\n$ df -h\n/dev/sda1 90%\n", "ls -l\ndf -h\n", "prompts stripped, output dropped"),
    ("[root@db1 ~]# systemctl status x\nactive\n", "systemctl status x\n", "a root prompt with a host"),
    ("sam@web:~$ docker ps\nCONTAINER\n", "docker ps\n", "a user's prompt"),
    ("$ curl -s \\\n  http://x\nok\n", "curl -s \\\n  http://x\n", "a continued line belongs to its command"),
    ("$ cat <<E\n> a\n> E\na\n", "cat <<E\na\nE\n", "lines at the second prompt belong to it too"),
    ("ls -l\ndf\n", None, "no prompt, no transcript"),
    ("# comment\nls\n", None, "a comment is no root prompt"),
    ("price: $ 5\n", None, "a dollar inside a line is no prompt"),
]


@pytest.mark.parametrize(("text", "commands", "why"), TRANSCRIPTS, ids=[t[2] for t in TRANSCRIPTS])
def test_a_pasted_session_is_read_as_its_commands(text: str, commands: str | None, why: str) -> None:
    assert p.transcript(text) == commands, why
