"""A call with an idempotency key that is sent again, changed, cut off or sent twice at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from firstfive.web.contract.once import MOST, Memory, once
from firstfive.web.problems import problem
from web.client import KEY, Answer, app_of, ask
from web.room import Room

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


class Counted:
    """An application that counts what reaches it, and answers as it is told."""

    def __init__(self, status: int = 201) -> None:
        self.calls: list[bytes] = []
        self.status = status
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append((await receive())["body"])
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": f"answer {len(self.calls)}".encode()})


def post(app: Any, key: str | None, body: dict[str, Any], path: str = "/api/v1/incidents", **more: str) -> Answer:
    headers = {**HEADERS, **({"Idempotency-Key": key} if key is not None else {}), **more}
    return ask(app, "POST", path, headers=headers, body=json.dumps(body).encode())


def test_the_same_call_acts_once_and_gets_the_first_answer() -> None:
    behind = Counted()
    app = once(behind, refuse=problem)
    first, again = post(app, "k1", {"title": "slow"}), post(app, "k1", {"title": "slow"})
    assert (first.status, first.text) == (again.status, again.text) == (201, "answer 1")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
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
def test_what_is_another_call_acts_again(changed: dict[str, Any], because: str) -> None:
    behind = Counted()
    app = once(behind, refuse=problem)
    given = {"key": "k1", "body": {"title": "slow"}}
    post(app, **given)
    post(app, **{**given, **changed})
    assert len(behind.calls) == 2, because


def test_the_same_key_with_another_body_is_refused_and_does_nothing() -> None:
    behind = Counted()
    app = once(behind, refuse=problem)
    post(app, "k1", {"title": "slow"})
    refused = post(app, "k1", {"title": "gone"})
    assert refused.status == 422
    assert "used with another body" in refused.text
    assert len(behind.calls) == 1


def test_an_answer_that_nobody_knows_the_end_of_is_not_kept() -> None:
    behind = Counted(status=503)
    app = once(behind, refuse=problem)
    post(app, "k1", {"title": "slow"})
    behind.status = 201
    assert post(app, "k1", {"title": "slow"}).status == 201
    assert len(behind.calls) == 2


@pytest.mark.parametrize("key", ["", "a\tb", "x" * 256], ids=["empty", "a tab", "too long"])
def test_what_is_no_key_is_said(key: str) -> None:
    behind = Counted()
    refused = post(once(behind, refuse=problem), key, {})
    assert refused.status == 422
    assert "no idempotency key" in refused.text
    assert not behind.calls


def test_two_at_once_act_once() -> None:
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
        app = once(behind, refuse=problem)
        both = [asyncio.create_task(call(app)) for _ in range(2)]
        await asyncio.sleep(0.05)
        behind.may_answer.set()
        one, other = await asyncio.gather(*both)
        assert one[1] == other[1]

    asyncio.run(story())
    assert len(behind.calls) == 1


def test_memory_is_bounded() -> None:
    memory = Memory()
    app = once(Counted(), refuse=problem, memory=memory)
    for number in range(MOST + 50):
        post(app, f"k{number}", {})
    assert len(memory.kept) <= MOST + 2


def test_the_real_application_keeps_keys() -> None:
    app = app_of(Room())
    body = {"by": "ana", "title": "the shop is slow"}
    first, again = post(app, "k1", body), post(app, "k1", body)
    assert (first.status, again.status) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert post(app, "k1", {**body, "title": "another"}).status == 422
