"""The table of families: every text finds its own cases, and no line of an ordinary log."""

from __future__ import annotations

import re

import pytest

from firstfive.handbook.watching import families, families_of
from firstfive.handbook.watching.families import Family, Meaning

ROWS = [(family, meaning) for family in families() for meaning in family.means]

# What a healthy shop writes; none of it may show any fault.
ORDINARY = """
2026-11-23T03:00:00Z [info] MongoDB connected to mongodb:27017
2026-11-23T03:00:00Z [info] Redis ready at redis:6379
[ioredis] reconnected after 1 retry
🔌 User connected: 42
🔌 User disconnected: 42
203.0.113.7 - - [23/Nov/2026:03:00:00 +0000] "POST /api/auth/login HTTP/1.1" 200 512 "-" "curl/8"
{"level":30,"time":1795402800000,"msg":"payment 17 confirmed by SHKeeper in 120 ms"}
mail sent to kim: 250 2.0.0 Ok: queued
heap used 64 MB of 512 MB
GET /api/health 200 2 ms
jwt verified for user 7
backup finished: 40 GB of space left on the device
rate limit: 3 of 100 requests used
listening on :::5000
certificate renewed, valid until 2027-02-01
user kim typed a wrong password
""".strip().splitlines()


def finds(meaning: Meaning, line: str) -> bool:
    pattern = meaning.text if meaning.regex else re.escape(meaning.text)
    return re.search(pattern, line, re.IGNORECASE) is not None


@pytest.mark.parametrize(("family", "meaning"), ROWS, ids=[f"{f.id}: {m.text[:40]}" for f, m in ROWS])
def test_a_text_finds_its_cases_and_nothing_ordinary(family: Family, meaning: Meaning) -> None:
    assert meaning.yes, "a row without cases is not reviewed"
    assert meaning.no
    assert len(meaning.source) > 8
    for line in meaning.yes:
        assert finds(meaning, line), line
    for line in (*meaning.no, *ORDINARY):
        assert not finds(meaning, line), line


def test_no_family_finds_what_belongs_to_another() -> None:
    shared = {"mongo unreachable", "mongo auth", "mongo disk or data"}
    for family, meaning in ROWS:
        for other, others in ROWS:
            if (
                other.id == family.id
                or {family.id, other.id} <= shared
                or {family.id, other.id} == {"disk filling", "redis memory full"}
            ):
                continue
            for line in others.yes:
                assert not finds(meaning, line), f"{family.id} finds {line!r} of {other.id}"


@pytest.mark.parametrize(
    ("words", "expected", "why"),
    [
        ("Logs show `ECONNREFUSED redis:6379`", {"redis unreachable"}, "the page's token"),
        ("`NOAUTH Authentication required`", {"redis auth"}, "the page's token"),
        (
            "Backend logs show `MongoNetworkError`",
            {"mongo unreachable", "mongo auth", "mongo disk or data"},
            "one word, three faults",
        ),
        ("Logs show `SMTPError` from `nodemailer`", {"mail failing"}, "an application's own word"),
        ("`🔌 User connected/disconnected` cycling", {"websocket storm"}, "a cycle"),
        ("reports of brute-force on `/api/auth/login`", {"brute force"}, "people's word"),
        ("disk > 80%", {"disk filling"}, "an example of the matrix"),
        ("Backup older than 24h", {"backup old"}, "an example of the matrix"),
        ("missed deploy", {"deploy missed"}, "an example of the matrix"),
        ("one user can't upload PDF", set(), "nothing that a log could tell"),
        ("the shop is slow on Mondays", set(), "nothing that a log could tell"),
    ],
)
def test_which_words_choose_which_family(words: str, expected: set[str], why: str) -> None:
    assert {family.id for family in families_of(words)} == expected, why
