"""Accounts in a real file: what is kept, what is void, what two who ask at once get."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.stores.accounts import Accounts, Passkey, Role, role_named
from firstfive.stores.accounts.model import digest_of
from firstfive.stores.accounts.opening import open_accounts
from postgres.cluster import cluster

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["a file", "PostgreSQL"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Accounts]:
    opened = open_accounts(tmp_path, cluster().database() if request.param == "PostgreSQL" else "")
    yield opened
    opened.close()


def joined(book: Accounts, name: str, role: Role, *, password: str = "hash", at: datetime = T0) -> None:
    book.accept(book.invite(name, role, at), at, password=password)


def key(name: str, count: int = 0) -> Passkey:
    return Passkey(id=name.encode(), account=name, public_key=b"public", sign_count=count)


@pytest.mark.parametrize("book", ["a file"], indirect=True)
def test_the_file_is_its_owners_alone_and_holds_no_secret(book: Accounts) -> None:
    invitation = book.invite("ann", Role.ADMIN, T0)
    book.accept(invitation, T0, password="$argon2id$...")
    session = book.sessions.begin("ann", "password", "127.0.0.1", T0)
    token = book.make_token("ann", "ci", ["read"], HOUR, T0)
    code = book.make_glass(T0)
    book.close()
    assert book.path.stat().st_mode & 0o077 == 0
    kept = b"".join(path.read_bytes() for path in book.path.parent.iterdir())
    for secret in (invitation, session, token, code):
        assert secret.encode() not in kept


def test_accounts_are_asked_for_from_the_first_one_on_and_an_invitation_is_none(book: Accounts) -> None:
    assert not book.required()
    secret = book.invite("ann", Role.ADMIN, T0)
    assert not book.required()
    book.accept(secret, T0, password="hash")
    assert book.required()


def test_an_invitation_works_once_however_many_ask_at_once(book: Accounts) -> None:
    secret = book.invite("ann", Role.RESPONDER, T0)

    def use(number: int) -> bool:
        try:
            book.accept(secret, T0, password=f"hash {number}")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1
    with pytest.raises(Refused, match="void"):
        book.invitation(secret, T0)


def test_an_invitation_ends_after_three_days(book: Accounts) -> None:
    secret = book.invite("ann", Role.RESPONDER, T0)
    assert book.invitation(secret, T0 + 71 * HOUR).name == "ann"
    with pytest.raises(Refused, match="void"):
        book.accept(secret, T0 + 72 * HOUR, password="hash")
    assert book.all() == ()


NAMES = [
    ("", "nobody"),
    ("  @ ", "only a sign"),
    ("a" * 81, "longer than a timeline shows"),
    ("firstfive", "the program itself"),
    ("break-glass: ann", "what a break-glass session is called"),
]


@pytest.mark.parametrize(("name", "reason"), NAMES, ids=[row[1] for row in NAMES])
def test_some_names_are_nobodys(book: Accounts, name: str, reason: str) -> None:
    with pytest.raises(Refused, match="no name for an account"):
        book.invite(name, Role.VIEWER, T0)


def test_one_person_is_one_account_however_the_name_is_written(book: Accounts) -> None:
    joined(book, "Ann Lee", Role.RESPONDER)
    joined(book, "@ann  LEE", Role.ADMIN)
    assert [one.name for one in book.all()] == ["Ann Lee"]
    assert book.get("ANN LEE").role is Role.RESPONDER, "new proof gives no new role"


def test_a_session_ends_after_twelve_hours_and_at_once_when_it_is_ended(book: Accounts) -> None:
    joined(book, "ann", Role.RESPONDER)
    secret = book.sessions.begin("ann", "password", "192.0.2.1", T0)
    found = book.sessions.find(secret, T0 + 11 * HOUR)
    assert found is not None
    assert (found.name, found.role, found.source) == ("ann", Role.RESPONDER, "192.0.2.1")
    assert book.sessions.find(secret, T0 + 12 * HOUR) is None
    assert book.sessions.find(secret + "x", T0) is None
    with pytest.raises(Refused):
        book.sessions.end(found.id, "ben")
    book.sessions.end(found.id, "ann")
    assert book.sessions.find(secret, T0) is None


def test_a_role_that_is_taken_away_is_gone_from_the_sessions_that_are_open(book: Accounts) -> None:
    joined(book, "ann", Role.ADMIN)
    joined(book, "ben", Role.COMMANDER)
    secret = book.sessions.begin("ben", "passkey", "127.0.0.1", T0)
    book.set_role("ben", Role.VIEWER)
    found = book.sessions.find(secret, T0)
    assert found is not None
    assert found.role is Role.VIEWER


def test_a_disabled_account_opens_nothing_at_once(book: Accounts) -> None:
    joined(book, "ann", Role.ADMIN)
    joined(book, "ben", Role.COMMANDER)
    book.add_passkey(key("ben"), T0)
    session, token = book.sessions.begin("ben", "passkey", "x", T0), book.make_token("ben", "ci", ["act"], HOUR, T0)
    book.disable("ben")
    assert book.sessions.find(session, T0) is None
    assert book.token(token, T0) is None
    assert book.passkey(b"ben") is None
    assert book.password_of("ben") is None
    book.disable("ben", disabled=False)
    assert book.sessions.find(session, T0) is None, "what was ended stays ended"
    assert book.password_of("BEN") == ("ben", "hash")


def test_the_last_admin_stays(book: Accounts) -> None:
    joined(book, "ann", Role.ADMIN)
    with pytest.raises(Refused, match="last admin"):
        book.set_role("ann", Role.VIEWER)
    with pytest.raises(Refused, match="last admin"):
        book.disable("ann")
    assert book.get("ann").role is Role.ADMIN
    joined(book, "ben", Role.ADMIN)
    assert book.disable("ann").disabled


def test_a_token_opens_what_it_was_made_for_until_it_is_too_old_or_revoked(book: Accounts) -> None:
    joined(book, "ann", Role.COMMANDER)
    secret = book.make_token("ann", "ci", ["read", "report"], HOUR, T0)
    assert secret.startswith("fft_")
    found = book.token(secret, T0)
    assert found is not None
    assert (found.name, found.scopes, found.role) == ("ann", ("read", "report"), Role.COMMANDER)
    assert book.token(secret, T0 + HOUR) is None
    with pytest.raises(Refused):
        book.revoke_token(found.id, "ben")
    with pytest.raises(Refused):
        book.revoke_token("%", "ann")
    book.revoke_token(found.id, "ann")
    assert book.token(secret, T0) is None


def test_which_sessions_and_tokens_still_open_is_one_question_for_all_and_they_were_used(book: Accounts) -> None:
    for name, role in (("ann", Role.ADMIN), ("ben", Role.VIEWER), ("cas", Role.VIEWER)):
        joined(book, name, role)
    secrets = [book.sessions.begin(name, "password", "x", T0) for name in ("ann", "ben", "ann")]
    secrets += [book.make_token(name, "ci", ["read"], HOUR, T0) for name in ("ann", "cas", "ann")]
    ann, ben, ended, token, of_cas, revoked = (digest_of(secret) for secret in secrets)
    asked = frozenset({ann, ben, ended, token, of_cas, revoked, digest_of("made up")})
    assert book.still_good(asked, T0) == asked - {digest_of("made up")}
    assert book.still_good(frozenset({ann}), T0) == {ann}
    book.disable("ben")
    book.disable("cas")
    book.sessions.end(ended[:16])
    book.revoke_token(revoked[:12])
    later = T0 + timedelta(minutes=2)
    assert book.still_good(asked, later) == {ann, token}
    assert [one.seen_at for one in book.sessions.of("ann", later)] == [later]
    assert [one.used_at for one in book.tokens(later)] == [later]
    assert book.still_good(asked, T0 + 2 * HOUR) == {ann}
    assert book.still_good(asked, T0 + 13 * HOUR) == frozenset()


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_a_token_without_a_known_scope_is_not_made(book: Accounts, scopes: list[str]) -> None:
    joined(book, "ann", Role.COMMANDER)
    with pytest.raises(Refused, match="scope"):
        book.make_token("ann", "ci", scopes, HOUR, T0)


def test_a_passkeys_count_is_kept_once_for_each_answer(book: Accounts) -> None:
    joined(book, "ann", Role.VIEWER)
    book.add_passkey(key("ann", 4), T0)
    with pytest.raises(Refused, match="known already"):
        book.add_passkey(key("ann"), T0)
    stale = book.passkey(b"ann")
    assert stale is not None
    assert book.used(stale, 5, T0)
    assert not book.used(stale, 5, T0), "the same answer again, read before the first was written"


def test_the_break_glass_code_works_once_and_a_new_one_voids_the_old(book: Accounts) -> None:
    old, new = book.make_glass(T0), book.make_glass(T0)
    assert not book.break_glass(old, T0)
    assert book.break_glass(f" {new.upper()} ", T0)
    assert not book.break_glass(new, T0)
    secret = book.sessions.begin("break-glass: ann", "break-glass", "x", T0, role=Role.ADMIN)
    assert book.sessions.find(secret, T0 + HOUR - timedelta(seconds=1)) is not None
    assert book.sessions.find(secret, T0 + HOUR) is None


@pytest.mark.parametrize(
    "typed",
    [
        "{code}",
        " {code} ",
        "{spaced}",
        "{bare}",
        "{dashed}",
        "{shouted}",
        "{misread}",
    ],
)
def test_the_break_glass_code_is_taken_as_a_tired_person_types_it(book: Accounts, typed: str) -> None:
    code = book.make_glass(T0)
    ways = {
        "code": code,
        "spaced": code.replace("-", "  "),
        "bare": code.replace("-", ""),
        "dashed": code.replace("-", " \u2013 "),
        "shouted": code.upper(),
        "misread": code.replace("0", "O").replace("1", "l"),
    }
    assert not book.break_glass(code[:-1], T0)
    assert not book.break_glass(code[:-1] + ("0" if code[-1] != "0" else "2"), T0)
    assert book.break_glass(typed.format(**ways), T0)


def test_an_invitation_that_nobody_used_is_listed_and_can_be_taken_back(book: Accounts) -> None:
    kept, other = book.invite("ann", Role.ADMIN, T0), book.invite("ben", Role.VIEWER, T0 + HOUR)
    first, second = book.invitations.open(T0 + HOUR)
    assert (first.name, first.role, second.name) == ("ann", Role.ADMIN, "ben")
    assert book.invitations.take_back(second.id, T0 + HOUR) == "ben"
    with pytest.raises(Refused, match="void"):
        book.accept(other, T0 + HOUR, password="hash")
    for unknown in (second.id, "", "%", first.id[:4]):
        with pytest.raises(Refused, match="no such invitation"):
            book.invitations.take_back(unknown, T0 + HOUR)
    assert book.accept(kept, T0 + HOUR, password="hash").name == "ann"
    assert book.invitations.open(T0 + HOUR) == ()


def test_an_invitation_that_is_too_old_is_not_listed(book: Accounts) -> None:
    book.invite("ann", Role.ADMIN, T0)
    assert len(book.invitations.open(T0 + timedelta(days=3) - timedelta(seconds=1))) == 1
    assert book.invitations.open(T0 + timedelta(days=3)) == ()


def test_whom_a_provider_vouches_for_has_the_role_it_claims_unless_there_is_other_proof(book: Accounts) -> None:
    assert book.from_outside("ann", "sub-1", Role.VIEWER, T0).role is Role.VIEWER
    assert book.from_outside("Ann", "sub-1", Role.COMMANDER, T0).role is Role.COMMANDER
    with pytest.raises(Refused, match="two people"):
        book.from_outside("ann", "sub-2", Role.ADMIN, T0)
    joined(book, "ben", Role.ADMIN)
    assert book.from_outside("ben", "sub-3", Role.VIEWER, T0).role is Role.ADMIN


def test_the_record_keeps_one_line_for_each_use_and_never_a_control_character(book: Accounts) -> None:
    book.note(T0, "ann\x1b[2J\nben", "192.0.2.1", "signed in", "password")
    book.note(T0 + HOUR, "ann", "192.0.2.1", "signed out")
    newest, oldest = book.audit()
    assert (newest.what, newest.at) == ("signed out", T0 + HOUR)
    assert "\x1b" not in oldest.who
    assert "\n" not in oldest.who


def test_an_unknown_role_is_named_with_those_there_are() -> None:
    with pytest.raises(Refused) as refused:
        role_named("root")
    assert "viewer, responder, commander, admin" in refused.value.remedy


@pytest.mark.parametrize("book", ["a file"], indirect=True)
def test_another_process_may_write_meanwhile(book: Accounts) -> None:
    joined(book, "ann", Role.ADMIN)
    other = sqlite3.connect(book.path)
    other.execute("UPDATE account SET disabled = 1")
    other.commit()
    other.close()
    assert book.get("ann").disabled
