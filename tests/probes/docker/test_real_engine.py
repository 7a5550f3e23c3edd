"""Containers, the deploy ledger and the way back, on a real Docker Engine with real Compose."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firstfive.engine.rollback.found import find
from firstfive.engine.rollback.plan import planned
from firstfive.errors import FirstfiveError
from firstfive.incident.records import Run
from firstfive.incident.signals import Deploy, Signal
from firstfive.probes.docker import Containers, ContainerTail, EngineApi, Ledger
from firstfive.targets.local import Local
from lab.engine import Lab, engine

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("engine"), pytest.mark.timeout(180)]

SLEEPS = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.2; done\n"
CRASHES = "/bin/busybox sleep 0.3; exit 3\n"
COMPOSE = """\
# the shop
services:
  backend:
    container_name: nickapp-backend
    image: nickapp-backend:latest  # moved by watchtower
    network_mode: none
    restart: unless-stopped
    env_file: .env
  redis:
    container_name: nickapp-redis
    image: nickapp-redis:latest
    network_mode: none
  watchtower:
    container_name: watchtower
    image: watchtower:latest
    network_mode: none
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    # A unix socket's path must be short, so not below pytest's own long names.
    import tempfile

    with (
        tempfile.TemporaryDirectory(prefix="ff-", ignore_cleanup_errors=True) as folder,
        engine(Path(folder)) as running,
    ):
        yield running


@pytest.fixture
def shop(lab: Lab, tmp_path: Path) -> Path:
    """The page's containers, up; the backend at 1.4.1."""
    lab.tidy()
    for name in ("nickapp-redis", "watchtower"):
        lab.release(name, "latest", SLEEPS)
    lab.release("nickapp-backend", "1.4.1", SLEEPS + "# 1.4.1\n")
    lab.docker("tag", "nickapp-backend:1.4.1", "nickapp-backend:latest")
    (tmp_path / "docker-compose.production.yml").write_text(COMPOSE)
    (tmp_path / ".env").write_text("A=1\n")
    lab.compose(tmp_path, "up", "-d", "--quiet-pull")
    return tmp_path


def now() -> datetime:
    return datetime.now(UTC)


def look(probe: Containers | Ledger) -> list[Any]:
    return list(asyncio.run(probe.look(now())))


def until(probe: Containers, wanted: Callable[[Signal], bool], seconds: float = 30) -> Signal:
    """The first signal that is as wanted; looks as often as the program does."""
    end = time.monotonic() + seconds
    seen = []
    while time.monotonic() < end:
        seen = look(probe)
        if seen and wanted(seen[0]):
            return seen[0]
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {seen}")


def watching(lab: Lab, name: str = "nickapp-backend") -> Containers:
    return Containers(name="docker", engine=EngineApi(socket=lab.socket), wanted={"s1": (name, "Restarting")})


def release(lab: Lab, shop: Path, tag: str, script: str) -> None:
    """What the updater does: `:latest` moves and the container is made anew."""
    lab.release("nickapp-backend", tag, script)
    lab.docker("tag", f"nickapp-backend:{tag}", "nickapp-backend:latest")
    lab.compose(shop, "up", "-d", "backend")


def process_of(lab: Lab, name: str) -> int:
    """The process of a container that runs. Docker says 0 for one that does not, and a signal to 0 goes to us and all around us."""
    end = time.monotonic() + 20
    while (pid := int(lab.docker("inspect", "-f", "{{.State.Pid}}", name))) <= 0:
        assert time.monotonic() < end, f"{name} does not run"
        time.sleep(0.1)
    return pid


# ------------------------------------------------------------------------------------------------------------ containers


def test_a_crash_loop_is_seen_although_docker_calls_it_up_and_a_good_release_ends_it(lab: Lab, shop: Path) -> None:
    probe = watching(lab)
    assert not look(probe)[0].firing
    release(lab, shop, "1.4.2", CRASHES)
    seen = until(probe, lambda s: s.firing)
    assert seen.family == "container keeps restarting" or "Restarting" in seen.text
    assert (seen.subject, seen.symptom) == ("nickapp-backend", "s1")
    release(lab, shop, "1.4.3", SLEEPS + "# 1.4.3\n")
    assert until(probe, lambda s: not s.firing).text.startswith("running since")


def test_a_container_that_died_twice_before_we_looked_is_told_by_docker_s_events(lab: Lab, shop: Path) -> None:
    for _ in range(2):
        lab.docker("restart", "-t", "0", "nickapp-redis")
    for count in (1, 2):
        os.kill(process_of(lab, "nickapp-backend"), signal.SIGKILL)
        end = time.monotonic() + 20
        while lab.docker("inspect", "-f", "{{.RestartCount}} {{.State.Running}}", "nickapp-backend") != f"{count} true":
            assert time.monotonic() < end, "Docker does not start it again"
            time.sleep(0.1)
    time.sleep(1.1)  # the Engine tells its clock in whole seconds
    seen = look(watching(lab))[0]
    assert (seen.firing, seen.family) == (True, "container keeps restarting"), seen.text
    probe = watching(lab, "nickapp-redis")
    assert not look(probe)[0].firing, "somebody restarted it twice, and it never crashed"
    for _ in range(2):
        lab.docker("restart", "-t", "0", "nickapp-redis")
        time.sleep(1.1)
        assert not look(probe)[0].firing, "nor while we look"


