"""What the original page, unchanged, must yield: its policy, its runbooks and its real defects, each at its place."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import (
    CheckKind,
    Deadline,
    DutyKind,
    ExternalSymptom,
    Handbook,
    HttpSymptom,
    Level,
    LogSymptom,
    Mode,
    Purpose,
    Runbook,
    StatusSymptom,
    TemplateKind,
)
from firstfive.shell.risk import Verdict
from page import NAME, original_page


@cache
def _compiled(page: bytes) -> Handbook:
    return compile_vault({NAME: page})


@pytest.fixture
def handbook() -> Handbook:
    return _compiled(original_page())


def _runbook(handbook: Handbook, number: str) -> Runbook:
    found = handbook.runbook(number)
    assert found is not None
    return found


def test_four_severities_with_their_response_times(handbook: Handbook) -> None:
    times = [(s.level, s.response.kind, s.response.within) for s in handbook.severities]
    assert times == [
        (1, Deadline.WITHIN, timedelta(minutes=15)),
        (2, Deadline.WITHIN, timedelta(hours=1)),
        (3, Deadline.NEXT_BUSINESS_DAY, None),
        (4, Deadline.BACKLOG, None),
    ]
    assert [len(s.examples) for s in handbook.severities] == [3, 3, 2, 3]


def test_the_surge_rule(handbook: Handbook) -> None:
    rule = handbook.surge
    assert rule is not None
    assert (rule.more_than, rule.window, rule.raise_by) == (10, timedelta(minutes=5), 1)


def test_six_checks_and_the_two_that_are_safe_to_run(handbook: Handbook) -> None:
    assert [check.kind for check in handbook.checks] == [
        CheckKind.ACKNOWLEDGE,
        CheckKind.ERROR_SPIKES,
        CheckKind.HOST_SHELL,
        CheckKind.HEALTH,
        CheckKind.CONTAINERS,
        CheckKind.DEPLOYS,
    ]
    assert [check.script.split(" ")[0] for check in handbook.checks] == ["", "", "", "curl", "docker", ""]
    assert [command.text for command in handbook.checks[2].commands] == ["ssh prod"]


def test_the_rollback_rule(handbook: Handbook) -> None:
    rule = handbook.rollback
    assert rule is not None
    assert (rule.deploy_within, rule.hypothesis_within) == (timedelta(minutes=30), timedelta(minutes=5))


RUNBOOKS = [
    ("3.1", "backend-down", 4, None),
    ("3.2", "mongodb-unreachable", 7, None),
    ("3.3", "redis-unreachable", 5, None),
    ("3.4", "shkeeper-api-down", 5, 1),
    ("3.5", "email-delivery-failure", 4, 2),
    ("3.6", "websocket-disconnect-storm", 5, 2),
    ("3.7", "suspicious-activity-abuse", 5, None),
]


def test_seven_runbooks_with_their_steps_and_severities(handbook: Handbook) -> None:
    assert [(r.number, r.id, len(r.steps), r.severity) for r in handbook.runbooks] == RUNBOOKS


def test_symptoms_take_the_shape_of_their_sentence(handbook: Handbook) -> None:
    backend, status = _runbook(handbook, "3.1").symptoms
    assert isinstance(backend, HttpSymptom)
    assert backend.fails_when == {"timeout", "5xx"}
    assert isinstance(status, StatusSymptom)
    assert (status.subject, status.status, status.via) == ("nickapp-backend", "Restarting", "docker ps")
    mongo = _runbook(handbook, "3.2").symptoms[0]
    assert isinstance(mongo, LogSymptom)
    assert (mongo.source, len(mongo.tokens), mongo.flood) == ("Backend", 3, False)
    payments = [type(s) for s in _runbook(handbook, "3.4").symptoms[:2]]
    assert payments == [LogSymptom, HttpSymptom]
    storm = _runbook(handbook, "3.6").symptoms[0]
    assert isinstance(storm, LogSymptom)
    assert storm.flood
    senders = [s.sender for s in _runbook(handbook, "3.7").symptoms if isinstance(s, ExternalSymptom)]
    assert senders == ["sentry", "report"]


def test_the_roll_back_step_asks_for_a_tag_and_waits_for_approval(handbook: Handbook) -> None:
    step = _runbook(handbook, "3.1").steps[3]
    assert (step.purpose, step.mode) == (Purpose.ROLL_BACK, Mode.APPROVE)
    assert step.verdict >= Verdict.CHANGING
    assert [(p.name, p.variable, p.kind) for p in step.parameters] == [
        ("previous-version", "FF_PREVIOUS_VERSION", "image_tag")
    ]
    assert "<previous-version>" in step.script
    assert "${FF_PREVIOUS_VERSION}" in step.bound
    assert "#" not in step.bound
    assert step.phrase == "recent deploy"
    assert step.when is not None
    assert step.when.names == ("deploy.age",)


def test_causes_branches_and_expectations(handbook: Handbook) -> None:
    backend, redis = _runbook(handbook, "3.1"), _runbook(handbook, "3.3")
    assert [cause.see for cause in backend.steps[1].causes] == ["", "3.2", "", ""]
    assert [branch.phrase for branch in backend.steps[2].branches] == ["OOM", "missing env"]
    assert [c.text for c in backend.steps[2].branches[1].suggests] == ["docker compose up -d"]
    assert redis.steps[2].expect_output == "PONG"
    assert [c.text for c in _runbook(handbook, "3.2").steps[3].branches[0].suggests] == ["docker system prune"]
    assert [c.text for c in _runbook(handbook, "3.7").steps[1].commands] == ["ufw deny from <ip>"]


def test_an_editor_is_left_to_a_person_and_the_rest_still_runs(handbook: Handbook) -> None:
    step = _runbook(handbook, "3.3").steps[3]
    assert step.mode is Mode.APPROVE
    assert "nano" not in step.bound
    assert any("nano" in note for note in step.notes)


def test_a_terminal_is_not_asked_for(handbook: Handbook) -> None:
    step = _runbook(handbook, "3.7").steps[3]
    assert step.script.startswith("docker exec -it ")
    assert step.bound.startswith("docker exec -i ")


DUTIES = [
    ("3.2", DutyKind.PRECONDITION, None, True, "the backend is stopped before a restore"),
    ("3.3", DutyKind.DEADLINE, None, False, "fixed within an hour"),
    ("3.4", DutyKind.SEVERITY, 1, False, "money is involved"),
    ("3.4", DutyKind.GUARD, None, False, "no demo payouts with real money"),
    ("3.4", DutyKind.COMMUNICATE, None, False, "always communicate"),
    ("3.5", DutyKind.SEVERITY, 2, False, "said with the symptoms"),
    ("3.6", DutyKind.SEVERITY, 2, False, "said with the symptoms"),
    ("3.7", DutyKind.SEVERITY, 1, True, "if data may have leaked"),
]


@pytest.mark.parametrize(
    ("number", "kind", "level", "conditional", "why"), DUTIES, ids=[f"{d[0]} {d[4]}" for d in DUTIES]
)
def test_policy_in_prose_becomes_a_duty(
    handbook: Handbook, number: str, kind: DutyKind, level: int | None, conditional: bool, why: str
) -> None:
    found = [(d.kind, d.level, bool(d.when)) for d in _runbook(handbook, number).duties]
    assert (kind, level, conditional) in found, why


def test_there_are_no_other_duties(handbook: Handbook) -> None:
    assert sum(len(r.duties) for r in handbook.runbooks) == len(DUTIES)


def test_four_templates_and_the_rhythm_of_updates(handbook: Handbook) -> None:
    kinds = [t.kind for t in handbook.templates]
    assert kinds == [TemplateKind.INITIAL, TemplateKind.UPDATE, TemplateKind.RESOLUTION, TemplateKind.CUSTOMER]
    initial = handbook.template(TemplateKind.INITIAL)
    assert initial is not None
    assert initial.every == timedelta(minutes=15)
    assert initial.fields == ("SEV-X", "one-line summary", "time UTC", "which users / features", "@you")


def test_the_post_mortem_form(handbook: Handbook) -> None:
    form = handbook.postmortem
    assert form is not None
    assert (form.levels, form.due_business_days, form.folder) == (frozenset({1, 2}), 5, "postmortems")
    assert len(form.sections) == 10


def test_six_contacts_none_of_them_reachable(handbook: Handbook) -> None:
    assert [contact.reachable for contact in handbook.contacts] == [False] * 6
    assert [p.place.line for p in handbook.problems if p.code == "FF061"] == [c.place.line for c in handbook.contacts]


def test_six_closing_items_none_of_them_done(handbook: Handbook) -> None:
    assert [item.done for item in handbook.closing] == [False] * 6


def test_it_compiles_without_an_error(handbook: Handbook) -> None:
    assert [p for p in handbook.problems if p.level is Level.ERROR] == []


DEFECTS = [
    ("FF021", 61, 20, "the tag goes through sed"),
    ("FF057", 62, 1, "one compose file is edited, the default one is read"),
    ("FF058", 62, 22, "a container where a service is expected"),
    ("FF050", 121, 41, "the password is an argument"),
    ("FF052", 125, 1, "an editor"),
    ("FF050", 129, 41, "the password is an argument"),
    ("FF054", 159, 1, "use in --eval loses the query"),
    ("FF053", 209, 1, "follows for ever"),
    ("FF058", 223, 30, "a container where a service is expected"),
    ("FF055", 247, 1, "an address that is only an example"),
    ("FF051", 247, 13, "asks for a terminal"),
    ("FF056", 250, 80, "the operator is expanded away, nobody is disabled"),
    ("FF060", 365, 60, "a path in somebody's home (the column counts bytes)"),
]


@pytest.mark.parametrize(("code", "line", "column", "why"), DEFECTS, ids=[f"{d[0]}-{d[1]}" for d in DEFECTS])
def test_a_real_defect_is_found_at_its_place(handbook: Handbook, code: str, line: int, column: int, why: str) -> None:
    assert (line, column) in [(p.place.line, p.place.column) for p in handbook.problems if p.code == code], why


def test_eleven_links_lead_nowhere_when_the_page_is_alone(handbook: Handbook) -> None:
    assert sum(p.code == "FF030" for p in handbook.problems) == 11


def test_advice_that_harms_later_is_found_wherever_it_stands(handbook: Handbook) -> None:
    found = {(p.code, p.place.line) for p in handbook.problems if p.code in ("FF062", "FF063", "FF064")}
    assert found == {("FF062", 61), ("FF063", 89), ("FF064", 240)}
