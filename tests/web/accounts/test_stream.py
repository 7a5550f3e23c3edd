"""A stream that is open when its listener is shut out tells them nothing more."""

from __future__ import annotations

import http.client
from datetime import timedelta
from pathlib import Path

from documents.story import OPENING
from firstfive.incident import events as ev
from firstfive.stores.accounts import Role
from firstfive.web.accounts.entrance import Entrance
from web.accounts.house import cheap
from web.room import Room
from web.served import Stream, serving


def test_a_listener_who_is_shut_out_hears_no_later_entry(tmp_path: Path) -> None:
    room, made = Room(), []  # type: ignore[var-annotated]
    room.tell("INC-1", OPENING)

    def entrance(port: int) -> Entrance:
        made.append(Entrance(state=tmp_path, clock=room.clock, port=port))
        return made[0]

    with serving(room, entrance=entrance) as served:
        book, now = made[0].accounts, room.clock.now()
        for name, role in (("ann", Role.ADMIN), ("ben", Role.VIEWER)):
            book.accept(book.invite(name, role, now), now, password=cheap())
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        cookie = f"firstfive-session-{served.port}={book.sessions.begin('ben', 'password', 'x', now)}"
        connection.request("GET", "/incidents/INC-1/live", headers={"Cookie": cookie})
        stream = Stream(connection, connection.getresponse())
        had = len(room.lines["INC-1"])
        assert len(stream.entries(had)) == had
        served.tell((100.0, "ann", ev.Noted(text="ben hears this")))
        assert stream.entries(1)[0]["by"] == "ann"
        book.disable("ben")
        room.clock.at += timedelta(seconds=6)
        served.tell((110.0, "ann", ev.Noted(text="this is not for ben")))
        assert b"not for ben" not in stream.answer.read()
        connection.close()