def test_stopped_paused_and_gone_are_told_apart(lab: Lab, shop: Path) -> None:
    probe = watching(lab, "nickapp-redis")
    assert not look(probe)[0].firing
    lab.docker("pause", "nickapp-redis")
    assert look(probe)[0].text == "paused"
    lab.docker("unpause", "nickapp-redis")
    lab.docker("stop", "-t", "3", "nickapp-redis")
    stopped = look(probe)[0]
    assert (stopped.firing, stopped.text, stopped.family) == (True, "exited (0)", "container stopped")
    lab.docker("rm", "nickapp-redis")
    assert look(probe)[0].text == "there is no such container any more"


def test_a_name_that_never_was_there_claims_nothing(lab: Lab, shop: Path) -> None:
    assert look(watching(lab, "nickapp-nothing")) == []


def test_an_engine_that_does_not_answer_is_not_an_incident(tmp_path: Path) -> None:
    probe = Containers(name="docker", engine=EngineApi(socket=tmp_path / "no.sock"), wanted={"s1": ("x", "Restarting")})
    with pytest.raises(FirstfiveError) as problem:
        look(probe)
    assert "Docker does not answer" in problem.value.what
    assert "socket" in problem.value.remedy


# ---------------------------------------------------------------------------------------------------------------- ledger


def book(lab: Lab, known: dict[str, Deploy] | None = None, *, pin: bool = False) -> Ledger:
    return Ledger(name="ledger", engine=EngineApi(socket=lab.socket), known=known or {}, pin=pin)


def test_the_ledger_writes_one_line_for_a_new_image_and_none_for_anything_else(lab: Lab, shop: Path) -> None:
    ledger = book(lab)
    baseline = look(ledger)
    assert all(d.first for d in baseline)
    backend = next(d for d in baseline if d.container == "nickapp-backend")
    assert (backend.version, backend.service, backend.reference) == ("1.4.1", "backend", "nickapp-backend:latest")
    assert backend.files == (str(shop / "docker-compose.production.yml"),)
    (shop / ".env").write_text("A=2\n")
    lab.compose(shop, "up", "-d", "backend")
    lab.docker("restart", "-t", "1", "nickapp-redis")
    assert look(ledger) == [], "an edit of .env makes a new container, not a deploy"
    lab.release("nickapp-backend", "1.4.2", SLEEPS + "# 1.4.2\n")
    lab.docker("tag", "nickapp-backend:1.4.2", "nickapp-backend:latest")
    assert look(ledger) == [], "pulled is not deployed"
    lab.compose(shop, "up", "-d", "backend")
    (deploy,) = look(ledger)
    assert (deploy.version, deploy.previous, deploy.first) == ("1.4.2", "1.4.1", False)
    assert deploy.previous_image_id == backend.image_id
    assert timedelta(0) <= now() - deploy.at < timedelta(minutes=2)
    assert look(book(lab, {deploy.subject: deploy, **{d.subject: d for d in baseline if d is not backend}})) == []


def test_the_image_that_ran_before_survives_a_prune_only_if_it_was_pinned(lab: Lab, shop: Path) -> None:
    ledger = book(lab, pin=True)
    look(ledger)
    lab.release("nickapp-backend", "latest", SLEEPS + "# unnamed\n")
    lab.compose(shop, "up", "-d", "backend")
    (deploy,) = look(ledger)
    lab.docker("rmi", "nickapp-backend:1.4.1")
    lab.docker("system", "prune", "-f")
    assert lab.docker("image", "inspect", "-f", "{{.Id}}", deploy.previous_image_id) == deploy.previous_image_id
    assert any(
        tag.startswith("firstfive/rollback:backend-")
        for tag in lab.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    )


# ---------------------------------------------------------------------------------------------------------- the way back


def went_bad(lab: Lab, shop: Path) -> Deploy:
    ledger = book(lab)
    look(ledger)
    release(lab, shop, "1.4.2", CRASHES)
    found = look(ledger)
    assert len(found) == 1
    return found[0]


def hands(lab: Lab, tmp_path: Path) -> Local:
    return Local(name="local", workdir=tmp_path, runs=tmp_path / "runs", environment=lab.environment)


def run_of(script: str, environment: tuple[tuple[str, str], ...], number: int) -> Run:
    return Run(
        id=f"INC-1.back.{number}",
        step="backend-down#4",
        target="local",
        script=script,
        environment=environment,
        sha256="",
        changing=True,
        timeout=timedelta(minutes=2),
    )


