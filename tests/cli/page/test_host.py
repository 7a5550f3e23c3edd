"""The option `--host` of `check`: what the page names, held against a host made for the test; only harmless commands run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from cli.door import Ask, page
from firstfive.cli.page.host import ENGINE, look
from firstfive.cli.page.host.named import named
from firstfive.errors import FirstfiveError
from firstfive.handbook.compile import compile_vault
from firstfive.incident.records import Run
from firstfive.ports import Output, Trace
from firstfive.shell.risk import judge
from page import original_page

PAGE = """# Incident

## 3.1 Web down

**Symptoms.** `web-1` shows `Restarting` in `docker ps`.

**Runbook.** See [[Nowhere]].

```bash
# 1. Look
tail -n 50 logs/web.log | grep "/api/pay"
docker logs --tail=20 web-1
nosuchtool --status

# 2. Ask the cache
docker exec cache-1 redis-cli -a "$CACHE_PASSWORD" PING

# 3. Restart with <version>
IMAGE="web:<version>"
rm /tmp/not-asked-for
docker compose -f compose.yml up -d web queue
```

## Contacts

| Role | Primary | Backup | Channel |
|------|---------|--------|---------|
| On call | Ada | Bo | DM |
| Provider | <name> | — | email |
"""
SETTINGS = """page = "Incident Response.md"
[targets.local]
workdir = "shop"
path = ["bin"]
env_file = "shop/.env"
[logs]
web = "shop/logs/web.log"
pay = "shop/logs/pay.log"
[deploys]
web = "shop/current"
"""
DOCKER = '#!/bin/sh\necho "$@" >> {asked}\n{answer}\n'
LISTS = "printf 'web-1\\tweb\\nold-1\\told\\n'"
SILENT = "echo 'Cannot connect to the daemon' >&2; exit 1"


def host(folder: Path, *, docker: str = LISTS) -> Path:
    """A host of a few files: one log, an env file with a value nobody may see, and a docker that gives one answer."""
    page(folder, PAGE)
    (folder / "firstfive.toml").write_text(SETTINGS)
    for name in ("shop/logs", "shop/releases/1", "bin"):
        (folder / name).mkdir(parents=True)
    (folder / "shop/logs/web.log").write_text("")
    (folder / "shop/.env").write_text("CACHE_PASSWORD=tr0ub4dor\n")
    (folder / "shop/current").symlink_to("releases/1")
    tool = folder / "bin/docker"
    tool.write_text(DOCKER.format(asked=folder / "asked", answer=docker))
    tool.chmod(0o755)
    return folder


def told(ask: Ask, folder: Path, *more: str) -> dict[tuple[str, str], dict[str, str]]:
    said = ask("check", "--host", "--json", "--vault", str(folder), *more)
    assert said.json["schema"] == "firstfive/1"
    return {(one["kind"], one["name"]): one for one in said.json["host"]}


def test_what_is_there_and_what_is_not(ask: Ask, tmp_path: Path) -> None:
    found = told(ask, host(tmp_path))
    states = {key: one["state"] for key, one in found.items() if key[0] not in ("log", "release link", "link")}
    assert states == {
        ("tool", "tail"): "ok",
        ("tool", "grep"): "ok",
        ("tool", "docker"): "ok",
        ("tool", "nosuchtool"): "mend",
        ("tool", "rm"): "ok",
        ("file", "logs/web.log"): "ok",
        ("file", "compose.yml"): "mend",
        ("variable", "CACHE_PASSWORD"): "ok",
        ("container", "web-1"): "ok",
        ("container", "cache-1"): "mend",
        ("service", "web"): "ok",
        ("service", "queue"): "mend",
        ("contact", "On call"): "ok",
        ("contact", "Provider"): "mend",
    }
    assert {
        key[1].rpartition("/")[2]: one["state"] for key, one in found.items() if key[0] in ("log", "release link")
    } == {
        "web.log": "ok",
        "pay.log": "mend",
        "current": "ok",
    }
    assert found["link", "FF030"]["state"] == "mend"


def test_everything_to_mend_has_a_place_and_a_remedy(ask: Ask, tmp_path: Path) -> None:
    found = told(ask, host(tmp_path))
    assert found["tool", "nosuchtool"]["place"] == "Incident Response.md:13:1"
    assert found["service", "queue"]["found"] == "no container belongs to a service of that name"
    assert found["service", "queue"]["remedy"] == "mend the name on the page, or create it; there are: old, web"
    for one in found.values():
        assert one["place"]
        assert bool(one["remedy"]) is (one["state"] == "mend")


def test_no_value_of_a_variable_is_ever_shown(ask: Ask, tmp_path: Path) -> None:
    folder = host(tmp_path)
    for words in (["--json"], []):
        assert "tr0ub4dor" not in ask("check", "--host", "--vault", str(folder), *words).out


@pytest.mark.parametrize(
    ("line", "found"),
    [("", "no step would see it"), ("CACHE_PASSWORD=\n", "it is set to nothing")],
    ids=["not in the file", "empty in the file"],
)
def test_a_variable_without_a_value_names_its_file(ask: Ask, tmp_path: Path, line: str, found: str) -> None:
    folder = host(tmp_path)
    (folder / "shop/.env").write_text(line)
    one = told(ask, folder)["variable", "CACHE_PASSWORD"]
    assert (one["state"], one["found"]) == ("mend", found)
    assert one["remedy"] == f"add CACHE_PASSWORD= to {folder / 'shop/.env'}"


def test_without_an_engine_nothing_is_known_of_containers_and_services(ask: Ask, tmp_path: Path) -> None:
    found = told(ask, host(tmp_path, docker=SILENT))
    asked = [one for (kind, _), one in found.items() if kind in ("container", "service")]
    assert len(asked) == 4
    assert {(one["state"], one["found"]) for one in asked} == {("unknown", "no engine answers")}


def test_the_page_itself_is_never_run(ask: Ask, tmp_path: Path) -> None:
    folder = host(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told(ask, folder)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after.pop(folder / "asked").decode().count("\n") == 1
    assert after == before
    assert (folder / "asked").read_text().startswith("ps -a --format")


def test_a_workdir_that_is_missing_is_one_thing_to_mend(ask: Ask, tmp_path: Path) -> None:
    folder = host(tmp_path)
    (folder / "shop").rename(folder / "moved")
    found = told(ask, folder)
    assert {kind for kind, _ in found} == {"folder", "variable", "contact", "link"}
    (one,) = [f for (kind, _), f in found.items() if kind == "folder"]
    assert (one["state"], one["place"]) == ("mend", "[targets.local] workdir")
    assert one["remedy"] == "make it, or mend workdir under [targets.local]"


SERVED = """services:
  web:
    image: web:1
    container_name: web-1
    environment: {SECRET: tr0ub4dor}
  cache: {image: redis, container_name: queue}
