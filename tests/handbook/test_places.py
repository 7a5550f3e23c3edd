"""Places are exact: every node and value points at the bytes it came from, whatever the page is made of."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.markdown import Kind, Page, read_page
from firstfive.handbook.model import Place
from handbook.goldens import cases, vault_of
from page import NAME, original_page

WORDS = st.text(st.sampled_from("abc é🔌ß漢\t_.-<>`*#|[]()!"), min_size=0, max_size=20)
BLOCK = st.one_of(
    st.builds("# {}".format, WORDS),
    st.builds("## {}".format, WORDS),
    WORDS,
    st.builds("- {}\n- [ ] {}".format, WORDS, WORDS),
    st.builds("1. **{}** `{}`\n\n   ```bash\n   {}\n   ```".format, WORDS, WORDS, WORDS),
    st.builds("> [!warning] {}\n> {}".format, WORDS, WORDS),
    st.builds("| a | {} |\n|---|---|\n| `{}` | [[{}]] |".format, WORDS, WORDS, WORDS),
    st.builds("```{}\n{}\n```".format, WORDS, WORDS),
    st.builds("    {}\n    {}".format, WORDS, WORDS),
)
PAGES = st.builds(
    lambda blocks, end, bom: ("\ufeff" if bom else "") + end.join("\n\n".join(blocks).split("\n")) + end,
    st.lists(BLOCK, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)


def _check_tree(page: Page) -> None:
    for node in page.root.walk():
        assert 0 <= node.start <= node.end <= len(page.raw)
        if (
            node.kind is Kind.CODE
            and len(page.raw[node.start : node.end].splitlines()) == 1
            and "\\|" not in page.source.text
        ):
            assert node.text.strip() in page.raw[node.start : node.end].decode()
            assert page.at(node.start) == page.place(node)
        if node.kind is Kind.CODE_BLOCK:
            for line in page.code_lines(node):
                stored = page.line_bytes(line.line)
                assert 1 <= line.column <= len(stored) + 1
                if "\t" not in line.text and b"\t" not in stored:
                    assert stored[line.column - 1 :] == line.text.encode()


@given(PAGES)
@settings(max_examples=300, deadline=None)
def test_every_node_points_at_its_bytes(text: str) -> None:
    _check_tree(read_page("a.md", text.encode()))


def test_every_node_of_the_original_page_points_at_its_bytes() -> None:
    _check_tree(read_page(NAME, original_page()))


@given(PAGES)
@settings(max_examples=100, deadline=None)
def test_a_byte_offset_and_a_place_are_two_names_of_one_thing(text: str) -> None:
    raw = text.encode()
    page = read_page("a.md", raw)
    for offset in range(3 if raw.startswith(b"\xef\xbb\xbf") else 0, len(raw)):
        place = page.at(offset)
        assert page.starts[place.line - 1] <= offset


def _places(value: Any) -> list[Place]:
    if isinstance(value, Place):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [place for field in fields(value) for place in _places(getattr(value, field.name))]
    if isinstance(value, tuple | frozenset):
        return [place for item in value for place in _places(item)]
    return []


@pytest.mark.parametrize("case", cases())
def test_every_value_stands_on_a_line_of_its_page(case: str) -> None:
    vault = vault_of(case)
    found = _places(compile_vault(vault))
    assert found
    for place in found:
        lines = vault[place.page].splitlines()
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1


def test_every_command_of_the_original_page_begins_where_its_place_says() -> None:
    page = original_page()
    lines = page.splitlines()
    handbook = compile_vault({NAME: page})
    for runbook in handbook.runbooks:
        for step in runbook.steps:
            for command in step.commands if step.script else ():
                stored = lines[command.place.line - 1][command.place.column - 1 :].decode()
                assert stored.startswith(command.text.splitlines()[0])
