"""Scripts made up at random with a placeholder in them, run in real bash with hostile values: none may ever run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.errors import ShellSyntaxError
from firstfive.shell.bind import ParamType, bind

BASH = shutil.which("bash") or "/bin/bash"
PAYLOADS = (
    "$(touch pwned)",
    "x; touch pwned; :",
    "touch pwned",
    "a[$(touch pwned)]",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "e touch pwned",
    'BEGIN{system("touch pwned")}',
    "x=$(touch pwned)",
    "x -exec touch pwned ;",
)

words = st.recursive(
    st.sampled_from(["<v>", "<v>", "a", "$x", '"$x"', "${x}", "1", "x", "$1", '"$@"', "-n", "-c", "-e", "--", "{}"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda many: '"' + " ".join(many).replace('"', "") + '"'),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: "'" + " ".join(many).replace("'", "") + "'"),
        inner.map(lambda one: f"$(echo {one})"),
        inner.map(lambda one: f"`echo {one.replace('`', '')}`"),
        inner.map(lambda one: f"${{y:-{one}}}"),
        inner.map(lambda one: f"${{x#{one}}}"),
        inner.map(lambda one: f"$(({one}))"),
        inner.map(lambda one: f"<(echo {one})"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=4,
)
PROGRAMS = """echo|printf %s|printf|bash -c|sh -c|eval|sed|sed -e|awk|xargs|env|timeout 1|test -v|declare|export|declare -i|let|read|unset
|find . -maxdepth 0|find . -maxdepth 0 -exec|trap|source|.|command|builtin|exec|nice sh -c|env x=1 bash -c|mapfile|set --|f|cat|grep|local
|readonly|x=1 bash -c|python3 -c|xargs -I{} sh -c|bash|sh|test|[|shift|printf -v"""
programs = st.sampled_from([program.strip() for program in PROGRAMS.split("|")])
calls = st.tuples(programs, st.lists(words, max_size=3)).map(lambda two: " ".join([two[0], *two[1]]))
tests = st.tuples(words, st.sampled_from(["-eq", "==", "=~", "<", "-lt"]), words).map(lambda t: f"[[ {' '.join(t)} ]]")


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda t: f"{t[0]}; {t[1]}"),
        st.tuples(
            inner, st.sampled_from(["cat", "sh", "bash", "while read l; do echo $l; done", "xargs echo", "read x"])
        ).map(lambda t: f"{t[0]} | {t[1]}"),
        st.tuples(inner, words).map(lambda t: f"{t[0]} <<< {t[1]}"),
        st.tuples(inner, words, st.sampled_from(["E", "'E'"])).map(lambda t: f"{t[0]} <<{t[2]}\n{t[1]}\nE\n"),
        st.tuples(words, inner).map(lambda t: f"x={t[0]}; {t[1]}"),
        st.tuples(words, inner).map(lambda t: f"a[{t[0]}]=1; {t[1]}"),
        st.tuples(words, inner).map(lambda t: f"for x in {t[0]}; do {t[1]}; done"),
        st.tuples(inner, inner).map(lambda t: f"if {t[0]}; then {t[1]}; fi"),
        st.tuples(words, inner).map(lambda t: f"case {t[0]} in {t[0]}) {t[1]};; esac"),
        st.tuples(inner, words).map(lambda t: f"f() {{ {t[0]}; }}; f {t[1]}"),
        inner.map(lambda one: f"( {one} )"),
        inner.map(lambda one: f"(( x = 1 )); {one}"),
    )


scripts = st.recursive(st.one_of(calls, tests), nested, max_leaves=4).filter(lambda script: "<v>" in script)


def fired(script: str) -> tuple[str, ...]:
    """The payloads that ran in this script."""
    found = []
    for payload in PAYLOADS:
        with tempfile.TemporaryDirectory() as folder:
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "FF_V": payload}
            try:
                subprocess.run(
                    [BASH, "-s"],
                    input=script.encode(),
                    env=environment,
                    cwd=folder,
                    capture_output=True,
                    timeout=5,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                continue
            if (Path(folder) / "pwned").exists():
                found.append(payload)
    return tuple(found)


def attempt(script: str) -> None:
    try:
        bound = bind(script, {"v": ParamType.TEXT})
    except ShellSyntaxError:
        return
    if not bound.blocked and bound.variables:
        assert fired(bound.script) == (), bound.script


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts)
def test_no_hostile_value_ever_runs(script: str) -> None:
    attempt(script)


@pytest.mark.soak
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts)
def test_no_hostile_value_ever_runs_however_often_one_tries(script: str) -> None:
    attempt(script)
