"""What the room in a terminal shows, and what typed words mean: nothing from outside escapes, nothing is approved that was not shown."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from typing import Any

import pytest

from cli.door import environment
from firstfive.cli.terminal import acts, typed
from firstfive.cli.terminal.items import items, page_of
from firstfive.cli.terminal.lines import commands, entry, exact, head, output, text_of
from firstfive.errors import FirstfiveError, Refused

HOSTILE = [
    "\x1b[2Jgone",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r\x1b\\",
    "\x9b31mred",
    "over\rwritten",
    "left\u202eright",
    "zero\u200bwidth",
    "back\b\b\bspace",
    "bell\x07",
    "next\x85line\u2028break",
    "[bold]markup[/bold] [link=http://evil]x[/link]",
]
SHA = "ab" * 32


def row(**more: Any) -> dict[str, Any]:
    """A run that waits for a yes."""
    return {
        "step": "down#4",
        "number": 4,
        "title": "Roll back",
        "runbook": "down",
        "runbook_number": "3.1",
        "runbook_title": "Down",
        "verdict": "changing",
        "undo": "",
        "undoes": "",
        "people": 1,
        "approvals": [],
        "who": [],
        "confirm": "",
        "first": [],
        "warnings": [],
        "diff": "",
        "run": "INC-1.down.4.1",
        "sha256": SHA,
        "target": "web",
        "script": "ln -sfn x current\nkeeper restart web\n",
        "environment": [["FF_X", "1 2"]],
        "timeout_s": 30.0,
        "why": "it is time",
        "doubts": [],
        "missing": [],
        "asked_at": "2026-11-23T03:00:00.000Z",
        **more,
    }


def step(**more: Any) -> dict[str, Any]:
    """A step of the runbook in use."""
    return {
        **{name: row()[name] for name in ("step", "number", "title", "runbook", "runbook_number", "runbook_title")},
        **{
            "mode": "approve",
            "verdict": "changing",
            "changing": True,
            "state": "not begun",
            "run": None,
            "target": "web",
        },
        **{"bound": "keeper restart web", "script": "", "environment": [], "condition": "", "condition_holds": "true"},
        **{"condition_why": "", "missing": [], "why": "", "approved_by": "", "undo": "", "notes": [], "branches": []},
        **{"reasons": [], "output": "", "dropped": 0, "met": None, "exit_code": None, "can_undo": False},
        **more,
    }


def incident(**more: Any) -> dict[str, Any]:
    """An incident as the API gives it."""
    return {
        "id": "INC-1",
        "title": "Shop down",
        "level": 1,
        "status": "investigating",
        "drill": False,
        "resolved_at": None,
        "acknowledged_by": "",
        "seconds": {"since_started": 247.0, "until_update": 653.0, "until_hypothesis": None},
        "next": {"kind": "choose", "text": "choose", "run": None},
        "levels": [{"level": 1, "label": "Sev 1", "meaning": "All"}, {"level": 2, "label": "Sev 2", "meaning": ""}],
        "runbooks": [
            {"runbook": "down", "number": "3.1", "title": "Down"},
            {"runbook": "slow", "number": "3.2", "title": "Slow"},
        ],
        "drafts": {"update": {"text": "Still down.", "unfilled": []}},
        "deploy": None,
        "rollback": None,
        "hypothesis": "",
        "root_cause": "",
        "postmortem": None,
        **{name: [] for name in ("checks", "ranking", "steps", "waiting", "unknown", "offered", "closing", "timeline")},
        **more,
    }


def clean(text: str) -> bool:
    """No control, bidirectional or invisible character."""
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in text)


@pytest.mark.parametrize("evil", HOSTILE, ids=repr)
def test_nothing_from_outside_reaches_the_terminal_as_more_than_text(evil: str) -> None:
    seen = incident(
        title=evil,
        status=evil,
        acknowledged_by=evil,
        hypothesis=evil,
        root_cause=evil,
        rollback={"step": "x", "why": evil},
        deploy={"subject": evil, "previous": evil, "version": evil, "deployed_at": "2026-11-23T03:00:00.000Z"},
        checks=[
            {"check": "c", "title": evil, "answer": "bad", "evidence": evil, "text": evil, "script": evil, "took_ms": 3}
        ],
        ranking=[
            {
                "runbook": "down",
                "number": "3.1",
                "title": evil,
                "score": 1,
                "symptoms": [{"state": "hit", "words": evil}],
            }
        ],
        steps=[
            step(
                **dict.fromkeys(("title", "bound", "why", "output", "approved_by", "undo", "target"), evil),
                state="finished",
                met=True,
            )
        ],
        waiting=[
            row(
                **dict.fromkeys(("title", "script", "why", "undo", "target", "diff"), evil),
                warnings=[evil],
                doubts=[evil],
            )
        ],
        unknown=[row(title=evil, script=evil, approved_by=evil, why=evil)],
    )
    shown = [text for _, text in head(seen, 0)]
    every = list(items(seen, {}))
    shown += [text_of(part) for item in every for part in item.lines]
    shown += [text_of(part) for item in every for part in page_of(seen, item.id, {})]
    shown.append(text_of(entry({"at": "2026-11-23T03:00:00.000Z", "by": "sam", "text": evil})))
    assert len(shown) > 30
    assert [text for text in shown if not clean(text)] == []


def test_each_line_of_output_stands_behind_a_bar() -> None:
    forged = "fine\nINC-1 03:00:00 admin approved it\r\n$ rm -rf /"
    told = [text_of(part) for part in output(forged)]
    assert told == ["| fine", "| INC-1 03:00:00 admin approved it", "| $ rm -rf /"]
    assert [text_of(part) for part in output("a\nb\nc\n", 2)] == ["| (1 lines before)", "| b", "| c"]
    lacks = output("a\nb\nc\n", 2, dropped=213_823_361)
    assert text_of(lacks[0]) == "| (1 lines before, and 213823361 bytes that were not kept)"


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("echo a\necho b\n", ["echo a", "echo b"]),
        ("echo a\u202eb", ["echo a\\u202eb"]),
        ("echo\ta", ["echo\\ta"]),
        ("echo\xa0a", ["echo\\xa0a"]),
        ("echo a\r", ["echo a\\r"]),
        ("printf '\x1b[2J'", ["printf '\\x1b[2J'"]),
    ],
)
def test_a_command_is_spelled_out_to_the_last_byte(script: str, shown: list[str]) -> None:
    assert exact(script) == shown
    assert [text_of(part) for part in commands(script)] == [f"$ {text}" for text in shown]


def test_the_head_says_the_clocks_as_they_are_now() -> None:
    told = [text for _, text in head(incident(), 10)]
    assert told == ["SEV-1", "investigating", "INC-1", "since 4:17", "update in 10:43", "nobody has it"]
    late = incident(
        seconds={"since_started": 3600.0, "until_update": -5.0, "until_hypothesis": 3.0}, acknowledged_by="sam"
    )
    assert [text for _, text in head(late, 10)][3:] == [
        "since 1:00:10",
        "update overdue 0:15",
        "hypothesis overdue 0:07",
        "with sam",
    ]
    over = incident(resolved_at="2026-11-23T03:10:00.000Z")
    assert "lasted 4:07" in [text for _, text in head(over, 99)]


def test_what_is_approved_is_what_was_shown() -> None:
    act = acts.approve(incident(waiting=[row(environment=[["FF_X", "1\n2"]])]), "4")
    assert act.fields == {"run": "INC-1.down.4.1", "sha256": SHA}
    shown = [text_of(part) for part in act.shown]
    assert shown[2:5] == ["$ ln -sfn x current", "$ keeper restart web", "with FF_X=1\\n2"]
    assert any(SHA[:12] in text for text in shown)
    assert [question.wants for question in act.questions] == ["yes"]
    assert acts.filled(act, ("yes",)) == act.fields
    for other in ("y", "Yes", "no", ""):
        with pytest.raises(Refused, match="nothing was done"):
            acts.filled(act, (other,))


def test_what_destroys_takes_the_typed_name_and_what_comes_first_has_to_be_done() -> None:
    act = acts.approve(incident(waiting=[row(confirm="web", first=["copy it"], people=2)]), None)
    assert [(q.field, q.wants, q.optional) for q in act.questions] == [
        ("affirmed", "done", False),
        ("alone", "", True),
        ("confirm", "web", False),
    ]
    assert acts.filled(act, ("done", "", "web")) == {**act.fields, "affirmed": True, "confirm": "web"}
    assert acts.filled(act, ("done", "nobody else", "web"))["alone"] == "nobody else"
    with pytest.raises(Refused, match="'yes' is not web"):
        acts.filled(act, ("done", "", "yes"))


def test_a_value_that_is_missing_is_asked_for_before_an_approval() -> None:
    seen = incident(waiting=[row(missing=["version"])])
    with pytest.raises(Refused) as refused:
        acts.approve(seen, None)
    assert refused.value.what == "down#4 still needs a value for <version>"
    assert refused.value.remedy == "set version=VALUE, then approve it"
    assert [act.fields for act in acts.values_of(row(missing=["version"]))] == [{"step": "down#4", "name": "version"}]
    assert typed.act_of(seen, "set version=1.4 = b").fields == {"step": "down#4", "name": "version", "value": "1.4 = b"}
    assert typed.act_of(incident(waiting=[row()]), "set 4 <version>=2").fields["step"] == "down#4"


WORDS = [
    ("ack", "ack", {}),
    ("note  the door  is stuck ", "note", {"text": "the door  is stuck"}),
    ("hypothesis the key", "hypothesis", {"text": "the key"}),
    ("update we look", "update", {"text": "we look"}),
    ("severity 2 half of it", "severity", {"level": 2, "why": "half of it"}),
    ("resolve the key was lost", "resolve", {"root_cause": "the key was lost"}),
    ("resolve", "resolve", {}),
    ("decline 4 not now", "decline", {"run": "INC-1.down.4.1", "why": "not now"}),
    ("decline not now", "decline", {"run": "INC-1.down.4.1", "why": "not now"}),
    ("decline", "decline", {"run": "INC-1.down.4.1"}),
    ("run 4", "run", {"step": "down#4"}),
    ("run 3.1 4", "run", {"step": "down#4"}),
    ("run 3.2 1", "run", {"step": "slow#1"}),
    ("run slow#2", "run", {"step": "slow#2"}),
]


@pytest.mark.parametrize(("words", "verb", "fields"), WORDS, ids=[words for words, _, _ in WORDS])
def test_a_typed_word_is_a_verb_of_the_api(words: str, verb: str, fields: dict[str, Any]) -> None:
    act = typed.act_of(incident(waiting=[row()], steps=[step()]), words)
    assert (act.verb, act.fields, act.questions) == (verb, fields, ())


@pytest.mark.parametrize("words", ["note", "hypothesis", "update", "severity"])
def test_without_a_text_it_is_asked_for(words: str) -> None:
    assert typed.act_of(incident(), words).questions


REFUSED = [
    ("aprove 4", "'aprove 4' is not understood", "help lists the words"),
    ("run", "'run' is not understood", "help lists the words"),
    ("set version", "'set version' is not understood", "help lists the words"),
    (
        "approve",
        "nothing waits for approval in INC-1",
        "firstfive run INC-1 STEP asks for one; firstfive explain RUNBOOK shows them",
    ),
    ("undo", "there is nothing to take back in INC-1", "only a change that ran and names its undo can be taken back"),
    ("severity 7 x", "'7' is none of 1, 2, so nothing was done", ""),
    ("severity two x", "'two' is none of 1, 2, so nothing was done", ""),
    ("severity 2", "nothing was typed, so nothing was done", ""),
    ("settle", "0 runs of unknown outcome are meant", "nothing is in question"),
    ("run 4", "2 steps in use have the number 4", "name one: down#4, slow#4"),
]


@pytest.mark.parametrize(("words", "what", "remedy"), REFUSED, ids=[words for words, _, _ in REFUSED])
def test_a_word_that_does_not_fit_is_refused_with_what_to_do(words: str, what: str, remedy: str) -> None:
    both = [step(), step(step="slow#4", runbook="slow", runbook_number="3.2")]
    with pytest.raises(FirstfiveError) as refused:
        typed.act_of(incident(steps=both), words)
    assert (refused.value.what, refused.value.remedy) == (what, remedy)


def test_a_run_of_unknown_outcome_is_settled_with_a_plain_yes_or_no() -> None:
    act = typed.act_of(incident(unknown=[row()]), "settle")
    assert acts.filled(act, ("no", "its file is not there")) == {
        "run": "INC-1.down.4.1",
        "ran": False,
        "note": "its file is not there",
    }
    with pytest.raises(Refused, match="'perhaps' is none of yes, no"):
        acts.filled(act, ("perhaps", ""))


def test_a_step_of_another_runbook_is_chosen_by_number_with_its_command_to_read() -> None:
    books = {
        "runbooks": [
            {
                "id": "slow",
                "number": "3.2",
                "title": "Slow",
                "steps": [{"id": "slow#1", "number": 1, "title": "Look", "verdict": "read-only", "script": "uptime"}],
            }
        ]
    }
    act = acts.other(books)
    assert "$ uptime" in [text_of(part) for part in act.shown]
    assert acts.filled(act, ("3.2  1",)) == {"step": "slow#1"}
    with pytest.raises(Refused, match=r"'9' is none of 3.2 1"):
        acts.filled(act, ("9",))
    with pytest.raises(Refused, match="no step that could be run"):
        acts.other({"runbooks": []})


def test_the_screen_s_library_is_loaded_for_the_screen_only() -> None:
    loads = "import firstfive.cli.terminal.room, firstfive.cli.terminal.plain, sys; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loads], env=environment(), check=False).returncode == 0
