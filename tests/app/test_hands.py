"""An env file that people edit during an incident: the next run sees it, its secrets are known first, and looks learn addresses of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from firstfive.app.eyes import known_of
from firstfive.app.hands import env_stamp, target_of
from firstfive.settings import Settings, load

PAGE = "# Incidents\n\n## 3.1 Down\n\n**Symptoms.** It is down.\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "Incidents.md").write_text(PAGE)
    (tmp_path / ".env").write_text("REDIS_PASSWORD=first-one\n")
    (tmp_path / "firstfive.toml").write_text('[targets.local]\nenv_file = ".env"\n')
    return load(config=tmp_path / "firstfive.toml")


def test_a_run_sees_what_was_edited_and_the_secret_is_learnt_before(settings: Settings, tmp_path: Path) -> None:
    learnt: list[str] = []

    def learn(values: Iterable[str]) -> None:
        learnt.extend(values)

    target = target_of("local", settings.targets["local"], settings, learn)
    before = env_stamp(settings)
    (tmp_path / ".env").write_text("REDIS_PASSWORD=another-one\n")
    seen = asyncio.run(target.look('echo "$REDIS_PASSWORD"', timeout=timedelta(seconds=10)))
    assert seen.stdout == "another-one\n"
    assert learnt[-1] == "another-one"
    assert env_stamp(settings) != before


ADDRESSES = [
    ("mongodb://app:hush@mongodb:27017/shop?x=1", "mongodb://mongodb:27017", "login, path and query stay out"),
    ("redis://:hush@redis", "redis://redis", "a password alone"),
    ("https://hooks.example/T000/hush", "https://hooks.example", "a path may be the secret"),
    ("hush", None, "no address at all"),
]


@pytest.mark.parametrize(("value", "known", "because"), ADDRESSES, ids=[row[2] for row in ADDRESSES])
def test_of_a_secret_address_looks_know_the_place_alone(
    settings: Settings, tmp_path: Path, value: str, known: str | None, because: str
) -> None:
    (tmp_path / ".env").write_text(f"MONGO_URI={value}\nDB_PASSWORD=hush\n")
    environment = known_of(settings).environment
    assert environment.get("MONGO_URI") == known, because
    assert "hush" not in str(environment)
