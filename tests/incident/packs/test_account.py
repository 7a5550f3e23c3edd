"""One account and no other is disabled, by a value that is never a query; with the real shell on a real server, and with a small `db`
under node in their place, which runs where they are not there.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firstfive.errors import Refused
from firstfive.incident.packs.account import disable
from firstfive.incident.packs.packed import Packed
from firstfive.shell.risk import Verdict, judge
from lab import mongo

ID = "65f0c0ffee0123456789abcd"

# What `docker exec` does with its words, without an engine: the variables are set, the container's name is dropped, the rest runs.
_DOCKER = """#!/bin/bash
[ "$1 $2" = "exec --interactive" ] || exit 90
shift 2
while [ "$1" = "--env" ]; do export "$2"; shift 2; done
[ "$1" = nickapp-mongodb ] || exit 91
shift 2
exec {shell} "$@"
"""
# The few calls of mongosh that the script makes, on one file of documents.
_STAND_IN = """
const fs = require("fs"), [file, ...words] = process.argv.slice(2);
const docs = JSON.parse(fs.readFileSync(file));
const matches = (doc, who) => Object.entries(who).every(([k, v]) => (v && v.$id ? doc[k]?.$id === v.$id : doc[k] === v));
const users = {
  countDocuments: (who) => docs.filter((d) => matches(d, who)).length,
  updateOne: (who, change) => {
    const doc = docs.find((d) => matches(d, who));
    if (doc) Object.assign(doc, change.$set);
    fs.writeFileSync(file, JSON.stringify(docs));
  },
};
const db = { getSiblingDB: (name) => ({ auth: () => { throw new Error("no account asked for"); },
  getCollection: (of) => { if (name + of !== "marketplaceusers") throw new Error("wrong place"); return users; } }) };
new Function("db", "ObjectId", "print", "quit", "require", words.at(-1))(db, ($id) => ({ $id }), console.log, process.exit, require);
"""


@dataclass(slots=True)
class Store:
    """Accounts that a test puts in and takes out, and the environment in which `docker` reaches them."""

    folder: Path

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        return subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=100, check=False
        )


ACCOUNTS = [
    {"_id": {"$id": ID}, "email": "attacker@x.com", "name": "Mallory"},
    {"_id": {"$id": "65f0c0ffee0123456789abce"}, "email": "buyer@x.com", "name": "Twin"},
    {"_id": {"$id": "65f0c0ffee0123456789abcf"}, "email": "other@x.com", "name": "Twin"},
]


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def stand_in(folder: Path) -> Store:
    if shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("node is not installed")
        pytest.skip("node is not installed")
    (folder / "shell.js").write_text(_STAND_IN)
    (folder / "docs.json").write_text(json.dumps(ACCOUNTS))
    program(folder / "bin/docker", _DOCKER.format(shell=f"node {folder}/shell.js {folder}/docs.json"))
    return Store(folder=folder)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, for all tests here."""
    with mongo.server(tmp_path_factory.mktemp("mongo")) as running:
        yield running


@pytest.fixture(params=["stand-in", "real"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "stand-in":
        return stand_in(tmp_path)
    words = mongo.shell(request.getfixturevalue("address"))
    documents = json.dumps([{**a, "_id": f"ID{a['_id']['$id']}DI"} for a in ACCOUNTS])  # type: ignore[index]
    documents = documents.replace('"ID', 'ObjectId("').replace('DI"', '")')
    seed = (
        f"users = db.getSiblingDB('marketplace').users; users.deleteMany({{}}); users.insertMany({documents}); quit(0)"
    )
    program(tmp_path / "bin/docker", _DOCKER.format(shell=shlex.join(words)))
    subprocess.run([*words, "--eval", seed], capture_output=True, check=True, timeout=60)
    return Store(folder=tmp_path)


def pack(value: str, **more: str) -> Packed:
    return disable(value, container="nickapp-mongodb", database="marketplace", **more)


@pytest.mark.parametrize(("value", "by"), [("attacker@x.com", "email"), (ID, "_id"), ("Mallory", "name")])
def test_the_one_account_is_disabled_and_enabled_again(store: Store, value: str, by: str) -> None:
    packed = pack(value, by=by)
    assert store.run(packed.verify).returncode == 1
    for said in ("disabled\n", "it was disabled already\n"):
        ran = store.run(packed.script)
        assert (ran.returncode, ran.stdout) == (0, said), ran.stderr
    assert store.run(packed.verify).returncode == 0
    other = store.run(pack("buyer@x.com").verify)
    assert (other.returncode, other.stdout) == (1, "not disabled\n")
    for _ in range(2):
        assert store.run(packed.undo).returncode == 0
    assert store.run(packed.verify).returncode == 1


@pytest.mark.parametrize(
    ("value", "by", "said"),
    [
        ("Twin", "name", "2 accounts match"),
        ("nobody@x.com", "email", "0 accounts match"),
        ('{"$gt": ""}', "name", "0 accounts match"),
        ("'; db.dropDatabase(); '", "name", "0 accounts match"),
        ("$(reboot)`id`", "name", "0 accounts match"),
    ],
)
def test_none_or_several_change_nothing(store: Store, value: str, by: str, said: str) -> None:
    ran = store.run(pack(value, by=by).script)
    assert ran.returncode == 3, ran.stderr
    assert said in ran.stdout
    assert store.run(pack("attacker@x.com").verify).returncode == 1, "and the accounts are still there"


def test_no_script_of_it_runs_by_itself() -> None:
    packed = pack("attacker@x.com")
    for script in (packed.script, packed.undo):
        assert judge(script).verdict > Verdict.READ_ONLY
    assert not judge(packed.verify).auto


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("not a mail", {}),
        ("a@x.com\n", {}),
        ("-x", {"by": "name"}),
        ("a@x.com", {"database": "shop; db"}),
        ("a@x.com", {"collection": "$users"}),
        ("a@x.com", {"field": "$where"}),
        ("a@x.com", {"field": "a.b.c.d.e"}),
        ("a@x.com", {"by": "$or"}),
        ("a@x.com", {"field": "email"}),
        ("a@x.com", {"container": "--privileged"}),
    ],
)
def test_what_is_no_value_or_name_is_refused(value: str, more: dict[str, str]) -> None:
    words = {"container": "nickapp-mongodb", "database": "marketplace"} | more
    with pytest.raises(Refused):
        disable(value, **words)
