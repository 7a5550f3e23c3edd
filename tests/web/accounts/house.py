"""A room with accounts in a folder of the test, and browsers without scripts that keep their cookies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette

from firstfive.stores.accounts import Role
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.app import build
from web.client import HOST, KEY, PORT, Answer, ask
from web.past import Archive
from web.public.said import Said, front_of
from web.room import HandClock, Room

ORIGIN = f"http://{HOST}"
PASSWORD = "four words nobody guesses"


@cache
def cheap() -> str:
    """A hash of PASSWORD that costs little, since what is tested here is not how slow argon2 is."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


@dataclass(slots=True, kw_only=True)
class House:
    """A room, its entrance and its application."""

    room: Room
    entrance: Entrance
    app: Starlette
    logged: list[str]

    @property
    def clock(self) -> HandClock:
        return self.room.clock

    def person(self, name: str, role: Role) -> str:
        """Somebody with an account and PASSWORD."""
        book, now = self.entrance.accounts, self.clock.now()
        return book.accept(book.invite(name, role, now), now, password=cheap()).name

    def as_one(self, name: str, role: Role, how: str = "password") -> Browser:
        """A browser in which this person, new or not, is signed in."""
        known = self.entrance.accounts.find(name)
        known_as = known.name if known else self.person(name, role)
        secret = self.entrance.accounts.sessions.begin(known_as, how, "192.0.2.1", self.clock.now())
        return Browser(house=self, cookies={f"firstfive-session-{PORT}": secret})

    def browser(self, host: str = HOST) -> Browser:
        return Browser(house=self, host=host)


@dataclass(slots=True, kw_only=True)
class Browser:
    """Sends its cookies and says where its forms come from."""

    house: House
    cookies: dict[str, str] = field(default_factory=dict)
    site: str = "same-origin"
    host: str = HOST

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent = {"Host": self.host, "Sec-Fetch-Site": self.site, **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(self.house.app, method, path, headers=sent, body=body)
        self.cookies |= answer.cookies()
        return answer

    def get(self, path: str) -> Answer:
        return self._send("GET", path, b"", {})

    def form(self, path: str, **fields: str) -> Answer:
        return self._send(
            "POST", path, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        )

    def json(self, path: str, body: Any = None) -> Answer:
        return self._send("POST", path, json.dumps(body or {}).encode(), {"Content-Type": "application/json"})


def house(state: Path, *, room: Room | None = None, **entrance: Any) -> House:
    """A room with an entrance; nobody has an account yet."""
    behind, logged = room or Room(), []  # type: ignore[var-annotated]
    way_in = Entrance(state=state, clock=behind.clock, port=PORT, log=logged.append, **entrance)
    app = build(
        behind,
        key=KEY,
        host="127.0.0.1",
        port=PORT,
        also="ops.example",
        entrance=way_in,
        status_page=Said(),
        front=front_of([]),
        past_of=Archive(),
    )
    return House(room=behind, entrance=way_in, app=app, logged=logged)
