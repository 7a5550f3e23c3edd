"""Action items filed at a forge in its recorded shape: each once, and a refusal in words without the token."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.door import Ask
from notifiers.recorded import Asked, Reply, serving

TOKEN = "a-token-nobody-may-see"


def hub(asked: Asked) -> Reply:
    number = 40 + len(asked.json()["title"])
    return 201, {}, {"number": number, "html_url": f"https://forge.example/{number}"}


def lab(asked: Asked) -> Reply:
    return 201, {}, {"iid": 7, "web_url": "https://lab.example/7"}


@pytest.fixture
def promised(vault: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    folder = vault / "postmortems"
    folder.mkdir(exist_ok=True)
    rows = "| # | Item | Owner | Due | Ticket |\n|---|---|---|---|---|\n| 1 | Add a probe | @ana | 2026-12-01 | |\n"
    (folder / "2026-06-01-x.md").write_text(
        f"# X\n\n## Action items\n{rows}| 2 | Old one | @b | 2026-12-01 | OPS-1 |\n"
    )
    return vault


def settle(vault: Path, kind: str, url: str) -> None:
    with (vault / "firstfive.toml").open("a") as file:
        file.write(f'[forge]\nkind = "{kind}"\nproject = "acme/shop"\nurl = "{url}"\ntoken_env = "FORGE_TOKEN"\n')


def test_each_is_filed_once_and_only_without_a_ticket(ask: Ask, promised: Path) -> None:
    with serving(hub) as forge:
        settle(promised, "github", forge.url)
        first = ask("actions", "--file", "--json").json["filed"]
        again = ask("actions", "--file", "--json").json["filed"]
    (sent,) = forge.asked
    assert (sent.path, sent.headers["authorization"]) == ("/repos/acme/shop/issues", f"Bearer {TOKEN}")
    assert [(one["text"], one["ticket"], one["new"]) for one in first] == [("Add a probe", "#51", True)]
    assert [one["new"] for one in again] == [False]


def test_gitlab_has_its_own_shape(ask: Ask, promised: Path) -> None:
    with serving(lab) as forge:
        settle(promised, "gitlab", forge.url)
        said = ask("actions", "--file")
    (sent,) = forge.asked
    assert (sent.path, sent.headers["private-token"]) == ("/api/v4/projects/acme%2Fshop/issues", TOKEN)
    assert "#7 https://lab.example/7" in said.out


@pytest.mark.parametrize("status", [401, 404, 422, 500, 200])
def test_a_refusal_is_said_without_the_token(ask: Ask, promised: Path, status: int) -> None:
    with serving(lambda asked: (status, {}, f"no: {TOKEN}".encode())) as forge:
        settle(promised, "github", forge.url)
        said = ask("actions", "--file")
    assert (said.code, f"it answers {status}" in said.err, TOKEN in said.err) == (1, True, False)


def test_without_a_forge_it_says_what_to_write(ask: Ask, promised: Path) -> None:
    said = ask("actions", "--file")
    assert (said.code, "[forge]" in said.err) == (2, True)
