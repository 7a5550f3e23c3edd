"""The post-mortem: the page's form, filled from the timeline, that nothing hostile and nothing later can change."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import comrak
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from documents import real_page
from documents.story import AFTERWARDS, CHANGE, DEPLOY, ENDING, OPENING, ROLL_BACK, WHOLE
from firstfive.documents.postmortem import digest, write_postmortem
from firstfive.documents.postmortem.escape import code, fence, prose, scalar
from firstfive.documents.postmortem.form import read_form
from firstfive.incident import events as ev
from firstfive.incident.records import Status
from incident import builders as b

DUE = date(2026, 11, 30)
PAGE = b.handbook()


def written(*lines: b.Line, page: Any = PAGE, due: date | None = DUE) -> str:
    return write_postmortem(page, b.incident(*lines), due=due)


def with_form(text: str):
    return b.handbook(postmortem=replace(b.POSTMORTEM, text=text))


def front(text: str) -> dict[str, Any]:
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert found is not None
    return dict(YAML(typ="safe").load(found.group(1)))


def part(text: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n\n(.*?)(?=\n\n## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {heading} in\n{text}"
    return found.group(1)


def headings(text: str) -> list[str]:
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    html = comrak.markdown_to_html(body, _DIALECT)
    return [re.sub(r"<[^>]*>", "", found) for found in re.findall(r"<h2>(.*?)</h2>", html)]


_DIALECT = comrak.ExtensionOptions(
    table=True, tasklist=True, strikethrough=True, wikilinks_title_after_pipe=True, ofm_callouts=True, ofm_comments=True
)


# --------------------------------------------------------------------------------------------------------- the real form


def test_the_real_page_s_form_is_kept_in_its_order_and_filled() -> None:
    text = written(*WHOLE, page=with_form(real_page.form()))
    assert front(text) == {
        "title": "Post-mortem — Shop down: health answers 502",
        "date": date(2026, 11, 23),
        "severity": "SEV-1",
        "duration": 12,
        "authors": ["ana"],
        "tags": ["postmortem"],
    }
    assert headings(text) == [
        "Summary",
        "Timeline (UTC)",
        "Impact",
        "Root cause",
        "What went well",
        "What went poorly",
        "Where we got lucky",
        "Action items",
        "Detection improvements",
        "Process improvements",
        "What ran and what changed",
        "Deploys noticed",
        "Notices and pages",
        "Record",
    ]
    assert "<" not in re.sub(r"\\<", "", text), "every hole is filled or a visible question"
    assert "HH:MM" not in text
    assert "OPS-123" not in text
    assert "- Users affected: … (ask: count or %)" in text
    assert "| # | Item | Owner | Due | Ticket |\n|---|------|-------|-----|--------|\n|  |  |  |  |  |\n" in text


# -------------------------------------------------------------------------------------------------------------- timeline


def test_the_timeline_names_the_moments_that_matter() -> None:
    rows = part(written(*WHOLE), "Timeline (UTC)").split("\n")
    assert all(re.match(r"- \d\d:\d\d:\d\d — ", row) for row in rows if row.startswith("-"))
    marked = [re.sub(r" — \*\*(.+?)\*\*.*", r" \1", row)[2:] for row in rows if "**" in row]
    assert marked == [
        "03:00:03 first signal",
        "03:00:40 on-call ack",
        "03:00:50 hypothesis",
        "03:01:03 mitigation deployed",
        "03:01:06 mitigated",
        "03:01:10 verified",
        "03:11:40 closed",
    ]
    assert "(seen at 03:00:00)" in rows[3]
    assert not any("Found deploy.previous" in row for row in rows), "raw findings are left out"


def test_moments_that_never_came_are_said_to_be_missing() -> None:
    rows = part(written(WHOLE[0], WHOLE[-1]), "Timeline (UTC)")
    assert rows.endswith("Not on the timeline: on-call ack, hypothesis, mitigation deployed, mitigated, verified.")
    assert "**first signal** (seen at 03:00:00): Declared" in rows
    reported = part(
        written((0, b.declared()), (0, "x", ev.ReportReceived(text="down", reporter="x"))), "Timeline (UTC)"
    )
    assert "**first signal**: x reports: down" in reported


def test_what_happens_again_is_named_by_its_last_time() -> None:
    again = (
        *OPENING,
        *CHANGE,
        *ENDING[:3],
        (100, ev.SignalSeen(signal=b.signal(at=b.seconds(100)))),
        (110, ev.SignalSeen(signal=b.signal(firing=False, at=b.seconds(110)))),
        (110, ev.Mitigated(why="gone again")),
    )
    text = written(*again)
    assert text.count("**mitigated**") == 1
    assert "- 03:01:50 — **mitigated**: Mitigated: gone again" in text


def test_a_night_over_midnight_shows_both_days() -> None:
    text = written((0, b.declared()), (86400, "ana", ev.Noted(text="next day")))
    rows = part(text, "Timeline (UTC)").split("\n")
    assert [row for row in rows if row.endswith(":")] == ["2026-11-23:", "2026-11-24:"]


# ------------------------------------------------------------------------------------------------ what stands in the parts


def test_the_summary_is_what_is_known() -> None:
    assert part(written(*WHOLE), "Summary") == (
        "SEV-1: Shop down: health answers 502. It began at 2026-11-23 03:00 UTC and was declared 3 s later. "
        "ana took it 37 s later. The last change was 3.1 step 3 (If recent deploy: roll back), approved by ana; "
        "the symptoms stopped 66 s after the first sign. It lasted 12 min from the first sign until it was closed."
        "\n\nWhat users noticed: …"
    )


SUMMARIES = [
    (
        (WHOLE[0],),
        "Nobody acknowledged it. No change was made here. It is not resolved yet.",
        "nothing but a declaration",
    ),
    (
        (*OPENING[:2], *ENDING[:2]),
        "The symptoms stopped 66 s after the first sign without a change made here.",
        "by itself",
    ),
    (
        (*OPENING, *CHANGE),
        "The last change was 3.1 step 3 (If recent deploy: roll back), approved by ana.",
        "no end in sight",
    ),
]


@pytest.mark.parametrize(("lines", "words", "because"), SUMMARIES, ids=[s[2] for s in SUMMARIES])
def test_the_summary_claims_nothing_more(lines, words, because) -> None:
    assert words in part(written(*lines), "Summary"), because


def test_the_cause_is_quoted_and_trigger_and_underlying_cause_stay_for_people() -> None:
    assert part(written(*WHOLE), "Root cause") == (
        "- As said when it was closed: 1.4.2 read SESSION_SECRET, which no host sets\n"
        "- Hypothesis during the incident: 1.4.2 wants a variable nobody set\n"
        "- Change nearby: web from 1.4.1 to 1.4.2, at 2026-11-23 02:58 UTC\n"
        "- Trigger: …\n"
        "- Underlying cause: …\n\n"
        "> Trigger and cause, without blame."
    )
    assert part(written(WHOLE[0]), "Root cause").startswith("- Nobody has said it yet: …\n- Trigger: …")


def test_the_roll_back_s_own_deploy_is_not_the_change_nearby() -> None:
    back = replace(DEPLOY, version="1.4.1", previous="1.4.2", deployed_at=b.seconds(62))
    text = written(*OPENING, *CHANGE[:2], (62, back))
    assert "Change nearby: web from 1.4.1 to 1.4.2" in text
    assert len(re.findall(r"— web from `", part(text, "Deploys noticed"))) == 2


def test_how_it_was_noticed_and_what_the_page_did_badly() -> None:
    text = written(*WHOLE)
    assert part(text, "Detection improvements").startswith(
        "- First noticed by a probe or an alert at 03:00:00, declared 3 s later."
    )
    assert part(text, "Process improvements").startswith("- No step of the page failed.\n\n> Which page")
    other = b.run("pay#3", script="prune", environment=())
    rough = written(
        *OPENING,
        *CHANGE[:2],
        (63, b.finished(ROLL_BACK, met=False)),
        (64, ev.ApprovalAsked(run=other, why="x", doubts=("the disk is full: who knows",))),
        (65, ev.PageFailed(number=2, role="on-call", why="no number")),
    )
    assert part(rough, "Process improvements").startswith(
        "- 3.1 step 3 (If recent deploy: roll back) did not end as the page expects: exit 1\n"
        "- 3.2 step 3 (If the disk is full: prune): nobody could check its condition: the disk is full: who knows\n"
        "- Nobody could be paged: no number\n"
    )
    assert "First noticed by a person's report" in written((0, "x", ev.ReportReceived(text="x", reporter="x")))
    assert "First noticed by the person who declared it" in written((0, b.declared()))
    assert "First noticed by nobody" in written((0, ev.Noted(text="odd")))


def test_what_ran_is_there_to_the_byte() -> None:
    ran = part(written(*WHOLE), "What ran and what changed")
    assert (
        "| 2 | 03:01:01 | 3.1 step 3 (If recent deploy: roll back) | local | changing | as expected in 1.2 s | 0 | ana |"
        in ran
    )
    assert '```bash\nrelease "$FF_PREVIOUS_VERSION"\n```\n\n- `FF_PREVIOUS_VERSION` = `1.4.1`' in ran
    assert "It printed:\n\n```text\nreleased 1.4.1\n```" in ran


OUTCOMES = [
    (
        (*OPENING, (60, "ana", ev.Declined(run=ROLL_BACK.id, why="not now"))),
        "never | .* | declined: not now | - | -",
        "no",
    ),
    ((*OPENING, (60, ev.ApprovalExpired(run=ROLL_BACK.id))), "never | .* | withdrawn | - | -", "too late"),
    (OPENING, "never | .* | asked, not begun | - | -", "still open"),
    ((*OPENING, *CHANGE[:2]), "03:01:01 | .* | running | - | ana", "under way"),
    (
        (*OPENING, *CHANGE[:2], (63, ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died"))),
        "03:01:01 | .* | unknown: died | - | ana",
        "nobody knows",
    ),
    (
        (*OPENING, *CHANGE[:2], (63, b.finished(ROLL_BACK, met=False))),
        "03:01:01 | .* | not as expected in 1.2 s | 1 | ana",
        "badly",
    ),
]


@pytest.mark.parametrize(("lines", "row", "because"), OUTCOMES, ids=[o[2] for o in OUTCOMES])
def test_every_run_has_its_outcome(lines, row, because) -> None:
    ran = part(written(*lines), "What ran and what changed")
    assert re.search(rf"^\| 2 \| {row.replace(' | ', r' [|] ')} \|$", ran, re.MULTILINE), f"{because}: {ran}"


def test_a_settled_run_a_foreign_step_and_lost_bytes_are_told() -> None:
    foreign = b.run("gone#1")
    text = written(
        *OPENING[:1],
        (1, ev.ApprovalAsked(run=foreign, why="x")),
        (2, ev.StepStarted(run=foreign)),
        (3, b.finished(foreign, dropped=4096)),
        (4, b.finished(ROLL_BACK)),
    )
    assert "| step gone\\#1 | local | unknown | as expected" in text
    assert "It printed (4096 bytes were not kept):" in text
    settled = written(
        *OPENING,
        *CHANGE[:2],
        (63, ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died")),
        (64, "ana", ev.OutcomeSettled(run=ROLL_BACK.id, step="", ran=True, note="the link moved")),
    )
    assert "**mitigation deployed**: ana found that 3.1 step 3" in settled
    assert "| as expected | - | ana |" in settled


def test_a_look_taken_again_is_shown_again_only_when_it_saw_something_else() -> None:
    looks = [b.run("down#1", n, changing=False, script="keeper ps", environment=()) for n in (1, 2, 3)]
    lines = [(0, b.declared())]
    for at, (look, output, met) in enumerate(zip(looks, ("down", "down", "up"), (False, False, True), strict=True), 1):
        lines += [(at, ev.StepStarted(run=look)), (at, b.finished(look, output=output, met=met))]
    text = written(*lines)
    assert re.findall(r"^### Run (\d)", text, re.MULTILINE) == ["1", "3"]
    assert len(re.findall(r"^\| \d \| 03:00", text, re.MULTILINE)) == 3
    assert part(text, "Process improvements").startswith("- No step of the page failed."), "it came right in the end"


def test_what_was_declared_at_once_was_declared_at_once() -> None:
    assert "was declared at once." in part(written((0, b.declared())), "Summary")


def test_an_incident_in_which_nothing_ran_says_so() -> None:
    text = written(WHOLE[0])
    assert part(text, "What ran and what changed") == "No step of a runbook ran."
    assert "## Deploys noticed" not in text
    assert "## Notices and pages" not in text
    assert write_postmortem(PAGE, b.incident(), due=None).endswith("## Record\n\nNo entries.\n")


def test_what_was_told_and_who_was_paged() -> None:
    failed = ev.NoticeFailed(kind="update", number=1, channel="#incidents", why="refused")
    assert part(written(*OPENING, (80, failed)), "Notices and pages") == (
        "- 03:00:07 — initial notice to \\#incidents, open: which users / features\n"
        "- 03:00:07 — paged ana (On-call engineer)\n"
        "- 03:01:20 — update 1 did not reach \\#incidents: refused"
    )


def test_the_head_of_the_chain_closes_it() -> None:
    made = b.incident(*WHOLE)
    assert part(written(*WHOLE), "Record") == (
        f"{made.seq} entries up to 2026-11-23 03:11 UTC, head of their hash chain `{made.entries[-1].hash}`.\n"
    )


DUES = [(DUE, "Due 2026-11-30."), (None, "The page sets no day by which this is due.")]


@pytest.mark.parametrize(("due", "words"), DUES)
def test_the_day_it_is_due_stands_on_top(due, words) -> None:
    assert words in written(*WHOLE, due=due).split("## ")[0]
    assert "This was a drill." in written((0, b.declared(drill=True)), due=due)


# ------------------------------------------------------------------------------------------------------------ fixed bytes


def test_the_same_entries_give_the_same_bytes_and_later_ones_change_nothing() -> None:
    first = written(*WHOLE)
    assert first == written(*WHOLE)
    assert first == written(*WHOLE, *AFTERWARDS)
    assert digest(first) == digest(written(*WHOLE, *AFTERWARDS))
    assert written(*WHOLE[:-1]) != first


# ------------------------------------------------------------------------------------------------------------ other forms


FORMS = [
    ("## Summary\n## Timeline\n", ["Summary", "Timeline"], "no front matter"),
    (
        "# Title\n\nHello <name>\n\n## Chronology\n\n## What we do next\nx",
        ["Chronology", "What we do next"],
        "a preamble",
    ),
    (
        "## Overview\n\n```\n## not a heading\n```\n\n## Impact",
        ["Overview", "Impact", "Timeline (UTC)"],
        "a fence inside",
    ),
    ("", ["Timeline (UTC)"], "an empty form"),
    ("---\nnot closed\n\n## Causes", ["Causes", "Timeline (UTC)"], "front matter that never ends"),
    (
        "## Actions\nWrite them down.\n\n## Impact\n\n## Impact again",
        ["Actions", "Impact", "Impact again"],
        "twice the same",
    ),
]


@pytest.mark.parametrize(("form", "expected", "because"), FORMS, ids=[f[2] for f in FORMS])
def test_any_team_s_form_is_followed(form, expected, because) -> None:
    found = headings(written(*WHOLE, page=with_form(form)))
    assert found[: len(expected)] == expected, because
    assert found[-1] == "Record"


def test_a_page_without_a_form_gets_a_small_skeleton() -> None:
    text = written(*WHOLE, page=b.handbook(postmortem=None))
    assert front(text)["title"] == "Post-mortem — Shop down: health answers 502"
    assert headings(text)[:3] == ["Summary", "Timeline (UTC)", "Impact"]


FRONTS = [
    ('title: "<short title>"', "title", "Shop down: health answers 502", "quotes of the form are not doubled"),
    ("title: '<title>: a story'", "title", "Shop down: health answers 502: a story", "nor single ones"),
    ("severity: SEV-X # the worst it was", "severity", "SEV-1", "a comment stays a comment"),
    ("id: <incident>", "id", "INC-1", "the id"),
    ("reviewer: <who>", "reviewer", "(not known yet)", "what nobody knows stays open"),
    ("tags:\n  - postmortem\n  - <incident id>", "tags", ["postmortem", "INC-1"], "a list over lines"),
    ("lead: <names>", "lead", "ana", "people in one value"),
    ("links: [<url>]", "links", ["(not known yet)"], "a list of something else"),
    ("tags: [postmortem]", "tags", ["postmortem"], "what has no hole is not touched"),
]


@pytest.mark.parametrize(("rows", "key", "value", "because"), FRONTS, ids=[f[3] for f in FRONTS])
def test_front_matter_is_filled_row_by_row(rows, key, value, because) -> None:
    assert front(written(*WHOLE, page=with_form(f"---\n{rows}\n---\n\n## Summary")))[key] == value, because


def test_an_open_incident_has_no_duration_yet() -> None:
    made = front(written(*OPENING[:1]))
    assert (made["duration"], made["authors"]) == ("(not known yet)", [])
    nothing = front(write_postmortem(PAGE, b.incident(), due=None))
    assert nothing["title"] == "Post-mortem — (not known yet)"


def test_a_form_with_windows_line_ends_is_read_the_same() -> None:
    assert read_form(b.FORM.replace("\n", "\r\n")) == read_form(b.FORM)


# --------------------------------------------------------------------------------------------------------------- hostile

HOSTILE = [
    'a"b: c # d',
    "---\n## Fake\n",
    "| a | b |",
    "```\n## Fake",
    "``````````",
    "[[Secret]] ![[x]] [a](javascript:b) <script>alert(1)</script> <!-- ",
    "\\",
    "- [ ] task\n# Fake",
    "%% hidden %% ==mark== $x$ ~~gone~~ #tag ^block &lt;",
    "\x1b[2J\u202e\x00",
    "'; DROP",
    "*/ {{template}} @everyone",
]


def poisoned(text: str) -> tuple[b.Line, ...]:
    run = b.run(script=text or "x", environment=(("FF_X", text),), target=text or "x")
    return (
        (0, b.declared(title=text, why=text)),
        (0, ev.SignalSeen(signal=b.signal(text=text, subject=text))),
        (1, text, ev.Acknowledged(responder=text)),
        (1, "x", ev.HypothesisSet(text=text)),
        (1, replace(DEPLOY, subject=text, version=text, previous=text, source=text)),
        (2, ev.ApprovalAsked(run=run, why=text, doubts=(text,))),
        (3, ev.StepStarted(run=run, approved_by=text)),
        (4, b.finished(run, met=False, output=text, why=text)),
        (5, ev.NoticeSent(kind=text, number=1, channel=text, text=text, unfilled=(text,))),
        (6, ev.Paged(number=1, role=text, contact=text, channel=text, why=text)),
        (7, ev.PageFailed(number=1, role=text, why=text)),
        (8, ev.StatusChanged(status=Status.MONITORING, why=text)),
        (9, text or "x", ev.Resolved(why=text, root_cause=text)),
    )


PLAIN_HEADINGS = headings(written(*poisoned("plain")))


def holds_its_shape(text: str) -> None:
    made = written(*poisoned(text))
    assert headings(made) == PLAIN_HEADINGS
    assert set(front(made)) == {"title", "date", "severity", "duration", "authors", "tags"}
    html = comrak.markdown_to_html(re.sub(r"\A---\n.*?\n---\n", "", made, flags=re.DOTALL), _DIALECT)
    assert "<script" not in html
    assert "<a " not in html
    tables = re.findall(r"<table>.*?</table>", html, re.DOTALL)
    assert [len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>.*?</tr>", tables[-1], re.DOTALL)] == [8, 8]
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u200b]", made)
    made.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_an_incident_can_change_the_shape_of_the_file(text: str) -> None:
    holds_its_shape(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("`~#|<>[]()!*_-=\\\"':{}%$&@^ \n\tab1.;")), max_size=30))
def test_no_mixture_can_either(text: str) -> None:
    holds_its_shape(text)


def test_a_fence_is_longer_than_anything_inside_and_a_long_output_loses_its_middle() -> None:
    assert fence("a\n````\nb", "text") == "`````text\na\n````\nb\n`````"
    long = fence("x" * 5000, "text")
    assert "1000 characters left out here" in long
    assert len(long) < 4100


SPANS = [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("", "`-`"), ("``", "``` `` ```")]


@pytest.mark.parametrize(("text", "span"), SPANS)
def test_a_code_span_cannot_be_left(text: str, span: str) -> None:
    assert code(text) == span


SCALARS = [
    ("SEV-1", "SEV-1"),
    ("12", "12"),
    ("012", '"012"'),
    ("2026-11-23", "2026-11-23"),
    ("yes", '"yes"'),
    ("a: b", '"a: b"'),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_scalar_is_quoted_unless_it_is_plainly_one(text: str, value: str) -> None:
    assert scalar(text) == value


def test_names_keep_their_underscores() -> None:
    assert prose("SESSION_SECRET _x_ took 3 s") == "SESSION_SECRET \\_x\\_ took 3 s"
