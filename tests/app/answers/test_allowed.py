"""Who may do what out of a chat: by account and role as in the room; and who is behind a user of a chat."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.app.answers.allowed import barred
from firstfive.app.answers.listeners import slack_person, telegram_person
from firstfive.incident.records import Run
from firstfive.incident.timeline import Attempt
from firstfive.settings import PersonSettings
from firstfive.stores.accounts.book import FILE, Accounts
from firstfive.stores.accounts.model import Role
from incident.builders import run

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def asked(made: Run) -> Attempt:
    return Attempt(run=made, state="asked", at=NOW)


KEPT = asked(run(undo="put it back"))
FINAL = asked(run(undo=""))
UNDOING = asked(run(undo="", undoes="INC-1.pay.2.1"))

ROWS = [
    (None, None, "", "nobody has an account, so a name is enough"),
    (Role.VIEWER, None, "takes a responder", "a viewer takes no incident"),
    (Role.RESPONDER, None, "", "a responder takes one"),
    (Role.RESPONDER, KEPT, "", "the page says what takes it back"),
    (Role.RESPONDER, UNDOING, "", "it takes something back itself"),
    (Role.RESPONDER, FINAL, "takes a commander", "nothing takes it back"),
    (Role.COMMANDER, FINAL, "", "a commander may"),
]


@pytest.mark.parametrize(("role", "attempt", "why", "because"), ROWS, ids=[row[3] for row in ROWS])
def test_an_account_counts_in_a_chat_too(
    tmp_path: Path, role: Role | None, attempt: Attempt | None, why: str, because: str
) -> None:
    if role is not None:
        with_account(tmp_path, role)
    found = barred(tmp_path, "", "ben", attempt)
    assert why in found
    assert bool(found) == bool(why)


def with_account(folder: Path, role: Role, *, disabled: bool = False) -> None:
    book = Accounts(folder / FILE)
    for name, its in (("root", Role.ADMIN), ("ben", role)):
        book.accept(book.invite(name, its, NOW), NOW, password="hashed")
    if disabled:
        book.disable("ben")
    book.close()


def test_a_disabled_account_answers_nothing_and_one_without_any_does(tmp_path: Path) -> None:
    with_account(tmp_path, Role.ADMIN, disabled=True)
    assert "disabled" in barred(tmp_path, "", "Ben", None)
    assert barred(tmp_path, "", "kim", KEPT) == ""


def test_a_person_is_known_by_an_id_that_nobody_chooses() -> None:
    people = {
        "ana": PersonSettings(name="ana", slack="U024", telegram="77"),
        "ben": PersonSettings(name="ben", aliases=("U025", "@ben"), slack="#incidents", telegram="-100"),
        "kim": PersonSettings(name="kim", slack="U030"),
        "lee": PersonSettings(name="lee", slack="U030"),
    }
    assert [slack_person(people, user) for user in ("U024", "U025", "U030", "ana", "u024", "")] == [
        "ana",
        "ben",
        "",
        "",
        "",
        "",
    ]
    assert [telegram_person(people, user) for user in ("77", "78", "ben", "")] == ["ana", "", "", ""]
