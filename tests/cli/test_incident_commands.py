"""The commands about an incident, spoken straight into the journal: each with good and with bad input, to the word."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.door import ALONE, Ask
from firstfive import settings
from firstfive.app import open_program
from firstfive.cli.quick import UNWATCHED
from firstfive.incident import events as ev
from firstfive.stores import open_journal

CHECKS = "\n".join(
    f"  unknown  {title}: not looked at yet"
    for title in ("Acknowledge", "Error spikes", "Host shell", "Health endpoint", "Process status", "Recent deploy?")
)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def timeless(text: str) -> str:
    """Without the clock: `12:34:56` becomes `HH:MM:SS`, a hash becomes its name."""
    text = re.sub(r"\d{4}-\d\d-\d\dT", "DATE ", text)
    return re.sub(r"\b\d\d:\d\d:\d\d(\.\d+Z)?", "HH:MM:SS", text)


@pytest.fixture
def shut(ask: Ask, vault: Path) -> Path:
    """INC-1 is open; nobody has taken it."""
    assert ask("declare", "the shop is shut").code == 0
    return vault


@pytest.fixture
def asked(ask: Ask, shut: Path) -> str:
    """A changing step of INC-1 waits for approval; the run's id."""
    assert ask("run", "INC-1", "payments-down#4").code == 0
    return "INC-1.payments-down.4.1"


# ------------------------------------------------------------------------------------------------------------- status


def test_status_of_a_vault_without_incidents(ask: Ask, vault: Path) -> None:
    for words in (("status",), ("status", "--all"), ("status", "--vault", str(vault))):
        said = ask(*words)
        assert (said.code, said.out, said.err) == (0, "No open incident.\n", UNWATCHED), words
    assert ask("status", "--json").json == {"schema": "firstfive/1", "incidents": []}


def test_status_lists_an_incident_a_line(ask: Ask, shut: Path) -> None:
    row = "INC-1  SEV-1  investigating  the shop is shut  (nobody has taken it)\n"
    assert ask("status").out == row
    assert ask("status", "--all").out == row
    ask("ack", "INC-1")
    ask("run", "INC-1", "payments-down#4")
    row = "INC-1  SEV-1  investigating  the shop is shut  (taken by sam, 1 waiting for approval)\n"
    assert ask("status").out == row
    said = ask("status", "--all")
    assert (said.out, said.err) == (row, UNWATCHED)


def test_the_quick_look_and_the_long_way_say_the_same(ask: Ask, asked: str) -> None:
    quick, slow = ask("status", "--json"), ask("status", "--all", "--json")
    assert quick.json == slow.json
    assert set(quick.json["incidents"][0]) == {
        *("id", "title", "level", "status", "declared_at", "acknowledged_by", "next_update_at", "waiting"),
        "mitigated_at",
    }


def test_an_ended_incident_is_listed_only_when_asked_for(ask: Ask, shut: Path) -> None:
    ask("resolve", "INC-1", "--cause", "a setting was missing")
    assert "INC-1  SEV-1  resolved  the shop is shut" in ask("status", "--all").out


def test_status_of_one_incident(ask: Ask, shut: Path) -> None:
    said = ask("status", "INC-1")
    assert (said.code, said.err) == (0, UNWATCHED)
    assert timeless(said.out) == (
        "INC-1  SEV-1  investigating  the shop is shut\n"
        "  not graded by a person yet, so the worst is assumed\n"
        "\n"
        "Next: Acknowledge: say that you have taken it.\n"
        "\n"
        f"First five:\n{CHECKS}\n"
        "\n"
        "Timeline:\n"
        "  HH:MM:SS  Declared SEV-1: the shop is shut (not graded by a person yet, so the worst is assumed)\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("status", "INC-9"),
        ("ack", "INC-9"),
        ("note", "INC-9", "x"),
        ("hypothesis", "INC-9", "x"),
        ("update", "INC-9", "x"),
        ("severity", "INC-9", "2", "x"),
        ("resolve", "INC-9"),
        ("run", "INC-9", "shop-down#1"),
        ("approve", "INC-9"),
        ("decline", "INC-9"),
        ("settle", "INC-9", "x", "--ran"),
        ("timeline", "INC-9"),
        ("postmortem", "INC-9"),
        ("report", "x", "--incident", "INC-9"),
    ],
    ids=" ".join,
)
def test_an_incident_that_does_not_exist(ask: Ask, shut: Path, words: tuple[str, ...]) -> None:
    said = ask(*words)
    assert said.code == 8
    assert said.err.removeprefix(ALONE) == (
        "error: there is no incident INC-9\n  help: firstfive status lists the open ones\n"
    )