def test_one_approved_action_goes_back_to_the_image_that_ran_before_and_its_undo_forward_again(
    lab: Lab, shop: Path, tmp_path: Path
) -> None:
    deploy = went_bad(lab, shop)
    target = hands(lab, tmp_path)
    found = asyncio.run(find(target, deploy.container, deploy.previous_image_id))
    plan = planned("backend-down#4", "local", "INC-1", deploy, found)
    assert (plan.service, plan.paused, found.compose) == ("backend", ("watchtower",), "docker compose")
    assert [line for line in plan.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-    image: nickapp-backend:latest  # moved by watchtower",
        "+    image: nickapp-backend:1.4.1  # moved by watchtower",
    ]
    began = time.monotonic()
    output = asyncio.run(target.run(run_of(plan.script, plan.environment, 1)))
    assert output.exit_code == 0, output.text
    assert time.monotonic() - began < 90
    assert "nickapp-backend runs nickapp-backend:1.4.1" in output.stdout
    assert lab.docker("inspect", "-f", "{{.Image}}", "nickapp-backend") == deploy.previous_image_id
    assert lab.docker("inspect", "-f", "{{.State.Status}}", "watchtower") == "exited"
    text = (shop / "docker-compose.production.yml").read_text()
    assert text == COMPOSE.replace("nickapp-backend:latest", "nickapp-backend:1.4.1")
    back = asyncio.run(target.run(run_of(plan.undo, plan.environment, 2)))
    assert back.exit_code == 0, back.text
    assert (shop / "docker-compose.production.yml").read_text() == COMPOSE
    assert lab.docker("inspect", "-f", "{{.Image}}", "nickapp-backend") == deploy.image_id
    assert lab.docker("inspect", "-f", "{{.State.Status}}", "watchtower") == "running"


def test_a_file_that_changed_since_it_was_planned_is_left_alone(lab: Lab, shop: Path, tmp_path: Path) -> None:
    deploy = went_bad(lab, shop)
    target = hands(lab, tmp_path)
    plan = planned(
        "x#1", "local", "INC-2", deploy, asyncio.run(find(target, deploy.container, deploy.previous_image_id))
    )
    edited = COMPOSE + "# somebody was here\n"
    (shop / "docker-compose.production.yml").write_text(edited)
    output = asyncio.run(target.run(run_of(plan.script, plan.environment, 3)))
    assert output.exit_code == 65
    assert "has changed since this was planned" in output.text
    assert (shop / "docker-compose.production.yml").read_text() == edited
    assert lab.docker("inspect", "-f", "{{.State.Status}}", "watchtower") == "running", "nothing was begun"


def test_where_no_line_can_be_edited_the_tag_is_given_back(lab: Lab, shop: Path, tmp_path: Path) -> None:
    text = COMPOSE.replace("    image: nickapp-backend:latest  # moved by watchtower\n", "    <<: *shop\n")
    (shop / "docker-compose.production.yml").write_text("x-shop: &shop\n  image: nickapp-backend:latest\n" + text)
    deploy = went_bad(lab, shop)
    target = hands(lab, tmp_path)
    plan = planned(
        "x#1", "local", "INC-3", deploy, asyncio.run(find(target, deploy.container, deploy.previous_image_id))
    )
    assert (plan.diff, "comes from a shared part" in plan.why) == ("", True)
    output = asyncio.run(target.run(run_of(plan.script, plan.environment, 4)))
    assert output.exit_code == 0, output.text
    assert lab.docker("inspect", "-f", "{{.Image}}", "nickapp-backend") == deploy.previous_image_id


def test_a_pruned_image_is_said_before_anything_is_offered(lab: Lab, shop: Path, tmp_path: Path) -> None:
    from firstfive.engine.rollback.plan import problem_with

    deploy = went_bad(lab, shop)
    lab.docker("rmi", "-f", "nickapp-backend:1.4.1", deploy.previous_image_id, check=False)
    found = asyncio.run(find(hands(lab, tmp_path), deploy.container, deploy.previous_image_id))
    assert "was pruned from this host" in problem_with(deploy, found)


def test_the_answers_are_json_of_a_real_engine(lab: Lab, shop: Path) -> None:
    found = asyncio.run(EngineApi(socket=lab.socket).containers())
    assert {c["State"] for c in found} == {"running"}
    assert json.dumps(found)


# ---------------------------------------------------------------------------------------------------------- what it writes


def test_what_a_container_writes_is_followed_through_a_restart_and_a_new_container(lab: Lab, shop: Path) -> None:
    tail = ContainerTail(engine=EngineApi(socket=lab.socket), container="nickapp-backend")

    def until_said(words: bytes) -> bytes:
        said, end = b"", time.monotonic() + 30
        while words not in said:
            assert time.monotonic() < end, said
            said += asyncio.run(tail.fresh(now()))
            time.sleep(0.3)
        return said

    asyncio.run(tail.fresh(now()))
    release(lab, shop, "1.5.0", "echo 'MongoNetworkError: one'; echo 'to stderr' >&2\n" + SLEEPS)
    said = until_said(b"MongoNetworkError: one\n")
    assert said.count(b"MongoNetworkError: one") == 1, "a line is told once"
    until_said(b"to stderr\n") if b"to stderr" not in said else None
    lab.docker("restart", "-t", "2", "nickapp-backend")
    until_said(b"MongoNetworkError: one\n")
    lab.docker("rm", "-f", "nickapp-backend")
    with pytest.raises(FirstfiveError, match="there is no container nickapp-backend"):
        asyncio.run(tail.fresh(now()))
