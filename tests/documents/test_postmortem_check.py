"""A post-mortem is remarked on where a reader would miss something, in words that say what to do; a good one is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from documents import real_page
from documents.good_postmortem import GOOD
from documents.story import WHOLE
from firstfive.documents.postmortem import write_postmortem
from firstfive.documents.postmortem.check import check_postmortem
from firstfive.documents.postmortem.heard import words
from firstfive.documents.postmortem.remark import Remark
from incident import builders as b


def remarks(text: str) -> tuple[Remark, ...]:
    return check_postmortem("pm.md", text.encode(), replace(b.POSTMORTEM, text=real_page.form()))


def codes(text: str) -> list[str]:
    return [remark.code for remark in remarks(text)]


def test_a_good_one_is_left_alone() -> None:
    assert remarks(GOOD) == ()


def section(heading: str, body: str) -> tuple[str, str]:
    """The change that gives a section another body."""
    start = GOOD.index(f"## {heading}\n") + len(f"## {heading}\n")
    end = GOOD.find("\n## ", start)
    return GOOD[start : end if end > 0 else len(GOOD)], body


CHANGES = [
    (("## What went well\n- The roll-back took one minute.\n\n", ""), ["PM001"], "a section is missing"),
    (section("What went well", "\n- …\n"), ["PM002", "PM003"], "an open line is no answer"),
    (section("What went well", "\n- ...\n"), ["PM002", "PM003"], "the form's own open line"),
    (section("What went well", "\n\n"), ["PM002"], "nothing under it"),
    (section("What went well", "\n> the form's question\n"), ["PM002"], "a quoted question is no answer"),
    (section("What went well", "\n- Nothing did.\n"), [], "saying that there is nothing is an answer"),
    (section("What went well", "\n- Waiting… helped.\n"), [], "an ellipsis inside a sentence is punctuation"),
    (
        section("What went well", "\n- See <https://shop.example/x> and a<br>break.\n"),
        [],
        "links and marks are no holes",
    ),
    (section("What went well", "\n- We ran `kill <pid>` in time.\n"), [], "code is quoted, not open"),
    (("about 1 200", "<count or %>"), ["PM003"], "a hole"),
    (("about 1 200", "TBD"), ["PM003"], "to be done"),
    (("about 1 200", "… (ask: count or %)"), ["PM003"], "a visible question"),
    (("severity: SEV-1", "severity: SEV-X"), ["PM003"], "a hole in the front matter"),
    (("- 10:04 — Ana acknowledged\n", ""), ["PM004"], "nobody took it"),
    (("- 10:04 — Ana acknowledged\n", "Not on the timeline: on-call ack.\n"), [], "said to be absent"),
    (("- 10:44", "- 10:24"), ["PM005", "PM005"], "out of order, and verified before it was mended"),
    (("- 10:30", "- 10:20 — Verified: it looked well\n- 10:30"), ["PM005"], "verified before it was mended"),
    (
        ("- 10:44 — verified resolved", "- 10:44 — **verified resolved**"),
        [],
        "in bold",
    ),
    (
        (
            "- 10:30 — mitigation deployed: 1.4.1 again\n- 10:44 — verified resolved",
            "- 10:20 — Verified: it looked well\n- 10:30 — mitigation deployed: 1.4.1\n- 10:44 — **verified**: it is",
        ),
        [],
        "verified, come back, mended and verified again: the one in bold counts",
    ),
    (("- 10:50 — incident", "- 2026-06-02 00:10 — incident"), [], "a day of its own"),
    (("(UTC)", ""), ["PM006"], "which zone"),
    (("- 10:02 —", "- 10:02 CEST —"), ["PM006"], "another zone"),
    (
        section("Impact", "\n- Users affected: some\n- Data loss: perhaps, since 10:02\n"),
        ["PM007"],
        "a time is no amount",
    ),
    (section("Impact", "\nNobody noticed.\n"), [], "nobody is an amount"),
    (
        ("release 1.4.2 went out at ten", "nothing checks variables before a container is replaced"),
        ["PM008"],
        "the same",
    ),
    (section("Root cause", "\nThe release was bad.\n"), ["PM008"], "only one of the two"),
    (section("Root cause", "\nThe release triggered it; the underlying gap is that nothing checks.\n"), [], "in prose"),
    (section("Where we got lucky", "\n- \n"), ["PM009"], "nothing about luck"),
    (("Nobody looked at", "Ben forgot to look at"), ["PM010"], "a name and a deed"),
    (("Nobody looked at", "It was ben who broke"), ["PM010"], "an author beside a fault"),
    (("Nobody looked at", "The on-call engineer made a mistake with"), ["PM010"], "a role is a person too"),
    (("Nobody looked at", "Redis failed to accept"), [], "a program may fail"),
    (("Nobody looked at", "Ana looked at"), [], "a name without a fault"),
    (("The roll-back took", "Ana was quick. The probe failed to see it. It took"), [], "not in the same sentence"),
    (("nothing checks variables before", "human error before"), ["PM011"], "a person is no cause"),
    (("Step 4", "We will be more careful. Step 4"), ["PM012"], "trying harder is no remedy"),
    (("Step 4", "> be more careful\n\nStep 4"), [], "a quotation"),
    (("| @ana |", "|  |"), ["PM013"], "no owner"),
    (("2026-06-10", ""), ["PM014"], "no day"),
    (("2026-06-10", "soon"), ["PM014", "PM019"], "no readable day"),
    (("OPS-1", "-"), ["PM015"], "no ticket"),
    (("Add an alert", "An alert"), ["PM016"], "no verb"),
    (("Add an alert", "We should add an alert"), [], "a verb after a few words"),
    (("Add an alert on 5xx of checkout", "Rename the variable"), ["PM017"], "nothing shows it earlier"),
    (("Document the roll-back in the runbook", "Pin the tag"), ["PM018"], "nothing mends the runbook"),
    (("| OPS-2 |", "| OPS-2 | x |"), ["PM019"], "a cell too many"),
    (section("Action items", "\nNone.\n"), ["PM020"], "no promise"),
]


@pytest.mark.parametrize(("change", "found", "why"), CHANGES, ids=[row[2] for row in CHANGES])
def test_one_change_makes_exactly_its_remarks(change: tuple[str, str], found: list[str], why: str) -> None:
    assert change[0] in GOOD
    assert codes(GOOD.replace(*change, 1)) == found, why


def test_a_night_may_pass_inside_a_timeline() -> None:
    night = GOOD
    for early, late in (
        ("10:02", "23:40"),
        ("10:04", "23:50"),
        ("10:10", "23:55"),
        ("10:30", "00:05"),
        ("10:44", "00:20"),
    ):
        night = night.replace(f"- {early}", f"- {late}")
    assert codes(night.replace("- 10:50", "- 00:30")) == []


def test_every_code_has_a_row() -> None:
    assert {code for _, found, _ in CHANGES for code in found} == {f"PM{n:03}" for n in range(1, 21)}


def test_a_remark_says_where_what_and_what_instead() -> None:
    text = GOOD.replace("Nobody looked at", "Prüfung: Ben forgot").replace("OPS-1", "")
    assert remarks(text) == (
        Remark(
            line=34,
            column=13,
            code="PM010",
            what="'Ben forgot' puts a person beside a fault",
            suggestion="name the role and what it could see at that moment, not who it was",
        ),
        Remark(
            line=42,
            column=1,
            code="PM015",
            what="no ticket for: Add an alert on 5xx of checkout",
            suggestion="file it where the other work is, and name it here",
        ),
    )


@pytest.mark.parametrize("phrase", words().phrases, ids=lambda phrase: phrase.pattern.pattern[:40])
def test_a_phrase_hears_its_cases_and_no_others(phrase) -> None:
    assert phrase.yes
    assert phrase.no
    assert all(phrase.pattern.search(case) for case in phrase.yes)
    assert not any(phrase.pattern.search(case) for case in phrase.no)
    first, _, rest = phrase.yes[0].partition(" ")
    assert phrase.pattern.search(f"{first}\n{rest}"), "a sentence may wrap"


def test_what_the_program_wrote_itself_is_remarked_on_only_where_people_must_write() -> None:
    made = write_postmortem(
        b.handbook(postmortem=replace(b.POSTMORTEM, text=real_page.form())), b.incident(*WHOLE), due=date(2026, 11, 30)
    )
    found = remarks(made)
    assert {remark.code for remark in found} == {"PM002", "PM003", "PM008", "PM009", "PM020"}


def test_the_empty_form_is_open_everywhere() -> None:
    found = codes(real_page.form())
    assert found.count("PM002") == 7
    assert {"PM003", "PM004", "PM009", "PM018"} <= set(found)
    assert "PM008" not in found, "a section that says nothing is said to be empty, once"


def test_a_page_without_a_form_is_held_against_a_plain_one() -> None:
    assert [
        remark.code
        for remark in check_postmortem("pm.md", GOOD.replace("## Where we got lucky", "## Other").encode(), None)
    ] == [
        "PM001",
        "PM009",
    ]


@pytest.mark.parametrize(
    "text", ["", "# x", "## Timeline\n- 99:99", "|\n", "---\n", "## Action items\n|a|\n|-|\n", "…\n" * 50]
)
def test_any_text_gets_remarks_and_no_trace(text: str) -> None:
    assert all(remark.line >= 1 and remark.column >= 1 for remark in remarks(text))
