"""What went wrong on real engines: an updater that comes back, an nginx that asks nobody, an image that a prune took."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.engine.rollback.found import Found, find
from firstfive.engine.rollback.plan import planned, problem_with
from firstfive.incident.records import Run
from firstfive.incident.signals import Deploy
from firstfive.ports import Heard, Output, Trace
from firstfive.probes.docker import EngineApi, Ledger
from lab.page_stack import Stack, page_stack

pytestmark = [
    pytest.mark.process,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="the page's folders can be put up by root only"),
]
UP = "docker compose -f docker-compose.production.yml up -d"
SITE = "docker exec nickapp-nginx curl -s -o /dev/null -m 5 -w '%{http_code}' http://127.0.0.1/"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with page_stack() as made:
        yield made


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Looks where the stack lies."""

    stack: Stack
    name: str = "local"

    async def run(self, run: Run, heard: Heard | None = None) -> Output:
        raise NotImplementedError

    async def trace(self, run_id: str) -> Trace:
        raise NotImplementedError

    async def look(
        self,
        script: str,
        *,
        timeout: timedelta,
        environment: Mapping[str, str] | None = None,
        heard: Heard | None = None,
    ) -> Output:
        ran = self.stack.run(script, environment=environment)
        return Output(
            exit_code=ran.returncode, text=ran.stdout, stdout=ran.stdout, dropped=0, took=timedelta(0), timed_out=False
        )


def ok(stack: Stack, script: str) -> str:
    ran = stack.run(script)
    assert ran.returncode == 0, f"{script}: {ran.stdout}{ran.stderr}"
    return ran.stdout


def state(stack: Stack, name: str) -> str:
    return stack.lab.docker("inspect", "-f", "{{.State.Status}}", name)


def answers(stack: Stack) -> str:
    return stack.run(SITE).stdout


def until_answers(stack: Stack, wanted: str) -> None:
    until = time.monotonic() + 20
    while answers(stack) != wanted:
        assert time.monotonic() < until, answers(stack)
        time.sleep(0.3)


def test_an_up_that_names_no_service_starts_a_paused_updater_and_one_that_does_leaves_it(stack: Stack) -> None:
    stack.up()
    ok(stack, "docker stop watchtower")
    ok(stack, f"{UP} --force-recreate backend")
    assert state(stack, "watchtower") == "exited"
    ok(stack, UP)
    assert state(stack, "watchtower") == "running"


def tag(stack: Stack, release: str) -> None:
    """An image of its own for a release, and :latest moved to it."""
    made = stack.lab.docker("create", "skeleton:1", "true")
    stack.lab.docker("commit", "--change", f"LABEL release={release}", made, f"nickapp-backend:{release}")
    stack.lab.docker("rm", made)
    stack.lab.docker("tag", f"nickapp-backend:{release}", "nickapp-backend:latest")


def the_address_is_taken(stack: Stack) -> None:
    """Somebody else has the backend's address once it is gone, as on a host where much is started at once."""
    old = address(stack, "nickapp-backend")
    ok(stack, "docker rm -f nickapp-backend $(docker ps -aq --filter name=squatter) 2>/dev/null")
    for number in range(12):
        name = f"squatter{number}"
        ok(stack, f"docker run -d --name {name} --network backend_page -v /usr:/usr:ro skeleton:1 sleep 600")
        if address(stack, name) == old:
            return
    raise AssertionError(f"nobody got {old}")


def address(stack: Stack, name: str) -> str:
    return stack.lab.docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)


def a_bad_release(stack: Stack, *, pin: bool = True) -> Deploy:
    """1.4.1 ran, 1.4.2 runs at another address; the ledger saw it."""
    tag(stack, "1.4.1")
    stack.up()
    ok(stack, f"{UP} --force-recreate backend && docker exec nickapp-nginx nginx -s reload")
    until_answers(stack, "200")
    ledger = Ledger(name="ledger", engine=EngineApi(socket=stack.lab.socket), known={}, pin=pin)
    asyncio.run(ledger.look(datetime.now(UTC)))
    tag(stack, "1.4.2")
    the_address_is_taken(stack)
    ok(stack, f"{UP} --no-deps backend")
    (deploy,) = (d for d in asyncio.run(ledger.look(datetime.now(UTC))) if d.container == "nickapp-backend")
    return deploy


def back(stack: Stack, deploy: Deploy) -> tuple[int, str, Found]:
    """Plan it as the program does, and run what it planned."""
    found = asyncio.run(find(Inside(stack=stack), deploy.container, deploy.previous_image_id))
    plan = planned("backend-down#4", "local", "INC-1", deploy, found)
    ran = stack.run(plan.script, environment=dict(plan.environment), patience=100)
    return ran.returncode, ran.stdout + ran.stderr, found


def test_nginx_keeps_the_old_address_until_it_is_reloaded_which_the_roll_back_does(stack: Stack) -> None:
    deploy = a_bad_release(stack)
    until_answers(stack, "502")  # the backend is well and nobody reaches it
    code, said, found = back(stack, deploy)
    assert code == 0, said
    assert found.proxies == ("nickapp-nginx",)
    until_answers(stack, "200")
    assert state(stack, "watchtower") == "exited"


def test_a_kept_image_is_there_after_a_prune_of_everything_unused_and_no_registry_is_asked(stack: Stack) -> None:
    deploy = a_bad_release(stack)
    stack.lab.docker("rmi", "nickapp-backend:1.4.1")
    ok(stack, "docker system prune -f")
    code, said, _ = back(stack, deploy)
    assert code == 0, said
    assert stack.lab.docker("inspect", "-f", "{{.Image}}", "nickapp-backend") == deploy.previous_image_id
    until_answers(stack, "200")


def test_without_that_the_prune_takes_the_way_back_and_it_is_said(stack: Stack) -> None:
    deploy = a_bad_release(stack, pin=False)
    tags = stack.lab.docker("image", "inspect", "-f", '{{join .RepoTags " "}}', deploy.previous_image_id).split()
    assert tags == ["nickapp-backend:1.4.1"]
    stack.lab.docker("tag", "skeleton:1", "nickapp-backend:1.4.1")
    ok(stack, "docker system prune -f")
    found = asyncio.run(find(Inside(stack=stack), deploy.container, deploy.previous_image_id))
    assert found.image == {}
    assert "was pruned from this host: pull it, or deploy it again" in problem_with(deploy, found)
