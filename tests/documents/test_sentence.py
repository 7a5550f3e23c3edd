"""One sentence for every kind of event."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest

from documents.story import DEPLOY, LOOK, RANKING, ROLL_BACK
from firstfive.documents.sentence import sentence
from firstfive.incident import events as ev
from firstfive.incident.records import Answer, Fact, Status
from incident import builders as b

PAGE = b.handbook()
ROLL = "3.1 step 3 (If recent deploy: roll back)"
MS = timedelta(milliseconds=12)

PLANNED = ev.RollbackPlanned(
    step="down#3",
    target="local",
    script="x",
    environment=(),
    undo="y",
    diff="",
    service="web",
    image="web:1",
    paused=("watchtower",),
    timeout=timedelta(minutes=3),
    why="pins it",
)

SENTENCES: list[tuple[str, ev.Event, str]] = [
    ("firstfive", b.declared(), "Declared SEV-1: Shop down: health answers 502 (a test says so)"),
    ("ana", b.declared(drill=True), "Drill declared SEV-1: Shop down: health answers 502 (a test says so)"),
    ("firstfive", ev.SignalSeen(signal=b.signal()), "Trouble: subject of down.1: answers 502 (probe)"),
    ("firstfive", ev.SignalSeen(signal=b.signal(firing=False)), "Well again: subject of down.1: answers 200 (probe)"),
    ("eve", ev.ReportReceived(text="cannot pay", reporter="eve"), "eve reports: cannot pay"),
    ("firstfive", ev.SeverityChanged(level=2, why="surge"), "Severity is now SEV-2: surge"),
    ("ana", ev.SeverityChanged(level=3, why="half"), "Severity is now SEV-3 (by ana): half"),
    ("ana", ev.Acknowledged(responder="ana"), "ana has taken it"),
    (
        "firstfive",
        ev.CheckDone(check="h", title="Health", answer=Answer.GOOD, evidence="200", took=MS),
        "Health: well, 200 (12 ms)",
    ),
    (
        "firstfive",
        ev.FactsFound(
            facts=(
                Fact(name="a", kind="bool", value=True),
                Fact(name="b", kind="bool", value=False),
                Fact(name="c", kind="list", value=("x", "y")),
                Fact(name="d", kind="int", value=3),
            ),
            source="df",
        ),
        "Found a = yes, b = no, c = x y, d = 3 (from df)",
    ),
    ("firstfive", ev.FactsFound(facts=(), source="df"), "Found nothing (from df)"),
    ("firstfive", DEPLOY, "web was deployed at 2026-11-23 02:58 UTC: 1.4.1 to 1.4.2"),
    ("firstfive", replace(DEPLOY, previous=""), "web was deployed at 2026-11-23 02:58 UTC: unknown to 1.4.2"),
    ("firstfive", ev.RunbooksRanked(ranking=RANKING), "Runbooks ranked: 3.1 Shop down (score 5)"),
    ("firstfive", ev.RunbooksRanked(ranking=()), "No runbook fits what was seen"),
    ("ana", ev.HypothesisSet(text="the disk"), "ana thinks: the disk"),
    ("firstfive", ev.RollbackProposed(step="down#3", why="fresh"), f"Roll-back proposed, {ROLL}: fresh"),
    ("ana", ev.ParameterSet(step="down#3", name="v", value="1"), f"ana set <v> of {ROLL} to 1"),
    ("ana", ev.StepRequested(step="gone#1"), "ana asked for step gone#1"),
    ("firstfive", ev.StepSkipped(step="down#3", why="old"), f"Skipped {ROLL}: old"),
    (
        "firstfive",
        ev.ApprovalAsked(run=ROLL_BACK, why="roll back", doubts=("is it recent?",), missing=("v",)),
        f"{ROLL} on local waits for approval: roll back; needs <v>; unsure: is it recent?",
    ),
    ("firstfive", ev.ApprovalAsked(run=ROLL_BACK, why="roll back"), f"{ROLL} on local waits for approval: roll back"),
    ("ana", ev.Approved(run=ROLL_BACK.id, sha256="ab" * 32), f"ana approved {ROLL}, bytes abababababab"),
    (
        "ana",
        ev.Approved(run=ROLL_BACK.id, sha256="ab" * 32, affirmed=True, alone="nobody answers"),
        f"ana approved {ROLL}, bytes abababababab, what comes first is done, alone: nobody answers",
    ),
    (
        "firstfive",
        ev.ApprovalAsked(run=ROLL_BACK, why="x", people=2, who=("ann", "ben"), first=("stop it",)),
        f"{ROLL} on local waits for approval: x; takes 2 people; by ann or ben; first: stop it",
    ),
    ("ana", ev.UndoRequested(run=ROLL_BACK.id), f"ana wants {ROLL} taken back"),
    (
        "ana",
        ev.Approved(run=f"{ROLL_BACK.id}.undo.1", sha256="cd" * 32),
        f"ana approved the undo of {ROLL}, bytes cdcdcdcdcdcd",
    ),
    ("firstfive", PLANNED, "The way back is known: web to web:1; watchtower is stopped first: pins it"),
    (
        "firstfive",
        ev.RollbackImpossible(step="down#3", why="pruned"),
        f"No way back by the ledger, {ROLL} is left as written: pruned",
    ),
    ("ana", ev.Declined(run="INC-1.gone.1.1", why="no"), "ana declined run INC-1.gone.1.1: no"),
    (
        "firstfive",
        ev.ApprovalExpired(run=ROLL_BACK.id),
        f"The request for {ROLL} is withdrawn: its time ran out or its values changed",
    ),
    (
        "firstfive",
        ev.StepStarted(run=ROLL_BACK, approved_by="ana"),
        f"Changing: {ROLL} started on local, approved by ana",
    ),
    ("firstfive", ev.StepStarted(run=LOOK), "Looking: 3.1 step 1 (Last lines) started on local"),
    (
        "firstfive",
        ev.StepNotBegun(run=ROLL_BACK.id, step="down#3", target="gone", why="gone could not be reached"),
        f"{ROLL} could not begin on gone: gone could not be reached",
    ),
    ("firstfive", b.finished(ROLL_BACK), f"{ROLL} finished as expected: exit 0 after 1.2 s"),
    (
        "firstfive",
        b.finished(ROLL_BACK, met=False, why="the output lacks PONG"),
        f"{ROLL} finished not as expected: exit 1 after 1.2 s (the output lacks PONG)",
    ),
    (
        "firstfive",
        ev.OutcomeUnknown(run=ROLL_BACK.id, step="down#3", why="died"),
        f"Nobody knows whether {ROLL} ran: died",
    ),
    ("ana", ev.OutcomeSettled(run=ROLL_BACK.id, step="", ran=True, note=""), f"ana found that {ROLL} ran"),
    (
        "ana",
        ev.OutcomeSettled(run=ROLL_BACK.id, step="", ran=False, note="no trace"),
        f"ana found that {ROLL} did not run: no trace",
    ),
    ("firstfive", ev.StatusChanged(status=Status.MONITORING, why="quiet"), "Now monitoring: quiet"),
    ("firstfive", ev.Mitigated(why="gone"), "Mitigated: gone"),
    ("firstfive", ev.Verified(why="looked"), "Verified: looked"),
    ("ana", ev.UpdateAsked(text="tell them"), "ana wants an update sent: tell them"),
    ("ana", ev.PublicUpdate(status="resolved", text="Over."), "ana told the public resolved: Over."),
    (
        "firstfive",
        ev.PostmortemRead(path="p.md", number=1, gaps=("line 3: open", "y"), items=2, tracked=1),
        "Read p.md again: 2 places are still open, the first: line 3: open; 1 of 2 action items have an owner, a day and a ticket",
    ),
    (
        "firstfive",
        ev.PostmortemRead(path="p.md", number=1, gaps=(), items=2, tracked=2),
        "Read p.md again: it is whole; 2 of 2 action items have an owner, a day and a ticket",
    ),
    (
        "firstfive",
        ev.Imported(origin="INC-7", head="ab" * 32),
        "Carried over from another installation, where it was INC-7 and ended with abababababab",
    ),
    ("ana", ev.PostmortemAsked(), "ana wants a post-mortem of it"),
    ("ana", ev.ClosingTicked(item="c1", done=True), "ana says done: Page updated?"),
    (
        "ana",
        ev.ClosingTicked(item="c1", done=False, note="nothing new"),
        "ana says not needed: Page updated? (nothing new)",
    ),
    (
        "ana",
        ev.PublicUpdate(status="monitoring", text="Soon.", components=("Chat", "Search"), override="legal wants it"),
        "ana told the public monitoring about Chat, Search: Soon. (against the check of wording: legal wants it)",
    ),
    (
        "firstfive",
        ev.NoticeSent(kind="update", number=2, channel="#i", text="x", unfilled=("a", "b")),
        "Told #i: update 2; still open: a, b",
    ),
    ("firstfive", ev.NoticeSent(kind="initial", number=1, channel="#i", text="x"), "Told #i: initial notice"),
    (
        "firstfive",
        ev.NoticeFailed(kind="resolution", number=1, channel="#i", why="down"),
        "Could not tell #i (resolution notice): down",
    ),
    (
        "firstfive",
        ev.Paged(number=1, role="On-call", contact="ana", channel="DM", why="nobody"),
        "Paged ana (On-call) by DM: nobody",
    ),
    (
        "firstfive",
        ev.Paged(number=1, role="on call: primary", contact="ana", channel="", why="nobody"),
        "Paged ana (on call: primary): nobody",
    ),
    ("firstfive", ev.PageFailed(number=1, role="On-call", why="no number"), "Could not page On-call: no number"),
    ("firstfive", ev.Resolved(why="quiet", root_cause=""), "Resolved: quiet"),
    ("ana", ev.Resolved(why="quiet", root_cause="the disk"), "Resolved (by ana): quiet; root cause: the disk"),
    (
        "firstfive",
        ev.PostmortemWritten(path="p.md", sha256="x", due=date(2026, 11, 30)),
        "Post-mortem drafted at p.md, due 2026-11-30",
    ),
    ("firstfive", ev.PostmortemWritten(path="p.md", sha256="x", due=None), "Post-mortem drafted at p.md"),
    ("firstfive", ev.PostmortemFailed(why="full"), "The post-mortem could not be written: full"),
    ("ana", ev.Noted(text="hm\nhm"), "ana notes: hm hm"),
    (
        "ana",
        ev.ChangeOffered(
            id="block.1",
            pack="block",
            title="block 203.0.113.7 for an hour",
            target="local",
            script="x",
            undo="y",
            verify="z",
            timeout=MS,
            why="asked for",
        ),
        "ana asked for a change on local: block 203.0.113.7 for an hour (asked for)",
    ),
    (
        "firstfive",
        ev.Unacknowledged(responder="ana", why="nothing heard for 30 min"),
        "ana is silent, so it is nobody's again: nothing heard for 30 min",
    ),
    (
        "firstfive",
        ev.JournalRestored(epoch=1, why="a copy was put back"),
        "Changes are paused, and what was asked for or approved before is void: a copy was put back",
    ),
    (
        "firstfive",
        ev.HostsAsked(epoch=1, found=("INC-1.a.2 on prod: exit 0",), silent=("db",)),
        "The hosts know: INC-1.a.2 on prod: exit 0; not asked, since they do not answer: db",
    ),
    ("ada", ev.Resumed(note="it ran"), "ada lets changes go on: it ran"),
    (
        "firstfive",
        ev.ThreadOpened(destination="matrix:!ops:shop.example", reference="$1"),
        "The thread at matrix:!ops:shop.example began",
    ),
    (
        "firstfive",
        ev.Reminded(what="updater", number=1, to="#i", text="it is still stopped"),
        "Reminded #i: it is still stopped",
    ),
    (
        "firstfive",
        ev.Reminded(what="approval INC-1.down.3.1", number=1, to="ana", text="down#3 on local waits for a yes: x"),
        "Asked ana for a yes: down#3 on local waits for a yes: x",
    ),
]


@pytest.mark.parametrize(
    ("by", "event", "said"), SENTENCES, ids=[f"{type(s[1]).__name__}-{n}" for n, s in enumerate(SENTENCES)]
)
def test_every_event_is_one_plain_sentence(by: str, event: ev.Event, said: str) -> None:
    (entry,) = b.entries([(0, by, event)])
    assert sentence(entry, PAGE) == said


def test_no_kind_of_event_is_left_out() -> None:
    assert {type(event) for _, event, _ in SENTENCES} == set(get_args(ev.Event))


def test_a_sentence_is_short_and_clean() -> None:
    (entry,) = b.entries([(0, "ana", ev.Noted(text="\x1b[31m" + "x" * 900))])
    assert sentence(entry, PAGE).startswith("ana notes: xxx")
    assert len(sentence(entry, PAGE)) == 300


def test_a_runbook_without_a_number_is_called_by_its_title() -> None:
    page = b.handbook(runbooks=(b.runbook("x", number="", title="Cache cold", steps=(b.step("x#1"),)),))
    (entry,) = b.entries([(0, "ana", ev.StepRequested(step="x#1"))])
    assert sentence(entry, page) == "ana asked for Cache cold step 1 (Step 1)"
