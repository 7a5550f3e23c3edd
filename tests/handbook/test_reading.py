"""Words into values: quantities, symptoms, duties and links, a row for each turn of phrase."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firstfive.handbook.checklist import check_kind
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.markdown import read_page
from firstfive.handbook.model import (
    CheckKind,
    Deadline,
    DutyKind,
    ExternalSymptom,
    HttpSymptom,
    LogSymptom,
    Place,
    ProseSymptom,
    StatusSymptom,
    TemplateKind,
)
from firstfive.handbook.phrases import business_days, duration, fields, levels, numbered, sentences, slug, surge
from firstfive.handbook.runbook.duties import duties_in
from firstfive.handbook.runbook.symptoms import Spoken, read_symptom
from firstfive.handbook.sections import MissingLink, outline, resolve
from firstfive.handbook.severity import response_time
from firstfive.handbook.steps.judged import without_terminal
from firstfive.handbook.templates import template_kind

HERE = Place(page="a.md", line=1)

DURATIONS = [
    ("15 min", timedelta(minutes=15)),
    ("1 hour", timedelta(hours=1)),
    ("an hour", timedelta(hours=1)),
    ("within thirty minutes", timedelta(minutes=30)),
    ("1.5h", timedelta(minutes=90)),
    ("90s", timedelta(seconds=90)),
    ("2 days", timedelta(days=2)),
    ("a 5-minute wait", timedelta(minutes=5)),
    ("none", None),
    ("5 mushrooms", None),
    ("v1.2 m", None),
]


@pytest.mark.parametrize(("text", "length"), DURATIONS)
def test_a_duration(text: str, length: timedelta | None) -> None:
    assert duration(text) == length


RESPONSES = [
    ("15 min", Deadline.WITHIN, timedelta(minutes=15)),
    ("immediately", Deadline.WITHIN, timedelta(0)),
    ("Next business day", Deadline.NEXT_BUSINESS_DAY, None),
    ("best effort", Deadline.BACKLOG, None),
]


@pytest.mark.parametrize(("text", "kind", "within"), RESPONSES)
def test_a_response_time(text: str, kind: Deadline, within: timedelta | None) -> None:
    answer = response_time(text)
    assert answer is not None
    assert (answer.kind, answer.within, answer.text) == (kind, within, text)


def test_a_response_time_that_is_not_understood_is_none() -> None:
    assert response_time("at full moon") is None


SURGES = [
    ("Escalate one sev higher if more than 10 reports inside 5 minutes.", (10, timedelta(minutes=5), 1)),
    ("Over 20 tickets within an hour: raise by two levels.", (20, timedelta(hours=1), 2)),
    ("Go to the next level when more than 3 users report it in 10 min", (3, timedelta(minutes=10), 1)),
    ("More than 10 reports are a lot.", None),
    ("One sev higher for VIPs.", None),
]


@pytest.mark.parametrize(("text", "rule"), SURGES)
def test_a_surge_rule(text: str, rule: tuple[int, timedelta, int] | None) -> None:
    assert surge(text) == rule


def test_small_words_and_numbers() -> None:
    assert business_days("within five working days") == 5
    assert levels("any sev 1 or SEV-2, severity 2") == (1, 2)
    assert fields("[SEV-X] <one> and <two>, <one>") == ("SEV-X", "one", "two")
    assert slug("Café & Küche (closed) don't") == "café-küche-dont"
    assert numbered("3.1 Backend down") == ("3.1", "Backend down")
    assert numbered("2026 plans") == ("", "2026 plans")
    assert [text for _, text in sentences("One. Two `a; b.c`; three? Four 1.5 e")] == [
        "One",
        "Two `a; b.c`",
        "three?",
        "Four 1.5 e",
    ]


SYMPTOMS = [
    ("`https://a.test/x` times out", HttpSymptom),
    ("`$API_URL` answers non-2xx", HttpSymptom),
    ("`https://a.test/x` is our address", ProseSymptom),
    ("`web` shows `Restarting` in `docker ps`", StatusSymptom),
    ("`web` is `Exited` in `keeper ps`", StatusSymptom),
    ("Backend logs show `E1`, `E2` or `E3`", LogSymptom),
    ("the log contains `E1`", LogSymptom),
    ("Logs show something odd", ProseSymptom),
    ("Sentry is full of it", ExternalSymptom),
    ("alert `DiskFull` fires", ExternalSymptom),
    ("users report that it is slow", ExternalSymptom),
    ("it smells", ProseSymptom),
]


@pytest.mark.parametrize(("text", "shape"), SYMPTOMS, ids=[row[0] for row in SYMPTOMS])
def test_a_symptom_by_the_shape_of_its_sentence(text: str, shape: type) -> None:
    (symptom,) = read_symptom("r", 1, Spoken(text=text, place=HERE))
    assert type(symptom) is shape
    assert (symptom.id, symptom.text, symptom.place) == ("r.s1", text, HERE)


def test_a_log_and_a_url_in_one_sentence_are_two_symptoms() -> None:
    log, http = read_symptom("r", 4, Spoken(text="Logs show repeated `E1` or 5xx from `$X_URL`", place=HERE))
    assert isinstance(log, LogSymptom)
    assert isinstance(http, HttpSymptom)
    assert (log.id, log.tokens, log.flood) == ("r.s4", ("E1",), True)
    assert (http.id, http.url, http.fails_when) == ("r.s5", "$X_URL", {"5xx"})


DUTIES = [
    ("If cards leak, treat as sev 1.", [(DutyKind.SEVERITY, 1, "cards leak")]),
    ("Always communicate. A pause costs trust.", [(DutyKind.COMMUNICATE, None, "")]),
    ("Before a restore, stop the workers first.", [(DutyKind.PRECONDITION, None, "")]),
    ("When disks are full, back up the volume first.", [(DutyKind.PRECONDITION, None, "disks are full")]),
    ("Never run this on the standby.", [(DutyKind.GUARD, None, "")]),
    ("Do NOT restart both.", [(DutyKind.GUARD, None, "")]),
    ("Keep calm, don't panic, but fix within 30 min.", [(DutyKind.DEADLINE, None, "")]),
    ("Write it up within 5 business days.", []),
    ("If you don't know, ask.", []),
    ("Sev 2 of course.", [(DutyKind.SEVERITY, 2, "")]),
    ("It is a sev 2 in most cases.", []),
]


@pytest.mark.parametrize(("text", "found"), DUTIES, ids=[row[0] for row in DUTIES])
def test_a_duty_in_prose(text: str, found: list[tuple[DutyKind, int | None, str]]) -> None:
    assert [(duty.kind, duty.level, duty.when) for duty in duties_in(text, HERE)] == found


CHECKS = [
    ("Acknowledge", CheckKind.ACKNOWLEDGE),
    ("Open the error tracker", CheckKind.ERROR_SPIKES),
    ("Open a shell on the host", CheckKind.HOST_SHELL),
    ("Is it healthy?", CheckKind.HEALTH),
    ("Process status", CheckKind.CONTAINERS),
    ("Recent release?", CheckKind.DEPLOYS),
    ("Breathe", CheckKind.OTHER),
]


@pytest.mark.parametrize(("title", "kind"), CHECKS)
def test_the_kind_of_a_check(title: str, kind: CheckKind) -> None:
    assert check_kind(title, "") is kind


TEMPLATES = [
    ("Initial incident notification", TemplateKind.INITIAL),
    ("Update", TemplateKind.UPDATE),
    ("Resolution", TemplateKind.RESOLUTION),
    ("Customer update", TemplateKind.CUSTOMER),
    ("To the lawyers", TemplateKind.OTHER),
]


@pytest.mark.parametrize(("title", "kind"), TEMPLATES)
def test_the_kind_of_a_template(title: str, kind: TemplateKind) -> None:
    assert template_kind(title) is kind


VAULT = {
    path: outline(read_page(path, text))
    for path, text in {
        "a.md": b"# A\n\n## 3.1 Roll-back!\n\n### Deep\n\n## Other\n\n### Deep\n\nwords ^id\n",
        "ops/Deploy Notes.md": b"# Deploy\n\n## Steps (all)\n",
    }.items()
}
LINKS = [
    ("#Roll back", "3.1 Roll-back!", 0, "punctuation does not matter"),
    ("a#3.1 Roll-back!", "3.1 Roll-back!", 0, "exactly"),
    ("A#roll-back", "3.1 Roll-back!", 0, "by slug, whatever the number"),
    ("a#Other#Deep", "Deep", 0, "nested"),
    ("a#Deep", "Deep", 1, "two of that name, the first one wins"),
    ("deploy notes", "", 0, "another folder, other case"),
    ("ops/Deploy Notes.md#Steps", "Steps (all)", 0, "with its path and extension"),
    ("a#^id", "", 0, "a block id"),
    ("Deploy Notes#Steps (all)|see there", "Steps (all)", 0, "with a label"),
]


@pytest.mark.parametrize(("link", "heading", "others", "why"), LINKS, ids=[row[3] for row in LINKS])
def test_a_link_finds_its_heading(link: str, heading: str, others: int, why: str) -> None:
    target = resolve(link, VAULT["a.md"], VAULT)
    found = target.section.node.plain() if target.section.level else ""
    assert (found, target.others) == (heading, others), why


@pytest.mark.parametrize("link", ["Nowhere", "a#Nothing", "a#^none", "a#Deep#Deeper"])
def test_a_link_that_leads_nowhere_says_what_is_missing(link: str) -> None:
    with pytest.raises(MissingLink, match=r"no (?:page|heading|block)"):
        resolve(link, VAULT["a.md"], VAULT)


TERMINALS = [
    ("docker exec -it web ps", "docker exec -i web ps", "the usual one"),
    ("docker exec -t web ps", "docker exec web ps", "nothing is left of it"),
    ("docker exec -u root -it web ps", "docker exec -u root -it web ps", "an option with a value is not looked behind"),
    ("docker exec --privileged -ti web ps", "docker exec --privileged -i web ps", "after another option"),
    (
        "kubectl -n=x exec -it pod -- sort -t , f",
        "kubectl -n=x exec -i pod -- sort -t , f",
        "only the client's own option",
    ),
    ("docker exec web sort -t , f", "docker exec web sort -t , f", "a -t of the inner command"),
    ("sort -t , f", "sort -t , f", "no client at all"),
]


@pytest.mark.parametrize(("script", "sent", "why"), TERMINALS, ids=[row[2] for row in TERMINALS])
def test_only_the_option_that_asks_for_a_terminal_goes(script: str, sent: str, why: str) -> None:
    assert without_terminal(script) == sent, why


OPENERS = [
    ("ssh db1", True),
    ("ssh -t db1", True),
    ("ssh root@db1", True),
    ("ssh db1 uptime", False),
    ("oc debug node/a", True),
    ("oc -n default debug node/a", True),
    ("oc debug node/a -- chroot /host ls", False),
    ("sudo chroot /host", True),
    ("kubectl exec -it web -- bash", True),
    ("kubectl exec web -- ls", False),
    ("docker exec -it web sh", True),
    ("docker exec web sh -c ls", False),
    ("sudo -i", True),
    ("sudo ls", False),
]


@pytest.mark.parametrize(("opener", "elsewhere"), OPENERS)
def test_commands_after_a_shell_elsewhere_are_an_error(opener: str, elsewhere: bool) -> None:
    page = f"## Runbooks\n\n### R\n\n```bash\n{opener}\nreboot\n```\n"
    found = [str(p.place) for p in compile_vault({"p.md": page.encode()}).problems if p.code == "FF016"]
    assert found == (["p.md:6:1"] if elsewhere else [])


def test_a_shell_elsewhere_at_the_end_takes_nothing_with_it() -> None:
    page = b"## Runbooks\n\n### R\n\n```bash\nuptime\nssh db1\n```\n"
    assert [p.code for p in compile_vault({"p.md": page}).problems if p.code == "FF016"] == []
