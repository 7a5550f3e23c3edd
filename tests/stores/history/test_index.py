"""The index finds what was written, by every word, within what was asked for, and nothing that is typed is syntax by accident."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.errors import Refused
from firstfive.stores.history import Index, Known, Wanted, open_index
from firstfive.stores.history.query import match_of

DAY = 86_400_000_000


def known(number: int, **changes: object) -> Known:
    fields: dict[str, object] = {
        "id": f"INC-{number}",
        "number": number,
        "seq": 3,
        "hash": f"h{number}",
        "title": f"Shop down {number}",
        "level": number % 3 + 1,
        "runbook": "redis" if number % 2 else "mongo",
        "status": "resolved",
        "drill": False,
        "is_open": number == 4,
        "began": number * DAY,
        "numbers": b"null",
    }
    return Known(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def index(tmp_path: Path):
    made = open_index(tmp_path / "history.db")
    with made.writing():
        made.put(known(1), [(1, DAY, "Declared: the café is shut"), (2, DAY, "ana thinks: connection refused")])
        made.put(known(2), [(1, 2 * DAY, "redis refused the connection"), (3, 2 * DAY, "disk 91%")])
        made.put(known(3), [(1, 3 * DAY, "AND OR NOT")])
        made.put(known(4), [(1, 4 * DAY, "connected again")])
    yield made
    made.close()


def places(index: Index, text: str, **wanted: object) -> list[tuple[str, int]]:
    return [(hit.source, hit.seq) for hit in index.search(text, Wanted(**wanted), 10)]  # type: ignore[arg-type]


FOUND = [
    ("refused connection", [("INC-2", 1), ("INC-1", 2)], "every word, in any order, newest first"),
    ('"connection refused"', [("INC-1", 2)], "a phrase as it stands"),
    ("connec*", [("INC-4", 1), ("INC-2", 1), ("INC-1", 2)], "the beginning of a word"),
    ("cafe", [("INC-1", 1)], "accents do not matter"),
    ("AND", [("INC-3", 1)], "a word of the query language is a word"),
    ("NOT refused", [], "and excludes nothing"),
    ("text:refused", [], "a colon names no column"),
    ("disk 91%", [("INC-2", 3)], "signs between words do not matter"),
    ("refused NEAR(", [], "nor do brackets"),
    ('"refused', [("INC-2", 1), ("INC-1", 2)], "a quote that is never closed is no error"),
]


@pytest.mark.parametrize(("text", "hits", "because"), FOUND, ids=[row[2] for row in FOUND])
def test_what_is_found(index: Index, text: str, hits: list[tuple[str, int]], because: str) -> None:
    assert places(index, text) == hits, because


def test_the_words_found_are_marked(index: Index) -> None:
    (hit,) = index.search('"connection refused"', Wanted(), 10)
    assert (hit.text, hit.at) == ("ana thinks: [connection refused]", DAY)


def test_a_search_keeps_to_the_incidents_asked_for(index: Index) -> None:
    assert places(index, "refused", runbook="redis") == [("INC-1", 2)]
    assert places(index, "refused", level=3) == [("INC-2", 1)]
    assert places(index, "refused", since=2 * DAY) == [("INC-2", 1)]
    assert places(index, "refused", until=2 * DAY) == [("INC-1", 2)]
    assert places(index, "connec*", only_open=True) == [("INC-4", 1)]


def test_a_list_goes_on_where_it_ended(index: Index) -> None:
    first = index.listed(Wanted(), 2)
    assert [one.id for one in first] == ["INC-4", "INC-3"]
    assert [one.id for one in index.listed(Wanted(before=first[-1].number), 9)] == ["INC-2", "INC-1"]


@pytest.mark.parametrize("text", ["", "   ", "...", '""', "*", "\udcff", "x" * 1001], ids=repr)
def test_nothing_to_look_for_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        match_of(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_nobody_can_type_an_error(index: Index, text: str) -> None:
    with contextlib.suppress(Refused):
        index.search(text, Wanted(), 5)


def test_a_post_mortem_is_found_as_it_stands_now(index: Index) -> None:
    with index.writing():
        index.put_note("postmortems/x.md", "1", [(0, 0, "the certificate had lapsed")])
        index.put_note("postmortems/x.md", "2", [(0, 0, "the lease had lapsed")])
    assert places(index, "lapsed") == [("postmortems/x.md", 0)]
    assert places(index, "certificate") == []
    with index.writing():
        index.forget_note("postmortems/x.md")
    assert (places(index, "lapsed"), index.notes()) == ([], {})


def test_what_was_not_fed_whole_is_not_fed_at_all(index: Index) -> None:
    def broken():
        yield (1, DAY, "half of it")
        raise RuntimeError("power")

    with pytest.raises(RuntimeError), index.writing():
        index.put(known(9), broken())
    assert "INC-9" not in index.marks()


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all" * 99, b"SQLite format 3\0" + b"\xff" * 4000], ids=range(3)
)
def test_a_file_that_is_no_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content)
    made = open_index(path)
    assert made.marks() == {}
    made.close()


def test_a_file_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_index(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    made = open_index(path)
    assert made.usable()
    made.close()
