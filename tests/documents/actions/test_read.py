"""Action items are found whatever the table looks like, and nothing that looks like one is lost in silence."""

from __future__ import annotations

from datetime import date

import pytest

from documents.real_page import form
from firstfive.documents.actions import ActionItem, read_actions

HEAD = "---\ntitle: x\n---\n\n> INC-7. Due 2026-06-01.\n\n## Action items\n\n"


def items(table: str) -> tuple[ActionItem, ...]:
    return read_actions("pm.md", (HEAD + table).encode()).items


def unread(table: str) -> list[tuple[int, str]]:
    return [(u.line, u.what) for u in read_actions("pm.md", (HEAD + table).encode()).unread]


def test_the_pages_own_form_holds_two_items() -> None:
    read = read_actions("form.md", form().encode())
    assert read.unread == ()
    assert [(i.text, i.owner, i.due, i.ticket) for i in read.items] == [
        ("Add /health probe for MongoDB", "@x", date(2026, 6, 1), "OPS-123"),
        ("Tighten rate limit on /auth/login", "@y", date(2026, 5, 30), "OPS-124"),
    ]


WHOLE = ("Add a probe", "@ana", date(2026, 6, 1), "OPS-1", False)


@pytest.mark.parametrize(
    ("table", "found", "why"),
    [
        ("| Item | Owner | Due | Ticket |\n|-|-|-|-|\n| Add a probe | @ana | 2026-06-01 | OPS-1 |", WHOLE, "plain"),
        (
            "| Ticket | Due | Who | Action |\n|-|-|-|-|\n| OPS-1 | 2026-06-01 | @ana | Add a probe |",
            WHOLE,
            "another order",
        ),
        ("|Task|Assignee|Deadline|Issue|\n|-|-|-|-|\n|Add a probe|@ana|2026/6/1|OPS-1|", WHOLE, "other words"),
        (
            "|What|DRI|By when|Link|\n|-|-|-|-|\n|Add a probe|@ana|1.6.2026|[OPS-1](https://t.example/1)|",
            WHOLE,
            "a link",
        ),
        (
            "|#|Improvement|Owner|Due|Ticket|\n|-|-|-|-|-|\n|1|Add a probe|@ana|2026-06-01|OPS-1|",
            WHOLE,
            "no known word",
        ),
        ("- [ ] Add a probe (@ana, due 2026-06-01, OPS-1)", WHOLE, "a task list"),
        ("- Add a probe @ana by 2026-06-01 OPS-1", WHOLE, "a plain list"),
    ],
)
def test_an_item_is_read_from(table: str, found: tuple[object, ...], why: str) -> None:
    (item,) = items(table)
    assert (item.text, item.owner, item.due, item.ticket, item.done) == found, why
    assert item.incident == "INC-7"


@pytest.mark.parametrize(
    ("table", "done", "why"),
    [
        ("|Item|Owner|Status|\n|-|-|-|\n|Add|@a|done|", True, "a status"),
        ("|Item|Owner|Status|\n|-|-|-|\n|Add|@a|in progress|", False, "begun is not done"),
        ("|Item|Owner|Done|\n|-|-|-|\n|Add|@a|✅|", True, "a mark"),
        ("|Item|Owner|Done?|\n|-|-|-|\n|Add|@a|x|", True, "a cross"),
        ("|Item|Owner|Done|\n|-|-|-|\n|Add|@a| |", False, "nothing"),
        ("|Item|Owner|\n|-|-|\n|~~Add~~|@a|", True, "struck through"),
        ("- [x] Add", True, "a ticked task"),
        ("- [ ] Add", False, "an open task"),
        ("|Item|Owner|Status|\n|-|-|-|\n|Add|@a|not done|", False, "said not to be"),
    ],
)
def test_an_item_is_done_or_not(table: str, done: bool, why: str) -> None:
    assert [item.done for item in items(table)] == [done], why


@pytest.mark.parametrize(
    ("table", "kept", "said"),
    [
        ("| Item | Owner |\n| Add | @a |", 0, [(9, "these rows are no table, so no action item is read from them")]),
        ("|Item|Owner|\n|-|-|\n|Add|@a|x|", 1, [(11, "this row has 3 cells where the table has 2 columns")]),
        ("|Item|Owner|Due|\n|-|-|-|\n|Add|@a|", 1, [(11, "this row has 2 cells where the table has 3 columns")]),
        ("|Item|Due|\n|-|-|\n|Add|soon|", 1, [(11, "'soon' is no day that can be read")]),
        ("|Item|Due|\n|-|-|\n|Add|2026-02-30|", 1, [(11, "'2026-02-30' is no day that can be read")]),
        ("|Item|Owner|\n|-|-|\n||@a|", 0, [(11, "this action item does not say what is to be done")]),
        ("|Owner|Due|\n|-|-|\n|@a|2026-06-01|", 0, [(9, "no column of this table says what is to be done")]),
        ("|Item|Owner|Due|\n|-|-|-|\n|  |  |  |", 0, []),
        ("|Item|Owner|\n|-|-|\n|Match `a\\|b`|@a|", 1, []),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(table: str, kept: int, said: list[tuple[int, str]]) -> None:
    assert len(items(table)) == kept
    assert unread(table) == said


def test_a_table_elsewhere_counts_only_when_it_promises_something() -> None:
    text = "## Later\n\n|Action|Owner|Due|\n|-|-|-|\n|Add|@a|2026-06-01|\n\n## Other\n\n|Item|Count|\n|-|-|\n|Pods|3|\n"
    assert [item.text for item in read_actions("a.md", text.encode()).items] == ["Add"]


def test_an_incident_that_is_not_named_stays_unknown() -> None:
    (item,) = read_actions("a.md", b"# Old\n\n## Actions\n\n- Add a probe\n").items
    assert (item.incident, item.owner, item.due, item.line) == ("", "", None, 5)
