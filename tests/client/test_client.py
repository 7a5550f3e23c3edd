"""The client against a real server: every area, its errors, a line that breaks, a server that goes away while it is followed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.door import process
from client.broken_line import line_to
from firstfive.client import ApiError, Client, Unreachable
from firstfive.client.wire.incident import Entry
from firstfive.errors import Exit, FirstfiveError
from web.contract.served_contract import ADMIN, Vault, begin, serving, token

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("client"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with serving(tmp_path_factory.mktemp("client") / "vault") as one:
        yield one


@pytest.fixture
def ops(vault: Vault) -> Client:
    return Client(vault.url, token=vault.key, by="sam")


def test_an_incident_from_the_first_word_to_the_last(ops: Client) -> None:
    made = ops.declare("the shop is down", level=1, why="nothing answers")
    assert (made.title, made.level, made.acknowledged_by) == ("the shop is down", 1, "")
    assert ops.ack(made.id).acknowledged_by == "sam"
    assert ops.hypothesis(made.id, "the lock is stuck").hypothesis == "the lock is stuck"
    step = ops.beside.handbook().runbooks[0].steps[1].id
    waiting = ops.run(made.id, step).waiting[0]
    assert waiting.script == "touch opened"
    done = ops.decline(made.id, waiting.run, "not yet")
    assert done.waiting == ()
    assert next(ops.incidents()).id == made.id
    over = ops.resolve(made.id, root_cause="a stuck lock")
    assert (over.status, over.root_cause) == ("resolved", "a stuck lock")
    assert made.id in [row.id for row in ops.incidents(finished=True, limit=1)]
    entries = list(ops.timeline(made.id))
    assert [one.seq for one in entries] == list(range(1, entries[-1].seq + 1))
    assert next(ops.past.search("stuck lock")).incident == made.id
    assert made.id in [one.id for one in ops.past.history(limit=1)]


def test_a_light_client_gets_of_the_timeline_only_what_came_since(vault: Vault, ops: Client) -> None:
    light = Client(vault.url, token=vault.key, by="sam", light=True)
    made = ops.declare("the shop is slow", level=2)
    assert len(made.timeline) > 1
    said = light.note(made.id, "seen from far")
    assert [entry.text for entry in said.timeline] == ["sam notes: seen from far"]
    assert said.seq == said.timeline[-1].seq <= light.incident(made.id).seq
    assert light.note(made.id, "again").timeline[0].seq > said.seq
    whole = ops.note(made.id, "the whole")
    assert len(whole.timeline) == whole.seq
    assert len(light.incident(made.id).timeline) >= whole.seq, "what is only read is whole"


def test_what_stands_beside_incidents(ops: Client) -> None:
    made = ops.outside.silence('alertname="RedisDown"', "host=~shop.*", seconds=60, comment="planned")
    assert made.id in [one.id for one in ops.outside.silences()]
    assert ops.outside.end_silence(made.id).state == "over"
    assert ops.outside.expect("backup", every=60).heartbeats[0].name == "backup"
    assert ops.outside.simulate("generic", '{"title": "x"}').simulated
    assert list(ops.outside.signals()) == list(ops.outside.outbox()) == list(ops.outside.alerts()) == []
    assert ops.beside.oncall().schedules == ()
    assert ops.beside.doctor().findings
    assert list(ops.beside.deploys()) == list(ops.beside.actions()) == []
    assert ops.past.metrics("month").by == "month"
    assert ops.beside.settings().sections


def test_an_error_carries_the_words_of_the_server(ops: Client) -> None:
    with pytest.raises(ApiError, match="there is no incident INC-999") as told:
        ops.incident("INC-999")
    assert (told.value.status, told.value.exit_code) == (404, Exit.CONFLICT)
    assert told.value.remedy
    with pytest.raises(ApiError, match="level must be a severity level") as told:
        ops.declare("x", level=77)
    assert (told.value.status, told.value.exit_code) == (422, Exit.USAGE)


def test_without_a_key_nothing_is_told(vault: Vault) -> None:
    with pytest.raises(ApiError, match="not signed in") as told:
        list(Client(vault.url).incidents())
    assert (told.value.status, told.value.exit_code) == (401, Exit.NOT_AUTHORISED)


@pytest.mark.parametrize("url", ["", "ops.example.org", "ftp://ops.example.org", "http://", "http://x:port"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(FirstfiveError, match="is no address of a server"):
        Client(url)


def test_nobody_there_is_said_with_what_to_do() -> None:
    with pytest.raises(Unreachable, match="does not answer") as told:
        list(Client("http://127.0.0.1:1", tries=2).incidents())
    assert told.value.exit_code is Exit.TARGET_UNREACHABLE
    assert "ask again" in told.value.remedy


@pytest.mark.parametrize("how", [{"before": 2}, {"after": 2}, {"before": 1, "after": 1}], ids=str)
def test_a_line_that_breaks_declares_once(vault: Vault, ops: Client, how: dict[str, int]) -> None:
    before = {row.id for row in ops.incidents(finished=True)}
    with line_to(vault.port, **how) as cut:
        far = Client(f"http://127.0.0.1:{cut.port}", token=vault.key, by="sam")
        made = far.declare("a broken line")
    assert len(cut.seen) == 3
    assert {row.id for row in ops.incidents(finished=True)} - before == {made.id}


def test_a_key_of_ones_own_acts_once_in_two_calls(ops: Client) -> None:
    first = ops.declare("a job that runs twice", once="nightly-7")
    assert ops.declare("a job that runs twice", once="nightly-7").id == first.id


def test_following_goes_on_behind_what_is_known(ops: Client) -> None:
    made = ops.declare("followed")
    known = list(ops.timeline(made.id))[-1].seq
    ops.note(made.id, "one")
    ops.note(made.id, "two")
    entries = (one for one in ops.follow(made.id, after=known) if isinstance(one, Entry) and one.kind == "Noted")
    assert ["one" in a.text or "two" in a.text for a in itertools.islice(entries, 2)] == [True, True]
    with pytest.raises(ApiError, match="no incident"):
        next(ops.follow("INC-999"))


def test_a_server_that_starts_again_is_followed_on_without_loss_or_repeat(tmp_path: Path) -> None:
    with serving(tmp_path / "vault") as vault:
        port = vault.port
        settings = vault.folder / "firstfive.toml"
        settings.write_text(settings.read_text().replace("port = 0", f"port = {port}"))
        ops = Client(vault.url, token=vault.key, by="sam", tries=1)
        made = ops.declare("followed over a restart")
        seen: list[int] = []
        texts: list[str] = []
        stream = ops.follow(made.id)
        for entry in stream:
            if isinstance(entry, Entry):
                seen.append(entry.seq)
                texts.append(entry.text)
            if len(seen) == 1:
                vault.process.terminate()
                vault.process.wait(30)
                vault.process = begin(vault.folder)
                ops.note(made.id, "after the restart")
            if any("after the restart" in text for text in texts):
                break
        assert seen == list(range(1, len(seen) + 1))


def test_people_are_asked_with_a_token_and_refused_with_too_little_of_one(tmp_path: Path) -> None:
    with serving(tmp_path / "vault", accounts=True) as vault:
        admin = Client(vault.url, token=vault.key)
        assert (admin.people.me().name, admin.people.me().role) == (ADMIN, "admin")
        invited = admin.people.invite("ben", "responder")
        assert "/welcome/" in invited.link
        assert [one.name for one in admin.people.everybody()] == [ADMIN]
        assert any(use.what == "invited" for use in admin.people.audit(limit=1))
        reader = Client(vault.url, token=token(vault.folder, "read"))
        assert list(reader.incidents()) == []
        assert reader.people.me().scopes == ("read",)
        assert reader.people.me().tokens == ()
        with pytest.raises(ApiError, match="takes a token with the scope act"):
            reader.declare("x")
        with pytest.raises(ApiError, match="scope admin"):
            next(reader.people.everybody())


def test_the_command_line_asks_a_server_elsewhere(vault: Vault, tmp_path: Path) -> None:
    far = {"FIRSTFIVE_SERVER": vault.url, "FIRSTFIVE_TOKEN": vault.key}
    said = process("declare", "from a laptop", "--json", cwd=tmp_path, **far)
    assert (said.code, said.err) == (0, "")
    made = said.json["id"]
    assert made in process("status", cwd=tmp_path, **far).out
    there = process("status", "--server", vault.url, "--json", cwd=tmp_path, FIRSTFIVE_TOKEN=vault.key)
    assert made in [row["id"] for row in there.json["incidents"]]
    assert "from a laptop" in process("history", cwd=tmp_path, **far).out
    assert process("ack", made, cwd=tmp_path, **far).code == 0
    assert process("doctor", "--json", cwd=tmp_path, **far).json["findings"]
    assert list(tmp_path.iterdir()) == []


def test_a_command_about_this_machine_does_not_pretend_to_be_about_a_server(vault: Vault, tmp_path: Path) -> None:
    said = process("verify", cwd=tmp_path, FIRSTFIVE_SERVER=vault.url)
    assert said.code == Exit.USAGE
    assert "verify works only on the machine of the vault: a proof by the server that is doubted" in said.err
    assert process("verify", "--server", vault.url, cwd=tmp_path) == said


def test_a_server_elsewhere_that_does_not_answer_is_not_written_around(tmp_path: Path) -> None:
    said = process("declare", "x", cwd=tmp_path, FIRSTFIVE_SERVER="http://127.0.0.1:1")
    assert said.code == Exit.TARGET_UNREACHABLE
    assert "127.0.0.1:1 does not answer" in said.err
    assert list(tmp_path.iterdir()) == []


def test_every_call_of_the_api_has_a_method() -> None:
    """Streams and the two texts beside the API apart; a verb is `say` with its name."""
    from firstfive.client import areas, asking
    from firstfive.web.contract.operations import AT, OPERATIONS, VERBS

    source = "".join(Path(str(module.__file__)).read_text() for module in (areas, asking))
    asked = {re.sub(r"\{[^}]*\}", "{}", path) for path in re.findall(r'f?"(/[^"]*)"', source)}
    said = set(re.findall(r'self\.say\("([a-z-]+)"', source))
    lacking = {
        one.name
        for one in OPERATIONS
        if one.path.startswith(AT)
        and re.sub(r"\{[^}]*\}", "{}", one.path.removeprefix(AT)) not in asked
        and one.name not in said
    }
    assert said >= VERBS.keys()
    assert lacking == {"openapi"}