# ------------------------------------------------------------------------------------------------------------ declare


def test_declare_says_that_nobody_acts_yet(ask: Ask, vault: Path) -> None:
    said = ask("declare", "the shop is shut", "--severity", "2", "--why", "only some customers", "--by", "kim")
    assert (said.code, said.err) == (0, ALONE)
    assert said.out.startswith("INC-1  SEV-2  investigating  the shop is shut\n  only some customers\n")
    assert [e["by"] for e in ask("status", "INC-1", "--json").json["timeline"]] == ["kim"]


def test_declare_refuses_a_severity_that_the_page_does_not_have(ask: Ask, vault: Path) -> None:
    said = ask("declare", "x", "--severity", "7")
    assert said.code == 2
    assert said.err == f"{ALONE}error: the page's matrix has no severity 7\n  help: it has 1, 2, 3, 4\n"


def test_declare_refuses_an_empty_title(ask: Ask, vault: Path) -> None:
    said = ask("declare", " ")
    assert said.err == f"{ALONE}error: an incident needs a title\n  help: say in one line what is wrong\n"
    assert ask("status").out == "No open incident.\n"


def test_a_report_declares_or_joins(ask: Ask, vault: Path) -> None:
    assert ask("report", "I cannot pay", "--by", "a customer").out.startswith("INC-1  SEV-")
    assert ask("report", "me neither").out.startswith("INC-1  ")
    assert ask("report", "nor I", "--incident", "INC-1").code == 0
    assert ask("status", "INC-1", "--json").json["reports"] == 3


def test_a_report_without_text_is_refused(ask: Ask, vault: Path) -> None:
    said = ask("report", "  ")
    assert (said.code, said.err) == (
        8,
        f"{ALONE}error: the report has no text\n  help: say in one line what does not work\n",
    )


# ----------------------------------------------------------------------------------------------------- say what is known

SAID = [
    (("ack", "INC-1"), "sam has taken it"),
    (("hypothesis", "INC-1", "the disk"), "the disk"),
    (("note", "INC-1", "called the host"), "called the host"),
    (("update", "INC-1", "we look into it"), "we look into it"),
    (("severity", "INC-1", "2", "only some"), "only some"),
    (("resolve", "INC-1", "--cause", "a setting"), "a setting"),
]


@pytest.mark.parametrize(("words", "kept"), SAID, ids=[words[0] for words, _ in SAID])
def test_what_is_said_is_on_the_timeline(ask: Ask, shut: Path, words: tuple[str, ...], kept: str) -> None:
    said = ask(*words)
    assert (said.code, said.err) == (0, ALONE)
    entries = ask("status", "INC-1", "--json").json["timeline"]
    assert any(kept in entry["text"] and entry["by"] == "sam" for entry in entries)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(
            ("hypothesis", "INC-1", " "),
            2,
            "text is missing\n  help: give text as text",
            id="a hypothesis of nothing stops no clock",
        ),
        pytest.param(("note", "INC-1", ""), 2, "text is missing\n  help: give text as text", id="an empty note"),
        pytest.param(("update", "INC-1", ""), 2, "text is missing\n  help: give text as text", id="an empty update"),
        pytest.param(
            ("severity", "INC-1", "0", "x"),
            2,
            "0 is no severity level\n  help: give a number from the page's matrix",
            id="no such level",
        ),
        pytest.param(
            ("severity", "INC-1", "2", " "), 2, "why is missing\n  help: give why as text", id="a grade needs a reason"
        ),
    ],
)
def test_what_cannot_be_said(ask: Ask, shut: Path, words: tuple[str, ...], code: int, message: str) -> None:
    said = ask(*words)
    assert (said.code, said.out, said.err) == (code, "", f"{ALONE}error: {message}\n")
    assert ask("status", "INC-1", "--json").json["seq"] == 1


@pytest.mark.parametrize("words", [("ack", "INC-1"), ("resolve", "INC-1"), ("update", "INC-1", "x")])
def test_after_the_end_it_is_too_late(ask: Ask, shut: Path, words: tuple[str, ...]) -> None:
    ask("resolve", "INC-1")
    said = ask(*words)
    assert (said.code, said.err) == (
        8,
        f"{ALONE}error: INC-1 is already resolved\n  help: declare a new one if it came back\n",
    )


# -------------------------------------------------------------------------------------------------------------- steps


