"""A page learns from an incident only what the timeline shows, and what it learns still compiles to what was meant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstfive.documents.learning import lessons
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, LogSymptom, Purpose
from firstfive.incident import events as ev
from firstfive.incident.records import Ranked
from incident import builders as b

PAGE = """\
# Incidents

## 1. Severity matrix

| Sev | Meaning | Response time |
|---|---|---|
| Sev 1 | Down | 15 min |

## 2. First 5 minutes

1. **Health endpoint.** `curl -fsS https://shop.example/health`

## 3. Common incidents

### 3.1 Redis unreachable

**Symptoms.** Logs show `ECONNREFUSED redis:6379` or `NOAUTH Authentication required`.

**Runbook.**

```bash
# 1. Look
docker ps -a --filter "name=redis"

# 2. Restart
docker compose restart redis
```
"""
NAME = "Incidents.md"


def book(text: str = PAGE) -> Handbook:
    return compile_vault({NAME: text.encode()})


HANDBOOK = book()
(RUNBOOK,) = HANDBOOK.runbooks
LOOK, RESTART = RUNBOOK.steps
RANKED = ev.RunbooksRanked(
    ranking=(Ranked(runbook=RUNBOOK.id, number="3.1", title="Redis", score=1, hits=(), misses=(), unknown=()),)
)


def ran(step_id: str, number: int, *, changing: bool, at: int, **outcome: object) -> tuple[b.Line, ...]:
    one = b.run(step_id, number=number, changing=changing)
    return ((at, ev.StepStarted(run=one)), (at + 1, b.finished(one, **outcome)))  # type: ignore[arg-type]


START: tuple[b.Line, ...] = ((0, b.declared()), (1, RANKED))


def learnt(*lines: b.Line, text: str = PAGE) -> str:
    made = lessons(book(text), b.incident(*START, *lines))
    return made[0].after if made else text


def test_an_incident_that_went_by_the_page_teaches_nothing() -> None:
    assert lessons(HANDBOOK, b.incident(*START, *ran(LOOK.id, 1, changing=False, at=2))) == ()


def test_a_change_that_nothing_verifies_gets_the_pages_own_health_check() -> None:
    after = learnt(*ran(RESTART.id, 1, changing=True, at=2))
    (runbook,) = book(after).runbooks
    assert [step.purpose for step in runbook.steps][-1] is Purpose.VERIFY
    assert runbook.steps[-1].script.strip() == "curl -fsS https://shop.example/health"
    assert [step.script for step in runbook.steps[:-1]] == [step.script for step in RUNBOOK.steps]
    assert learnt(*ran(RESTART.id, 1, changing=True, at=2), text=after) == after, "taught once"


def test_a_step_that_failed_says_so_and_names_what_helped() -> None:
    lines = (
        *ran(LOOK.id, 1, changing=False, at=2, met=False, exit_code=1, why="exit 1, wanted 0"),
        *ran(RESTART.id, 2, changing=True, at=9),
    )
    after = learnt(*lines)
    assert "# INC-1: this did not end well (exit 1, wanted 0); 3.1 'Restart' did\n\n# 2. Restart" in after
    (runbook,) = book(after).runbooks
    assert [step.script for step in runbook.steps[:2]] == [step.script for step in RUNBOOK.steps]
    assert learnt(*lines, text=after) == after


def test_a_look_that_came_right_later_is_no_failure() -> None:
    lines = (
        *ran(LOOK.id, 1, changing=False, at=2, met=False, exit_code=1),
        *ran(LOOK.id, 2, changing=False, at=9),
    )
    assert learnt(*lines) == PAGE


def test_what_a_person_noted_after_a_failure_is_kept_in_one_line() -> None:
    lines = (
        *ran(LOOK.id, 1, changing=False, at=2, met=False, exit_code=1, why="exit 1"),
        (9, "ana", ev.Noted(text="docker info showed it\nthe daemon hung")),
    )
    assert "(exit 1); noted then: “docker info showed it the daemon hung”\n" in learnt(*lines)


def test_words_that_were_seen_and_mean_the_same_become_symptoms() -> None:
    after = learnt(*ran(LOOK.id, 1, changing=False, at=2, output="x MOVED WRONGPASS invalid username-password pair\n"))
    (symptom,) = (s for s in book(after).runbooks[0].symptoms if isinstance(s, LogSymptom))
    assert symptom.tokens[0] == "ECONNREFUSED redis:6379"
    assert "NOAUTH Authentication required" in symptom.tokens
    assert len(symptom.tokens) > 2
    assert any("WRONGPASS" in token for token in symptom.tokens)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_diff_is_one_that_patch_takes(tmp_path: Path, end: str) -> None:
    text = PAGE.replace("\n", end)
    (lesson,) = lessons(book(text), b.incident(*START, *ran(RESTART.id, 1, changing=True, at=2)))
    page = tmp_path / NAME
    page.write_bytes(text.encode())
    subprocess.run(
        ["patch", "-p1", "--binary"],
        cwd=tmp_path,
        input=lesson.diff.encode(),
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert page.read_bytes() == lesson.after.encode()
    assert lesson.after.count(end) == lesson.after.count("\n")


def test_a_runbook_that_was_needed_and_nobody_practises_gets_its_drill_once() -> None:
    lines = (*START, *ran(LOOK.id, 1, changing=False, at=2))
    drills = {RUNBOOK.id: ("redis-stopped", "redis-full")}
    (lesson,) = lessons(HANDBOOK, b.incident(*lines), drills)
    assert lesson.after == PAGE.rstrip("\n") + "\n\n**Drill.** `redis-stopped`\n"
    assert [edit.why for edit in lesson.edits] == ["INC-1 needed this runbook, and no drill practises it"]
    assert lessons(book(lesson.after), b.incident(*lines), drills) == ()
    drilled = ((0, b.declared(drill=True)), *lines[1:])
    assert lessons(HANDBOOK, b.incident(*drilled), drills) == (), "a drill needs none"


def test_a_gotcha_that_a_person_noted_becomes_a_warning_once() -> None:
    lines = (*START, (9, "ana", ev.Noted(text="Gotcha: the container is called redis-1 here\nsince March")))
    (lesson,) = lessons(HANDBOOK, b.incident(*lines))
    assert lesson.after.endswith("```\n\n> [!warning] the container is called redis-1 here since March (INC-1)\n")
    assert lessons(book(lesson.after), b.incident(*lines)) == ()
    assert lessons(HANDBOOK, b.incident(*START, (9, "ana", ev.Noted(text="nothing new")))) == ()


def test_a_gotcha_and_a_drill_are_both_offered_in_turn() -> None:
    lines = (*START, (9, "ana", ev.Noted(text="gotcha: mind the gap")))
    drills = {RUNBOOK.id: ("redis-stopped",)}
    text = PAGE
    for _ in range(3):
        text = next((made.after for made in lessons(book(text), b.incident(*lines), drills)), text)
    assert "> [!warning] mind the gap (INC-1)" in text
    assert "**Drill.** `redis-stopped`" in text


def test_a_command_that_failed_and_that_check_knows_better_says_what_to_write() -> None:
    more = "docker compose restart redis\n\n# 3. Count\nmongosh --eval 'use shop; db.x.count()'"
    text = PAGE.replace("docker compose restart redis", more)
    handbook = book(text)
    count = handbook.runbooks[0].steps[-1]
    problem = next(p for p in handbook.problems if p.place.line >= count.place.line and p.help)
    lines = (*START, *ran(count.id, 1, changing=False, at=2, met=False, exit_code=1, why="exit 1"))
    (lesson,) = lessons(handbook, b.incident(*lines))
    assert f"# INC-1: this did not end well (exit 1); {problem.code}: " in lesson.after
