"""A call with an idempotency key that is sent again, changed, cut off, sent twice at once, or sent again to a server that was away."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.errors import JournalError
from firstfive.incident.events import Noted
from firstfive.ports import Journal
from firstfive.stores import open_journal
from firstfive.stores.calls import Keys
from firstfive.web.contract import once as module
from firstfive.web.contract.once import once
from firstfive.web.problems import problem
from incident.builders import T0
from web.client import KEY, Answer, app_of, ask
from web.room import HandClock, Room

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield made
    asyncio.run(made.close())


@pytest.fixture
def calls(journal: Journal, clock: HandClock) -> Keys:
    return Keys(journal=journal, clock=clock)


class Counted:
    """An application that counts what reaches it, and answers as it is told. With a `journal` it writes an incident each time."""

    def __init__(self, status: int = 201, journal: Journal | None = None) -> None:
        self.calls: list[bytes] = []
        self.status = status
        self.journal = journal
        self.raises: BaseException | None = None
        self.said = "answer {}"
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.gets: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET":
            self.gets.append(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"as it stands"})
            return
        self.calls.append((await receive())["body"])
        await self.may_answer.wait()
        if self.journal is not None:
            await self.journal.write(lambda tx: tx.append(tx.open_incident(T0), "ada", [Noted(text="x")], T0))
        if self.raises is not None:
            raise self.raises
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"set-cookie", b"a=b")]})
        await send({"type": "http.response.body", "body": self.said.format(len(self.calls)).encode()})


def post(app: Any, key: str | None, body: dict[str, Any], path: str = "/api/v1/incidents", **more: str) -> Answer:
    headers = {**HEADERS, **({"Idempotency-Key": key} if key is not None else {}), **more}
    return ask(app, "POST", path, headers=headers, body=json.dumps(body).encode())


def test_the_same_call_acts_once_and_gets_the_first_answer(calls: Keys) -> None:
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    first, again = post(app, "k1", {"title": "slow"}), post(app, "k1", {"title": "slow"})
    assert (first.status, first.text) == (again.status, again.text) == (201, "answer 1")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert "set-cookie" not in again.headers
    assert len(behind.calls) == 1


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"key": "k2"}, "another key is another call"),
        ({"key": None}, "no key, no promise"),
        ({"path": "/api/v1/reports"}, "a key belongs to one address"),
        ({"Authorization": "Bearer another"}, "and to one caller"),
        ({"path": "/incidents"}, "pages have no keys"),
    ],
)
def test_what_is_another_call_acts_again(calls: Keys, changed: dict[str, Any], because: str) -> None:
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    given = {"key": "k1", "body": {"title": "slow"}}
    post(app, **given)
    post(app, **{**given, **changed})
    assert len(behind.calls) == 2, because


@pytest.mark.parametrize(
    "changed",
    [{"body": {"title": "gone"}}, {"path": "/api/v1/incidents?x=1"}],
    ids=["another body", "another question"],
)
def test_the_same_key_with_another_body_is_refused_and_does_nothing(calls: Keys, changed: dict[str, Any]) -> None:
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    given: dict[str, Any] = {"key": "k1", "body": {"title": "slow"}}
    post(app, **given)
    refused = post(app, **{**given, **changed})
    assert refused.status == 422
    assert "used with another body" in refused.text
    assert len(behind.calls) == 1


def test_an_answer_that_nobody_knows_the_end_of_is_not_kept(calls: Keys) -> None:
    behind = Counted(status=503)
    app = once(behind, refuse=problem, calls=calls)
    post(app, "k1", {"title": "slow"})
    behind.status = 201
    assert post(app, "k1", {"title": "slow"}).status == 201
    assert len(behind.calls) == 2


def test_a_call_that_wrote_something_and_broke_then_is_not_done_again(calls: Keys, journal: Journal) -> None:
    behind = Counted(status=500, journal=journal)
    app = once(behind, refuse=problem, calls=calls)
    post(app, "k1", {"title": "slow"})
    again = post(app, "k1", {"title": "slow"})
    assert (again.status, again.text) == (201, "as it stands")
    assert behind.gets == ["/api/v1/incidents/INC-1"]
    behind.raises = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        post(app, "k2", {"title": "slow"})
    assert post(app, "k2", {"title": "slow"}).text == "as it stands"
    assert len(behind.calls) == 2


@pytest.mark.parametrize("key", ["", "a\tb", "x" * 256], ids=["empty", "a tab", "too long"])
def test_what_is_no_key_is_said(calls: Keys, key: str) -> None:
    behind = Counted()
    refused = post(once(behind, refuse=problem, calls=calls), key, {})
    assert refused.status == 422
    assert "no idempotency key" in refused.text
    assert not behind.calls


def test_two_at_once_act_once(calls: Keys) -> None:
    behind = Counted()

    async def call(app: Any) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        body = [{"type": "http.request", "body": b"{}", "more_body": False}]

        async def receive() -> dict[str, Any]:
            return body.pop()

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/v1/incidents", "headers": [(b"idempotency-key", b"k")]}
        await app({**scope, "query_string": b""}, receive, send)
        return said

    async def story() -> None:
        behind.may_answer.clear()
        app = once(behind, refuse=problem, calls=calls)
        both = [asyncio.create_task(call(app)) for _ in range(2)]
        await asyncio.sleep(0.05)
        behind.may_answer.set()
        one, other = await asyncio.gather(*both)
        assert one[1] == other[1]

    asyncio.run(story())
    assert len(behind.calls) == 1


def test_a_key_is_known_for_a_day_and_then_tidied_away(calls: Keys, clock: HandClock, tmp_path: Path) -> None:
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    post(app, "k1", {})
    clock.at += timedelta(hours=23, minutes=59)
    assert post(app, "k1", {}).headers["idempotency-replayed"] == "true"
    clock.at += timedelta(minutes=2)
    post(app, "k2", {})
    assert names(tmp_path) == 1, "what is older than a day lies nowhere"
    post(app, "k1", {})
    assert len(behind.calls) == 3


def test_an_answer_that_is_too_large_is_not_kept_and_the_call_still_acts_once(calls: Keys) -> None:
    behind = Counted()
    behind.said = "".join(chr(33 + n * n % 90) for n in range(200_000)) + str(list(range(200_000)))
    behind.said = behind.said.replace("{", "(").replace("}", ")")
    app = once(behind, refuse=problem, calls=calls)
    assert post(app, "k1", {}).status == 201
    again = post(app, "k1", {})
    assert again.status == 409
    assert again.json()["what"] == "this call was done, and its answer is not kept"
    assert "a second time" in again.json()["remedy"]
    assert len(behind.calls) == 1


def test_an_answer_that_is_told_once_is_not_stored(calls: Keys, tmp_path: Path) -> None:
    behind = Counted()
    behind.said = "the-secret-link {}"
    app = once(behind, refuse=problem, calls=calls)
    assert post(app, "k1", {}, "/api/v1/people").text == "the-secret-link 1"
    assert post(app, "k1", {}, "/api/v1/people").status == 409
    for one in tmp_path.glob("journal.db*"):
        assert b"the-secret-link" not in one.read_bytes()


def test_without_a_journal_nothing_is_done_and_it_is_said(journal: Journal, calls: Keys) -> None:
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    asyncio.run(journal.close())
    refused = post(app, "k1", {})
    assert refused.status == 503
    assert "journal is closed" in refused.text
    assert not behind.calls


# ---------------------------------------------------------------------------------------------------- other processes


def test_a_restart_knows_the_key_and_the_answer(tmp_path: Path, clock: HandClock) -> None:
    behind = Counted()
    told = []
    for _ in range(3):
        journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
        app = once(behind, refuse=problem, calls=Keys(journal=journal, clock=clock))
        told.append(post(app, "k1", {"title": "slow"}).text)
        assert post(app, "k1", {"title": "gone"}).status == 422
        asyncio.run(journal.close())
    assert told == ["answer 1"] * 3
    assert len(behind.calls) == 1


class Died(BaseException):
    """What a process that is gone would have done next is not done."""


class Dying:
    """Keys of a process that ends right before it says how a call ended."""

    def __init__(self, calls: Keys) -> None:
        self.calls = calls

    def __getattr__(self, name: str) -> Any:
        if name in ("answered", "dropped"):
            raise Died
        return getattr(self.calls, name)


@pytest.mark.parametrize(
    ("path", "writes", "status", "words", "acts"),
    [
        ("/api/v1/incidents", True, 201, "as it stands", 1),
        ("/api/v1/incidents/INC-1/note", True, 200, "as it stands", 1),
        ("/api/v1/silences", True, 409, "this call was done, and its answer is not kept", 1),
        ("/api/v1/incidents", False, 201, "answer 2", 2),
        ("/api/v1/people/role", False, 409, "nobody knows whether it was done", 1),
    ],
    ids=["declared", "said", "done elsewhere", "nothing came of it", "written outside the journal"],
)
def test_after_a_death_a_repeat_neither_acts_twice_nor_is_lost(
    tmp_path: Path, clock: HandClock, path: str, writes: bool, status: int, words: str, acts: int
) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    journal = open_journal(url)
    behind = Counted(journal=journal if writes else None)
    dying: Any = Dying(Keys(journal=journal, clock=clock))
    with pytest.raises(Died):
        post(once(behind, refuse=problem, calls=dying), "k1", {}, path)
    asyncio.run(journal.close())

    behind.journal = None
    journal = open_journal(url)
    app = once(behind, refuse=problem, calls=Keys(journal=journal, clock=clock))
    again = post(app, "k1", {}, path)
    assert (again.status, words in again.text) == (status, True), again.text
    assert post(app, "k1", {}, path).status == status
    assert len(behind.calls) == acts
    asyncio.run(journal.close())


def test_a_process_that_lost_its_call_writes_nothing_for_it(tmp_path: Path, clock: HandClock) -> None:
    """As a stopped process that wakes: somebody else took the call over, since nothing was heard of it."""

    async def story() -> None:
        journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
        calls = Keys(journal=journal, clock=clock)
        stood_still = await calls.begin("a call", "asked", outside=False)
        other = await calls.begin("a call", "asked", outside=False)  # of the same process, so the first is nobody's
        assert other.ours
        assert other.fence == stood_still.fence + 1
        with calls.acting(stood_still), pytest.raises(JournalError, match="another node took this call over"):
            await journal.write(lambda tx: tx.open_incident(T0))
        with calls.acting(other):
            await journal.write(lambda tx: tx.open_incident(T0))
        await calls.answered(stood_still, b"late")
        await calls.answered(other, b"mine")
        assert (await calls.begin("a call", "asked", outside=False)).answer == b"mine"
        assert await journal.read(lambda tx: tx.incidents(only_open=True)) == ("INC-1",)
        await journal.close()

    asyncio.run(story())


def test_a_call_that_another_node_does_not_end_is_said_to_be_going_on(
    calls: Keys, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    behind = Counted()
    app = once(behind, refuse=problem, calls=calls)
    post(app, "k1", {})
    with closing(sqlite3.connect(tmp_path / "journal.db")) as other, other:
        other.execute("UPDATE call SET state = 'begun', owner = 'another'")
        other.execute("INSERT INTO node (boot, host, process, version) VALUES ('another', 'h', 1, '0')")
    refused = post(app, "k1", {})
    assert refused.status == 409
    assert refused.json()["what"] == "another node is still at work on this call"
    assert len(behind.calls) == 1


def test_the_real_application_keeps_keys(calls: Keys) -> None:
    app = app_of(Room(), calls=calls)
    body = {"by": "ana", "title": "the shop is slow"}
    first, again = post(app, "k1", body), post(app, "k1", body)
    assert (first.status, again.status) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert post(app, "k1", {**body, "title": "another"}).status == 422


def names(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "journal.db")) as looked:
        return int(looked.execute("SELECT count(*) FROM call").fetchone()[0])
