"""A long list in parts: nothing twice, nothing left out, also while it grows at its head."""

from __future__ import annotations

import pytest

from firstfive.documents.lists.parted import part_of
from firstfive.errors import Exit, Refused


def test_parts_follow_each_other_to_the_end() -> None:
    first, cursor = part_of("gfedcba", {"limit": "3"})
    assert (first, cursor) == (["g", "f", "e"], "4")
    second, cursor = part_of("gfedcba", {"limit": "3", "cursor": "4"})
    assert (second, cursor) == (["d", "c", "b"], "1")
    assert part_of("gfedcba", {"limit": "3", "cursor": "1"}) == (["a"], None)


def test_what_is_added_meanwhile_repeats_nothing() -> None:
    assert part_of("ihgfedcba", {"limit": "3", "cursor": "4"})[0] == ["d", "c", "b"]


def test_a_list_that_shrank_ends_instead_of_failing() -> None:
    assert part_of("ba", {"cursor": "9"}) == (["b", "a"], None)
    assert part_of("", {}) == ([], None)


@pytest.mark.parametrize(
    "asked", [{"limit": "0"}, {"limit": "1001"}, {"limit": "²"}, {"cursor": "x"}, {"cursor": "1" * 10}]
)
def test_what_is_no_number_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        part_of("ba", asked)
    assert refused.value.exit_code is Exit.USAGE
