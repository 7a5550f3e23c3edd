"""Bad pages neither crash nor hang the compiler: they are refused with a place, or compiled with problems."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.errors import PageError
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, Level

PATIENCE = 20.0


def _compiled(page: bytes) -> Handbook | PageError:
    started = time.monotonic()
    try:
        return compile_vault({"a.md": page})
    except PageError as error:
        return error
    finally:
        assert time.monotonic() - started < PATIENCE


REFUSED = [
    (b"# \xff\n", "FF002", "a.md:1:3", "a byte that no UTF-8 has"),
    (b"ok\n\nabc\xc3(\n", "FF002", "a.md:3:4", "a cut sequence, further down"),
    (b"\xef\xbb\xbfab\xff", "FF002", "a.md:1:6", "after a byte order mark"),
    (b"a\0b", "FF002", "a.md:1:2", "a NUL byte"),
    (b"x" * 50_000_000, "FF003", "a.md", "fifty megabytes"),
    (b"> " * 100_000 + b"a", "FF004", "a.md:1:1", "quotes in quotes"),
    (b"> [!note] " * 20_000, "FF004", "a.md:1:1", "callouts in callouts"),
    (b"*a " * 60_000 + b"a*" * 60_000, "FF004", "a.md:1:1", "emphasis in emphasis"),
    (b"", "FF001", "a.md", "nothing at all"),
    (b"\xef\xbb\xbf", "FF001", "a.md", "only a byte order mark"),
    (b"# Shopping\n\n- bread\n", "FF001", "a.md", "nothing of ours"),
]


@pytest.mark.parametrize(("page", "code", "where", "why"), REFUSED, ids=[row[3] for row in REFUSED])
def test_a_page_that_cannot_be_read_is_refused_with_its_place(page: bytes, code: str, where: str, why: str) -> None:
    refused = _compiled(page)
    assert isinstance(refused, PageError), why
    assert (refused.code, refused.where) == (code, where)
    assert refused.remedy


RUNBOOK = b"## Runbooks\n\n### One\n\n```bash\nuptime\n```\n"
ENDURED = [
    (b"- " * 50_000 + b"a", "lists in lists"),
    (b"[" * 100_000, "open brackets"),
    (b"[[" * 50_000, "open links"),
    (b"`" * 99_999, "one long run of backticks"),
    (b"|" * 5_000 + b"\n" + b"|-" * 5_000 + b"|\n", "a table of pipes"),
    (b"# a\n" * 20_000, "headings only"),
    (b"".join(b"#" * (1 + i % 6) + b" a\n" for i in range(20_000)), "headings of all levels"),
    (b"%%" * 50_000, "comments that never begin or end"),
    (b"<!--" * 50_000, "comments of the other kind"),
    (b"---\n" + b"a: [" * 5_000 + b"\n---\n", "front matter that opens lists"),
    (b"---\na: &a [*a]\n---\n", "front matter that holds itself"),
    (b"```bash\n" + b"$(" * 20_000 + b"\n```\n", "substitutions in substitutions"),
    (b"```bash\n" + b"# 1. a\n" * 20_000 + b"```\n", "markers only"),
    (b"```bash\n" + b"cat <<A\n" * 500 + b"```\n", "heredocs that never end"),
    (b"```bash\n" + b"echo <a>" * 1_000 + b"\n```\n", "placeholders without end"),
]


@pytest.mark.parametrize(("page", "why"), ENDURED, ids=[row[1] for row in ENDURED])
def test_a_page_made_to_hurt_is_endured(page: bytes, why: str) -> None:
    outcome = _compiled(RUNBOOK + page)
    assert isinstance(outcome, Handbook), why


def test_a_deep_list_is_listed_as_not_read() -> None:
    outcome = _compiled(RUNBOOK + b"\n## More\n\n" + b"- " * 300 + b"a\n")
    assert isinstance(outcome, Handbook)
    assert "FF004" in {problem.code for problem in outcome.problems}


def test_one_bad_page_does_not_take_the_others_down() -> None:
    handbook = compile_vault({"a.md": RUNBOOK, "b.md": b"\xff"}, main="a.md")
    errors = [(p.code, str(p.place)) for p in handbook.problems if p.level is Level.ERROR]
    assert errors == [("FF002", "b.md:1:1")]


def test_a_bad_main_page_is_refused() -> None:
    with pytest.raises(PageError) as refused:
        compile_vault({"a.md": b"\xff", "b.md": RUNBOOK}, main="a.md")
    assert refused.value.code == "FF002"


def test_a_main_page_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PageError) as refused:
        compile_vault({"b.md": RUNBOOK}, main="a.md")
    assert "b.md" in refused.value.remedy


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_compiled_or_refused(page: bytes) -> None:
    _compiled(page)


LINES = st.sampled_from(
    [
        "# T", "## Severity matrix", "## First 5 minutes", "## Runbooks", "### R", "## Templates", "## Post-mortem", "## Contacts",
        "## After every incident", "| Sev | Meaning |", "|-----|", "|---|---|", "| 1 | x | y |", "| Role | Primary |", "- [ ] a",
        "1. **a** `docker ps`", "   ```bash", "```bash", "```", "~~~", "# 1. If x: y", "#: when a.b", "#: =", "docker ps <a>", "'",
        "$ uptime", "> [!note]", "> ```sh", "**Symptoms.** `a` shows `b` in `c`", "**Runbook.**", "![[a]]", "![[#R]]", "[[#^x]]",
        "---", "runbook: [", "signals: {r: [{http: 1}]}", "<!-- #: x -->", "%%", "", "", "EOF", "cat <<EOF", "\t tab", "é🔌",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=120, deadline=None)
def test_any_order_of_lines_is_compiled_or_refused(lines: list[str], end: str) -> None:
    outcome = _compiled(end.join(lines).encode())
    if isinstance(outcome, Handbook):
        assert list(outcome.problems) == sorted(outcome.problems, key=lambda p: (p.place, p.code, p.message))
