"""What a judgement says: positions, reasons, tags, what may run by itself, and how a vault adds claims."""

from __future__ import annotations

from time import process_time

import pytest

from firstfive.errors import FirstfiveError
from firstfive.shell.parse import parse, parse_many
from firstfive.shell.risk import Verdict, judge, load_table

CLAIMS = {"cmd": {"keeper": {"sub": {"ps": "read", "logs": "read", "restart": "changing", "wipe": "destructive"}}}}


def test_verdicts_are_ordered_and_print_as_words() -> None:
    assert [str(v) for v in sorted(Verdict)] == ["read-only", "unknown", "changing", "destructive"]


@pytest.mark.parametrize("script", ["", "\n\n", "# only a comment\n", "  # a\n# b"])
def test_nothing_to_run_is_read_only_without_findings(script: str) -> None:
    judged = judge(script)
    assert (judged.verdict, judged.findings, judged.auto) == (Verdict.READ_ONLY, (), False)


@pytest.mark.parametrize(
    "script", ["echo 'x", "if true; then", "ls )", "a=(", "cat <<E\n$(", "\x00ls", "ls \ue000", "ls \udcff"]
)
def test_what_does_not_parse_is_unknown_and_says_why(script: str) -> None:
    judged = judge(script)
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.reasons[0]


def test_a_finding_has_its_text_place_and_reason() -> None:
    judged = judge("# look\ndocker ps -a\n\ncd /x && docker stop web >/dev/null\n")
    assert [(f.text, f.line, f.column, f.verdict) for f in judged.findings] == [
        ("docker ps -a", 2, 1, Verdict.READ_ONLY),
        ("cd /x", 4, 1, Verdict.READ_ONLY),
        ("docker stop web >/dev/null", 4, 10, Verdict.CHANGING),
    ]
    assert judged.reasons[2] == "docker stop: changing (table docker.stop)"
    assert judged.verdict is Verdict.CHANGING


def test_columns_count_bytes() -> None:
    assert [(f.text, f.column) for f in judge('echo "ä"; docker ps').findings] == [('echo "ä"', 1), ("docker ps", 12)]


def test_a_parsed_script_judges_as_its_text() -> None:
    assert judge(parse("ls | rm x")) == judge("ls | rm x")


TAGS = [
    ("docker logs -f web", "unbounded", "follows"),
    ("tail -F x", "unbounded", "follows"),
    ("while true; do docker ps; done", "unbounded", "never ends by itself"),
    ("docker stats", "unbounded", "follows"),
    ("ping h", "unbounded", "no count"),
    ("docker exec -it web ls", "needs-tty", "asks for a terminal"),
    ("docker exec web ls", "container", "runs elsewhere"),
    ("ssh h uptime", "remote", "runs elsewhere"),
    ("curl http://x", "network", "leaves the host"),
    ("curl -u a:b http://x", "secret-in-argv", "password on the command line"),
    ('curl -H "X-Api-Key: $API_KEY" http://x', "secret-in-argv", "key on the command line"),
    ('redis-cli -a "$REDIS_PASSWORD" PING', "secret-in-argv", "password on the command line"),
    ("mysql -psecret -e 'select 1'", "secret-in-argv", "password on the command line"),
    ("nano x", "editor", "needs a person"),
    ("redis-cli", "interactive", "opens a session"),
    ("docker exec -it web bash", "interactive", "opens a shell"),
    ("read x", "interactive", "waits for typing"),
    ("env", "exposes-env", "shows every variable"),
    ("docker inspect web", "exposes-env", "shows the environment"),
    ("cat /opt/app/.env", "exposes-env", "shows secrets"),
    ("docker compose config", "exposes-env", "shows secrets"),
    ("kubectl get secret x -o yaml", "exposes-env", "shows secrets"),
    ("declare -p", "exposes-env", "shows every variable"),
    ("redis-cli KEYS '*'", "heavy", "blocks the server"),
    ("find / -name x", "heavy", "walks the whole disk"),
    ('docker logs "$NAME"', "untrusted", "a variable that nobody checked"),
    ("docker inspect $(docker ps -q)", "untrusted", "words made of output"),
]


@pytest.mark.parametrize(("script", "tag", "why"), TAGS, ids=[t[0] for t in TAGS])
def test_a_tag_says_what_else_to_mind(script: str, tag: str, why: str) -> None:
    judged = judge(script)
    assert tag in judged.tags, why
    assert judged.auto is (tag in {"container", "remote", "network"})


