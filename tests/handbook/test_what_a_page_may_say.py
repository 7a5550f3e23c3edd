"""Undo, goto, param, cwd, ids and strict; and honest pages whose words were once lost."""

from __future__ import annotations

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import DutyKind, Handbook, Place
from firstfive.handbook.runbook.duties import duties_in
from firstfive.shell.risk import Verdict

HERE = Place(page="a.md", line=1)

UNDOS = [
    ("git revert HEAD", "git revert HEAD", (), "plain words"),
    (
        "docker stop <before>",
        'docker stop "${FF_BEFORE}"',
        ("before",),
        "a value of its own is asked for with the step",
    ),
    ("echo 'unfinished", "", (), "what bash cannot read is never offered"),
]


@pytest.mark.parametrize(("written", "bound", "names", "because"), UNDOS, ids=[u[3] for u in UNDOS])
def test_an_undo_is_bound_like_the_script(written: str, bound: str, names: tuple[str, ...], because: str) -> None:
    begin = "# Incidents\n\n### 1.1 Down\n\n**Symptoms.** It is down.\n\n**Runbook.**\n\n"
    page = f"{begin}```bash\n# 1. Change\n#: undo {written}\nrelease new\n```\n"
    handbook = compile_vault({"a.md": page.encode()})
    (step,) = handbook.runbooks[0].steps
    assert (step.undo.strip(), step.undo_written) == (bound, written), because
    assert tuple(p.name for p in step.parameters if p.undo_only) == names
    said = [p for p in handbook.problems if "undo" in p.message]
    assert bool(said) is (not bound)


def test_a_value_that_the_step_holds_as_well_is_wanted_by_the_step() -> None:
    (step,) = compiled("#: undo docker start <before>\ndocker stop <before>").runbooks[0].steps
    assert [(p.name, p.undo_only) for p in step.parameters] == [("before", False)]


@pytest.mark.parametrize(
    ("undo", "verdict", "because"),
    [
        ("git revert --no-edit HEAD", Verdict.CHANGING, "it changes and can be changed back"),
        ("docker volume rm data", Verdict.DESTRUCTIVE, "data is gone afterwards"),
        ("docker ps", Verdict.READ_ONLY, "it only looks"),
    ],
)
def test_what_an_undo_would_do_is_judged_like_a_step(undo: str, verdict: Verdict, because: str) -> None:
    (step,) = compiled(f"#: undo {undo}\nrelease new").runbooks[0].steps
    assert step.undo_verdict is verdict, because


def test_a_single_incident_below_a_heading_that_collects_is_the_runbook_itself() -> None:
    page = "# Incidents\n\n## 3. Common incidents\n\n### 3.1 Down\n\n**Symptoms.** It is down.\n\n**Runbook.**\n\n```bash\ndocker ps\n```\n"
    handbook = compile_vault({"a.md": page.encode()})
    assert [(r.number, r.title) for r in handbook.runbooks] == [("3.1", "Down")]


def compiled(*steps: str, fence: str = "bash") -> Handbook:
    """A page with one runbook of these steps, and another one after it."""
    begin = "# Incidents\n\n### 1.1 Down\n\n**Symptoms.** It is down.\n\n**Runbook.**\n\n"
    body = "\n\n".join(f"# {n}. Step\n{step}" for n, step in enumerate(steps, start=1))
    other = "\n### 1.2 Slow\n\n**Symptoms.** It is slow.\n\n**Runbook.**\n\n```bash\nuptime\n```\n"
    return compile_vault({"a.md": f"{begin}```{fence}\n{body}\n```\n{other}".encode()})


GOTO = [
    ("goto last", "down#3", "a later step by its name"),
    ("goto 3", "down#3", "or by its number"),
    ("goto 1.2", "slow", "another runbook by its number"),
    ("goto Slow", "slow", "or by its title"),
    ("goto 1", "", "never backwards"),
    ("goto nowhere", "", "nor to what is not there"),
]


@pytest.mark.parametrize(("line", "goto", "because"), GOTO, ids=[g[2] for g in GOTO])
def test_where_a_step_leads(line: str, goto: str, because: str) -> None:
    handbook = compiled("uptime", f"#: {line}\ndf -h", "#: id=last\nfree -m")
    assert handbook.runbooks[0].steps[1].goto == goto, because
    lost = [p for p in handbook.problems if p.code == "FF041"]
    assert [(p.message, p.place.line) for p in lost] == ([] if goto else [(f"{line} leads nowhere", 14)])


PARAMS = [
    (
        "param before image_tag from deploy.previous default 1.0",
        ("image_tag", "deploy.previous", "1.0"),
        "",
        "all of it",
    ),
    ("param before int", ("int", "", ""), "", "a type alone"),
    ("param before int default ten", ("int", "", ""), "the default is no int", "a default of another type"),
    (
        "param before int from nobody.knows",
        ("int", "", ""),
        "nobody collects the fact",
        "a fact nobody collects",
    ),
    ("param before", None, "says nothing of a placeholder", "no type"),
]