def test_a_changing_step_only_waits(ask: Ask, shut: Path) -> None:
    said = ask("run", "INC-1", "payments-down#4")
    assert (said.code, said.err) == (0, ALONE)
    assert "Waiting for approval:\n  payments-down#4 on local: " in said.out
    assert "    $ keeper restart pay\n" in said.out


def test_a_step_that_is_not_there(ask: Ask, shut: Path) -> None:
    said = ask("run", "INC-1", "payments-down#99")
    assert said.code != 0, said.out
    assert said.err.startswith("error: ")
    assert "payments-down#99" in said.err


def test_a_dry_run_shows_and_changes_nothing(ask: Ask, asked: str) -> None:
    said = ask("approve", "INC-1", "--dry-run")
    assert (said.code, said.out) == (0, "nothing was run\n")
    assert said.err.startswith("payments-down#4 on local: ")
    assert "  $ keeper restart pay\n" in said.err
    told = ask("approve", "INC-1", "--dry-run", "--json").json
    assert (told["schema"], told["run"], told["script"]) == ("firstfive/1", asked, "keeper restart pay")
    assert len(ask("status", "INC-1", "--json").json["waiting"]) == 1


@pytest.mark.parametrize("typed", ["", "n\n", "\n"], ids=["nobody there", "no", "just return"])
def test_without_a_yes_nothing_is_approved(ask: Ask, asked: str, typed: str) -> None:
    said = ask("approve", "INC-1", typed=typed)
    assert (said.code, said.out) == (3, "")
    assert "Run exactly this? [y/N]: " in said.err
    assert said.err.endswith("error: not approved\n  help: answer y, or give --yes\n")
    assert len(ask("status", "INC-1", "--json").json["waiting"]) == 1


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (("INC-1",), "y\n"),
        (("INC-1", "--yes"), ""),
        (("INC-1", "payments-down#4", "--yes"), ""),
        (("INC-1", "4"), "y\n"),
    ],
    ids=["a yes at the question", "a yes beforehand", "the step named", "the step's number"],
)
def test_an_approval_is_written_down(ask: Ask, asked: str, words: tuple[str, ...], typed: str) -> None:
    said = ask("approve", *words, typed=typed)
    assert said.code == 0, said.err
    seen = ask("status", "INC-1", "--json").json
    assert seen["waiting"] == []
    assert seen["timeline"][-1]["kind"] == "Approved"
    assert seen["timeline"][-1]["by"] == "sam"


def test_an_open_placeholder_is_asked_for_and_then_bound(ask: Ask, shut: Path) -> None:
    ask("run", "INC-1", "shop-down#4")
    said = ask("approve", "INC-1", "--yes")
    assert said.code == 3
    assert said.err.endswith(
        "error: step shop-down#4 still needs a value for <previous-version>\n"
        "  help: give it with --set NAME=VALUE; the step is then asked for again with that value\n"
    )
    said = ask("approve", "INC-1", "--set", "previous-version=1.4.0", "--dry-run")
    assert said.code == 0
    assert "with FF_PREVIOUS_VERSION=1.4.0" in said.err
    dry = ask("approve", "INC-1", "--set", "previous-version=1.4.0", "--dry-run", "--json").json["sha256"]
    assert ask("approve", "INC-1", "--yes").code == 3, "a dry run stores no value"
    assert ask("approve", "INC-1", "--set", "previous-version=1; rm", "--dry-run").code == 2
    assert ask("approve", "INC-1", "--set", "colour=blue", "--dry-run").code == 2
    assert ask("approve", "INC-1", "--set", "previous-version=1.4.0", "--yes").code == 0
    assert dry[:12] in ask("timeline", "INC-1").out, "what was shown is what was approved"


def test_a_value_needs_its_name(ask: Ask, asked: str) -> None:
    said = ask("approve", "INC-1", "--set", "1.4.0", "--yes")
    assert (said.code, said.out) == (2, "")
    assert (
        said.err.removeprefix(ALONE)
        == "error: '1.4.0' is not NAME=VALUE\n  help: write --set 'previous-version=1.4.1'\n"
    )


def test_nothing_waits(ask: Ask, shut: Path) -> None:
    for words in (("approve", "INC-1"), ("decline", "INC-1")):
        said = ask(*words)
        assert (said.code, said.out) == (8, "")
        assert said.err == (
            "error: nothing waits for approval in INC-1\n"
            "  help: no server runs: firstfive serve takes up what was asked for; firstfive break-glass runs a step without one\n"
        )