ALONE = [
    ("docker ps", "a plain look"),
    ("docker logs --tail=200 web", "bounded"),
    ("docker inspect web | jq '.[0].State'", "only the state comes through"),
    ("docker inspect -f '{{.State.OOMKilled}}' web", "a template without the environment"),
    ('grep "RATE_LIMIT" /opt/backend/.env', "picks one harmless setting"),
    ("curl -fsS https://example.com/health", "asks, sends nothing"),
    ("N=$(ls | wc -l); echo $N", "a count can only be a number"),
    ("for i in 1 2 3; do uptime; done", "a fixed list"),
    ("X=web; docker logs --tail 5 $X", "the script itself says what X is"),
]


@pytest.mark.parametrize(("script", "why"), ALONE, ids=[a[0] for a in ALONE])
def test_what_may_run_by_itself(script: str, why: str) -> None:
    judged = judge(script)
    assert judged.auto, (why, judged)


def test_what_a_filter_lets_through_stays_secret_when_it_asks_for_secrets() -> None:
    for script in (
        "docker inspect web | jq .",
        "docker inspect web | jq '.[0].Config.Env'",
        "grep PASSWORD /x/.env",
        "cat .env | grep TOKEN",
    ):
        assert not judge(script).auto, script


def test_a_bound_parameter_is_trusted_as_an_argument_but_never_as_code() -> None:
    bound = frozenset({"FF_NAME"})
    assert judge('docker logs --tail 5 "${FF_NAME}"', bound=bound).auto
    assert not judge('docker logs --tail 5 "${FF_NAME}"').auto
    for code in (
        'bash -c "ls ${FF_NAME}"',
        '"${FF_NAME}" x',
        'docker "${FF_NAME}" x',
        'sed "s/a/${FF_NAME}/" f',
        'ssh h "ls ${FF_NAME}"',
    ):
        assert judge(code, bound=bound).verdict is Verdict.UNKNOWN, code


def test_a_bound_name_that_the_script_sets_is_no_longer_trusted() -> None:
    assert not judge('FF_NAME=$(cat f); docker logs "$FF_NAME"', bound=frozenset({"FF_NAME"})).auto


def test_a_vault_adds_its_own_claims() -> None:
    table = load_table(CLAIMS)
    judged = {
        s: str(judge(s, table=table).verdict)
        for s in ("keeper ps -a", "keeper logs --tail=200 x", "keeper restart x", "keeper wipe", "keeper foo", "keeper")
    }
    assert judged == {
        "keeper ps -a": "read-only",
        "keeper logs --tail=200 x": "read-only",
        "keeper restart x": "changing",
        "keeper wipe": "destructive",
        "keeper foo": "unknown",
        "keeper": "unknown",
    }
    assert judge("keeper ps").verdict is Verdict.UNKNOWN
    assert "this vault" in judge("keeper ps", table=table).reasons[0]


def test_a_claim_about_one_sub_command_leaves_the_others_alone() -> None:
    table = load_table({"cmd": {"docker": {"sub": {"scout": "read: --format:"}}}})
    assert judge("docker scout --format x", table=table).verdict is Verdict.READ_ONLY
    assert judge("docker scout --output x", table=table).verdict is Verdict.UNKNOWN
    assert judge("docker stop x", table=table).verdict is Verdict.CHANGING


def test_a_claim_may_not_reach_the_shell_itself() -> None:
    table = load_table({"cmd": {"eval": "read", "source": "read"}})
    assert judge("eval rm x", table=table).verdict is Verdict.DESTRUCTIVE
    assert judge("source x", table=table).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "claims",
    [{"cmd": {"x": "reads"}}, {"cmd": {"x": {"rsik": "read"}}}, {"any": {}}, {"cmd": {"x": {"options": "-a#evil"}}}],
)
def test_a_claim_that_cannot_be_read_is_an_error(claims: dict[str, object]) -> None:
    with pytest.raises(FirstfiveError):
        load_table(claims)


def test_judging_parsed_scripts_is_quick() -> None:
    scripts = [
        "docker ps -a | grep web && docker logs --tail=5 web",
        "for i in a b; do echo $i; done",
        "df -h; free -m",
    ] * 100
    parsed = [p for p in parse_many(scripts) if not isinstance(p, Exception)]
    began = process_time()
    for script in parsed:
        judge(script)
    assert process_time() - began < 2.0
