"""Every symptom of the original page has a live watcher, or a precise reason why not and the line that would change it."""

from __future__ import annotations

import pytest

from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.model import Handbook
from firstfive.handbook.watching import Known, Plan, watchers
from firstfive.handbook.watching.plan import containers_of
from firstfive.handbook.watching.proposal import proposed
from firstfive.shell.risk import load_table
from page import original_page

FULL = Known(
    docker=True,
    logs=("access",),
    environment={
        "REDIS_HOST": "redis",
        "MONGODB_URI": "mongodb://app:pw@mongodb:27017/marketplace",
        "SMTP_HOST": "mail.example",
        "SMTP_PORT": "465",
        "SMTP_SECURE": "true",
        "SMTP_USER": "shop",
        "SHKEEPER_API_URL": "http://shkeeper:5000",
    },
    secrets=frozenset({"REDIS_PASSWORD", "SMTP_PASS", "SHKEEPER_API_KEY"}),
    trackers=True,
)


@pytest.fixture(scope="module")
def handbook() -> Handbook:
    return compile_vault({"Incident Response.md": original_page()}, main=None, options=Options(risk=load_table(None)))


@pytest.fixture(scope="module")
def plan(handbook: Handbook) -> Plan:
    return watchers(handbook, FULL)


def kinds(plan: Plan, symptom: str) -> set[str]:
    return {watcher.kind for watcher in plan.of(symptom)}


@pytest.mark.parametrize(
    ("symptom", "expected"),
    [
        ("backend-down.s1", {"http"}),
        ("backend-down.s2", {"container", "logs"}),
        ("mongodb-unreachable.s1", {"logs", "mongo"}),
        ("redis-unreachable.s1", {"logs", "redis"}),
        ("shkeeper-api-down.s1", {"logs"}),
        ("shkeeper-api-down.s2", {"shkeeper"}),
        ("email-delivery-failure.s1", {"logs", "smtp"}),
        ("websocket-disconnect-storm.s1", {"logs", "websocket", "sockets"}),
        ("suspicious-activity-abuse.s1", {"tracker"}),
        ("suspicious-activity-abuse.s2", {"logs"}),
        ("suspicious-activity-abuse.s3", {"offenders"}),
        ("matrix.4.2", {"disk"}),
        ("matrix.4.certificate", {"certificate"}),
    ],
)
def test_on_a_host_that_offers_everything(plan: Plan, symptom: str, expected: set[str]) -> None:
    assert kinds(plan, symptom) == expected


def test_every_symptom_is_watched_or_says_why_and_what_to_add(handbook: Handbook) -> None:
    for known in (FULL, Known()):
        made = watchers(handbook, known)
        watched = {watcher.symptom for watcher in made.watchers}
        without = {one.symptom: one for one in made.unwatched}
        for runbook in handbook.runbooks:
            for symptom in runbook.symptoms:
                assert (symptom.id in watched) != (symptom.id in without), symptom.id
        for one in without.values():
            assert one.why, one
            assert one.add, one


def test_the_page_s_words_are_widened_by_family_and_it_is_said(plan: Plan) -> None:
    (logs,) = [
        w for w in plan.of("redis-unreachable.s1") if w.kind == "logs" and w.options["source"] == "nickapp-backend"
    ]
    texts = {text.text: text.family for text in logs.options["sought"]}  # type: ignore[attr-defined]
    assert texts["ECONNREFUSED redis:6379"] == ""
    assert texts["WRONGPASS invalid username-password pair"] == "redis auth"
    assert "nodemailer" not in {
        text.text
        for w in plan.of("email-delivery-failure.s1")
        if w.kind == "logs"
        for text in w.options["sought"]  # type: ignore[attr-defined]
    }


def test_a_storm_is_counted_by_turns_and_what_is_repeated_by_lines(plan: Plan) -> None:
    (storm,) = [w for w in plan.of("websocket-disconnect-storm.s1") if w.kind == "logs"]
    assert storm.options["cycling"] is True
    assert {(t.text, t.turn) for t in storm.options["sought"]} == {
        ("🔌 User connected", 1),
        ("🔌 User disconnected", -1),
    }  # type: ignore[attr-defined]
    (payments,) = [w for w in plan.of("shkeeper-api-down.s1") if w.kind == "logs"]
    assert payments.options["per_minute"] == 2


def test_passwords_are_named_and_never_held(plan: Plan) -> None:
    (redis,) = [w for w in plan.watchers if w.kind == "redis"]
    assert redis.options == {"address": "redis:6379", "password_env": "REDIS_PASSWORD"}
    (mongo,) = [w for w in plan.watchers if w.kind == "mongo"]
    assert mongo.options == {"address": "mongodb:27017"}
    (smtp,) = [w for w in plan.watchers if w.kind == "smtp"]
    assert smtp.options == {
        "address": "mail.example:465",
        "user_env": "SMTP_USER",
        "password_env": "SMTP_PASS",
        "tls": "implicit",
    }
    assert "pw" not in repr([dict(w.options) for w in plan.watchers if w.kind != "logs"])


