"""A stream that is open when its listener is shut out tells them nothing more; the others hear on."""

from __future__ import annotations

import http.client
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from documents.story import OPENING
from firstfive.incident import events as ev
from firstfive.stores.accounts import Role
from firstfive.web.accounts.entrance import Entrance
from web.accounts.house import cheap
from web.room import Room
from web.served import Stream, serving


@pytest.mark.parametrize("how", ["a session", "a token"])
def test_a_listener_who_is_shut_out_hears_no_later_entry_and_the_others_do(tmp_path: Path, how: str) -> None:
    room, made = Room(), []  # type: ignore[var-annotated]
    room.tell("INC-1", OPENING)

    def entrance(port: int) -> Entrance:
        made.append(Entrance(state=tmp_path, clock=room.clock, port=port))
        return made[0]

    with serving(room, entrance=entrance) as served, ExitStack() as left:
        book, now = made[0].accounts, room.clock.now()

        def listening(name: str) -> Stream:
            if how == "a session":
                secret = book.sessions.begin(name, "password", "x", now)
                shown = {"Cookie": f"firstfive-session-{served.port}={secret}"}
            else:
                shown = {"Authorization": f"Bearer {book.make_token(name, 'ci', ['read'], timedelta(hours=1), now)}"}
            connection = left.enter_context(closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)))
            connection.request("GET", "/incidents/INC-1/live", headers=shown)
            return Stream(connection, connection.getresponse())

        for name, role in (("ann", Role.ADMIN), ("ben", Role.VIEWER)):
            book.accept(book.invite(name, role, now), now, password=cheap())
        ann, ben = listening("ann"), listening("ben")
        had = len(room.lines["INC-1"])
        served.tell((100.0, "ann", ev.Noted(text="both hear this")))
        assert ann.entries(had + 1)[-1]["text"] == ben.entries(had + 1)[-1]["text"] == "ann notes: both hear this"
        book.disable("ben")
        room.clock.at += timedelta(seconds=6)
        served.tell((110.0, "ann", ev.Noted(text="this is not for ben")))
        assert ann.entries(1)[0]["text"] == "ann notes: this is not for ben"
        assert b"not for ben" not in ben.answer.read()