def test_two_that_wait_want_a_name(ask: Ask, asked: str) -> None:
    ask("run", "INC-1", "shop-down#4")
    said = ask("approve", "INC-1", "--yes")
    assert said.code == 2
    assert said.err == "error: 2 steps wait for approval\n  help: name one: payments-down#4, shop-down#4\n"
    assert ask("decline", "INC-1", "shop-down#4", "--why", "not that one").code == 0
    assert ask("approve", "INC-1", "--yes").code == 0


def test_a_declined_step_waits_no_more(ask: Ask, asked: str) -> None:
    assert ask("decline", "INC-1", "--why", "it answers again").code == 0
    seen = ask("status", "INC-1", "--json").json
    assert seen["waiting"] == []
    assert "it answers again" in seen["timeline"][-1]["text"]
    assert ask("decline", "INC-1").code == 8


def test_an_outcome_that_is_not_in_question(ask: Ask, shut: Path) -> None:
    said = ask("settle", "INC-1", "INC-1.x.1.1", "--ran")
    assert (said.code, said.err) == (
        8,
        f"{ALONE}error: the outcome of INC-1.x.1.1 is not in question\n  help: firstfive status INC-1 shows every run\n",
    )


async def lose(run_id: str) -> None:
    """Write what the engine writes when a changing step began and nobody knows how it ended."""
    journal = open_journal(settings.load().database)
    try:
        entries = await journal.read(lambda tx: tx.entries("INC-1"))
        run = next(e.event.run for e in entries if isinstance(e.event, ev.ApprovalAsked) and e.event.run.id == run_id)
        lost = ev.OutcomeUnknown(run=run.id, step=run.step, why="the machine went down")
        began = ev.StepStarted(run=run, approved_by="sam")
        await journal.write(lambda tx: tx.append("INC-1", "firstfive", [began, lost], NOW))
    finally:
        await journal.close()


@pytest.mark.parametrize("answer", ["--ran", "--did-not-run"])
def test_an_unknown_outcome_is_settled_by_a_person(ask: Ask, asked: str, answer: str) -> None:
    asyncio.run(lose(asked))
    refused = ask("resolve", "INC-1")
    assert (refused.code, refused.err) == (
        8,
        f"{ALONE}error: a changing step is still running or its outcome is unknown\n"
        "  help: wait for it, or settle its outcome first\n",
    )
    shown = ask("status", "INC-1").out
    assert f"payments-down#4 on local: firstfive settle INC-1 {asked} --ran, or --did-not-run\n" in shown
    assert ask("settle", "INC-1", asked, answer, "--note", "read its log").code == 0
    told = ask("status", "INC-1", "--json").json["timeline"]
    (entry,) = [e for e in told if e["kind"] == "OutcomeSettled"]
    assert entry["by"] == "sam"
    assert "read its log" in entry["text"]


def test_a_change_is_taken_back_only_if_it_ran_and_names_its_undo(ask: Ask, asked: str) -> None:
    said = ask("undo", "INC-1")
    assert (said.code, said.err) == (
        8,
        "error: there is nothing to take back in INC-1\n"
        "  help: only a change that ran and names its undo can be taken back\n",
    )
    asyncio.run(change(asked, undo="touch taken-back"))
    shown = ask("undo", "INC-1", "--json").json
    (waiting,) = [w for w in shown["waiting"] if w["undoes"]]
    assert (waiting["script"], waiting["undoes"], waiting["title"][:6]) == ("touch taken-back", asked, "Undo: ")
    assert next(e["text"] for e in shown["timeline"] if e["kind"] == "UndoRequested").startswith("sam wants 3.2 step 4")


async def change(run_id: str, undo: str) -> None:
    """Write what the engine writes when a changing step ran well."""
    journal = open_journal(settings.load().database)
    try:
        entries = await journal.read(lambda tx: tx.entries("INC-1"))
        run = next(e.event.run for e in entries if isinstance(e.event, ev.ApprovalAsked) and e.event.run.id == run_id)
        run = replace(run, undo=undo)
        ran = ev.StepFinished(
            run=run.id, step=run.step, exit_code=0, output="", dropped=0, took=timedelta(seconds=1), met=True
        )
        began = ev.StepStarted(run=run, approved_by="sam")
        await journal.write(lambda tx: tx.append("INC-1", "firstfive", [began, ran], NOW))
    finally:
        await journal.close()


# ------------------------------------------------------------------------------------------------------------ writing