"""


@pytest.mark.parametrize("docker", [LISTS, SILENT], ids=["an engine answers", "none answers"])
def test_services_are_held_against_the_compose_file_of_the_host(ask: Ask, tmp_path: Path, docker: str) -> None:
    folder = host(tmp_path, docker=docker)
    (folder / "shop/compose.yml").write_text(SERVED)
    found = told(ask, folder)
    assert (found["service", "web"]["state"], found["service", "web"]["found"]) == ("ok", "by compose.yml")
    queue = found["service", "queue"]
    assert (queue["state"], queue["found"]) == ("mend", "no such service in compose.yml")
    assert queue["remedy"] == "queue is the container of the service cache: write cache; there are: cache, web"
    assert found["container", "web-1"]["state"] == ("ok" if docker == LISTS else "unknown")
    assert "tr0ub4dor" not in ask("check", "--host", "--vault", str(folder)).out


@pytest.mark.parametrize("text", ["services: [\n", "- a\n", "services: 3\n", "\x00", ""])
def test_a_compose_file_that_is_none_tells_nothing(ask: Ask, tmp_path: Path, text: str) -> None:
    folder = host(tmp_path)
    (folder / "shop/compose.yml").write_text(text)
    assert told(ask, folder)["service", "queue"]["found"] == "no container belongs to a service of that name"


def test_words_count_what_there_is_and_fail_when_something_is_missing(ask: Ask, tmp_path: Path) -> None:
    said = ask("check", "--host", "--vault", str(host(tmp_path)))
    assert said.code == 1
    assert "mend     tool          nosuchtool: nosuchtool is not on the PATH  (Incident Response.md:13:1)\n" in said.out
    assert said.out.endswith(" to mend, 0 unknown\n")


SMALL = "# Incident\n\n## 3.1 Web down\n\n```bash\ndocker logs --tail=2 web-1\n```\n"


@pytest.mark.parametrize(
    ("docker", "words", "code"),
    [
        pytest.param(LISTS, [], 0, id="all there"),
        pytest.param(LISTS, ["--strict"], 0, id="all there, strictly"),
        pytest.param(SILENT, [], 0, id="unknown is no failure"),
        pytest.param(SILENT, ["--strict"], 1, id="unless it is asked to be one"),
    ],
)
def test_the_exit_code(ask: Ask, tmp_path: Path, docker: str, words: list[str], code: int) -> None:
    folder = host(tmp_path, docker=docker)
    page(folder, SMALL)
    (folder / "firstfive.toml").write_text(SETTINGS.partition("[logs]")[0])
    assert ask("check", "--host", "--vault", str(folder), *words).code == code


@dataclass(slots=True, kw_only=True)
class Ledger:
    """A target that writes down what it is asked to run."""

    name: str = "ledger"
    asked: list[str] = field(default_factory=list)

    async def look(self, script: str, *, timeout: timedelta, environment: Mapping[str, str] | None = None) -> Output:
        self.asked.append(script)
        return Output(exit_code=0, text="", stdout="", dropped=0, took=timedelta())

    async def run(self, run: Run) -> Output:
        raise FirstfiveError("nothing is run here")

    async def trace(self, run_id: str) -> Trace:
        return Trace.ABSENT


@pytest.mark.parametrize(
    "script",
    ["rm -rf /tmp/x", "nosuchtool", "docker restart web", "test -e a; reboot", "tail -f x", "env", "if"],
)
def test_a_command_that_would_not_run_by_itself_is_not_run(script: str) -> None:
    target = Ledger()
    said = asyncio.run(look(target, script))
    assert isinstance(said, str)
    assert said.startswith("not looked at")
    assert target.asked == []


def test_every_command_that_is_run_is_judged_to_run_by_itself(tmp_path: Path) -> None:
    from firstfive import settings
    from firstfive.cli.page.host import held

    target = Ledger()
    text = PAGE.replace("logs/web.log", "'logs/$(touch x).log'").replace("nosuchtool", "'odd; name'")
    asyncio.run(held(compile_vault({"P.md": text.encode()}), settings.load(vault=host(tmp_path)), target))
    assert target.asked
    assert ENGINE in target.asked
    assert [script for script in target.asked if not judge(script).auto] == []


def test_what_the_original_page_names() -> None:
    things = {(one.kind, one.name) for one in named(compile_vault({"P.md": original_page()}))}
    assert {name for kind, name in things if kind == "file"} == {
        "/var/lib/docker",
        "docker-compose.production.yml",
        "/opt/backend/nginx/logs/access.log",
        "/opt/backend/.env",
    }
    assert {name for kind, name in things if kind == "variable"} == {
        "REDIS_PASSWORD",
        "SHKEEPER_API_KEY",
        "SHKEEPER_API_URL",
    }
    assert {name for kind, name in things if kind == "container"} == {
        "nickapp-backend",
        "nickapp-mongodb",
        "nickapp-redis",
        "watchtower",
    }


READ = [
    ("cat a.log b.log", {"a.log", "b.log"}, "every plain word of a reader"),
    ("tail -n 100 a.log", {"a.log"}, "the value of an option is none"),
    ("tail -100 a.log", {"a.log"}, "an option that is a number"),
    ("grep -c needle a.log", {"a.log"}, "the pattern is none"),
    ("grep -e needle a.log", {"a.log"}, "unless it was given as an option"),
    ("grep -A 3 needle a.log", {"a.log"}, "the number of an option is none"),
    ("sudo cat /var/log/syslog", {"/var/log/syslog"}, "behind sudo"),
    ("cat *.log", set(), "a pattern names nothing"),
    ("cat <name>.log", set(), "a placeholder names nothing"),
    ("docker exec web cat /etc/hosts", set(), "a file inside a container is not the host's"),
    ("mv a b", set(), "a changing command names what it will make"),
    ("docker compose -f a.yml -f b.yml ps", {"a.yml", "b.yml"}, "compose files"),
]


@pytest.mark.parametrize(("command", "files", "reason"), READ, ids=[row[2] for row in READ])
def test_the_files_that_a_command_names(command: str, files: set[str], reason: str) -> None:
    text = f"# Incident\n\n## 3.1 Web down\n\n```bash\n{command}\n```\n"
    things = named(compile_vault({"P.md": text.encode()}))
    assert {one.name for one in things if one.kind == "file"} == files, reason
