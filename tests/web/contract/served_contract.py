"""A real `firstfive serve` for the tests of the contract: an open incident with a change that waits, and if asked an admin with a token."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from cli.door import environment
from firstfive.stores.accounts import Role
from firstfive.stores.accounts.opening import open_accounts
from programs import end, start
from web.pages.shop import PAGE

SETTINGS = "[listen]\nport = 0\n"
ADMIN = "ada"


@dataclass(slots=True, kw_only=True)
class Vault:
    """A served vault: where it is, how it is reached, who asks."""

    folder: Path
    port: int
    key: str
    session: requests.Session
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.url}{path}", json=body, headers=self.auth, timeout=30)

    def declare(self) -> str:
        """A new incident with a step that waits for a yes; its id."""
        made = self.ask("POST", "/api/v1/incidents", {"by": "sam", "title": "the shop is down"}).json()["id"]
        step = self.ask("GET", "/api/v1/handbook").json()["runbooks"][0]["steps"][1]["id"]
        answer = self.ask("POST", f"/api/v1/incidents/{made}/run", {"by": "sam", "step": step})
        assert answer.status_code == 200, answer.text
        return str(made)


def token(folder: Path, *scopes: str, role: Role = Role.ADMIN, name: str = ADMIN) -> str:
    """A token in the name of somebody with an account, made before the server starts or beside it."""
    now = datetime.now(UTC)
    state = folder / ".firstfive"
    book = open_accounts(state, f"sqlite:///{state / 'journal.db'}")
    try:
        if book.find(name) is None:
            book.accept(book.invite(name, role, now), now, password="x" * 20)
        return book.make_token(name, "test", scopes, timedelta(days=1), now)
    finally:
        book.close()


def begin(folder: Path, **more: str) -> subprocess.Popen[str]:
    """Start the program of a vault, and wait for it."""
    return start(folder, log=folder / "log", out=subprocess.DEVNULL, settings=environment(**more))


@contextmanager
def serving(folder: Path, *, accounts: bool = False, settings: str = SETTINGS) -> Iterator[Vault]:
    """Serve a new vault until the block is left; with `accounts` whoever asks is an admin with a token."""
    folder.mkdir(parents=True)
    (folder / "Incident Response.md").write_text(PAGE)
    (folder / "firstfive.toml").write_text(settings)
    secret = ""
    if accounts:
        (folder / ".firstfive").mkdir()
        secret = token(folder, "admin")
    running = begin(folder)
    told = json.loads((folder / ".firstfive" / "server.json").read_text())
    with requests.Session() as session:
        vault = Vault(folder=folder, port=told["port"], key=secret or told["key"], session=session, process=running)
        try:
            yield vault
        finally:
            end(vault.process)