def test_the_timeline_in_words_and_as_lines_of_json(ask: Ask, shut: Path) -> None:
    ask("ack", "INC-1")
    words = timeless(ask("timeline", "INC-1").out).splitlines()
    assert words == [
        "DATE HH:MM:SSZ  sam         Declared SEV-1: the shop is shut "
        "(not graded by a person yet, so the worst is assumed)",
        "DATE HH:MM:SSZ  sam         sam has taken it",
    ]
    told = [json.loads(line) for line in ask("timeline", "INC-1", "--json").out.splitlines()]
    assert [t["seq"] for t in told] == [1, 2]
    assert set(told[0]) == {"incident", "seq", "at", "by", "type", "data", "hash"}
    assert told[0]["hash"] != told[1]["hash"]


def test_the_record_of_an_incident_that_does_not_exist(ask: Ask, shut: Path) -> None:
    said = ask("timeline", "INC-9", "--json")
    assert (said.code, said.err) == (
        8,
        "error: there is no incident INC-9\n  help: firstfive status --all lists them\n",
    )
    assert said.json["error"]["what"] == "there is no incident INC-9"


def test_a_post_mortem_that_is_not_written_yet(ask: Ask, shut: Path) -> None:
    said = ask("postmortem", "INC-1")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: INC-1 has no post-mortem yet: it is written when the incident is resolved\n")


async def until_written() -> None:
    """Let the program do what is due, as `firstfive serve` would, without looking at anything."""
    program = await open_program(settings.load(), notifiers=(), log=lambda _: None)
    try:
        for _ in range(50):
            await program.engine.turn()
            await program.engine.settle()
            if (await program.engine.incident("INC-1")).postmortem is not None:
                return
            await asyncio.sleep(0.05)
    finally:
        await program.close()


def test_where_the_post_mortem_is(ask: Ask, shut: Path) -> None:
    ask("resolve", "INC-1", "--cause", "a setting was missing")
    asyncio.run(until_written())
    said = ask("postmortem", "INC-1")
    assert (said.code, said.err) == (0, "")
    path, _, due = said.out.rstrip().partition("  (due ")
    assert Path(path).parent == shut / "postmortems"
    assert "a setting was missing" in Path(path).read_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\)", due)
    ask("postmortem", "INC-1", "--html", str(shut / "print.html"))
    paper = (shut / "print.html").read_text()
    assert ("a setting was missing" in paper, "<script" in paper) == (True, False)
    assert ask("postmortem", "INC-1", "--json").json == {"schema": "firstfive/1", "path": path, "due": due[:-1]}


def test_verify(ask: Ask, shut: Path) -> None:
    said = ask("verify")
    assert (said.code, said.out, said.err) == (0, "Every chain holds.\n", "")
    assert ask("verify", "--json").json == {"schema": "firstfive/1", "ok": True, "problems": []}


def test_verify_names_an_altered_timeline(ask: Ask, shut: Path) -> None:
    journal = shut / ".firstfive" / "journal.db"
    with closing(sqlite3.connect(journal)) as altered:
        for (trigger,) in altered.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            altered.execute(f"DROP TRIGGER {trigger}")
        columns = [row[1] for row in altered.execute("PRAGMA table_info(event)")]
        column = next(name for name in ("body", "data", "payload", "canonical") if name in columns)
        altered.execute(f"UPDATE event SET {column} = replace(CAST({column} AS TEXT), 'shut', 'open')")
        altered.commit()
    said = ask("verify")
    assert said.code == 1
    assert "INC-1" in said.out
    told = ask("verify", "--json")
    assert (told.code, told.json["ok"], len(told.json["problems"])) == (1, False, 1)


def test_verify_before_there_is_a_journal(ask: Ask, vault: Path) -> None:
    said = ask("verify")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"error: there is no journal yet\n  --> {vault}/.firstfive/journal.db\n"
        "  help: start the server once (firstfive serve)\n"
    )


def test_an_id_is_understood_in_small_letters(ask: Ask, shut: Path) -> None:
    assert ask("ack", "inc-1").out.startswith("INC-1 ")
    assert ask("status", "inc-1").out == ask("status", "INC-1").out


def test_a_duration_that_is_none_is_named_as_it_was_given(ask: Ask, shut: Path) -> None:
    for words in (
        ("silence", "add", "alertname=x", "--for", "soon"),
        ("block", "INC-1", "203.0.113.7", "--for", "soon"),
    ):
        said = ask(*words)
        assert (said.code, said.err.removeprefix(ALONE).splitlines()[0]) == (
            2,
            "error: --for is a duration, not 'soon'",
        )
