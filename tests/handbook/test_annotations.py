"""Annotations: what each line means, and the error it gets when it cannot be meant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Handbook, Level, Mode, Step
from firstfive.shell.risk import Verdict

PAGE = "# P\n\n## Runbooks\n\n### R\n\n```bash\n# 1. One\n{}\ndocker ps -a\n```\n"


def _compile(lines: str, front: str = "") -> Handbook:
    return compile_vault({"p.md": (front + PAGE.format(lines)).encode()})


def _step(lines: str, front: str = "") -> Step:
    handbook = _compile(lines, front)
    assert [p for p in handbook.problems if p.level is Level.ERROR] == []
    return handbook.runbooks[0].steps[0]


def test_limits_are_read() -> None:
    step = _step("#: timeout=45s retry=10x6s")
    assert (step.timeout, step.retry, step.retry_every) == (timedelta(seconds=45), 10, timedelta(seconds=6))


def test_target_approval_name_and_undo_are_read() -> None:
    step = _step("#: on=db1 approve=role:lead id=look\n#: undo docker start x")
    assert (step.on, step.approve, step.name, step.undo) == ("db1", "role:lead", "look", "docker start x")
    assert step.mode is Mode.APPROVE


def test_a_page_can_raise_a_risk() -> None:
    step = _step("#: risk=destructive")
    assert (step.verdict, step.mode) == (Verdict.DESTRUCTIVE, Mode.APPROVE)


def test_manual_takes_a_step_out_of_the_machine() -> None:
    assert _step("#: manual").mode is Mode.MANUAL


def test_a_condition_is_compiled_over_known_facts() -> None:
    step = _step("#: when container.oom_killed\n#: expect exit == 0")
    assert str(step.when) == "container.oom_killed"
    assert str(step.expect) == "exit == 0"


def test_a_declared_fact_can_be_compared() -> None:
    step = _step('#: fact web.users : int = regex("users=(\\d+)")\n#: expect web.users > 0')
    assert [line.name for line in step.fact_lines] == ["web.users"]
    assert "web.users" in step.facts


def test_a_phrase_is_bound_for_its_step() -> None:
    step = _step("# If the moon is full: wait\n#: if the moon is full = container.restarts > 3")
    assert [str(branch.condition) for branch in step.branches] == ["container.restarts > 3"]


def test_the_vaults_lexicon_binds_phrases_too() -> None:
    page = PAGE.format("# If the moon is full: wait").encode()
    options = Options(lexicon={"the moon is full": "container.restarts > 3"})
    step = compile_vault({"p.md": page}, options=options).runbooks[0].steps[0]
    assert [str(branch.condition) for branch in step.branches] == ["container.restarts > 3"]


WRONG = [
    ("#: wehn exit == 0", "FF041", 4, "when", "a misspelt directive"),
    ("#: colour=red", "FF041", 4, "directives", "an unknown attribute"),
    ("#:", "FF041", 3, "directives", "nothing after the marker"),
    ("#: timeout=soon", "FF041", 4, "30s", "no duration"),
    ("#: timeout=2d", "FF041", 4, "1h", "longer than a step may last"),
    ("#: retry=often", "FF041", 4, "10x6s", "no number"),
    ("#: risk=low", "FF041", 4, "read-only", "no verdict"),
    ("#: if the moon is full", "FF041", 7, "PHRASE", "a phrase without a condition"),
    ("#: when container.oomkilled", "FF042", 9, "", "a fact that does not exist"),
    ("#: expect exit == true", "FF042", 16, "", "types that do not fit"),
    ("#: fact x : int = magic", "FF041", 9, "extractors", "an unknown extractor"),
]


@pytest.mark.parametrize(("line", "code", "column", "says", "why"), WRONG, ids=[row[4] for row in WRONG])
def test_a_line_that_cannot_be_meant_is_an_error_at_its_place(
    line: str, code: str, column: int, says: str, why: str
) -> None:
    errors = [p for p in _compile(line).problems if p.level is Level.ERROR]
    assert [(p.code, p.place.line, p.place.column) for p in errors] == [(code, 9, column)], why
    assert says in errors[0].help


def test_lowering_a_risk_needs_the_hash_of_the_reviewed_text() -> None:
    page = PAGE.replace("docker ps -a", "docker restart web")
    refused = compile_vault({"p.md": page.format("#: risk=read-only").encode()})
    problem = next(p for p in refused.problems if p.code == "FF040")
    digest = problem.help.rpartition("reviewed=")[2]
    reviewed = compile_vault({"p.md": page.format(f"#: risk=read-only reviewed={digest}").encode()})
    assert [p.code for p in reviewed.problems if p.level is Level.ERROR] == []
    assert reviewed.runbooks[0].steps[0].verdict is Verdict.READ_ONLY
    changed = compile_vault(
        {"p.md": page.replace("restart", "stop").format(f"#: risk=read-only reviewed={digest}").encode()}
    )
    assert "FF040" in [p.code for p in changed.problems]


def test_a_change_is_never_tried_again_by_itself() -> None:
    page = PAGE.replace("docker ps -a", "docker restart web").format("#: retry=3x1s")
    handbook = compile_vault({"p.md": page.encode()})
    assert [(p.code, p.place.line) for p in handbook.problems if p.level is Level.ERROR] == [("FF041", 9)]
    assert handbook.runbooks[0].steps[0].retry == 0


def test_nothing_lowers_a_destructive_command() -> None:
    page = PAGE.replace("docker ps -a", "rm -rf /var/lib/docker").format("#: risk=changing")
    problem = next(p for p in compile_vault({"p.md": page.encode()}).problems if p.code == "FF040")
    assert "reviewed=" not in problem.help


FRONT = "---\nrunbook:\n  {}\n---\n"


def test_front_matter_names_the_target_and_types() -> None:
    page = PAGE.replace("docker ps -a", "docker logs <thing>")
    front = FRONT.format("on: prod\n  params: {thing: slug}")
    step = compile_vault({"p.md": (front + page.format("#")).encode()}).runbooks[0].steps[0]
    assert step.on == "prod"
    assert [p.kind for p in step.parameters] == ["slug"]


@pytest.mark.parametrize(
    ("line", "help_text"),
    [("colour: red", "there are"), ("parms: {}", "params"), ("params: {thing: slugg}", "slug")],
    ids=["unknown key", "misspelt key", "misspelt type"],
)
def test_a_key_that_means_nothing_is_an_error(line: str, help_text: str) -> None:
    errors = [p for p in _compile("#", FRONT.format(line)).problems if p.level is Level.ERROR]
    assert [p.code for p in errors] == ["FF041"]
    assert help_text in errors[0].help


def test_unreadable_front_matter_is_a_warning_and_the_page_still_compiles() -> None:
    handbook = _compile("#", "---\na: b: c\n---\n")
    assert [(p.code, p.place.line) for p in handbook.problems if p.code == "FF019"] == [("FF019", 2)]
    assert len(handbook.runbooks) == 1