@pytest.mark.parametrize(("line", "found", "problem", "because"), PARAMS, ids=[p[3] for p in PARAMS])
def test_what_a_page_says_of_a_placeholder(line, found, problem, because) -> None:
    handbook = compiled(f"#: {line}\nuptime", "docker stop <before>")
    (parameter,) = handbook.runbooks[0].steps[1].parameters
    if found is not None:
        assert (parameter.kind, parameter.source, parameter.default) == found, because
    said = [p.message for p in handbook.problems if p.code in ("FF041", "FF042")]
    assert bool(said) is bool(problem)
    assert not problem or problem in said[0]


def test_a_fence_s_id_names_its_steps() -> None:
    assert [s.name for s in compiled("uptime", fence="bash {#look}").runbooks[0].steps] == ["look"]
    handbook = compiled("uptime", "#: id=own\ndf", "free", fence="bash {#look}")
    assert [s.name for s in handbook.runbooks[0].steps] == ["look.1", "own", "look.3"]
    assert handbook.step("down#look.3")[1].number == 3


def test_a_fence_s_folder_is_entered_first_and_changes_no_verdict_and_no_place() -> None:
    handbook = compiled("docker ps", "#: undo docker stop b\ndocker start b", fence="bash {cwd=/opt/shop}")
    look, change = handbook.runbooks[0].steps
    assert (look.cwd, look.bound, look.script) == ("/opt/shop", "cd -- /opt/shop || exit\ndocker ps", "docker ps")
    assert (str(look.mode), look.commands[0].place.line) == ("auto", 11)
    assert change.undo == "cd -- /opt/shop || exit\ndocker stop b"


@pytest.mark.parametrize("folder", ["$HOME/x", "../x", "/a/../b", "-P", "/a;rm", "<where>", "~", "/a/.."])
def test_a_folder_that_is_no_plain_path_is_an_error_and_is_not_entered(folder: str) -> None:
    handbook = compiled("docker ps", fence=f"bash {{cwd={folder}}}")
    (step,) = handbook.runbooks[0].steps
    assert (step.bound, str(step.mode)) == ("docker ps", "manual"), "in another folder it may do something else"
    assert [p.code for p in handbook.problems if "no plain folder" in p.message] == ["FF041"]


@pytest.mark.parametrize("strict", [True, False])
def test_strict_makes_an_error_of_what_would_run_wrongly(strict: bool) -> None:
    front = f"---\nrunbook:\n  strict: {str(strict).lower()}\n---\n"
    begin = "# Incidents\n\n### 1.1 Down\n\n**Symptoms.** It is down.\n\n**Runbook.**\n\n"
    body = begin + '```bash\n# 1. Count\nmongosh --eval "use shop; db.x.count()"\n```\n'
    handbook = compile_vault({"a.md": (front + body).encode()})
    levels = {p.code: str(p.level) for p in handbook.problems}
    assert levels["FF054"] == ("error" if strict else "warning")
    assert levels["FF009"] == "warning", "what is only missing stays a warning"


def test_symptoms_right_above_the_commands_are_symptoms_and_no_title() -> None:
    page = "# Database\n\n## Disk full\n\n**Symptoms.** Disk usage over 90% on `db`.\n\n```bash\ndf -h\n```\n"
    (runbook,) = compile_vault({"a.md": page.encode()}).runbooks
    assert [s.text for s in runbook.symptoms] == ["Disk usage over 90% on `db`"]
    assert runbook.steps[0].title == "df -h"


def test_a_heading_named_like_an_alert_with_its_meaning_below_answers_to_that_alert() -> None:
    page = (
        "# Payments\n\n## HighErrorRate\n\n### Meaning\n\nToo many errors.\n\n### Impact\n\nNobody can pay. This is a SEV-1.\n\n"
        "### Diagnosis\n\n```bash\nuptime\n```\n\n## Contacts\n\nAsk around.\n"
    )
    (runbook,) = compile_vault({"a.md": page.encode()}).runbooks
    assert [(s.sender, s.tokens) for s in runbook.symptoms] == [("alert", ("HighErrorRate",))]
    assert runbook.severity == 1


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Before you begin", False),
        ("Before you start:", False),
        ("Take a snapshot before you restart the database", True),
    ],
)
def test_the_title_of_a_note_asks_for_nothing_first(text: str, asks: bool) -> None:
    assert bool([d for d in duties_in(text, HERE) if d.kind is DutyKind.PRECONDITION]) is asks


def test_a_line_that_names_the_drill_is_neither_a_symptom_nor_a_step() -> None:
    head = "# Incidents\n\n### 1.1 Down\n\n**Symptoms.** It is down.\n\n**Drill.** `redis-stopped`\n\n"
    page = f"{head}**Runbook.**\n\n```bash\n# 1. Look\ndocker ps\n```\n"
    (runbook,) = compile_vault({"a.md": page.encode()}).runbooks
    assert [symptom.text for symptom in runbook.symptoms] == ["It is down"]
    assert [step.title for step in runbook.steps] == ["Look"]
