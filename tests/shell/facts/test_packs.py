"""Every row of the packs against its own cases, and the rules that hold for all of them."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from firstfive.shell.conditions import compile
from firstfive.shell.facts import condition_for, extract, facts_of, known, lexicon, types
from firstfive.shell.facts.packs import packs, rows

CASES = [
    pytest.param(case, id=f"{file}: {case['command'][:60]} #{number}")
    for file, row in rows()
    for number, case in enumerate(row.get("case", []))  # type: ignore[var-annotated, arg-type]
]


@pytest.mark.parametrize("case", CASES)
def test_a_row_gives_exactly_what_its_case_says(case: dict[str, object]) -> None:
    command = str(case["command"])
    found = extract(
        command,
        stdout=str(case.get("stdout", "")),
        stderr=str(case.get("stderr", "")),
        exit_code=int(str(case.get("exit", 0))),
    )
    assert {name: plain(value) for name, value in found.items()} == case["facts"]
    assert set(found) <= {spec.name for spec in facts_of(command)}


def plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value


def test_every_row_has_a_source_and_a_case_that_gives_facts() -> None:
    for file, row in rows():
        assert row["source"], file
        cases = row.get("case", [])
        assert isinstance(cases, list)
        assert any(case["facts"] for case in cases), (file, row["fact"])


def test_one_name_has_one_type_everywhere() -> None:
    for pack in packs():
        for spec in pack.facts:
            assert known()[spec.name].type is spec.type, spec.name
            assert spec.about


def test_every_meaning_of_the_lexicon_compiles_over_the_known_facts() -> None:
    assert len(lexicon()) > 60
    for phrase, condition in lexicon().items():
        assert compile(condition, types()).names, phrase


@pytest.mark.parametrize(
    ("phrase", "condition"),
    [
        ("OOM", "container.oom_killed"),
        ("If OOM", "container.oom_killed"),
        ("down", 'container.status in ["exited", "dead", "missing", "created"] || !container.running'),
        ("exited", 'container.status in ["exited", "dead"]'),
        ("disk full", "disk.used_pct >= 95.0"),
        ("recent deploy", 'deploy.age < duration("30m")'),
        ("Auth issue?", "redis.noauth || redis.wrongpass || mongo.auth_failed || smtp.auth_failed"),
        ("memory full + noeviction policy → rejecting writes", 'redis.memory_full && redis.policy == "noeviction"'),
        ("**Disk full:**", "disk.used_pct >= 95.0"),
        ("missing env", None),
        ("data is corrupt", None),
        ("the abuse targets a specific user account", None),
        ("`$REDIS_PASSWORD` mismatch between .env and command", None),
        ("", None),
        ("disk full on the other host", None),
    ],
)
def test_a_phrase_means_what_the_lexicon_says_or_nothing(phrase: str, condition: str | None) -> None:
    assert condition_for(phrase) == condition


def test_a_vault_may_say_what_its_own_phrases_mean() -> None:
    overlay = {"If missing env": 'logs.text.contains("process.env")', "OOM": "container.exit_code == 137"}
    assert condition_for("missing env", overlay) == 'logs.text.contains("process.env")'
    assert condition_for("oom", overlay) == "container.exit_code == 137"


@pytest.mark.parametrize(
    "command",
    [
        "echo 'docker ps'",
        "docker rm web",
        "docker ps | xargs docker inspect",
        'echo "$(docker ps)"',
        "if docker ps; then :; fi",
        "docker run img df -h",
        "$DOCKER ps",
        "this is (not bash",
        "",
        "# only a comment",
        "docker inspect web | grep OOM",
        "docker ps; df -h",
    ],
)
def test_a_command_of_another_shape_tells_nothing(command: str) -> None:
    assert facts_of(command) == ()
    assert extract(command, stdout="NAMES  STATUS\nweb  Up 3 s\n", stderr="", exit_code=0) == {}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("sudo timeout 5 docker ps -a", "containers.names"),
        ("docker --host unix:///x ps", "containers.names"),
        ("docker exec -u root <container> redis-cli PING", "redis.pong"),
        ("docker compose -f a.yml exec -T redis redis-cli ping", "redis.pong"),
        ('docker exec "${FF_CONTAINER}" redis-cli PING', "redis.pong"),
        ("kubectl exec -n shop web-1 -- df -h", "disk.used_pct"),
        ("/usr/bin/df -h", "disk.used_pct"),
        ("docker inspect <name>", "container.oom_killed"),
        ("docker compose config", "compose.valid"),
    ],
)
def test_a_shape_is_seen_through_wrappers(command: str, name: str) -> None:
    assert name in {spec.name for spec in facts_of(command)}


@pytest.mark.parametrize(
    "text", ["", "\x00" * 50, "{" * 5000, "NAMES STATUS\n" * 3000, "é\x1b[2J\r\n", "[" * 100_000, "%" * 999]
)
def test_no_output_makes_it_stumble(text: str) -> None:
    for file, row in rows():
        for case in row.get("case", []):  # type: ignore[attr-defined]
            found = extract(case["command"], stdout=text, stderr=text, exit_code=0)
            assert all(name in known() for name in found), file


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "12 x\n",
        "a\t",
        "NAMES  STATUS\n",
        "a" * 60 + "\n",
        "\\",
        '{"a":',
        "Mem: 1 ",
        "-db-1",
        "1",
        "HTTP/1.1 ",
    ],
)
def test_no_output_makes_it_slow(piece: str) -> None:
    for file, row in rows():
        case = row["case"][0]  # type: ignore[index]
        half, whole = (spent(case["command"], piece * (size // len(piece))) for size in (100_000, 200_000))
        assert whole < 3 * half + 0.5, (file, case["command"], half, whole)


def spent(command: str, text: str) -> float:
    """Seconds of processor time; twice as much text may take about twice as long, on a slow machine too."""
    begun = time.process_time()
    extract(command, stdout=text, stderr="", exit_code=0)
    return time.process_time() - begun


def test_a_template_is_cut_at_its_own_text() -> None:
    found = extract(
        "docker ps -a --format '{{.Names}}: {{.Status}}!' --filter name=web",
        stdout="web: Up 3 s!\n",
        stderr="",
        exit_code=0,
    )
    assert found["container.status"] == "running"
    for form in ("{{.Names}}{{.Status}}", "{{.Names}}: {{.Status}}", "json"):
        assert extract(f"docker ps --format '{form}'", stdout="webUp 3 s\n", stderr="", exit_code=0) == {}