def test_hygiene_of_the_matrix_is_watched_or_says_which_line_is_missing(plan: Plan) -> None:
    gaps = {one.symptom: one.add for one in plan.unwatched}
    assert "[probes.backup]" in gaps["matrix.4.1"]
    assert "[probes.deploy_missed]" in gaps["matrix.4.3"]
    assert "matrix.1.1" not in gaps, "the runbook about the backend sees that"
    assert "matrix.1.2" not in gaps, "the runbook about MongoDB sees that"


@pytest.mark.parametrize(
    ("sentence", "kind", "options"),
    [
        ("customers see a certificate warning", "certificate", {"url": "https://amn.gg", "days_left": 14}),
        ("`https://pay.amn.gg` has a TLS error", "certificate", {"url": "https://pay.amn.gg", "days_left": 14}),
        ("shop.amn.gg does not resolve", "dns", {"name": "shop.amn.gg", "record": "A"}),
        ("mail bounces for SPF or DKIM reasons", "mail_records", {"domain": "amn.gg"}),
    ],
    ids=["the page's own site", "the site that it names", "the name that it names", "the site's domain"],
)
def test_a_sentence_about_certificates_names_or_mail_records_gets_a_look(
    sentence: str, kind: str, options: dict[str, object]
) -> None:
    page = original_page().replace(b"`ECONNREFUSED redis:6379`", f"{sentence}; `ECONNREFUSED redis:6379`".encode(), 1)
    made = compile_vault({"Incident Response.md": page}, main=None, options=Options(risk=load_table(None)))
    runbook = next(r for r in made.runbooks if r.id == "redis-unreachable")
    found = [w for w in watchers(made, FULL).watchers if w.kind == kind and w.runbook == runbook.id]
    assert [w.options for w in found] == [options]


def test_the_proposal_adds_words_to_symptoms_and_touches_nothing_else(handbook: Handbook) -> None:
    diff = proposed(handbook)
    removed = [line for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")]
    added = [line for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert len(removed) == len(added) >= 3
    for before, after in zip(removed, added, strict=True):
        assert before.startswith("-**Symptoms.**")
        assert "WRONGPASS" in after or len(after) > len(before)
    assert any("`WRONGPASS invalid username-password pair`" in line for line in added)


def test_a_count_of_a_runbook_is_offered_as_a_look_with_its_defect_mended(handbook: Handbook, plan: Plan) -> None:
    gap = next(one for one in plan.unwatched if one.symptom == "shkeeper-api-down.s3")
    assert (
        "docker exec nickapp-mongodb mongosh marketplace --quiet --eval \"db.payments.countDocuments({status:'pending'"
        in gap.add
    )
    assert "only you know how many" in gap.why
    command = gap.add.partition("'''")[2].partition("'''")[0]
    from firstfive.shell.risk import judge

    assert judge(command, table=load_table(None)).auto, "what is offered is known to be read-only"


def test_a_database_s_own_log_is_looked_at_where_the_runbook_reads_it(plan: Plan) -> None:
    found = [w for w in plan.of("mongodb-unreachable.s1") if w.options.get("source") == "nickapp-mongodb"]
    assert [w.kind for w in found] == ["logs"], "step 2 reads that container's log"
    sought = found[0].options["sought"]
    assert isinstance(sought, tuple)
    assert "WT_PANIC" in {text.text for text in sought}
    assert all(text.family for text in sought), "the page's own words are about the backend"


NAMED = [
    ("docker logs shop-backend --tail 100", ("shop-backend",)),
    ("docker logs -f --tail 100 --since=1h -n 5 shop-backend", ("shop-backend",)),
    ("docker inspect -f '{{.State.Status}} {{.Name}}' shop-redis", ("shop-redis",)),
    ('docker exec -it -e REDISCLI_AUTH -u root -w "/srv a" shop-redis redis-cli PING', ("shop-redis",)),
    ("docker exec -ite TERM=dumb shop-redis sh", ("shop-redis",)),
    ("docker restart -t 5 shop-nginx\ndocker stop --signal TERM shop-nginx", ("shop-nginx",)),
    ("docker exec -t shop-nginx nginx -t", ("shop-nginx",)),
    ("docker exec -e REDISCLI_AUTH", ()),
]


@pytest.mark.parametrize(("script", "found"), NAMED, ids=[row[0].partition("\n")[0] for row in NAMED])
def test_a_container_is_named_behind_the_options_and_their_values(script: str, found: tuple[str, ...]) -> None:
    page = f"# Incidents\n\n## 3.1 Down\n\n**Runbook.**\n\n```bash\n# 1. Do\n{script}\n```\n"
    made = compile_vault({"Incidents.md": page.encode()}, main=None, options=Options(risk=load_table(None)))
    assert containers_of(made) == found
